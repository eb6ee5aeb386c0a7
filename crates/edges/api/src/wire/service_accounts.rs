//! Service accounts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A user that is a program: it has keys and groups, and nobody signs in as it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ServiceAccount {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    pub(crate) name: String,
    pub(crate) group_ids: Vec<i64>,
    /// Since when its keys are shut out; see `/v1/users/{id}/disabled`.
    pub(crate) disabled_at: Option<DateTime<Utc>>,
    pub(crate) active_at: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A new service account. It joins the groups named, at least one, and no other.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewServiceAccount {
    pub(crate) name: String,
    pub(crate) group_ids: Vec<i64>,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceAccountChange {
    pub(crate) name: Option<String>,
    pub(crate) group_ids: Option<Vec<i64>>,
}
