//! Faults as pages: one exhaustive match from [`Code`] to status and title.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use tessera_kernel::{Code, Fault};

use crate::layout;

/// An answer that is a refusal.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Sign in first, and come back to this address.
    Login(String),
    /// Something else.
    Fault(Fault),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Status and title of a page that tells a fault.
pub(crate) fn told(code: Code) -> (StatusCode, &'static str) {
    match code {
        Code::Unauthenticated => (StatusCode::UNAUTHORIZED, "Sign in first"),
        Code::OutOfScope | Code::Forbidden => (StatusCode::FORBIDDEN, "You may not do this"),
        Code::CsrfFailed => (StatusCode::FORBIDDEN, "The form does not count"),
        Code::NotFound => (StatusCode::NOT_FOUND, "There is no such page"),
        Code::Malformed => (StatusCode::BAD_REQUEST, "The request cannot be read"),
        Code::Conflict | Code::Duplicate | Code::SetupState => {
            (StatusCode::CONFLICT, "That does not go")
        }
        Code::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "That is too large"),
        Code::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
        Code::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Not now"),
        Code::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong"),
        Code::Invalid
        | Code::MissingParameters
        | Code::InvalidParameters
        | Code::UnbindableParameter
        | Code::NoCachedResult
        | Code::SourcePaused
        | Code::SourceMissing
        | Code::Unsupported
        | Code::SourceFailed
        | Code::Cancelled
        | Code::TimedOut => (StatusCode::UNPROCESSABLE_ENTITY, "That does not go"),
    }
}

/// The fault's own words as a sentence.
pub(crate) fn sentence(fault: &Fault) -> String {
    let detail = match fault.code() {
        Code::Internal => "the cause is in the server's log",
        Code::SourcePaused if fault.detail().is_empty() => "the data source is paused",
        _ => fault.detail(),
    };
    let mut letters = detail.chars();
    let first = letters.next().map(|first| first.to_uppercase().chain(letters));
    format!("{}.", first.into_iter().flatten().collect::<String>().trim_end_matches('.'))
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let fault = match self {
            Self::Login(next) => {
                let query = serde_urlencoded::to_string([("next", next)]).unwrap_or_default();
                let place = HeaderValue::from_str(&format!("/login?{query}"))
                    .unwrap_or(HeaderValue::from_static("/login"));
                return (StatusCode::FOUND, [(header::LOCATION, place)]).into_response();
            }
            Self::Fault(fault) => fault,
        };
        if fault.code() == Code::Internal {
            let cause = std::error::Error::source(&fault).map(ToString::to_string);
            tracing::error!(detail = fault.detail(), cause, "a page failed");
        }
        let (status, title) = told(fault.code());
        let hint = match fault.code() {
            Code::CsrfFailed => html!(
                "<p>Pages count for the browser and the session they were opened in. Go back, reload \
                 the page, and send it again.</p>"
            ),
            Code::Unauthenticated => html!("<p><a href=\"/login\">Sign in</a></p>"),
            Code::Forbidden | Code::OutOfScope => {
                html!("<p>Its owner or an administrator can, or can give you the right.</p>")
            }
            _ => html!(""),
        };
        let body = html!(
            "<p role=\"alert\">{}</p>{}<p><a href=\"/keys\">API keys</a></p>",
            sentence(&fault),
            hint
        );
        let mut response = layout::page(status, title, &body);
        if let Some(seconds) = fault.retry_after_seconds() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_status_and_internal_details_stay_inside() {
        for code in Code::ALL {
            assert!(told(code).0.is_client_error() || told(code).0.is_server_error(), "{code}");
        }
        assert!(!sentence(&Fault::new(Code::Internal, "the table is gone")).contains("table"));
        assert_eq!(sentence(&Fault::new(Code::Conflict, "it is so.")), "It is so.");
    }
}
