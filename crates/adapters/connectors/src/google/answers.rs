//! What Google's answers mean: errors in their words, and cells that are not read before they are
//! wanted.

use std::borrow::Cow;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;
use tessera_kernel::{Code, Fault, Result};

use crate::http::HttpAnswer;

/// Most characters of an answer that an error shows.
const SHOWN_MAX: usize = 2000;

/// A row of a result: `{"f": [{"v": …}, …]}`.
#[derive(Deserialize)]
pub(crate) struct Row<'a> {
    #[serde(borrow, rename = "f")]
    pub(crate) cells: Vec<Cell<'a>>,
}

/// A cell, as it is written; `None` for NULL.
#[derive(Deserialize)]
pub(crate) struct Cell<'a> {
    #[serde(borrow, rename = "v")]
    pub(crate) value: Option<&'a RawValue>,
}

/// The server's words in an answer that refuses.
pub(crate) fn said(answer: &HttpAnswer) -> String {
    let body: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    let error = body.get("error").unwrap_or(&Json::Null);
    let message = error.get("message").and_then(Json::as_str);
    let description = body.get("error_description").and_then(Json::as_str);
    match (message, error.as_str(), description) {
        (Some(message), ..) => message.to_owned(),
        (None, Some(error), Some(description)) => format!("{error}: {description}"),
        (None, Some(error), None) => error.to_owned(),
        _ => {
            let text = String::from_utf8_lossy(&answer.body);
            let text: String = text.trim().chars().take(SHOWN_MAX).collect();
            format!("error {}: {text}", answer.status.as_u16())
        }
    }
}

/// The stable word for what went wrong, where there is one.
pub(super) fn reason(body: &[u8]) -> Option<String> {
    let body: Json = serde_json::from_slice(body).ok()?;
    Some(body.get("error")?.get("errors")?.get(0)?.get("reason")?.as_str()?.to_owned())
}

/// Whether the same question may be answered a little later.
pub(super) fn is_busy(answer: &HttpAnswer) -> bool {
    match answer.status {
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => true,
        StatusCode::INTERNAL_SERVER_ERROR | StatusCode::FORBIDDEN => matches!(
            reason(&answer.body).as_deref(),
            Some("backendError" | "internalError" | "rateLimitExceeded" | "userRateLimitExceeded")
        ),
        _ => false,
    }
}

/// A JSON scalar as text: what is between the quotes of a string, anything else as it is written.
pub(crate) fn plain(raw: &RawValue) -> Result<Cow<'_, str>> {
    let written = raw.get();
    let Some(inner) = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return Ok(Cow::Borrowed(written));
    };
    if !inner.contains('\\') {
        return Ok(Cow::Borrowed(inner));
    }
    serde_json::from_str(written).map(Cow::Owned).map_err(|error| {
        Fault::new(Code::SourceFailed, format!("the server sent a text that is none: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> HttpAnswer {
        let status = StatusCode::from_u16(status).expect("a status");
        HttpAnswer { status, body: body.to_owned().into() }
    }

    #[test]
    fn errors_are_told_in_googles_words() {
        for (body, words) in [
            (
                r#"{"error": {"code": 400, "message": "Syntax error at [1:8]"}}"#,
                "Syntax error at [1:8]",
            ),
            (
                r#"{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}"#,
                "invalid_grant: Invalid JWT Signature.",
            ),
            (r#"{"error": "invalid_grant"}"#, "invalid_grant"),
            ("<html>", "error 400: <html>"),
            ("", "error 400: "),
        ] {
            assert_eq!(said(&answer(400, body)), words);
        }
    }

    #[test]
    fn only_what_may_pass_is_asked_again() {
        let limited = r#"{"error": {"errors": [{"reason": "rateLimitExceeded"}]}}"#;
        let denied = r#"{"error": {"errors": [{"reason": "accessDenied"}]}}"#;
        assert!(is_busy(&answer(503, "")));
        assert!(is_busy(&answer(403, limited)));
        assert!(!is_busy(&answer(403, denied)));
        assert!(!is_busy(&answer(500, "")));
        assert!(!is_busy(&answer(400, limited)));
    }

    #[test]
    fn texts_are_read_with_their_escapes() {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).expect("is JSON");
        assert_eq!(plain(&raw("\"a b\"")).expect("reads"), "a b");
        assert_eq!(plain(&raw(r#""a\n\u00fc\"""#)).expect("reads"), "a\nü\"");
        assert_eq!(plain(&raw("12.50")).expect("reads"), "12.50");
    }
}
