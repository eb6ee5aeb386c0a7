//! Limits: how much of something in how much time.

use serde::{Deserialize, Serialize};

/// What a limit counts. The spellings are those of the RateLimit header fields where they have one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Requests.
    #[default]
    Requests,
    /// Bytes of answers.
    ContentBytes,
    /// Queries that run at the same time; has no window.
    ConcurrentRequests,
    /// Rows of results.
    Rows,
    /// Seconds for which databases worked.
    QuerySeconds,
}

/// A limit with a name, such as `{"name": "burst", "q": 60, "w": 60}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Its name in headers and answers.
    pub name: String,
    /// How much in a window.
    #[serde(rename = "q")]
    pub quota: u64,
    /// What is counted.
    #[serde(rename = "qu", default)]
    pub unit: Unit,
    /// How long the window is, in seconds; zero for what has none.
    #[serde(rename = "w", default)]
    pub window_seconds: u64,
    /// Whose use counts: `None` for the key alone, or a name that several keys of an owner share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
}
