//! The audit log: what is written down for good, in a chain that shows every later change.
//!
//! `chain` has the canonical form of a record and its hash, `verify` the verifier, `checkpoint` the
//! signed heads, `changes` what a change was, and `service` everything that can be done with the
//! log. All but the service are pure.

mod chain;
mod changes;
mod checkpoint;
mod pending;
mod service;
mod verify;

use tessera_kernel::Timestamp;

pub use chain::{AuditRecord, ChainHead, canonical_json};
pub use changes::Changes;
pub use checkpoint::{Checkpoint, CheckpointKey, CheckpointSigner, read_lines as read_checkpoints};
pub(crate) use service::detail_of;
pub use service::{Audit, AuditExportLines, AuditPage};
pub use verify::{AuditBreak, AuditVerification, AuditVerifier, BreakKind};

/// Names of events that are no action of the registry: nobody asks the gate for them.
pub mod events {
    /// Somebody signed in.
    pub const SIGN_IN: &str = "session.sign_in";
    /// Somebody tried to sign in and was refused.
    pub const SIGN_IN_REFUSED: &str = "session.sign_in_refused";
    /// The first setup was done.
    pub const SETUP: &str = "setup.run";
    /// A one-use link was used to set a password.
    pub const LINK_ACCEPTED: &str = "accounts.accept_link";
    /// A link to set a new password was sent to a user who asked for it.
    pub const RESET_MAILED: &str = "accounts.mail_reset";
    /// A user proved the e-mail address by a link.
    pub const EMAIL_VERIFIED: &str = "accounts.verify_email";
    /// A user was made at the word of an identity provider, a token or a proxy.
    pub const IDENTITY_CREATED_USER: &str = "identities.create_user";
    /// An account of one of them was linked to a user.
    pub const IDENTITY_LINKED: &str = "identities.link";
    /// A key that is a trap was used.
    pub const CANARY_USED: &str = "keys.canary";
    /// A key ends soon.
    pub const KEY_ENDS: &str = "keys.expiry_warning";
    /// The text of a key was found in what somebody saved.
    pub const KEY_IN_TEXT: &str = "keys.found_in_text";
    /// A partner for secret scanning found the text of a key.
    pub const KEY_LEAKED: &str = "keys.leaked";
    /// The rows of a result left as a file.
    pub const RESULT_EXPORTED: &str = "results.export";
}

/// One event, on its way into the log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEvent {
    /// When.
    pub at: Timestamp,
    /// Who: `user:7`, `key:12`, `anonymous`, `cli`.
    pub actor: String,
    /// The action of the registry, or one of [`events`].
    pub action: &'static str,
    /// To what: `query:42`; empty where there is no object.
    pub object: String,
    /// Particulars, without secrets.
    pub detail: serde_json::Value,
    /// The address the request came from.
    pub address: Option<String>,
}

/// What a part of the core wants written down; time, request and address are added.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// Who, as in [`AuditEvent::actor`].
    pub actor: String,
    /// The action of the registry, or one of [`events`].
    pub action: &'static str,
    /// To what, as in [`AuditEvent::object`].
    pub object: String,
    /// Particulars, without secrets: an object, or null.
    pub detail: serde_json::Value,
}

/// Which records to read. All conditions must hold; texts are compared as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Who.
    pub actor: Option<String>,
    /// What was done.
    pub action: Option<String>,
    /// To what.
    pub object: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub to: Option<Timestamp>,
}

impl AuditFilter {
    /// Whether it lets everything through.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The conditions that are set, for the record of an export.
    #[must_use]
    pub fn describe(&self) -> serde_json::Value {
        let mut all = serde_json::Map::new();
        let texts = [("actor", &self.actor), ("action", &self.action), ("object", &self.object)];
        for (name, value) in texts {
            if let Some(value) = value {
                all.insert(name.to_owned(), value.clone().into());
            }
        }
        for (name, value) in [("from", self.from), ("to", self.to)] {
            if let Some(value) = value {
                all.insert(name.to_owned(), chain::time_text(value).into());
            }
        }
        serde_json::Value::Object(all)
    }
}

/// A record as it was found in storage.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRecord {
    /// Its place in the chain.
    pub seq: u64,
    /// The record; `None` if a field of it cannot be read any more.
    pub record: Option<AuditRecord>,
}
