//! Mails that were sent, wait or were given up.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A mail, without its content.
#[derive(Serialize, ToSchema)]
pub(crate) struct QueuedMail {
    pub(crate) uid: String,
    /// What it is about, such as `invitation`, `reset`, `verification`, `key_ends`,
    /// `failures` of scheduled queries.
    pub(crate) kind: String,
    pub(crate) recipients: String,
    /// `queued`, `sent` or `failed`.
    pub(crate) state: &'static str,
    /// How often it was tried.
    pub(crate) attempts: i64,
    /// When it is tried next, if it waits.
    pub(crate) next_at: Option<DateTime<Utc>>,
    /// What went wrong last.
    pub(crate) error: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    /// When it was sent or given up.
    pub(crate) ended_at: Option<DateTime<Utc>>,
}

/// Where a test goes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestMail {
    /// The address.
    pub(crate) to: String,
}
