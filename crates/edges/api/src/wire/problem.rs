//! A problem document.

use serde::Serialize;
use utoipa::ToSchema;

/// What went wrong (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Where the kind of problem is explained: `/v1/problems/{code}`.
    pub(crate) r#type: String,
    /// The kind of problem in words.
    pub(crate) title: &'static str,
    /// The status of the answer.
    pub(crate) status: u16,
    /// What is wrong with this request, and how to mend it.
    pub(crate) detail: String,
    /// The identifier of the request, also in the log and in `X-Request-Id`.
    pub(crate) instance: String,
    /// The stable name of the kind of problem.
    pub(crate) code: &'static str,
    /// The member of the body, query or header that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    /// The parameters of the query that are wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parameters: Option<Vec<String>>,
    /// Seconds to wait before trying again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after_seconds: Option<u64>,
}
