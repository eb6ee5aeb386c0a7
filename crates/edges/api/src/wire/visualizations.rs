//! Visualizations.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// A way to show a query's result.
#[derive(Serialize, ToSchema)]
pub(crate) struct Visualization {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    pub(crate) query_id: i64,
    /// `TABLE`, `CHART`, …
    pub(crate) r#type: String,
    pub(crate) name: String,
    pub(crate) description: String,
    /// What clients keep with it.
    #[schema(value_type = Object)]
    pub(crate) options: Value,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A new visualization.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewVisualization {
    pub(crate) r#type: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    #[schema(value_type = Option<Object>)]
    pub(crate) options: Option<Value>,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct VisualizationChange {
    pub(crate) r#type: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) description: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub(crate) options: Option<Value>,
}
