//! Answers by `Idempotency-Key`: the same request sent twice is done once.
//!
//! They are kept in memory, on this node, until it restarts, for at most a day, and fewer if there
//! are many: oldest first out. Only good answers are kept, so that what failed can be tried again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use chrono::TimeDelta;
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use tessera_kernel::{Fault, Result, Timestamp};

/// How long an answer is kept, in hours.
const KEPT_HOURS: i64 = 24;
/// Largest answer that is kept, in bytes; what is created is far smaller.
const ANSWER_BYTES_MAX: usize = 4 << 20;
/// Bytes of all answers together.
const TOTAL_BYTES_MAX: usize = 64 << 20;
/// Longest key, in characters.
const KEY_CHARACTERS_MAX: usize = 255;
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Who asked for what under which key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    pub(crate) caller: String,
    pub(crate) operation: String,
    pub(crate) key: String,
}

#[derive(Clone)]
struct Stored {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

struct Slot {
    body_digest: [u8; 32],
    since: Timestamp,
    /// Held while the work is done, so that a second request waits for the first.
    answer: tokio::sync::Mutex<Option<Stored>>,
}

#[derive(Default)]
struct Known {
    slots: HashMap<Identity, Arc<Slot>>,
    /// Oldest first, with the bytes of each answer.
    order: VecDeque<(Identity, usize)>,
    bytes: usize,
}

/// The answers given.
pub(crate) struct Answers {
    entries_max: usize,
    known: Mutex<Known>,
}

impl Answers {
    pub(crate) fn new(entries_max: u64) -> Self {
        let entries_max = usize::try_from(entries_max).unwrap_or(usize::MAX).max(1);
        Self { entries_max, known: Mutex::default() }
    }

    /// Does the work unless it was done before under this identity. It is done to its end even if
    /// the caller hangs up, so that the answer is there when the caller asks again.
    ///
    /// # Errors
    /// Those of the work; `Invalid` if the key was used with another body.
    pub(crate) async fn once(
        self: &Arc<Self>,
        identity: Identity,
        body_digest: [u8; 32],
        now: Timestamp,
        work: BoxFuture<'static, Result<Response>>,
    ) -> Result<Response> {
        let slot = self.slot(&identity, body_digest, now);
        if slot.body_digest != body_digest {
            let detail = "the key was used with another body; choose a new key";
            return Err(Fault::invalid("Idempotency-Key", detail));
        }
        let answers = Arc::clone(self);
        let work = async move {
            let mut kept = slot.answer.lock().await;
            if let Some(stored) = kept.as_ref() {
                return Ok(stored.response(true));
            }
            let done = match work.await {
                Ok(response) => read(response).await,
                Err(fault) => Err(fault),
            };
            match done {
                Ok(stored) if stored.status.is_success() => {
                    *kept = Some(stored.clone());
                    answers.note_bytes(&identity, stored.body.len());
                    Ok(stored.response(false))
                }
                other => {
                    answers.forget(&identity, &slot);
                    other.map(|stored| stored.response(false))
                }
            }
        };
        finish(work).await
    }

    fn slot(&self, identity: &Identity, body_digest: [u8; 32], now: Timestamp) -> Arc<Slot> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.drop_before(now - TimeDelta::hours(KEPT_HOURS));
        if let Some(slot) = known.slots.get(identity) {
            return Arc::clone(slot);
        }
        while known.order.len() >= self.entries_max || known.bytes > TOTAL_BYTES_MAX {
            if !known.drop_oldest() {
                break;
            }
        }
        let slot =
            Arc::new(Slot { body_digest, since: now, answer: tokio::sync::Mutex::default() });
        known.slots.insert(identity.clone(), Arc::clone(&slot));
        known.order.push_back((identity.clone(), 0));
        slot
    }

    fn note_bytes(&self, identity: &Identity, bytes: usize) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = known.order.iter_mut().find(|(other, _)| other == identity) {
            entry.1 = bytes;
            known.bytes += bytes;
        }
    }

    fn forget(&self, identity: &Identity, slot: &Arc<Slot>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.slots.get(identity).is_some_and(|present| Arc::ptr_eq(present, slot)) {
            known.slots.remove(identity);
            known.order.retain(|(other, _)| other != identity);
        }
    }
}

