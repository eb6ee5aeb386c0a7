//! Destinations of notices and their kinds.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// A kind of destination.
#[derive(Serialize, ToSchema)]
pub(crate) struct DestinationType {
    /// The stable name.
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) icon: String,
    /// The settings as a JSON schema, with `secret` as a list of names.
    #[schema(value_type = Object)]
    pub(crate) schema: Value,
}

/// A destination, in short.
#[derive(Serialize, ToSchema)]
pub(crate) struct DestinationBrief {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    pub(crate) name: String,
    pub(crate) r#type: String,
}

/// A destination with its settings. Secrets are never shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct Destination {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    pub(crate) name: String,
    pub(crate) r#type: String,
    #[schema(value_type = Object)]
    pub(crate) options: Value,
    /// The names of secret options that are set.
    pub(crate) secrets: Vec<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A new destination.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDestination {
    pub(crate) name: String,
    pub(crate) r#type: String,
    /// All options, secrets included.
    #[schema(value_type = Object)]
    pub(crate) options: Value,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DestinationChange {
    pub(crate) name: Option<String>,
    pub(crate) r#type: Option<String>,
    /// All options anew; a secret that is not among them stays as it is, null takes it away.
    #[schema(value_type = Option<Object>)]
    pub(crate) options: Option<Value>,
}

/// What the receiver of a test said.
#[derive(Serialize, ToSchema)]
pub(crate) struct DestinationTest {
    pub(crate) answer: String,
}
