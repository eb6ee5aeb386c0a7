//! Pins: the values that a key fixes, those it leaves free, and how much of a result it gives.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Which values of a free parameter are allowed. Dates may be relative: `-90d`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Range {
    /// The least value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Json>,
    /// The greatest value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Json>,
    /// The only values.
    #[serde(rename = "enum", skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Json>,
}

/// How much of one result. `None` asks for nothing beyond the server's own limits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Caps {
    /// Most rows of a result. More is an error, never cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Most bytes of a result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// A stored result younger than this is always good enough, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age_floor: Option<u64>,
    /// The formats in which results are given, such as `csv`; empty for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub formats: Vec<String>,
}

impl Caps {
    /// Whether nothing is asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
