//! Snippets.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::common::Person;

/// A piece of text to write queries with.
#[derive(Serialize, ToSchema)]
pub(crate) struct Snippet {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    /// The word that stands for it; unique.
    pub(crate) trigger: String,
    pub(crate) description: String,
    /// The text. Places to fill in are written `${1:default}`; `${0}` is the last one.
    pub(crate) text: String,
    pub(crate) owner: Person,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A new snippet.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSnippet {
    pub(crate) trigger: String,
    #[serde(default)]
    pub(crate) description: String,
    pub(crate) text: String,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SnippetChange {
    pub(crate) trigger: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) text: Option<String>,
}
