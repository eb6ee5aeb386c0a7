//! Keys.

use chrono::{DateTime, Utc};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use tessera_access::KeyKind;
use tessera_access::terms::Terms;
use utoipa::ToSchema;
use uuid::Uuid;

use super::common::present;

/// A key. Its text is not in here.
#[derive(Serialize, ToSchema)]
pub(crate) struct Key {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    /// `usr`, `svc`, `agt`, `ing`, `qry` or `dash`.
    pub(crate) kind: &'static str,
    /// `pending`, `active`, `grace`, `expired`, `disabled` or `revoked`.
    pub(crate) state: &'static str,
    /// Whose it is: `user:7`, `query:42`, `dashboard:3`, `workspace:1`.
    pub(crate) owner: String,
    pub(crate) name: String,
    /// Its first characters, to tell keys apart.
    pub(crate) hint: String,
    /// Whether its text can be shown again, such as at `/v1/users/{id}/key`.
    pub(crate) is_recoverable: bool,
    /// What it may do, from where, how much and with which values.
    #[schema(value_type = Object)]
    pub(crate) terms: Terms,
    /// The key it was made from and ends with.
    pub(crate) parent_id: Option<i64>,
    /// The key whose place it took.
    pub(crate) predecessor_id: Option<i64>,
    pub(crate) created_by_id: Option<i64>,
    pub(crate) not_before: Option<DateTime<Utc>>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// Since when it has a successor.
    pub(crate) replaced_at: Option<DateTime<Utc>>,
    pub(crate) disabled_at: Option<DateTime<Utc>>,
    pub(crate) revoked_at: Option<DateTime<Utc>>,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
    /// From where that was; null if addresses are not kept.
    pub(crate) last_used_address: Option<String>,
    /// By which program; null if programs are not kept.
    pub(crate) last_used_client: Option<String>,
    /// How it was carried then: `header`, `url`.
    pub(crate) last_used_transport: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) approval: Option<Approval>,
    pub(crate) widening: Option<Widening>,
}

/// How the approval of a key stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct Approval {
    pub(crate) justification: String,
    pub(crate) decided_by_id: Option<i64>,
    pub(crate) approved_at: Option<DateTime<Utc>>,
    pub(crate) refused_at: Option<DateTime<Utc>>,
}

/// Other terms that were asked for, and how that stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct Widening {
    #[schema(value_type = Object)]
    pub(crate) terms: Terms,
    pub(crate) justification: String,
    pub(crate) asked_by_id: i64,
    pub(crate) asked_at: DateTime<Utc>,
    /// When the key's own terms hold again; null for never.
    pub(crate) until: Option<DateTime<Utc>>,
    pub(crate) decided_by_id: Option<i64>,
    pub(crate) approved_at: Option<DateTime<Utc>>,
    pub(crate) refused_at: Option<DateTime<Utc>>,
}

/// What the text of a key looks like.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// Prefix, identifier, secret and checksum.
    #[default]
    Own,
    /// A random UUID.
    Uuid,
}

/// A new key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    pub(crate) name: String,
    /// `usr` or `agt` for a person, `svc` or `agt` for a service account, `svc` or `ing` for a
    /// workspace; the first of them if left out.
    #[schema(value_type = Option<String>)]
    pub(crate) kind: Option<KeyKind>,
    /// Whose it will be: `user:7` (also a service account) or `workspace:1`; the caller if left out.
    /// Others' keys need `keys.administer`.
    pub(crate) owner: Option<String>,
    /// What it may do; all that its owner may, if left out.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub(crate) terms: Terms,
    pub(crate) not_before: Option<DateTime<Utc>>,
    /// Left out: as the organisation's policy says (90 days). Null: never, if the policy allows it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub(crate) expires_at: Option<Option<DateTime<Utc>>>,
    /// Whether its terms can never be changed.
    #[serde(default)]
    pub(crate) immutable: bool,
    /// Whether it is a trap: it opens nothing, and each use is written down.
    #[serde(default)]
    pub(crate) canary: bool,
    /// Why it is needed; asked for where the policy wants keys to be approved.
    #[serde(default)]
    pub(crate) justification: String,
    #[serde(default)]
    pub(crate) format: Format,
}

