//! The history of queries and dashboards.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::dashboards::Dashboard;

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

/// Which version of a query to go back to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Restore {
    /// The version whose content becomes a new version.
    pub(crate) version: i64,
    /// The present version, as the caller knows it; `If-Match` says the same.
    pub(crate) expected_version: Option<i64>,
}

/// Which state of a dashboard to go back to: either `version` or `before`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestoreDashboard {
    /// The version whose last state becomes a new version.
    pub(crate) version: Option<i64>,
    /// The moment before which it was as wanted: with the `at` of a step, that step and those since
    /// are taken back.
    pub(crate) before: Option<DateTime<Utc>>,
    /// The present version, as the caller knows it; `If-Match` says the same.
    pub(crate) expected_version: Option<i64>,
}

/// A dashboard after going back.
#[derive(Serialize, ToSchema)]
pub(crate) struct RestoredDashboard {
    #[serde(flatten)]
    pub(crate) dashboard: Dashboard,
    /// Widgets that it had, and that could not be brought back.
    pub(crate) lost_widgets: Vec<LostWidget>,
}

/// A widget that could not be brought back.
#[derive(Serialize, ToSchema)]
pub(crate) struct LostWidget {
    pub(crate) id: i64,
    /// What it showed.
    pub(crate) visualization_id: Option<i64>,
    /// `visualization_gone`, `query_archived` or `source_closed`.
    pub(crate) reason: &'static str,
    /// The same in words.
    pub(crate) detail: &'static str,
}
