//! Faults of the core as problem documents (RFC 9457): one exhaustive match from `Code`.

use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use tessera_httpkit::{RequestInfo, cookies, credential};
use tessera_kernel::{Code, Fault};

use crate::wire::problem::{Challenge, Problem};

/// What this interface says about a kind of problem.
pub(crate) struct Kind {
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
    pub(crate) remedy: &'static str,
}

/// The answer for a method that a path does not have: no fault of the core.
pub(crate) const METHOD_NOT_ALLOWED: &str = "method_not_allowed";

/// The answer to a password that is right and not enough: no fault either.
pub(crate) const SECOND_FACTOR_REQUIRED: &str = "second_factor_required";

/// The type of a refusal by the limits of a key: that of the registry of HTTP problem types.
const QUOTA_EXCEEDED: &str = "https://iana.org/assignments/http-problem-types#quota-exceeded";

/// What is known of the request that failed.
pub(crate) struct Asked {
    request_id: String,
    has_credential: bool,
}

impl Asked {
    pub(crate) fn of(parts: &Parts, info: &RequestInfo) -> Self {
        let key = credential::key_of(&parts.headers, parts.uri.query());
        Self {
            request_id: info.request_id.clone(),
            has_credential: key.is_some() || cookies::session_token(&parts.headers).is_some(),
        }
    }
}

/// Status, title and advice for a code.
pub(crate) fn kind(code: Code) -> Kind {
    use StatusCode as S;
    let (status, title, remedy) = match code {
        Code::Unauthenticated => (
            S::UNAUTHORIZED,
            "Authentication is needed",
            "Send a working key as Authorization: Bearer, or sign in at POST /v1/session.",
        ),
        Code::OutOfScope => (
            S::FORBIDDEN,
            "The credential does not open this",
            "The key is good, but for something else. Use the key of this object or of a user.",
        ),
        Code::Forbidden => (
            S::FORBIDDEN,
            "Not allowed",
            "Ask an administrator for the right that the detail names.",
        ),
        Code::CsrfFailed => (
            S::FORBIDDEN,
            "The request may come from another site",
            "With a session, send the cookie csrf_token also as the header X-CSRF-Token.",
        ),
        Code::NotFound => (
            S::NOT_FOUND,
            "There is no such thing",
            "It was deleted, never was, or is hidden from you.",
        ),
        Code::Invalid => (
            S::UNPROCESSABLE_ENTITY,
            "A value is wrong",
            "Correct the member that field names as the detail says.",
        ),
        Code::Malformed => (
            S::BAD_REQUEST,
            "The body cannot be read",
            "Send one JSON document in UTF-8, at most 64 levels deep.",
        ),
        Code::MissingParameters => (
            S::UNPROCESSABLE_ENTITY,
            "Values for parameters are missing",
            "Send values for the parameters listed.",
        ),
        Code::InvalidParameters => (
            S::UNPROCESSABLE_ENTITY,
            "Values do not fit their parameters",
            "Send values of the types that the definitions of the listed parameters name.",
        ),
        Code::UnbindableParameter => (
            S::UNPROCESSABLE_ENTITY,
            "A parameter stands where no value can be",
            "Use parameters in place of values only, not of names, keywords or parts of texts.",
        ),
        Code::Conflict => (
            S::CONFLICT,
            "It was changed meanwhile",
            "Read it again and repeat the change on its present version.",
        ),
        Code::Duplicate => (
            S::CONFLICT,
            "The value is taken",
            "Choose another value for the member that field names.",
        ),
        Code::NoCachedResult => (
            S::NOT_FOUND,
            "There is no stored result",
            "Run the query first: POST /v1/queries/{id}/runs.",
        ),
        Code::SourcePaused => (
            S::CONFLICT,
            "The data source is paused",
            "Wait until an administrator resumes it; the detail may say why it is paused.",
        ),
        Code::SourceMissing => {
            (S::CONFLICT, "The query has no data source", "Give the query another data source.")
        }
        Code::Unsupported => (
            S::UNPROCESSABLE_ENTITY,
            "This cannot be done here",
            "The data source or format lacks what was asked for.",
        ),
        Code::SourceFailed => (
            S::BAD_GATEWAY,
            "The data source failed",
            "The detail has the words of the database; correct the text or its settings.",
        ),
        Code::Cancelled => (S::CONFLICT, "The work was cancelled", "Start it again if needed."),
        Code::TimedOut => (
            S::GATEWAY_TIMEOUT,
            "The work took too long",
            "Make the query faster, or have the time limit raised.",
        ),
        Code::TooLarge => (
            S::PAYLOAD_TOO_LARGE,
            "Too large",
            "Send or ask for less, or have the setting raised that the detail names.",
        ),
        Code::RateLimited => {
            (S::TOO_MANY_REQUESTS, "Too many requests", "Wait as many seconds as Retry-After says.")
        }
        Code::Unavailable => {
            (S::SERVICE_UNAVAILABLE, "Not available at the moment", "Try again a little later.")
        }
        Code::SetupState => (
            S::CONFLICT,
            "Not in this state of the setup",
            "The first setup is done once: see GET /v1/setup.",
        ),
        Code::Internal => (
            S::INTERNAL_SERVER_ERROR,
            "A mistake of the server",
            "Report it with the request id in instance; the log has the cause.",
        ),
    };
    Kind { status, title, remedy }
}

