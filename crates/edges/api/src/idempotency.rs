//! Answers by `Idempotency-Key`: the same request sent twice is done once, on whichever nodes.
//!
//! What was begun and what came of it is kept in the store, sealed, by [`Once`]; only good answers
//! are, so that what failed can be tried again.

use axum::body::{Body, HttpBody as _};
use axum::response::Response;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use tessera_access::{Mine, Once, OnceRequest, Turn};
use tessera_kernel::{Code, Fault, Result, Secret};

/// Longest key, in characters.
const KEY_CHARACTERS_MAX: usize = 255;
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Who asks for what under which key.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) caller: String,
    pub(crate) operation: String,
    pub(crate) key: String,
    pub(crate) body: Bytes,
}

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    /// `None` if it was too long.
    body: Option<String>,
}

/// Does the work unless it was done before under this identity. It is done to its end even if the
/// caller hangs up, so that the answer is there when the caller asks again.
///
/// # Errors
/// Those of the work; `Invalid` if the key was used with another body; `Conflict` while another node
/// does the work, and for an answer that could not be kept.
pub(crate) async fn once(
    once: Once,
    identity: Identity,
    work: BoxFuture<'static, Result<Response>>,
) -> Result<Response> {
    finish(async move {
        let Identity { caller, operation, key, body } = &identity;
        match once.begin(OnceRequest { caller, operation, key, body }).await? {
            Turn::Done(answer) => replay(&answer),
            Turn::Mine(mine) => match work.await {
                Ok(response) if response.status().is_success() => {
                    keep(mine, response, once.settings().answer_bytes_max).await
                }
                other => {
                    if let Err(fault) = mine.undone().await {
                        tracing::error!(%fault, "a request that failed cannot be sent again");
                    }
                    other
                }
            },
        }
    })
    .await
}

/// Keeps an answer, and gives it. It was done: that it cannot be kept is no failure of the request.
async fn keep(mine: Mine, response: Response, bytes_max: usize) -> Result<Response> {
    let length = response.body().size_hint().exact();
    let is_short = length.is_some_and(|length| length <= bytes_max as u64);
    let (parts, body) = response.into_parts();
    let (kept_body, body) = if is_short {
        let bytes = axum::body::to_bytes(body, bytes_max)
            .await
            .map_err(|error| Fault::internal("an answer cannot be read", error))?;
        (std::str::from_utf8(&bytes).ok().map(str::to_owned), Body::from(bytes))
    } else {
        (None, body)
    };
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = parts.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
    let kept = Kept { status: parts.status.as_u16(), headers: headers.collect(), body: kept_body };
    let written = serde_json::to_string(&kept)
        .map_err(|error| Fault::internal("an answer cannot be written", error));
    let done = match written {
        Ok(written) => mine.done(&Secret::new(written)).await,
        Err(fault) => Err(fault),
    };
    if let Err(fault) = done {
        tracing::error!(%fault, "an answer was not kept for repetitions of its request");
    }
    Ok(Response::from_parts(parts, body))
}

/// An answer that was given before.
fn replay(answer: &Secret) -> Result<Response> {
    let strange = |error| Fault::internal("a kept answer cannot be read", error);
    let kept: Kept = serde_json::from_str(answer.expose()).map_err(strange)?;
    let Some(body) = kept.body else {
        let detail = "the request with this key was done, and its answer was too long to be kept \
                      (api.idempotency_answer_bytes_max)";
        return Err(Fault::new(Code::Conflict, detail).with_field("Idempotency-Key"));
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
    for (name, value) in kept.headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes()))
        {
            response.headers_mut().append(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

#[expect(clippy::disallowed_methods, reason = "a caller that hangs up must not undo half the work")]
async fn finish(work: impl Future<Output = Result<Response>> + Send + 'static) -> Result<Response> {
    let task = tokio::spawn(work);
    task.await.map_err(|error| Fault::internal("a request stopped half way", error))?
}

/// Reads the key that a caller chose.
///
/// # Errors
/// `Invalid` for one that is empty, long or not plain text.
pub(crate) fn key_of(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() || text.len() > KEY_CHARACTERS_MAX {
        let detail = format!("send 1 to {KEY_CHARACTERS_MAX} plain characters");
        return Err(Fault::invalid("Idempotency-Key", detail));
    }
    Ok(Some(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_kept_answer_is_given_as_it_was_and_says_so() {
        let kept = Kept {
            status: 201,
            headers: vec![("location".to_owned(), "/v1/queries/7".to_owned())],
            body: Some("{\"id\":7}".to_owned()),
        };
        let text = Secret::new(serde_json::to_string(&kept).expect("written"));
        let response = replay(&text).expect("read");
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers()["location"], "/v1/queries/7");
        assert_eq!(response.headers()[REPLAYED], "true");
        let body = axum::body::to_bytes(response.into_body(), 100).await.expect("a body");
        assert_eq!(body, "{\"id\":7}");
    }

    #[test]
    fn an_answer_that_was_too_long_is_not_done_again() {
        let kept = Kept { status: 201, headers: Vec::new(), body: None };
        let text = Secret::new(serde_json::to_string(&kept).expect("written"));
        let fault = replay(&text).expect_err("it is not there");
        assert_eq!((fault.code(), fault.retry_after_seconds()), (Code::Conflict, None));
    }

    #[test]
    fn keys_are_short_and_plain() {
        let of = |text: &str| {
            let value = HeaderValue::from_str(text).expect("a value");
            key_of(&HeaderMap::from_iter([(HeaderName::from_static("idempotency-key"), value)]))
        };
        assert_eq!(of("k").expect("a key").as_deref(), Some("k"));
        assert!(of("").is_err());
        assert!(of(&"k".repeat(KEY_CHARACTERS_MAX + 1)).is_err());
        assert!(key_of(&HeaderMap::new()).expect("none").is_none());
    }
}