impl Known {
    fn drop_before(&mut self, before: Timestamp) {
        while let Some((identity, _)) = self.order.front() {
            if self.slots.get(identity).is_some_and(|slot| slot.since > before) {
                break;
            }
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) -> bool {
        let Some((identity, bytes)) = self.order.pop_front() else { return false };
        self.bytes -= bytes;
        self.slots.remove(&identity);
        true
    }
}

impl Stored {
    fn response(&self, replayed: bool) -> Response {
        let mut response = Response::new(Body::from(self.body.clone()));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        if replayed {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

async fn read(response: Response) -> Result<Stored> {
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, ANSWER_BYTES_MAX)
        .await
        .map_err(|error| Fault::internal("an answer cannot be kept", error))?;
    Ok(Stored { status: parts.status, headers: parts.headers, body })
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
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Bench {
        answers: Arc<Answers>,
        done: Arc<AtomicUsize>,
        now: Timestamp,
    }

    impl Bench {
        fn new(entries_max: u64) -> Self {
            let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
            Self { answers: Arc::new(Answers::new(entries_max)), done: Arc::default(), now }
        }

        async fn ask(&self, key: &str, body: u8, status: u16) -> Result<(String, bool)> {
            let done = Arc::clone(&self.done);
            let work = Box::pin(async move {
                tokio::task::yield_now().await;
                let number = done.fetch_add(1, Ordering::SeqCst);
                let mut response = Response::new(Body::from(format!("answer {number}")));
                *response.status_mut() = StatusCode::from_u16(status).expect("a status");
                Ok(response)
            });
            let identity = Identity {
                caller: "user:1".to_owned(),
                operation: "POST /v1/queries".to_owned(),
                key: key.to_owned(),
            };
            let response = self.answers.once(identity, [body; 32], self.now, work).await?;
            let replayed = response.headers().contains_key(REPLAYED);
            let body = axum::body::to_bytes(response.into_body(), 100).await.expect("a body");
            Ok((String::from_utf8_lossy(&body).into_owned(), replayed))
        }
    }

    #[tokio::test]
    async fn the_same_request_is_done_once() {
        let bench = Bench::new(10);
        let first = bench.ask("k", 1, 201).await.expect("done");
        let second = bench.ask("k", 1, 201).await.expect("done");
        assert_eq!(first, ("answer 0".to_owned(), false));
        assert_eq!(second, ("answer 0".to_owned(), true));
    }

    #[tokio::test]
    async fn requests_at_the_same_time_are_done_once() {
        let bench = Bench::new(10);
        let (one, two) = tokio::join!(bench.ask("k", 1, 201), bench.ask("k", 1, 201));
        assert_eq!(one.expect("done").0, two.expect("done").0);
        assert_eq!(bench.done.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn another_body_under_the_same_key_is_refused() {
        let bench = Bench::new(10);
        bench.ask("k", 1, 201).await.expect("done");
        let fault = bench.ask("k", 2, 201).await.expect_err("another body");
        assert_eq!(fault.field(), Some("Idempotency-Key"));
    }

    #[tokio::test]
    async fn what_failed_can_be_tried_again_with_another_body() {
        let bench = Bench::new(10);
        bench.ask("k", 1, 422).await.expect("an answer");
        assert_eq!(bench.ask("k", 2, 201).await.expect("done"), ("answer 1".to_owned(), false));
    }

    #[tokio::test]
    async fn answers_end_after_a_day_and_the_oldest_when_there_are_many() {
        let mut bench = Bench::new(2);
        for key in ["a", "b", "c"] {
            bench.ask(key, 1, 201).await.expect("done");
        }
        assert!(bench.ask("c", 1, 201).await.expect("done").1);
        assert!(!bench.ask("a", 1, 201).await.expect("done").1);
        bench.now += TimeDelta::hours(KEPT_HOURS);
        assert!(!bench.ask("c", 1, 201).await.expect("done").1);
    }

    #[tokio::test]
    async fn an_answer_is_there_although_the_caller_hung_up() {
        let bench = Bench::new(10);
        {
            let mut asking = Box::pin(bench.ask("k", 1, 201));
            let waker = std::task::Waker::noop();
            let mut context = std::task::Context::from_waker(waker);
            assert!(asking.as_mut().poll(&mut context).is_pending());
        }
        let (_, replayed) = bench.ask("k", 1, 201).await.expect("done");
        assert!(replayed);
        assert_eq!(bench.done.load(Ordering::SeqCst), 1);
    }
}