/// The answer to a request that failed.
pub(crate) fn respond(fault: &Fault, asked: &Asked) -> Response {
    let code = fault.code();
    let kind = kind(code);
    let detail = if code == Code::Internal {
        let cause = std::error::Error::source(fault).map(ToString::to_string);
        tracing::error!(request_id = asked.request_id, %fault, cause, "internal fault");
        "the server made a mistake; its log has the cause"
    } else {
        fault.detail()
    };
    let mut document = problem(code.as_str(), &kind, detail, asked);
    // Why an unknown credential is unknown is nobody's business.
    document.reason = fault.reason().filter(|_| code != Code::Unauthenticated);
    document.field = fault.field().map(own_field);
    let names = Some(fault.names().to_vec()).filter(|names| !names.is_empty());
    match (code, fault.reason()) {
        (Code::RateLimited, Some(_)) => {
            if names.is_some() {
                document.r#type = QUOTA_EXCEEDED.to_owned();
            }
            document.violated_policies = names;
        }
        _ => document.parameters = names,
    }
    document.retry_after_seconds = fault.retry_after_seconds();
    let mut response = write(kind.status, &document);
    let headers = response.headers_mut();
    if code == Code::Unauthenticated {
        // RFC 6750: the error is named only if there was a credential.
        let challenge = if asked.has_credential {
            "Bearer realm=\"tessera\", error=\"invalid_token\""
        } else {
            "Bearer realm=\"tessera\""
        };
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    }
    if let Some(seconds) = fault.retry_after_seconds() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The answer to a password that was right and is not enough.
pub(crate) fn second_factor_required(
    challenge: &tessera_access::Challenge,
    asked: &Asked,
) -> Response {
    let kind = factor_kind();
    let detail = if challenge.must_enrol {
        "a second factor is required here and has to be set up first"
    } else {
        "send the code of the second factor with the token of the challenge"
    };
    let mut document = problem(SECOND_FACTOR_REQUIRED, &kind, detail, asked);
    document.challenge = Some(Challenge {
        token: challenge.token.expose().to_owned(),
        must_enroll: challenge.must_enrol,
        expires_at: challenge.expires_at,
    });
    write(kind.status, &document)
}

/// What is said about a password that is not enough.
pub(crate) fn factor_kind() -> Kind {
    Kind {
        status: StatusCode::UNAUTHORIZED,
        title: "A second factor is needed",
        remedy: "Send the token of the challenge and the code to POST /v1/session/second-factor.",
    }
}

/// The answer to a method that the path does not have.
pub(crate) fn method_not_allowed(allow: &str, asked: &Asked) -> Response {
    let kind = method_kind();
    let detail = format!("this path has the methods {allow}");
    let mut response = write(kind.status, &problem(METHOD_NOT_ALLOWED, &kind, &detail, asked));
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}

/// What is said about a method that a path does not have.
pub(crate) fn method_kind() -> Kind {
    Kind {
        status: StatusCode::METHOD_NOT_ALLOWED,
        title: "The path does not have this method",
        remedy: "Use one of the methods in the header Allow.",
    }
}

fn problem(code: &'static str, kind: &Kind, detail: &str, asked: &Asked) -> Problem {
    Problem {
        r#type: format!("/v1/problems/{code}"),
        title: kind.title,
        status: kind.status.as_u16(),
        detail: detail.to_owned(),
        instance: asked.request_id.clone(),
        code,
        reason: None,
        field: None,
        parameters: None,
        retry_after_seconds: None,
        challenge: None,
        violated_policies: None,
    }
}

fn write(status: StatusCode, problem: &Problem) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "application/problem+json"), (header::CACHE_CONTROL, "no-store")];
    let body = serde_json::to_vec(problem).expect("texts and numbers have a JSON form");
    (status, headers, body).into_response()
}

