//! Faults in the words of this dialect: one exhaustive match from [`Code`] to status and text.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use tessera_httpkit::pages;
use tessera_kernel::{Code, Fault};

/// No credential, or one that does not open this. The web client looks for "Please login".
pub(crate) const LOGIN: &str = "Couldn't find resource. Please login and try again.";
/// The caller may not.
pub(crate) const NO_PERMISSION: &str = "You don't have the permission to access the requested \
     resource. It is either read-protected or not readable by the server.";
/// The caller does not own it.
pub(crate) const NOT_OWNER: &str = "You don't have permission to edit this resource.";
/// The caller may not run anything there.
pub(crate) const NO_RUN: &str = "You do not have permission to run queries with this data source.";
/// There is no such thing.
pub(crate) const NOT_FOUND: &str = "The requested URL was not found on the server. If you entered \
     the URL manually please check your spelling and try again.";
/// The request cannot be read.
pub(crate) const BAD_REQUEST: &str =
    "The browser (or proxy) sent a request that this server could not understand.";
/// The path is there, the method is not.
pub(crate) const METHOD: &str = "The method is not allowed for the requested URL.";
/// Somebody else was faster.
pub(crate) const CONFLICT: &str = "A conflict happened while processing the request. The resource \
     might have been modified while the request was being processed.";
/// Nothing stored yet.
pub(crate) const NO_RESULT: &str = "No cached result found for this query.";
/// What a cancelled job says.
pub(crate) const CANCELLED: &str = "Query cancelled by user.";

/// What a job says that took too long.
pub(crate) const TIME_LIMIT: &str = "Query exceeded Redash query execution time limit.";

/// The shape of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `{"message": …}`.
    Message,
    /// `{"job": {"status": 4, "error": …}}`, for runs that are refused.
    Job,
}

/// How something is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) status: StatusCode,
    pub(crate) text: Cow<'static, str>,
    pub(crate) shape: Shape,
}

impl Words {
    fn message(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { status, text: text.into(), shape: Shape::Message }
    }

    fn job(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { status, text: text.into(), shape: Shape::Job }
    }
}

/// The words for a fault.
pub(crate) fn words(fault: &Fault) -> Words {
    let detail = || sentence(fault);
    match fault.code() {
        Code::Unauthenticated | Code::OutOfScope => Words::message(StatusCode::NOT_FOUND, LOGIN),
        // A parameter or attribute is at fault: its name is what helps.
        Code::Forbidden if !fault.names().is_empty() => {
            Words::message(StatusCode::FORBIDDEN, detail())
        }
        Code::Forbidden => Words::message(StatusCode::FORBIDDEN, NO_PERMISSION),
        Code::CsrfFailed => {
            Words::message(StatusCode::BAD_REQUEST, "The CSRF token is missing or incorrect.")
        }
        Code::NotFound => Words::message(StatusCode::NOT_FOUND, NOT_FOUND),
        Code::Invalid => Words::message(StatusCode::BAD_REQUEST, detail()),
        Code::Malformed => Words::message(StatusCode::BAD_REQUEST, BAD_REQUEST),
        Code::MissingParameters => Words::job(
            StatusCode::BAD_REQUEST,
            format!("Missing parameter value for: {}", fault.names().join(", ")),
        ),
        Code::InvalidParameters => Words::message(
            StatusCode::BAD_REQUEST,
            format!(
                "The following parameter values are incompatible with their definitions: {}",
                fault.names().join(", ")
            ),
        ),
        Code::Conflict => Words::message(StatusCode::CONFLICT, CONFLICT),
        Code::Duplicate => Words::message(
            StatusCode::BAD_REQUEST,
            format!("{} already taken.", capital(fault.field().unwrap_or("value"))),
        ),
        Code::NoCachedResult => Words::message(StatusCode::NOT_FOUND, NO_RESULT),
        Code::SourcePaused => Words::job(StatusCode::BAD_REQUEST, paused(fault)),
        Code::SourceMissing => {
            Words::job(StatusCode::UNAUTHORIZED, "Target data source not available.")
        }
        Code::Cancelled => Words::message(StatusCode::BAD_REQUEST, CANCELLED),
        Code::UnbindableParameter
        | Code::Unsupported
        | Code::SourceFailed
        | Code::TimedOut
        | Code::SetupState => Words::message(StatusCode::BAD_REQUEST, detail()),
        Code::TooLarge => Words::message(StatusCode::PAYLOAD_TOO_LARGE, detail()),
        Code::RateLimited => Words::message(StatusCode::TOO_MANY_REQUESTS, detail()),
        Code::Unavailable => Words::message(StatusCode::SERVICE_UNAVAILABLE, detail()),
        Code::Internal => {
            Words::message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
        }
    }
}

fn paused(fault: &Fault) -> String {
    let name = fault.names().first().map_or("The data source", String::as_str);
    match fault.detail() {
        "" => format!("{name} is paused. Please try later."),
        reason => format!("{name} is paused ({reason}). Please try later."),
    }
}

