//! Workspaces.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The customers, events and keys of one product.
#[derive(Serialize, ToSchema)]
pub(crate) struct Workspace {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    pub(crate) name: String,
    pub(crate) created_at: DateTime<Utc>,
}

/// A new workspace.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWorkspace {
    pub(crate) name: String,
}
