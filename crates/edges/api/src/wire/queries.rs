//! Saved queries.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::common::{Person, present};
use super::parameters::ParameterDefinition;
use super::visualizations::Visualization;

/// A saved query.
#[derive(Serialize, ToSchema)]
pub(crate) struct Query {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    /// The text, with `{{ parameters }}`.
    pub(crate) text: String,
    pub(crate) parameter_definitions: Vec<ParameterDefinition>,
    /// Where it runs; null once that data source was deleted.
    pub(crate) source_id: Option<i64>,
    /// Null for the holder of a key that is not a user's.
    pub(crate) owner: Option<Person>,
    pub(crate) modified_by: Option<Person>,
    /// What clients keep with the query.
    #[schema(value_type = Object)]
    pub(crate) options: Value,
    /// When it runs by itself; see `/v1/queries/{id}/schedule`.
    #[schema(value_type = Option<Object>)]
    pub(crate) schedule: Option<Value>,
    pub(crate) tags: Vec<String>,
    pub(crate) is_draft: bool,
    pub(crate) is_archived: bool,
    /// Whether the caller marked it.
    pub(crate) is_favorite: bool,
    /// Counts its changes, from 1.
    pub(crate) version: i64,
    pub(crate) latest_result_id: Option<i64>,
    /// When the latest result was made.
    pub(crate) retrieved_at: Option<DateTime<Utc>>,
    pub(crate) runtime_seconds: Option<f64>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    /// Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) visualizations: Option<Vec<Visualization>>,
}

/// A new query: a draft.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewQuery {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) source_id: i64,
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) parameter_definitions: Vec<ParameterDefinition>,
    #[schema(value_type = Option<Object>)]
    pub(crate) options: Option<Value>,
    /// When it runs by itself: `interval` in seconds, with `time` (`HH:MM`) and `day_of_week` if it
    /// is days or weeks, or `cron` instead; `time_zone` (UTC by default), `until` (a date),
    /// `disabled`.
    #[schema(value_type = Option<Object>)]
    pub(crate) schedule: Option<Value>,
    #[serde(default)]
    pub(crate) tags: Vec<String>,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryChange {
    /// The version that the change is based on; `If-Match` says the same.
    pub(crate) version: Option<i64>,
    pub(crate) name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(crate) description: Option<Option<String>>,
    /// Moves the query; takes the right to create queries there.
    pub(crate) source_id: Option<i64>,
    pub(crate) text: Option<String>,
    pub(crate) parameter_definitions: Option<Vec<ParameterDefinition>>,
    #[schema(value_type = Option<Object>)]
    pub(crate) options: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Object>)]
    pub(crate) schedule: Option<Option<Value>>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) is_draft: Option<bool>,
    pub(crate) is_archived: Option<bool>,
}
