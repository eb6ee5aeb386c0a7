//! Faults in the words of this dialect: one exhaustive match from [`Code`] to status and body.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use tessera_kernel::{Code, Fault};

/// No credential, or none that proves anything.
pub(crate) const UNAUTHENTICATED: &str = "Unauthenticated";
/// The caller may not.
pub(crate) const FORBIDDEN: &str = "You don't have permissions to do that.";
/// There is no such thing.
pub(crate) const NOT_FOUND: &str = "Not found.";
/// There is no such route. Clients look for exactly this text to tell it from the one above.
pub(crate) const NO_ENDPOINT: &str = "API endpoint does not exist.";

/// A required text is missing or blank.
pub(crate) const NEED_TEXT: &str = "value must be a non-blank string.";
/// A required number is missing or none.
pub(crate) const NEED_NUMBER: &str = "value must be an integer greater than zero.";

/// The body of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Body {
    /// Plain text.
    Text(Cow<'static, str>),
    /// `{"errors": {field: text}, "specific-errors": {field: [text]}}`.
    Fields(Vec<(String, String)>),
    /// `{"message": …}`.
    Message(String),
    /// `{"message": …, "via": []}`.
    Internal(&'static str),
}

/// An answer that is a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    body: Body,
    retry_after: Option<u64>,
}

impl Refusal {
    fn new(status: StatusCode, body: Body) -> Self {
        Self { status, body, retry_after: None }
    }

    /// Refuses with a plain text.
    pub(crate) fn text(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(status, Body::Text(text.into()))
    }

    /// Refuses a value (400).
    pub(crate) fn field(name: &str, text: impl Into<String>) -> Self {
        Self::field_with(StatusCode::BAD_REQUEST, name, text)
    }

    /// Refuses a value with another status.
    pub(crate) fn field_with(status: StatusCode, name: &str, text: impl Into<String>) -> Self {
        Self::new(status, Body::Fields(vec![(name.to_owned(), text.into())]))
    }

    /// There is no such route.
    pub(crate) fn no_endpoint() -> Self {
        Self::text(StatusCode::NOT_FOUND, NO_ENDPOINT)
    }

    /// The status, for tests.
    #[cfg(test)]
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        if fault.code() == Code::Internal {
            tracing::error!(%fault, source = ?std::error::Error::source(&fault), "internal");
        }
        let mut refusal = words(&fault);
        refusal.retry_after = fault.retry_after_seconds();
        refusal
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let plain = [(header::CONTENT_TYPE, "text/plain;charset=utf-8")];
        let mut response = match self.body {
            Body::Text(text) => (self.status, plain, text.into_owned()).into_response(),
            Body::Fields(fields) => {
                let errors: serde_json::Map<_, _> =
                    fields.iter().map(|(name, text)| (name.clone(), json!(text))).collect();
                let specific: serde_json::Map<_, _> =
                    fields.iter().map(|(name, text)| (name.clone(), json!([text]))).collect();
                let body = json!({ "errors": errors, "specific-errors": specific });
                (self.status, axum::Json(body)).into_response()
            }
            Body::Message(text) => {
                (self.status, axum::Json(json!({ "message": text }))).into_response()
            }
            Body::Internal(text) => {
                (self.status, axum::Json(json!({ "message": text, "via": [] }))).into_response()
            }
        };
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The words for a fault.
fn words(fault: &Fault) -> Refusal {
    let text = |status| Refusal::text(status, sentence(fault));
    let message = |status, fault: &Fault| Refusal::new(status, Body::Message(sentence(fault)));
    let fields = || match fault.field() {
        Some(field) => Refusal::field(field, sentence(fault)),
        None => message(StatusCode::BAD_REQUEST, fault),
    };
    match fault.code() {
        Code::Unauthenticated => Refusal::text(StatusCode::UNAUTHORIZED, UNAUTHENTICATED),
        Code::Forbidden | Code::OutOfScope | Code::CsrfFailed => {
            Refusal::text(StatusCode::FORBIDDEN, FORBIDDEN)
        }
        Code::NotFound | Code::NoCachedResult => Refusal::text(StatusCode::NOT_FOUND, NOT_FOUND),
        Code::Invalid | Code::Malformed | Code::Duplicate => fields(),
        Code::MissingParameters
        | Code::InvalidParameters
        | Code::UnbindableParameter
        | Code::SourcePaused
        | Code::SourceMissing
        | Code::Unsupported
        | Code::SourceFailed
        | Code::Cancelled
        | Code::TimedOut
        | Code::SetupState => message(StatusCode::BAD_REQUEST, fault),
        Code::Conflict => text(StatusCode::CONFLICT),
        Code::TooLarge => text(StatusCode::PAYLOAD_TOO_LARGE),
        Code::RateLimited => text(StatusCode::TOO_MANY_REQUESTS),
        Code::Unavailable => text(StatusCode::SERVICE_UNAVAILABLE),
        Code::Internal => Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            Body::Internal("the server made a mistake"),
        ),
    }
}

/// The fault's own words.
pub(crate) fn sentence(fault: &Fault) -> String {
    let mut letters = fault.detail().chars();
    let first = letters.next().map(char::to_uppercase);
    first.map_or_else(String::new, |first| first.chain(letters).chain(['.']).collect())
}

/// Gives a fault of a certain code other words.
pub(crate) trait Worded<T> {
    /// Refuses with `refusal` where the fault is `code`, and in the usual words otherwise.
    fn worded(self, code: Code, refusal: impl FnOnce(&Fault) -> Refusal) -> Result<T, Refusal>;
}

impl<T> Worded<T> for Result<T, Fault> {
    fn worded(self, code: Code, refusal: impl FnOnce(&Fault) -> Refusal) -> Result<T, Refusal> {
        self.map_err(|fault| if fault.code() == code { refusal(&fault) } else { fault.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_status() {
        for code in Code::ALL {
            let status = match code {
                Code::Unauthenticated => 401,
                Code::OutOfScope | Code::Forbidden | Code::CsrfFailed => 403,
                Code::NotFound | Code::NoCachedResult => 404,
                Code::Conflict => 409,
                Code::TooLarge => 413,
                Code::RateLimited => 429,
                Code::Unavailable => 503,
                Code::Internal => 500,
                _ => 400,
            };
            assert_eq!(words(&Fault::new(code, "some detail")).status.as_u16(), status, "{code}");
        }
    }

    #[test]
    fn refusals_that_clients_read_are_plain_texts() {
        let body = |code| words(&Fault::new(code, "detail")).body;
        assert_eq!(body(Code::Unauthenticated), Body::Text("Unauthenticated".into()));
        assert_eq!(body(Code::NotFound), Body::Text("Not found.".into()));
        assert_eq!(
            body(Code::Forbidden),
            Body::Text("You don't have permissions to do that.".into())
        );
    }

    #[test]
    fn internal_details_stay_inside() {
        let body = words(&Fault::new(Code::Internal, "the table is gone")).body;
        assert!(!format!("{body:?}").contains("table"));
    }
}