/// The name that a member has in this interface; the core has some names of its own.
fn own_field(field: &str) -> String {
    match field {
        "org_name" => "organization".to_owned(),
        "query" => "text".to_owned(),
        "setup_token" => "X-Setup-Token".to_owned(),
        _ => field
            .replacen("options.parameters", "parameter_definitions", 1)
            .replace(".enumOptions", ".enum_options")
            .replace(".queryId", ".query_id"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn asked(has_credential: bool) -> Asked {
        Asked { request_id: "req-1".to_owned(), has_credential }
    }

    async fn document(response: Response) -> Value {
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 16).await.expect("a body");
        serde_json::from_slice(&bytes).expect("JSON")
    }

    #[test]
    fn every_code_has_the_status_that_is_promised() {
        let table = [
            (Code::Unauthenticated, 401),
            (Code::OutOfScope, 403),
            (Code::Forbidden, 403),
            (Code::CsrfFailed, 403),
            (Code::NotFound, 404),
            (Code::Invalid, 422),
            (Code::Malformed, 400),
            (Code::MissingParameters, 422),
            (Code::InvalidParameters, 422),
            (Code::UnbindableParameter, 422),
            (Code::Conflict, 409),
            (Code::Duplicate, 409),
            (Code::NoCachedResult, 404),
            (Code::SourcePaused, 409),
            (Code::SourceMissing, 409),
            (Code::Unsupported, 422),
            (Code::SourceFailed, 502),
            (Code::Cancelled, 409),
            (Code::TimedOut, 504),
            (Code::TooLarge, 413),
            (Code::RateLimited, 429),
            (Code::Unavailable, 503),
            (Code::SetupState, 409),
            (Code::Internal, 500),
        ];
        assert_eq!(table.map(|(code, _)| code), Code::ALL);
        for (code, status) in table {
            let response = respond(&Fault::new(code, "why"), &asked(false));
            assert_eq!(response.status().as_u16(), status, "{code}");
            assert_eq!(response.headers()["content-type"], "application/problem+json");
        }
    }

    #[tokio::test]
    async fn a_problem_names_code_field_parameters_and_request() {
        let fault = Fault::new(Code::RateLimited, "slow down")
            .with_field("options.parameters[0].enumOptions")
            .with_names(vec!["a".to_owned()])
            .with_retry_after(7);
        let response = respond(&fault, &asked(false));
        assert_eq!(response.headers()["retry-after"], "7");
        let expected = json!({
            "type": "/v1/problems/rate_limited",
            "title": "Too many requests",
            "status": 429,
            "detail": "slow down",
            "instance": "req-1",
            "code": "rate_limited",
            "field": "parameter_definitions[0].enum_options",
            "parameters": ["a"],
            "retry_after_seconds": 7,
        });
        assert_eq!(document(response).await, expected);
    }

    #[tokio::test]
    async fn a_refusal_by_limits_names_the_policies() {
        let fault = Fault::new(Code::RateLimited, "used up")
            .with_reason("budget_exceeded")
            .with_names(vec!["daily".to_owned()])
            .with_retry_after(7);
        let document = document(respond(&fault, &asked(true))).await;
        assert_eq!(document["type"], QUOTA_EXCEEDED);
        assert_eq!(document["violated-policies"], json!(["daily"]));
        assert_eq!(document["reason"], "budget_exceeded");
        assert_eq!(document["code"], "rate_limited");
        assert!(document.get("parameters").is_none());
    }

    #[test]
    fn a_challenge_names_an_error_only_if_there_was_a_credential() {
        let fault = Fault::new(Code::Unauthenticated, "sign in");
        let bare = respond(&fault, &asked(false));
        assert_eq!(bare.headers()["www-authenticate"], "Bearer realm=\"tessera\"");
        let bad = respond(&fault, &asked(true));
        let challenge = "Bearer realm=\"tessera\", error=\"invalid_token\"";
        assert_eq!(bad.headers()["www-authenticate"], challenge);
    }

    #[tokio::test]
    async fn the_cause_of_an_internal_fault_stays_in_the_log() {
        let fault = Fault::internal("row 7 of keys is broken", "disk on fire");
        let text = document(respond(&fault, &asked(false))).await.to_string();
        assert!(!text.contains("keys") && !text.contains("fire"), "{text}");
    }
}