/// The fault's own words as a sentence that names the field.
pub(crate) fn sentence(fault: &Fault) -> String {
    match fault.field() {
        Some(field) => format!("{}: {}.", capital(field), fault.detail()),
        None => format!("{}.", capital(fault.detail())),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// An answer that is a refusal.
#[derive(Debug)]
pub(crate) struct Refusal {
    words: Words,
    /// What exactly is wrong, where the text is a fixed one.
    detail: Option<String>,
    retry_after: Option<u64>,
    /// Whether people read it in a browser.
    page: bool,
}

impl Refusal {
    /// A refusal with a text of its own.
    pub(crate) fn say(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { words: Words::message(status, text), detail: None, retry_after: None, page: false }
    }

    /// A refused run with a text of its own.
    pub(crate) fn say_job(status: StatusCode, text: impl Into<Cow<'static, str>>) -> Self {
        Self { words: Words::job(status, text), detail: None, retry_after: None, page: false }
    }

    /// The same as a page for people.
    pub(crate) fn into_page(self) -> Self {
        Self { page: true, ..self }
    }

    /// The status.
    pub(crate) fn status(&self) -> StatusCode {
        self.words.status
    }
}

impl From<Words> for Refusal {
    fn from(words: Words) -> Self {
        Self { words, detail: None, retry_after: None, page: false }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        if fault.code() == Code::Internal {
            let cause = std::error::Error::source(&fault).map(ToString::to_string);
            tracing::error!(detail = fault.detail(), cause, "a request failed");
        }
        let detail = (fault.code() == Code::Malformed).then(|| sentence(&fault));
        let words = words(&fault);
        Self { words, detail, retry_after: fault.retry_after_seconds(), page: false }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Words { status, text, shape } = self.words;
        if self.page {
            let body = format!("<p>{}</p>", pages::escape(&text));
            return pages::page(status, status.canonical_reason().unwrap_or("Error"), &body);
        }
        let body = match (shape, self.detail) {
            (Shape::Job, _) => json!({ "job": { "status": 4, "error": text } }),
            (Shape::Message, None) => json!({ "message": text }),
            (Shape::Message, Some(detail)) => json!({ "message": text, "detail": detail }),
        };
        let mut response =
            (status, [(header::CONTENT_TYPE, "application/json")], format!("{body}\n"))
                .into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
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

/// For [`Worded`]: the caller would have to own the object.
pub(crate) fn not_owner(_fault: &Fault) -> Refusal {
    Refusal::say(StatusCode::FORBIDDEN, NOT_OWNER)
}

/// For [`Worded`]: the caller may not run anything there.
pub(crate) fn no_run(_fault: &Fault) -> Refusal {
    Refusal::say_job(StatusCode::FORBIDDEN, NO_RUN)
}

/// A field that must be in the body and is not.
pub(crate) fn missing_field(name: &str) -> Fault {
    Fault::new(Code::Malformed, "is required").with_field(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_status_and_a_text() {
        for code in Code::ALL {
            let found = words(&Fault::new(code, "some detail").with_names(vec!["a".to_owned()]));
            assert!(!found.text.is_empty(), "{code}");
            let status = match code {
                Code::Unauthenticated | Code::OutOfScope | Code::NotFound => 404,
                Code::NoCachedResult => 404,
                Code::Forbidden => 403,
                Code::SourceMissing => 401,
                Code::Conflict => 409,
                Code::TooLarge => 413,
                Code::RateLimited => 429,
                Code::Unavailable => 503,
                Code::Internal => 500,
                _ => 400,
            };
            assert_eq!(found.status.as_u16(), status, "{code}");
        }
    }

    #[test]
    fn refused_runs_come_as_failed_jobs() {
        for code in [Code::MissingParameters, Code::SourcePaused, Code::SourceMissing] {
            assert_eq!(words(&Fault::new(code, "")).shape, Shape::Job, "{code}");
        }
        assert_eq!(words(&Fault::new(Code::InvalidParameters, "")).shape, Shape::Message);
    }

    #[test]
    fn texts_are_those_that_clients_know() {
        let text = |fault: Fault| words(&fault).text.into_owned();
        let names = || vec!["n".to_owned(), "e".to_owned()];
        assert_eq!(
            text(Fault::new(Code::MissingParameters, "").with_names(names())),
            "Missing parameter value for: n, e"
        );
        assert_eq!(
            text(Fault::new(Code::InvalidParameters, "").with_names(names())),
            "The following parameter values are incompatible with their definitions: n, e"
        );
        let paused = |reason: &str| {
            text(Fault::new(Code::SourcePaused, reason).with_names(vec!["Demo PG".to_owned()]))
        };
        assert_eq!(paused("maintenance"), "Demo PG is paused (maintenance). Please try later.");
        assert_eq!(paused(""), "Demo PG is paused. Please try later.");
        assert_eq!(
            text(Fault::new(Code::Duplicate, "taken").with_field("email")),
            "Email already taken."
        );
    }

    #[test]
    fn internal_details_stay_inside() {
        assert!(!words(&Fault::new(Code::Internal, "the table is gone")).text.contains("table"));
    }

    #[test]
    fn a_csrf_refusal_is_one_the_web_client_recovers_from() {
        let found = words(&Fault::new(Code::CsrfFailed, "x"));
        assert!(found.status == StatusCode::BAD_REQUEST && found.text.contains("CSRF"));
    }
}
