//! Limits: how much of something in how much time.

use serde::{Deserialize, Serialize};
use tessera_kernel::{Fault, Result};

/// Longest name of a limit or bucket, in characters.
const NAME_CHARACTERS_MAX: usize = 64;

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

impl Unit {
    /// The spelling in terms and headers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::ContentBytes => "content-bytes",
            Self::ConcurrentRequests => "concurrent-requests",
            Self::Rows => "rows",
            Self::QuerySeconds => "query-seconds",
        }
    }
}

impl Limit {
    /// Refuses a limit that means nothing.
    ///
    /// # Errors
    /// `Invalid`.
    pub fn check(&self) -> Result<()> {
        let wrong =
            |detail: &str| Err(Fault::invalid("limits", format!("{:?}: {detail}", self.name)));
        if !is_name(&self.name) || !self.bucket.as_deref().is_none_or(is_name) {
            return wrong("names have 1 to 64 letters, digits, blanks or -_.");
        }
        if self.quota == 0 {
            return wrong("q must be at least 1");
        }
        match (self.unit, self.window_seconds) {
            (Unit::ConcurrentRequests, 0) => Ok(()),
            (Unit::ConcurrentRequests, _) => {
                wrong("concurrent-requests have no window; leave out w")
            }
            (_, 0) => wrong("w must be at least 1 second"),
            _ => Ok(()),
        }
    }
}

fn is_name(name: &str) -> bool {
    (1..=NAME_CHARACTERS_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" -_.".contains(&byte))
}
