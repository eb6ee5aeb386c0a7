//! The record of a request: made when the last byte of the answer was sent, or when the caller went
//! away before.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::{Method, Response};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use tessera_access::{Ledger, Served, Usage, UsageEvent};

use crate::RequestInfo;

/// The status of a request whose caller did not wait for the answer.
const CLIENT_WENT: u16 = 499;

/// Makes the record of one request when it is dropped, once.
pub(crate) struct Recorder {
    usage: Usage,
    ledger: Ledger,
    begun: Instant,
    served: Option<Served>,
}

impl Recorder {
    /// Begins a record.
    pub(crate) fn begin(
        usage: Usage,
        info: &RequestInfo,
        method: &Method,
        route: &str,
        begun: Instant,
    ) -> Self {
        let served = Served {
            at: usage.now(),
            request_id: info.request_id.clone(),
            method: name(method).into(),
            route: route.to_owned(),
            status: CLIENT_WENT,
            bytes: 0,
            duration_ms: 0.0,
            address: info.address.clone(),
            client: info.client.clone(),
        };
        Self { usage, ledger: info.ledger.clone(), begun, served: Some(served) }
    }

    /// Notes the answer. A body whose length is known counts at once, any other one as it is sent.
    pub(crate) fn watch(mut self, response: Response<Body>) -> Response<Body> {
        let exact = response.body().size_hint().exact();
        if let Some(served) = &mut self.served {
            served.status = response.status().as_u16();
            served.bytes = exact.unwrap_or(0);
        }
        if exact.is_some() {
            return response;
        }
        response.map(|body| Body::new(Watched { body: body.boxed_unsync(), recorder: self }))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let Some(mut served) = self.served.take() else { return };
        served.duration_ms = self.begun.elapsed().as_secs_f64() * 1000.0;
        if let Some(event) = UsageEvent::of(self.ledger.entry(), served) {
            self.usage.record(event);
        }
    }
}

/// A body whose bytes are counted.
struct Watched {
    body: UnsyncBoxBody<Bytes, axum::Error>,
    recorder: Recorder,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let (Poll::Ready(Some(Ok(frame))), Some(served)) = (&polled, &mut self.recorder.served)
            && let Some(data) = frame.data_ref()
        {
            served.bytes += data.len() as u64;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// The name of a method. One that nobody defined is the caller's own text and not kept.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
