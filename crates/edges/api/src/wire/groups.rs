//! Groups and what they reach.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A set of users with common rights.
#[derive(Serialize, ToSchema)]
pub(crate) struct Group {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    pub(crate) name: String,
    /// Whether it came with the server; then it cannot be renamed or deleted.
    pub(crate) is_builtin: bool,
    pub(crate) permissions: Vec<String>,
    pub(crate) created_at: DateTime<Utc>,
}

/// A group and how many active users are in it.
#[derive(Serialize, ToSchema)]
pub(crate) struct GroupCount {
    pub(crate) group: Group,
    pub(crate) member_count: u64,
}

/// A new group, with the default permissions.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGroup {
    pub(crate) name: String,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupChange {
    pub(crate) name: Option<String>,
}

/// How far somebody reaches into a data source.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    /// See results and run saved queries.
    ViewOnly,
    /// Write and run any text as well.
    Full,
}

/// A data source that a group reaches.
#[derive(Serialize, ToSchema)]
pub(crate) struct GroupSource {
    pub(crate) source_id: i64,
    pub(crate) level: Level,
}

/// How far the group is to reach.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLevel {
    pub(crate) level: Level,
}
