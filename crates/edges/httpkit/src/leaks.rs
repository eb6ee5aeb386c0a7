//! Looks for texts of our own keys in what is saved through any edge, and warns who saved it.
//!
//! Only what was sent and is in the answer counts: that is stored, and not as a secret.

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, Method, header};
use serde_json::Value;
use tessera_access::{Access, FoundKey, key_texts, texts_of};

use crate::{RequestInfo, body};

/// The header of an answer that warns.
const WARNING: HeaderName = HeaderName::from_static("x-tessera-warning");
/// Larger bodies and answers are not looked through, in bytes.
const BYTES_MAX: usize = 4 << 20;

/// Warns with `X-Tessera-Warning: key_in_text; …`, and writes it into the audit log.
pub async fn watch(State(access): State<Access>, request: Request, next: Next) -> Response {
    let saves = matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH);
    if !saves || !small(request.headers(), declared(request.headers())) {
        return next.run(request).await;
    }
    let info = request.extensions().get::<RequestInfo>().cloned().unwrap_or_default();
    let place = request.uri().path().to_owned();
    let (parts, sent) = request.into_parts();
    let sent = match body::read(sent, BYTES_MAX).await {
        Ok(sent) => sent,
        // What cannot be read is for the handler to refuse.
        Err(_) => return next.run(Request::from_parts(parts, Body::empty())).await,
    };
    let texts = found(&sent);
    let response = next.run(Request::from_parts(parts, Body::from(sent))).await;
    let length = response.body().size_hint().exact();
    if texts.is_empty() || !response.status().is_success() || !small(response.headers(), length) {
        return response;
    }
    let (mut parts, answer) = response.into_parts();
    let answer = match body::read(answer, BYTES_MAX).await {
        Ok(answer) => answer,
        Err(fault) => {
            tracing::error!(%fault, "an answer could not be looked through for keys");
            return crate::layer::failed();
        }
    };
    let stored = found(&answer);
    let leaked: Vec<&str> =
        texts.iter().filter(|text| stored.contains(text)).map(String::as_str).collect();
    if !leaked.is_empty() {
        let actor = info.ledger.read(|entry| entry.actor.clone());
        let actor = actor.unwrap_or_else(|| "anonymous".to_owned());
        match access.keys.note_found(&actor, &place, info.address.clone(), &leaked).await {
            Ok(found) => {
                if let Ok(value) = HeaderValue::from_str(&warning(&found)) {
                    parts.headers.insert(WARNING, value);
                }
            }
            Err(fault) => tracing::error!(%fault, "a key in a text was not written down"),
        }
    }
    Response::from_parts(parts, Body::from(answer))
}

/// The length that a message declares.
fn declared(headers: &http::HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether a message is JSON, as far as it says, and small.
fn small(headers: &http::HeaderMap, length: Option<u64>) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let json = kind.is_none_or(|kind| kind.contains("json"));
    json && length.is_some_and(|length| length > 0 && length <= BYTES_MAX as u64)
}

/// The texts of keys in a JSON document.
fn found(bytes: &[u8]) -> Vec<String> {
    // Cheap for nearly all: no text of a key is without these letters, unless it is escaped.
    let hinted = bytes.windows(4).any(|part| part == b"tsr_" || part == b"\\u00");
    if !hinted {
        return Vec::new();
    }
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return Vec::new() };
    let mut all: Vec<String> = Vec::new();
    texts_of(&value, &mut |text| {
        for key in key_texts(text) {
            if !all.iter().any(|known| known == key) {
                all.push(key.to_owned());
            }
        }
    });
    all
}

/// What was found and how to end it.
fn warning(found: &[FoundKey]) -> String {
    let one = |found: &FoundKey| match found.key {
        Some(id) => format!("{} (DELETE /v1/keys/{id} revokes it)", found.hint),
        None => found.hint.clone(),
    };
    let all: Vec<String> = found.iter().map(one).collect();
    format!("key_in_text; {}", all.join(", "))
}
