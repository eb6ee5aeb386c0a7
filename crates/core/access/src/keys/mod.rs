//! Keys: their records, their text form, and their life.

mod accounts;
mod active;
mod approve;
mod attenuation;
mod bounded;
mod change;
mod create;
mod declared;
mod digest;
mod foreign;
pub(crate) mod format;
mod import;
mod index;
mod kept;
mod list;
#[cfg(test)]
mod monotone;
mod partner;
mod policy;
mod power;
mod proof;
mod revoke;
mod rotate;
mod scan;
mod service;
mod state;
pub mod terms;
mod upkeep;
mod widen;
mod workspace;

use serde::{Deserialize, Serialize};
use tessera_kernel::Timestamp;
use tessera_kernel::ids::{DashboardId, KeyId, QueryId, Uid, UserId, WorkspaceId};

pub use accounts::{AccountKey, AccountKeyChange, AccountKeyView, AccountKeys, NewAccountKey};
pub use active::{ActiveKey, TokenFacts};
pub(crate) use attenuation::{Token, is_token, root_secret};
pub use bounded::{BoundedKey, SigningSecret};
pub use change::KeyChange;
pub use create::{Expiry, KeyFormat, NewKey};
pub use declared::{DeclaredKey, PlannedKey};
pub use digest::Peppers;
pub use foreign::{KeyShape, masked};
pub(crate) use index::KeyIndex;
pub use list::KeyFilter;
pub use partner::{LeakReport, point as partner_key};
pub use policy::{KeyPolicy, LeakRule};
pub(crate) use proof::Proofs;
pub use proof::{Proof, ProofKey, SignedRequest};
pub use revoke::BulkRevocation;
pub use rotate::OVERLAPS_SECONDS;
pub use scan::{FoundKey, key_texts, texts_of};
pub(crate) use service::hex;
pub use service::{Keys, MintedKey};
pub use state::KeyState;
pub use upkeep::Tended;
pub use widen::{NewWidening, Widening};
pub use workspace::NewPermissionKey;

/// What a key is for; its spelling stands in the key itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// Acts as a user.
    User,
    /// Opens one query and its result.
    Query,
    /// Opens one dashboard and the queries on it.
    Dashboard,
    /// Acts as a service account, or for a workspace.
    Service,
    /// Takes customer data in for a workspace, and reads nothing.
    Ingest,
    /// Acts as a user through an agent, with what the agent was allowed.
    Agent,
}

impl Serialize for KeyKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for KeyKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            serde::de::Error::custom(format!("there is no kind {text:?}; write one of {known}"))
        })
    }
}

impl KeyKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::User, Self::Query, Self::Dashboard, Self::Service, Self::Ingest, Self::Agent];

    /// The spelling in keys and in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "usr",
            Self::Query => "qry",
            Self::Dashboard => "dash",
            Self::Service => "svc",
            Self::Ingest => "ing",
            Self::Agent => "agt",
        }
    }

    /// Reads the spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Whose key it is: it dies with its owner and never exceeds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyOwner {
    /// A user.
    User(UserId),
    /// A query.
    Query(QueryId),
    /// A dashboard.
    Dashboard(DashboardId),
    /// A workspace.
    Workspace(WorkspaceId),
}

impl KeyOwner {
    /// The user, if it is one.
    #[must_use]
    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::User(id) => Some(id),
            Self::Query(_) | Self::Dashboard(_) | Self::Workspace(_) => None,
        }
    }
}

/// How and from where a key was last used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastUse {
    /// The address; `None` if addresses are not kept.
    pub address: Option<String>,
    /// The program, as [`client_of`](crate::client_of) names it; `None` if it is not kept.
    pub client: Option<String>,
    /// How it was carried: `header`, `url`.
    pub transport: Option<String>,
    /// When it was last seen in an address of a request.
    pub url_at: Option<Timestamp>,
}

/// What an approver said of a key that needs one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Approval {
    /// Why it was asked for.
    pub justification: String,
    /// Who answered.
    pub by: Option<UserId>,
    /// When it was approved; until then the key opens nothing.
    pub approved_at: Option<Timestamp>,
    /// When it was refused.
    pub refused_at: Option<Timestamp>,
}

