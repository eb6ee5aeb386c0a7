//! Keys: their records, their text form, and their life.

mod digest;
pub(crate) mod format;
mod service;

use tessera_kernel::Timestamp;
use tessera_kernel::ids::{DashboardId, KeyId, QueryId, Uid, UserId};

pub use digest::Peppers;
pub(crate) use service::hex;
pub use service::{Keys, MintedKey, NewKey};

/// What a key is for; its spelling stands in the key itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// Acts as a user.
    User,
    /// Opens one query and its result.
    Query,
    /// Opens one dashboard and the queries on it.
    Dashboard,
}

impl KeyKind {
    /// The spelling in keys and in storage.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "usr",
            Self::Query => "qry",
            Self::Dashboard => "dash",
        }
    }

    /// Reads the spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::User, Self::Query, Self::Dashboard].into_iter().find(|kind| kind.as_str() == text)
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
}

/// A key as it is stored: never its text, but for recoverable ones, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

/// Whether a text looks like one of our own keys with a good checksum. For finding leaks.
#[must_use]
pub fn is_key_shaped(text: &str) -> bool {
    matches!(format::read(text), Some(format::KeyText::Own { .. }))
}
