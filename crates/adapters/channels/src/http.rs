//! Requests to receivers: one POST each, to an address that was checked, within limits.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tessera_kernel::{Clock, Code, Fault, Result};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use crate::ChannelSettings;
use crate::failure::{again, never};
use crate::tls;

/// How much of an answer the delivery log keeps, in characters.
const EXCERPT_CHARACTERS: usize = 200;

/// One request to a receiver.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Post {
    /// Where to; may hold a secret, and so never stands in a message.
    pub(crate) url: String,
    /// Headers besides those of every request.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The media type of the body.
    pub(crate) content_type: &'static str,
    /// The body.
    pub(crate) body: String,
}

impl Post {
    /// A request with a JSON body.
    pub(crate) fn json(url: impl Into<String>, body: &serde_json::Value) -> Self {
        Self {
            url: url.into(),
            headers: Vec::new(),
            content_type: "application/json",
            body: body.to_string(),
        }
    }

    /// The same with one more header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// Makes the requests.
pub(crate) struct Sender {
    settings: ChannelSettings,
    clock: Arc<dyn Clock>,
    tls: OnceLock<TlsConnector>,
}

impl Sender {
    /// A sender; reads the operator's certificates, if there are any.
    pub(crate) fn new(settings: ChannelSettings, clock: Arc<dyn Clock>) -> Result<Self> {
        let sender = Self { settings, clock, tls: OnceLock::new() };
        if sender.settings.extra_authorities.is_some() {
            sender.tls()?;
        }
        Ok(sender)
    }

    pub(crate) fn settings(&self) -> &ChannelSettings {
        &self.settings
    }

    /// Refuses an address that no request could go to, as far as it shows without asking anybody.
    pub(crate) fn check(&self, field: &str, url: &str) -> Result<()> {
        let parsed = parse(url).map_err(|detail| Fault::invalid(field, detail))?;
        let literal = match parsed.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        if let Some(address) = literal {
            self.permit(address, parsed.scheme() == "https")
                .map_err(|fault| Fault::invalid(field, fault.detail()))?;
        }
        Ok(())
    }

    /// Makes a request. What the receiver answered, in a few words.
    ///
    /// # Errors
    /// `Unavailable` if it did not get there, or the receiver asks for patience; `Invalid` if the
    /// receiver refuses or may not be asked; `TooLarge` if the message is.
    pub(crate) async fn post(&self, post: &Post) -> Result<String> {
        let url = parse(&post.url).map_err(|detail| Fault::invalid("options.url", detail))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let bytes_max = self.settings.message_bytes_max;
        if post.body.len() > bytes_max {
            let detail = format!(
                "a message of {} bytes is longer than {bytes_max} (channels.message_bytes_max)",
                post.body.len()
            );
            return Err(Fault::new(Code::TooLarge, detail));
        }
        // On the heap: a handshake with its buffers is large.
        match tokio::time::timeout(self.settings.timeout, Box::pin(self.once(post, &url, &host)))
            .await
        {
            Ok(done) => done,
            Err(_) => Err(again(&host, "no answer in time (channels.timeout_seconds)")),
        }
    }

    async fn once(&self, post: &Post, url: &Url, host: &str) -> Result<String> {
        let secure = url.scheme() == "https";
        let addresses = self.resolve(url, host, secure).await?;
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(target(url))
            .header(header::HOST, authority(host, url.port()))
            .header(header::ACCEPT, "*/*")
            .header(header::USER_AGENT, concat!("tessera/", env!("CARGO_PKG_VERSION")))
            .header(header::CONTENT_TYPE, post.content_type);
        for (name, value) in &post.headers {
            request = request.header(*name, value);
        }
        let request = request
            .body(Full::new(Bytes::from(post.body.clone())))
            .map_err(|error| never(host, error))?;
        let stream =
            TcpStream::connect(addresses.as_slice()).await.map_err(|error| again(host, error))?;
        if !secure {
            return self.exchange(stream, request, host).await;
        }
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
            .map_err(|error| never(host, error))?;
        let stream = self.tls()?.connect(name, stream).await.map_err(|error| again(host, error))?;
        self.exchange(stream, request, host).await
    }

