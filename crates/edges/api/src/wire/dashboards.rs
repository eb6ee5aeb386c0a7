//! Dashboards and widgets.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::common::Person;
use super::parameters::ParameterDefinition;
use super::visualizations::Visualization;

/// A dashboard.
#[derive(Serialize, ToSchema)]
pub(crate) struct Dashboard {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    /// The name in an address.
    pub(crate) slug: String,
    pub(crate) name: String,
    /// Null for the holder of a key that is not a user's.
    pub(crate) owner: Option<Person>,
    #[schema(value_type = Value)]
    pub(crate) layout: Value,
    /// Whether filters work across widgets.
    pub(crate) has_filters: bool,
    #[schema(value_type = Object)]
    pub(crate) options: Value,
    pub(crate) tags: Vec<String>,
    pub(crate) is_draft: bool,
    pub(crate) is_archived: bool,
    /// Whether the caller marked it.
    pub(crate) is_favorite: bool,
    /// Counts its changes, from 1.
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    /// Whether the caller may change it. Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) can_edit: Option<bool>,
    /// Not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) widgets: Option<Vec<Widget>>,
}

/// A new dashboard: a draft without widgets.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDashboard {
    pub(crate) name: String,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DashboardChange {
    /// The version that the change is based on; `If-Match` says the same.
    pub(crate) version: Option<i64>,
    pub(crate) name: Option<String>,
    #[schema(value_type = Option<Value>)]
    pub(crate) layout: Option<Value>,
    #[schema(value_type = Option<Object>)]
    pub(crate) options: Option<Value>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) has_filters: Option<bool>,
    pub(crate) is_draft: Option<bool>,
    pub(crate) is_archived: Option<bool>,
}

/// The public link of a dashboard: the key in it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Share {
    /// Opens the dashboard and its queries, and nothing else.
    pub(crate) secret: String,
}

/// A tile of a dashboard.
#[derive(Serialize, ToSchema)]
pub(crate) struct Widget {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    pub(crate) dashboard_id: i64,
    /// Whether its data is closed to the caller; then text, visualization and query are left out.
    pub(crate) is_restricted: bool,
    /// The text, in Markdown.
    pub(crate) text: String,
    pub(crate) width: i64,
    /// Position and parameter mappings.
    #[schema(value_type = Object)]
    pub(crate) options: Value,
    pub(crate) visualization: Option<Visualization>,
    pub(crate) query: Option<WidgetQuery>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// The query that a widget shows, without its text.
#[derive(Serialize, ToSchema)]
pub(crate) struct WidgetQuery {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) source_id: Option<i64>,
    pub(crate) parameter_definitions: Vec<ParameterDefinition>,
    #[schema(value_type = Object)]
    pub(crate) options: Value,
    pub(crate) latest_result_id: Option<i64>,
    pub(crate) retrieved_at: Option<DateTime<Utc>>,
}

/// A new widget: a visualization, a text, or both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWidget {
    pub(crate) visualization_id: Option<i64>,
    #[serde(default)]
    pub(crate) text: String,
    #[serde(default = "one")]
    pub(crate) width: i64,
    #[schema(value_type = Option<Object>)]
    pub(crate) options: Option<Value>,
}

fn one() -> i64 {
    1
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WidgetChange {
    pub(crate) text: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub(crate) options: Option<Value>,
}
