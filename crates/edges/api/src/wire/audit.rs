//! The audit log on the wire.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// One record of the audit log.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditRecord {
    /// Its place in the chain, from 1 without gaps.
    pub(crate) seq: u64,
    /// When, exact to a microsecond.
    pub(crate) at: DateTime<Utc>,
    /// `user:7`, `key:12`, `cli` or `anonymous`.
    pub(crate) actor: String,
    /// An action of the registry, or `session.sign_in`, `session.sign_in_refused`, `setup.run`,
    /// `identities.create_user`, `identities.link`,
    /// `accounts.accept_link`, `results.export`.
    pub(crate) action: String,
    /// To what, such as `group:3`; empty where there is no object.
    pub(crate) object: String,
    /// Particulars: `request_id`, `key`, `changes`, `refused`, `count` and others.
    pub(crate) detail: serde_json::Value,
    /// The address the request came from.
    pub(crate) address: Option<String>,
    /// Hash of the record before, in hexadecimal.
    pub(crate) prev_hash: String,
    /// SHA-256 over `prev_hash` and this record, in hexadecimal.
    pub(crate) hash: String,
}

/// What a verification of the audit log found.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditVerification {
    /// Whether nothing is wrong.
    pub(crate) is_good: bool,
    /// How many records were read.
    pub(crate) count: u64,
    /// The last record up to which the chain holds.
    pub(crate) head_seq: u64,
    /// Its hash, in hexadecimal.
    pub(crate) head_hash: String,
    /// The first place that is wrong.
    pub(crate) broken: Option<AuditBreak>,
    /// How many signed checkpoints fit.
    pub(crate) checkpoints: u64,
    /// How many checkpoints no known key signed.
    pub(crate) checkpoints_refused: u64,
    /// The public key of new checkpoints, in hexadecimal.
    pub(crate) public_key: Option<String>,
}

/// The first place at which the chain does not hold.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditBreak {
    /// The number that the record there has or should have.
    pub(crate) index: u64,
    /// `changed`, `deleted`, `reordered`, `inserted` or `rewritten`.
    pub(crate) kind: &'static str,
    /// The last place that the first wrong record can be at; differs for `rewritten` only.
    pub(crate) until: u64,
}