/// A new key of a workspace, with permissions that nobody can change later.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPermissionKey {
    pub(crate) name: String,
    /// Actions in workspaces, such as `users.track`.
    pub(crate) permissions: Vec<String>,
    /// Addresses and subnets, v4 or v6, that may use it; empty for all.
    #[serde(default)]
    pub(crate) ip_allowlist: Vec<String>,
    /// `svc`, or `ing` for one that takes data in only.
    #[schema(value_type = Option<String>)]
    pub(crate) kind: Option<KeyKind>,
    /// As for any key.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<DateTime<Utc>>)]
    pub(crate) expires_at: Option<Option<DateTime<Utc>>>,
    #[serde(default)]
    pub(crate) justification: String,
    #[serde(default)]
    pub(crate) format: Format,
}

/// A key just made, with its text: shown here and never again.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedKey {
    pub(crate) key: Key,
    pub(crate) secret: String,
}

/// The text of a key that can be shown again.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyText {
    pub(crate) secret: String,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyChange {
    pub(crate) name: Option<String>,
    /// New terms, whole; they must be narrower than the present ones.
    #[schema(value_type = Option<Object>)]
    pub(crate) terms: Option<Terms>,
}

/// How to make a successor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRotation {
    /// For how long the predecessor works on: 0, 3600, 86400 or 604800.
    pub(crate) overlap_seconds: u64,
}

/// An answer to what waits at a key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decision {
    pub(crate) decision: Verdict,
}

/// Yes or no.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Approve,
    Refuse,
}

/// Other terms for a key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWidening {
    /// The terms that are to hold, whole.
    #[schema(value_type = Object)]
    pub(crate) terms: Terms,
    pub(crate) justification: String,
    /// When the key's own terms are to hold again; for good if left out.
    pub(crate) until: Option<DateTime<Utc>>,
}

/// Which keys to revoke; all that is given must fit, and something must be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BulkRevocation {
    #[serde(default)]
    pub(crate) ids: Vec<i64>,
    /// `user:7`, `query:42`, `dashboard:3` or `workspace:1`.
    pub(crate) owner: Option<String>,
    pub(crate) created_by_id: Option<i64>,
    #[schema(value_type = Option<String>)]
    pub(crate) kind: Option<KeyKind>,
    pub(crate) created_before: Option<DateTime<Utc>>,
    pub(crate) unused_since: Option<DateTime<Utc>>,
    /// Whether keys that can be shown again go too, if they are not named in `ids`.
    #[serde(default)]
    pub(crate) include_recoverable: bool,
    /// Whether to tell only which ones.
    #[serde(default)]
    pub(crate) dry_run: bool,
}

/// The keys that were revoked, or would be.
#[derive(Serialize, ToSchema)]
pub(crate) struct RevokedKeys {
    pub(crate) dry_run: bool,
    pub(crate) count: u64,
    /// As they were before.
    pub(crate) keys: Vec<Key>,
}

/// Reads networks and single addresses.
pub(crate) fn networks(field: &str, texts: &[String]) -> tessera_kernel::Result<Vec<IpNet>> {
    let read = |(place, text): (usize, &String)| {
        let single = || text.parse::<std::net::IpAddr>().map(IpNet::from);
        text.parse::<IpNet>().or_else(|_| single()).map_err(|_| {
            let detail = "send an address or a subnet, such as 203.0.113.0/24 or 2001:db8::1";
            tessera_kernel::Fault::invalid(format!("{field}[{place}]"), detail)
        })
    };
    texts.iter().enumerate().map(read).collect()
}
