//! Requests over HTTP/1.1 to data sources. A name is looked up once, what it leads to is checked,
//! and the connection goes to the address that was checked, at every redirect anew. Time and bytes
//! are limited, and a cancelled run ends its request.

mod tls;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tessera_bi::ended::{cancelled, too_long};
use tessera_bi::ports::CancelSignal;
use tessera_kernel::{Code, Fault, Result, Secret};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use url::{Position, Url};

pub(crate) use self::tls::{HttpTls, config as client_config};
use crate::{ConnectorSettings, guard};

/// Makes requests for one data source.
#[derive(Clone)]
pub(crate) struct Http {
    settings: Arc<ConnectorSettings>,
    tls: TlsConnector,
}

/// What is asked.
#[derive(Clone)]
pub(crate) struct HttpRequest {
    pub(crate) method: Method,
    /// Its user and password, if it has any, become an `Authorization` header.
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether redirects are followed, as often as `sources.http_redirects_max` says. Headers go
    /// along only to the same scheme, host and port.
    pub(crate) follow: bool,
    /// Whether only public addresses may be asked, because not an administrator but whoever wrote
    /// the query decides where it goes (`sources.url_private_networks`).
    pub(crate) public_only: bool,
}

/// How much one request may take.
#[derive(Clone)]
pub(crate) struct HttpLimits {
    /// From now to the end of the answer, redirects included.
    pub(crate) time: Duration,
    /// The setting that the time comes from, for the error text.
    pub(crate) time_setting: &'static str,
    /// Bytes of the body; `None` for a stream whose rows are counted elsewhere.
    pub(crate) bytes: Option<u64>,
}

/// An answer whose body is read as it comes. Dropped, it closes the connection.
pub(crate) struct HttpStream {
    pub(crate) status: StatusCode,
    body: Incoming,
    bytes: u64,
    until: Until,
    _connection: Connection,
}

/// A whole answer.
pub(crate) struct HttpAnswer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl HttpRequest {
    /// A question without a body; follows redirects.
    pub(crate) fn get(url: Url) -> Self {
        let headers = HeaderMap::new();
        let body = Bytes::new();
        Self { method: Method::GET, url, headers, body, follow: true, public_only: false }
    }

    /// A body to be taken; follows no redirects.
    pub(crate) fn post(url: Url, body: impl Into<Bytes>) -> Self {
        let headers = HeaderMap::new();
        let body = body.into();
        Self { method: Method::POST, url, headers, body, follow: false, public_only: false }
    }

    /// The same, but only public addresses may be asked.
    pub(crate) fn public_only(mut self) -> Self {
        self.public_only = true;
        self
    }

    /// Sets a header.
    ///
    /// # Errors
    /// `SourceFailed` if that is no header that can be sent.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Result<Self> {
        let name = header::HeaderName::try_from(name)
            .map_err(|_| failed(format!("{name:?} is no name of a header")))?;
        let value = HeaderValue::try_from(value)
            .map_err(|_| failed(format!("the header {name} cannot have that value")))?;
        self.headers.insert(name, value);
        Ok(self)
    }

    /// Shows a user's name and password.
    pub(crate) fn basic(mut self, user: &str, password: &Secret) -> Result<Self> {
        let pair = STANDARD.encode(format!("{user}:{}", password.expose()));
        let mut value = HeaderValue::try_from(format!("Basic {pair}"))
            .map_err(|_| failed("user and password cannot be sent".to_owned()))?;
        value.set_sensitive(true);
        self.headers.insert(header::AUTHORIZATION, value);
        Ok(self)
    }
}

impl HttpLimits {
    /// The limits of a run that reads a whole document.
    pub(crate) fn document(settings: &ConnectorSettings, run_seconds: u64) -> Self {
        let (seconds, time_setting) = if run_seconds <= settings.http_seconds {
            (run_seconds, "runs.time_limit_seconds")
        } else {
            (settings.http_seconds, "sources.http_seconds")
        };
        let time = Duration::from_secs(seconds);
        Self { time, time_setting, bytes: Some(settings.http_answer_bytes_max) }
    }
}

