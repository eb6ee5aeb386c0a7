//! The history of queries and dashboards.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// One step of an object's history.
#[derive(Serialize, ToSchema)]
pub(crate) struct Change {
    /// The version after the change.
    pub(crate) version: i64,
    pub(crate) user_id: Option<i64>,
    /// The name of who changed it; null if that is not known any more.
    pub(crate) user_name: Option<String>,
    /// The changed members: `{member: {previous, current}}`.
    #[schema(value_type = Object)]
    pub(crate) changes: Value,
    /// Of members that are texts or documents, the lines that differ, in the unified form.
    pub(crate) diffs: BTreeMap<String, String>,
    pub(crate) at: DateTime<Utc>,
}

/// What differs between two versions.
#[derive(Serialize, ToSchema)]
pub(crate) struct VersionDiff {
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// What differs: `{member: {previous, current}}`.
    #[schema(value_type = Object)]
    pub(crate) changes: Value,
    /// Of members that are texts or documents, the lines that differ, in the unified form.
    pub(crate) diffs: BTreeMap<String, String>,
}

/// Which version to go back to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Restore {
    /// The version whose content becomes a new version.
    pub(crate) version: i64,
    /// The present version, as the caller knows it; `If-Match` says the same.
    pub(crate) expected_version: Option<i64>,
}
