//! What people did.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Something that was done.
#[derive(Serialize, ToSchema)]
pub(crate) struct Activity {
    pub(crate) id: i64,
    pub(crate) at: DateTime<Utc>,
    /// Null for the holder of an object's key.
    pub(crate) user_id: Option<i64>,
    pub(crate) user_name: Option<String>,
    /// `user:7` or `key:12`.
    pub(crate) actor: String,
    /// `view`, `edit`, …
    pub(crate) action: String,
    /// `query`, `page`, …
    pub(crate) object_type: String,
    /// A number, or a name.
    pub(crate) object_id: Option<String>,
    pub(crate) address: Option<String>,
    /// The caller's program.
    pub(crate) client: Option<String>,
    #[schema(value_type = Object)]
    pub(crate) additional_properties: Value,
}

/// Something that a client tells of its user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewActivity {
    /// Now, if left out. Believed within a day before and five minutes after.
    pub(crate) at: Option<DateTime<Utc>>,
    pub(crate) action: String,
    pub(crate) object_type: String,
    pub(crate) object_id: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub(crate) additional_properties: Option<Value>,
}

/// What a client tells of its user, at most 1000 at a time.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewActivities {
    pub(crate) activities: Vec<NewActivity>,
}