impl Http {
    /// A client.
    ///
    /// # Errors
    /// `Invalid` if certificates cannot be read.
    pub(crate) fn new(settings: Arc<ConnectorSettings>, tls: &HttpTls) -> Result<Self> {
        let tls = TlsConnector::from(Arc::new(tls::config(tls)?));
        Ok(Self { settings, tls })
    }

    /// Asks, and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// `Invalid` for a closed address, `Cancelled`, `TimedOut`, `TooLarge`, else `SourceFailed`.
    pub(crate) async fn fetch(
        &self,
        request: HttpRequest,
        limits: &HttpLimits,
        cancel: &Arc<dyn CancelSignal>,
    ) -> Result<HttpAnswer> {
        let mut stream = self.open(request, limits, cancel).await?;
        let mut body = Vec::new();
        while let Some(chunk) = stream.next().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(HttpAnswer { status: stream.status, body: body.into() })
    }

    /// Asks; the body of the answer is read by [`HttpStream::next`].
    ///
    /// # Errors
    /// As [`fetch`](Self::fetch).
    pub(crate) async fn open(
        &self,
        mut request: HttpRequest,
        limits: &HttpLimits,
        cancel: &Arc<dyn CancelSignal>,
    ) -> Result<HttpStream> {
        let until = Until {
            deadline: now() + limits.time,
            limits: limits.clone(),
            cancel: Arc::clone(cancel),
        };
        for _ in 0..=self.settings.http_redirects_max {
            // On the heap: a handshake with its buffers is large.
            let (answer, connection) = until.wait(Box::pin(self.once(&request))).await?;
            let follow = request.follow && answer.status().is_redirection();
            let location = answer.headers().get(header::LOCATION).filter(|_| follow);
            let Some(location) = location else {
                let (parts, body) = answer.into_parts();
                return Ok(HttpStream {
                    status: parts.status,
                    body,
                    bytes: 0,
                    until,
                    _connection: connection,
                });
            };
            let location = location.to_str().map_err(|error| failed(error.to_string()))?;
            request = redirected(request, location, answer.status())?;
        }
        let most = self.settings.http_redirects_max;
        Err(failed(format!("more than {most} redirects (sources.http_redirects_max)")))
    }

    async fn once(&self, request: &HttpRequest) -> Result<(Response<Incoming>, Connection)> {
        let url = &request.url;
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            other => return Err(failed(format!("No connection adapters for the scheme {other}"))),
        };
        let host = url.host_str().ok_or_else(|| failed(format!("{url} names no host")))?;
        let host = host.trim_matches(['[', ']']);
        let port = url.port_or_known_default().unwrap_or(443);
        let addresses = self.settings.resolve(host, port).await?;
        if request.public_only && !self.settings.url_private_networks {
            let closed = addresses.iter().any(|address| guard::is_private(address.ip()));
            if closed {
                let detail = "Can't query private addresses. (sources.url_private_networks)";
                return Err(Fault::new(Code::SourceFailed, detail));
            }
        }
        let seconds = self.settings.connect_timeout_seconds;
        let connect = TcpStream::connect(addresses.as_slice());
        let stream = tokio::time::timeout(Duration::from_secs(seconds), connect)
            .await
            .map_err(|_| {
                failed(format!("no connection within {seconds} s (sources.connect_seconds)"))
            })?
            .map_err(|error| failed(format!("{host}:{port} cannot be reached: {error}")))?;
        let sent = message(request)?;
        if !secure {
            return exchange(stream, sent).await;
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|e| failed(e.to_string()))?;
        let stream = self.tls.connect(name, stream).await;
        exchange(stream.map_err(|error| failed(format!("{host}:{port}: {error}")))?, sent).await
    }
}

impl HttpStream {
    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// As [`Http::fetch`].
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            let body = &mut self.body;
            let frame = self
                .until
                .wait(async {
                    let frame = body.frame().await.transpose();
                    frame.map_err(|error| failed(format!("the answer broke off: {error}")))
                })
                .await?;
            let Some(frame) = frame else { return Ok(None) };
            let Ok(chunk) = frame.into_data() else { continue };
            self.bytes += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
            if let Some(most) = self.until.limits.bytes.filter(|most| self.bytes > *most) {
                let detail = format!(
                    "the answer has more than {most} bytes (sources.http_answer_bytes_max)"
                );
                return Err(Fault::new(Code::TooLarge, detail));
            }
            return Ok(Some(chunk));
        }
    }
}

