//! Shapes that several nouns share.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Somebody, in short.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    pub(crate) name: String,
}

/// How many objects have a tag.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) count: u64,
}

/// A member that may be left out (`None`), null (`Some(None)`), or a value.
pub(crate) fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}
