//! Keys.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A key that acts as its owner. Its text is not in here.
#[derive(Serialize, ToSchema)]
pub(crate) struct Key {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    pub(crate) name: String,
    /// Its first characters, to tell keys apart.
    pub(crate) hint: String,
    /// Whether its text can be shown again at `/v1/users/{id}/key`.
    pub(crate) is_recoverable: bool,
    pub(crate) not_before: Option<DateTime<Utc>>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) disabled_at: Option<DateTime<Utc>>,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
    /// From where that was; null if addresses are not kept.
    pub(crate) last_used_address: Option<String>,
    /// By which program; null if programs are not kept.
    pub(crate) last_used_client: Option<String>,
    /// How it was carried then: `header`, `url`.
    pub(crate) last_used_transport: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
}

/// A new key.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    pub(crate) name: String,
    pub(crate) not_before: Option<DateTime<Utc>>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
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
