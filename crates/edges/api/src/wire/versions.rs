//! Versions of queries on the wire.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::parameters::ParameterDefinition;

/// What a query was as of a version that changed what runs.
#[derive(Serialize, ToSchema)]
pub(crate) struct QueryVersion {
    pub(crate) version: i64,
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) parameter_definitions: Vec<ParameterDefinition>,
    pub(crate) source_id: Option<i64>,
    /// Whether keys for the approved version run it.
    pub(crate) is_approved: bool,
    pub(crate) created_by_id: Option<i64>,
    pub(crate) created_at: DateTime<Utc>,
}

/// Which version to approve.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApproval {
    /// By default the present one.
    pub(crate) version: Option<i64>,
}

/// The approved version.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApprovedVersion {
    pub(crate) version: i64,
}