/// A key as it is stored: never its text, but for recoverable ones, sealed.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The number.
    pub id: KeyId,
    /// The public identifier.
    pub uid: Uid,
    /// What it is for.
    pub kind: KeyKind,
    /// Whose it is.
    pub owner: KeyOwner,
    /// How it is found: the identifier inside our own keys, the digest in hexadecimal for others.
    /// Unique.
    pub lookup: String,
    /// HMAC-SHA-256 of the whole key under the pepper of `pepper_version`.
    pub digest: [u8; 32],
    /// Which pepper.
    pub pepper_version: i64,
    /// The sealed text of a recoverable key: one that its owner may see again at any time.
    pub sealed: Option<Vec<u8>>,
    /// What its owner calls it.
    pub name: String,
    /// Its first characters, to tell keys apart.
    pub hint: String,
    /// Who made it; `None` for those made by the server itself.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when it works.
    pub not_before: Option<Timestamp>,
    /// Until when it works.
    pub expires_at: Option<Timestamp>,
    /// Since when it is switched off.
    pub disabled_at: Option<Timestamp>,
    /// Since when it is gone for good.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used; exact to a minute.
    pub last_used_at: Option<Timestamp>,
    /// How and from where that was.
    pub last_use: LastUse,
    /// What it may do.
    pub terms: terms::Terms,
    /// The key it was made from and cannot exceed.
    pub parent: Option<KeyId>,
    /// The key whose place it took; that one works until its own end.
    pub predecessor: Option<KeyId>,
    /// For a key that needs approval: how that stands.
    pub approval: Option<Approval>,
    /// Since when it has a successor; it works on until its own end.
    pub replaced_at: Option<Timestamp>,
    /// More that was asked for, perhaps for a time only.
    pub widening: Option<Widening>,
    /// Who switched it off; `None` for the server itself.
    pub disabled_by: Option<UserId>,
    /// Who revoked it; `None` for the server itself.
    pub revoked_by: Option<UserId>,
}

impl Key {
    /// A key without a text, a name or an end.
    #[must_use]
    pub fn blank(kind: KeyKind, owner: KeyOwner, created_at: Timestamp) -> Self {
        Self {
            id: KeyId(0),
            uid: Uid::nil(),
            kind,
            owner,
            lookup: String::new(),
            digest: [0; 32],
            pepper_version: 0,
            sealed: None,
            name: String::new(),
            hint: String::new(),
            created_by: None,
            created_at,
            not_before: None,
            expires_at: None,
            disabled_at: None,
            revoked_at: None,
            last_used_at: None,
            last_use: LastUse::default(),
            terms: terms::Terms::default(),
            parent: None,
            predecessor: None,
            approval: None,
            replaced_at: None,
            widening: None,
            disabled_by: None,
            revoked_by: None,
        }
    }

    /// Why it is not in force, as a stable word; `None` if it is.
    #[must_use]
    pub fn lapsed(&self, now: Timestamp) -> Option<&'static str> {
        if self.revoked_at.is_some() {
            return Some("key_unknown");
        }
        if self.disabled_at.is_some() {
            return Some("key_disabled");
        }
        if self.not_before.is_some_and(|from| now < from) {
            return Some("key_not_yet_valid");
        }
        if self.expires_at.is_some_and(|end| end <= now) {
            return Some("key_expired");
        }
        let approved = |approval: &Approval| approval.approved_at.is_some();
        if !self.approval.as_ref().is_none_or(approved) {
            return Some("approval_pending");
        }
        None
    }
}

impl KeyOwner {
    /// The kind and number, for records: `user:7`.
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::User(id) => format!("user:{id}"),
            Self::Query(id) => format!("query:{id}"),
            Self::Dashboard(id) => format!("dashboard:{id}"),
            Self::Workspace(id) => format!("workspace:{id}"),
        }
    }

    /// Reads what [`label`](Self::label) writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, number) = text.split_once(':')?;
        let number: i64 = number.parse().ok().filter(|number| *number > 0)?;
        match kind {
            "user" => Some(Self::User(UserId(number))),
            "query" => Some(Self::Query(QueryId(number))),
            "dashboard" => Some(Self::Dashboard(DashboardId(number))),
            "workspace" => Some(Self::Workspace(WorkspaceId(number))),
            _ => None,
        }
    }
}

/// Whether a text looks like one of our own keys with a good checksum. For finding leaks.
#[must_use]
pub fn is_key_shaped(text: &str) -> bool {
    matches!(format::read(text), Some(format::KeyText::Own { .. }))
}
