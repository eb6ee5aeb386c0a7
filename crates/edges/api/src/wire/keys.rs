//! Keys.

use serde::{Deserialize, Serialize};
use tessera_kernel::Timestamp;
use tessera_kernel::ids::Uid;
use utoipa::ToSchema;

/// A key that acts as its owner. Its text is not in here.
#[derive(Serialize, ToSchema)]
pub(crate) struct Key {
    pub(crate) id: i64,
    pub(crate) uid: Uid,
    pub(crate) name: String,
    /// Its first characters, to tell keys apart.
    pub(crate) hint: String,
    /// Whether its text can be shown again at `/v1/users/{id}/key`.
    pub(crate) is_recoverable: bool,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) disabled_at: Option<Timestamp>,
    pub(crate) last_used_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
}

/// A new key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    pub(crate) name: String,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) expires_at: Option<Timestamp>,
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