/// When a request ends, however far it is.
struct Until {
    deadline: Instant,
    limits: HttpLimits,
    cancel: Arc<dyn CancelSignal>,
}

impl Until {
    async fn wait<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            done = work => done,
            () = self.cancel.cancelled() => Err(cancelled()),
            () = tokio::time::sleep_until(self.deadline) => {
                let HttpLimits { time, time_setting, .. } = &self.limits;
                Err(too_long(time.as_secs(), time_setting))
            }
        }
    }
}

/// The task that moves the bytes of one connection; it ends with who reads them.
struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[expect(clippy::disallowed_methods, reason = "the task ends with the answer that it serves")]
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Result<(Response<Incoming>, Connection)> {
    let broken = |error: hyper::Error| failed(format!("no answer: {error}"));
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let connection = Connection(tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to a data source ended");
        }
    }));
    let answer = sender.send_request(request).await.map_err(broken)?;
    Ok((answer, connection))
}

fn message(request: &HttpRequest) -> Result<Request<Full<Bytes>>> {
    let url = &request.url;
    let mut message = Request::new(Full::new(request.body.clone()));
    *message.method_mut() = request.method.clone();
    let target = &url[Position::BeforePath..Position::AfterQuery];
    *message.uri_mut() = target.parse().map_err(|_| failed(format!("{url} cannot be asked")))?;
    let headers = message.headers_mut();
    *headers = request.headers.clone();
    let authority = &url[Position::BeforeHost..Position::AfterPort];
    let authority = HeaderValue::try_from(authority).map_err(|e| failed(e.to_string()))?;
    headers.insert(header::HOST, authority);
    // Lengths and framing are ours.
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::TRANSFER_ENCODING);
    headers.remove(header::CONNECTION);
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static("tessera"));
    if !url.username().is_empty() && !headers.contains_key(header::AUTHORIZATION) {
        let pair = [url.username(), ":", url.password().unwrap_or_default()].concat();
        let pair = STANDARD.encode(percent_decoded(&pair));
        let value =
            HeaderValue::try_from(format!("Basic {pair}")).map_err(|e| failed(e.to_string()))?;
        headers.insert(header::AUTHORIZATION, value);
    }
    Ok(message)
}

/// The bytes that a coded text stands for.
pub(crate) fn percent_decoded(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let code = text.get(at + 1..at + 3).filter(|_| *byte == b'%');
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(code) => {
                decoded.push(code);
                at += 3;
            }
            None => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    decoded
}

/// What is asked next after a redirect. What proves who asks goes nowhere else.
fn redirected(request: HttpRequest, location: &str, status: StatusCode) -> Result<HttpRequest> {
    let url = request.url.join(location).map_err(|error| failed(error.to_string()))?;
    let elsewhere = url.origin() != request.url.origin();
    let keeps = matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT);
    let reads = matches!(request.method, Method::GET | Method::HEAD);
    if keeps && elsewhere && !reads {
        return Err(failed("a redirect of a body to another server is not followed".to_owned()));
    }
    if request.url.scheme() == "https" && url.scheme() != "https" {
        return Err(failed("a redirect to http is not followed".to_owned()));
    }
    let public_only = request.public_only || elsewhere;
    let mut next = HttpRequest { url, public_only, ..request };
    if !keeps && !reads {
        next.method = Method::GET;
        next.body = Bytes::new();
        next.headers.remove(header::CONTENT_TYPE);
    }
    if elsewhere {
        let kept = [header::ACCEPT, header::USER_AGENT];
        let kept: Vec<_> =
            kept.into_iter().filter_map(|name| Some((next.headers.remove(&name)?, name))).collect();
        next.headers = kept.into_iter().map(|(value, name)| (name, value)).collect();
    }
    Ok(next)
}

fn failed(detail: String) -> Fault {
    Fault::new(Code::SourceFailed, detail)
}

fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests;