    async fn exchange(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        request: Request<Full<Bytes>>,
        host: &str,
    ) -> Result<String> {
        let failed = |error: hyper::Error| again(host, error);
        let mut client = hyper::client::conn::http1::Builder::new();
        // Some receivers compare names of headers letter by letter.
        client.title_case_headers(true);
        let (mut sender, connection) =
            client.handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let mut asked = pin!(async {
            let (parts, mut body) =
                sender.send_request(request).await.map_err(failed)?.into_parts();
            // The beginning will do: the rest is not waited for.
            let mut read = Vec::new();
            while read.len() < self.settings.answer_bytes_max
                && let Some(frame) = body.frame().await
            {
                let Ok(frame) = frame else { break };
                if let Some(data) = frame.data_ref() {
                    read.extend_from_slice(data);
                }
            }
            self.judge(parts.status, &parts.headers, &read, host)
        });
        let mut connection = pin!(connection);
        let mut open = true;
        loop {
            tokio::select! {
                answer = &mut asked => return answer,
                // What was read before the connection ended is still on its way.
                _ended = &mut connection, if open => open = false,
            }
        }
    }

    fn judge(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        host: &str,
    ) -> Result<String> {
        let words = excerpt(body);
        let answer = if words.is_empty() {
            status.as_u16().to_string()
        } else {
            format!("{} {words}", status.as_u16())
        };
        if status.is_success() {
            return Ok(answer);
        }
        let patience = status.is_server_error()
            || status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::REQUEST_TIMEOUT;
        if patience {
            let fault = again(host, format_args!("answered {answer}"));
            return Err(match retry_after(headers, self.clock.now()) {
                Some(seconds) => fault.with_retry_after(seconds),
                None => fault,
            });
        }
        if status.is_redirection() {
            let detail = format_args!("answered {}: redirects are not followed", status.as_u16());
            return Err(never(host, detail));
        }
        Err(never(host, format_args!("answered {answer}")))
    }

    /// The addresses of a host; all of them must be open, and are then used as they are, so that a
    /// second look at the name cannot lead elsewhere.
    async fn resolve(&self, url: &Url, host: &str, secure: bool) -> Result<Vec<SocketAddr>> {
        let port = url.port_or_known_default().unwrap_or(443);
        let addresses: Vec<SocketAddr> = match url.host() {
            Some(Host::Ipv4(address)) => vec![(IpAddr::V4(address), port).into()],
            Some(Host::Ipv6(address)) => vec![(IpAddr::V6(address), port).into()],
            Some(Host::Domain(name)) => tokio::net::lookup_host((name, port))
                .await
                .map_err(|error| again(host, error))?
                .collect(),
            None => Vec::new(),
        };
        for address in &addresses {
            self.permit(address.ip(), secure)?;
        }
        Ok(addresses)
    }

    fn permit(&self, address: IpAddr, secure: bool) -> Result<()> {
        let ChannelSettings { denied_networks, allowed_networks, allow_http, .. } = &self.settings;
        if !tessera_kernel::is_open(address, denied_networks, allowed_networks) {
            let detail = format!(
                "{address} is closed to destinations \
                 (channels.denied_networks, channels.allowed_networks)"
            );
            return Err(Fault::new(Code::Forbidden, detail));
        }
        if !secure && !allow_http && !address.to_canonical().is_loopback() {
            let detail = "it is not encrypted: use https, or set channels.allow_http";
            return Err(Fault::new(Code::Forbidden, detail));
        }
        Ok(())
    }

    fn tls(&self) -> Result<&TlsConnector> {
        if let Some(made) = self.tls.get() {
            return Ok(made);
        }
        let extra = self.settings.extra_authorities.as_deref();
        let made = tls::connector("channels.ca_file", extra)?;
        Ok(self.tls.get_or_init(|| made))
    }
}

/// Reads an address. The error does not repeat it: it may hold a secret.
fn parse(url: &str) -> Result<Url, String> {
    let parsed = Url::parse(url.trim()).map_err(|error| format!("this is no address: {error}"))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err("the address must begin with https:// or http://".to_owned());
    }
    if parsed.host().is_none() {
        return Err("the address names no host".to_owned());
    }
    Ok(parsed)
}

fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

fn authority(host: &str, port: Option<u16>) -> String {
    port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The beginning of an answer, on one line.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    line.chars().filter(|c| !c.is_control()).take(EXCERPT_CHARACTERS).collect()
}

/// When the receiver wants to be asked again, in seconds from now: RFC 9110, section 10.2.3.
fn retry_after(headers: &HeaderMap, now: tessera_kernel::Timestamp) -> Option<u64> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(seconds);
    }
    let at = httpdate::parse_http_date(text).ok()?;
    let at: tessera_kernel::Timestamp = at.into();
    u64::try_from((at - now).num_seconds()).ok()
}
