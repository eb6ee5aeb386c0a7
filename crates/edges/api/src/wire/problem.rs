//! A problem document.

use chrono::{DateTime, Utc};
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
    /// The rule that decided, as a stable word: `parameter_pinned`, `ip_denied`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
    /// The member of the body, query or header that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) field: Option<String>,
    /// The parameters of the query that are wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parameters: Option<Vec<String>>,
    /// The limits of the key that are used up.
    #[serde(rename = "violated-policies", skip_serializing_if = "Option::is_none")]
    pub(crate) violated_policies: Option<Vec<String>>,
    /// Seconds to wait before trying again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after_seconds: Option<u64>,
    /// What is still needed to sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) challenge: Option<Challenge>,
}

/// What is still needed to sign in, after the password.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Challenge {
    /// To be sent with the code to `/v1/session/second-factor`; works once.
    pub(crate) token: String,
    /// Whether the second factor has to be set up first, at `/v1/session/second-factor/enrollment`.
    pub(crate) must_enroll: bool,
    /// When it ends.
    pub(crate) expires_at: DateTime<Utc>,
}
