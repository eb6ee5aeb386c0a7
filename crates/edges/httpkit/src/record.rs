//! The record of a request: made when the last byte of the answer was sent, or when the caller went
//! away before.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, HttpBody};
use axum::extract::MatchedPath;
use bytes::Bytes;
use http::{Method, Response};
use tessera_access::terms::Unit;
use tessera_access::{Meter, Served, Usage, UsageEvent};
use tessera_kernel::Timestamp;

use crate::RequestInfo;

/// The status of a request whose caller did not wait for the answer.
const CLIENT_WENT: u16 = 499;

/// What a request counts as whose path no route has.
const NO_ROUTE: &str = "other";

/// Makes the record of one request when it is dropped.
pub(crate) struct Recorder {
    usage: Usage,
    info: RequestInfo,
    method: &'static str,
    route: Option<MatchedPath>,
    at: Timestamp,
    begun: Instant,
    status: u16,
    bytes: u64,
}

impl Recorder {
    /// Begins a record.
    pub(crate) fn begin(
        usage: Usage,
        info: RequestInfo,
        method: &Method,
        route: Option<MatchedPath>,
        begun: Instant,
    ) -> Self {
        let (at, method) = (usage.now(), name(method));
        Self { usage, info, method, route, at, begun, status: CLIENT_WENT, bytes: 0 }
    }

    /// The method, as it is recorded.
    pub(crate) fn method(&self) -> &'static str {
        self.method
    }

    /// The template of the path.
    pub(crate) fn route(&self) -> &str {
        self.route.as_ref().map_or(NO_ROUTE, MatchedPath::as_str)
    }

    /// Notes the answer. A body whose length is known counts at once, any other one as it is sent;
    /// a `meter` is charged as it is sent.
    pub(crate) fn watch(
        mut self,
        response: Response<Body>,
        meter: Option<Meter>,
    ) -> Response<Body> {
        let exact = response.body().size_hint().exact();
        self.status = response.status().as_u16();
        self.bytes = exact.unwrap_or(0);
        let recorder = exact.is_none().then_some(self);
        if recorder.is_none() && meter.is_none() {
            return response;
        }
        response.map(|body| Body::new(Watched { body, recorder, meter }))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let entry = self.info.ledger.take();
        if !UsageEvent::is_due(&entry, self.status) {
            return;
        }
        let served = Served {
            at: self.at,
            request_id: self.info.request_id.clone(),
            method: self.method.into(),
            route: self.route().to_owned(),
            status: self.status,
            bytes: self.bytes,
            duration_ms: self.begun.elapsed().as_secs_f64() * 1000.0,
            address: self.info.address.clone(),
            client: self.info.client.clone(),
        };
        self.usage.record(UsageEvent::of(entry, served));
    }
}

/// A body whose bytes are counted.
struct Watched {
    body: Body,
    recorder: Option<Recorder>,
    meter: Option<Meter>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            let bytes = data.len() as u64;
            if let Some(recorder) = &mut self.recorder {
                recorder.bytes += bytes;
            }
            if let Some(meter) = &self.meter {
                meter.charge(Unit::ContentBytes, bytes);
            }
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

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(meter) = self.meter.take().filter(Meter::owes) {
            settle(meter);
        }
    }
}

/// Lets other nodes know of bytes that left, without waiting for it.
fn settle(meter: Meter) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        // At the end of the process, what is left is told by the exchange that is the last.
        runtime.spawn(async move { meter.settle().await });
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
