//! Requests to the outside: few, small, and never to where they should not go.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde::de::DeserializeOwned;
use tessera_kernel::{Code, Fault, Result, Secret};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

/// Most redirects that a request follows.
const REDIRECTS_MAX: usize = 3;

/// What the operator decides about requests to the outside.
#[derive(Debug, Clone)]
pub struct OutboundSettings {
    /// Networks that no request goes to.
    pub denied_networks: Vec<IpNet>,
    /// If not empty: the only networks that requests go to.
    pub allowed_networks: Vec<IpNet>,
    /// Whether a request may leave this machine without encryption.
    pub allow_http: bool,
    /// Longest time for a request, redirects included.
    pub timeout: Duration,
    /// Largest answer, in bytes.
    pub answer_bytes_max: usize,
    /// Certificates of authorities besides the public ones, in PEM.
    pub extra_authorities: Option<Vec<u8>>,
}

/// Makes requests to the outside.
#[derive(Clone)]
pub struct Outbound {
    settings: Arc<OutboundSettings>,
    tls: TlsConnector,
}

impl std::fmt::Debug for Outbound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbound").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    location: Option<String>,
    body: Bytes,
}

impl Answer {
    /// The body of a good answer.
    pub(crate) fn json<T: DeserializeOwned>(&self, what: &str) -> Result<T> {
        if !self.status.is_success() {
            return Err(unavailable(what, format!("status {}", self.status.as_u16())));
        }
        self.any_json().map_err(|error| unavailable(what, error.to_string()))
    }

    /// The body, whatever the status.
    pub(crate) fn any_json<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_slice(&self.body)
    }
}

/// What a request shows about who asks.
pub(crate) enum Credential<'a> {
    None,
    Bearer(&'a Secret),
    Basic(&'a str, &'a Secret),
    /// A key in a scheme of its own.
    Key(&'a Secret),
}

impl Outbound {
    /// A client with these settings.
    ///
    /// # Errors
    /// `Invalid` if the extra certificates cannot be read.
    pub fn new(settings: OutboundSettings) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        if let Some(pem) = &settings.extra_authorities {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let added = certificate
                    .map_err(|error| error.to_string())
                    .and_then(|one| roots.add(one).map_err(|error| error.to_string()));
                added.map_err(|error| Fault::invalid("signin.ca_file", error))?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Fault::internal("no version of TLS", error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { settings: Arc::new(settings), tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Reads a public document; follows redirects.
    pub(crate) async fn get(&self, url: &str, what: &str) -> Result<Answer> {
        self.in_time(what, async {
            let mut url = parse(url, what)?;
            for _ in 0..=REDIRECTS_MAX {
                let answer = self.once(Method::GET, &url, None, Credential::None, what).await?;
                match &answer.location {
                    Some(location) if answer.status.is_redirection() => {
                        let next = url
                            .join(location)
                            .map_err(|error| unavailable(what, error.to_string()))?;
                        if url.scheme() == "https" && next.scheme() != "https" {
                            return Err(unavailable(what, "a redirect to http".to_owned()));
                        }
                        url = next;
                    }
                    _ => return Ok(answer),
                }
            }
            Err(unavailable(what, format!("more than {REDIRECTS_MAX} redirects")))
        })
        .await
    }

    /// Reads a document with a token; follows no redirect, so that the token goes nowhere else.
    pub(crate) async fn get_with(&self, url: &str, token: &Secret, what: &str) -> Result<Answer> {
        let url = parse(url, what)?;
        let request = self.once(Method::GET, &url, None, Credential::Bearer(token), what);
        self.in_time(what, request).await
    }

    /// Reads a JSON document with an API key; follows no redirect. Gives the status as well; null
    /// for a body that is no JSON.
    ///
    /// # Errors
    /// `Unavailable` without an answer in time.
    pub async fn read_json_with_key(
        &self,
        url: &str,
        key: &Secret,
        what: &str,
    ) -> Result<(u16, serde_json::Value)> {
        let url = parse(url, what)?;
        let request = self.once(Method::GET, &url, None, Credential::Key(key), what);
        let answer = self.in_time(what, request).await?;
        Ok((answer.status.as_u16(), answer.any_json().unwrap_or_default()))
    }

    /// Sends a form; follows no redirect.
    pub(crate) async fn post(
        &self,
        url: &str,
        form: &[(&str, &str)],
        credential: Credential<'_>,
        what: &str,
    ) -> Result<Answer> {
        let url = parse(url, what)?;
        let body = serde_urlencoded::to_string(form)
            .map_err(|error| Fault::internal("a form cannot be written", error))?;
        self.in_time(what, self.once(Method::POST, &url, Some(body), credential, what)).await
    }

    /// Refuses an address that a browser must not be sent to either.
    pub(crate) fn check_scheme(&self, url: &str, what: &str) -> Result<()> {
        let url = parse(url, what)?;
        if url.scheme() == "https" || self.settings.allow_http || is_loopback_name(&url) {
            return Ok(());
        }
        Err(not_encrypted(what))
    }

    async fn in_time<T>(
        &self,
        what: &str,
        work: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        // On the heap: a handshake with its buffers is large.
        match tokio::time::timeout(self.settings.timeout, Box::pin(work)).await {
            Ok(done) => done,
            Err(_) => Err(unavailable(what, "no answer in time".to_owned())),
        }
    }

    async fn once(
        &self,
        method: Method,
        url: &Url,
        form: Option<String>,
        credential: Credential<'_>,
        what: &str,
    ) -> Result<Answer> {
        let host = url.host_str().ok_or_else(|| unavailable(what, "no host".to_owned()))?;
        let secure = url.scheme() == "https";
        let port = url.port_or_known_default().unwrap_or(443);
        let addresses = self.resolve(url, port, secure, what).await?;
        let mut request = Request::builder()
            .method(method)
            .uri(path(url))
            .header(header::HOST, authority(host, url.port()))
            .header(header::ACCEPT, "application/json")
            .header(header::USER_AGENT, "tessera");
        match credential {
            Credential::None => {}
            Credential::Bearer(token) => {
                request =
                    request.header(header::AUTHORIZATION, format!("Bearer {}", token.expose()));
            }
            Credential::Key(key) => {
                request = request.header(header::AUTHORIZATION, format!("Key {}", key.expose()));
            }
            Credential::Basic(id, secret) => {
                // RFC 6749, section 2.3.1: both are encoded as in a form first.
                let pair = format!("{}:{}", form_encoded(id), form_encoded(secret.expose()));
                let value = format!("Basic {}", STANDARD.encode(pair));
                request = request.header(header::AUTHORIZATION, value);
            }
        }
        if form.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let request = request
            .body(Full::new(Bytes::from(form.unwrap_or_default())))
            .map_err(|error| unavailable(what, error.to_string()))?;
        let stream = TcpStream::connect(addresses.as_slice())
            .await
            .map_err(|error| unavailable(what, error.to_string()))?;
        if !secure {
            return self.exchange(stream, request, what).await;
        }
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
            .map_err(|error| unavailable(what, error.to_string()))?;
        let stream = self
            .tls
            .connect(name, stream)
            .await
            .map_err(|error| unavailable(what, error.to_string()))?;
        self.exchange(stream, request, what).await
    }

    /// The addresses of a host; all of them must be open, and are then used as they are, so that a
    /// second look at the name cannot lead elsewhere.
    async fn resolve(
        &self,
        url: &Url,
        port: u16,
        secure: bool,
        what: &str,
    ) -> Result<Vec<SocketAddr>> {
        let addresses: Vec<SocketAddr> = match url.host() {
            Some(Host::Ipv4(address)) => vec![(IpAddr::V4(address), port).into()],
            Some(Host::Ipv6(address)) => vec![(IpAddr::V6(address), port).into()],
            Some(Host::Domain(name)) => tokio::net::lookup_host((name, port))
                .await
                .map_err(|error| unavailable(what, error.to_string()))?
                .collect(),
            None => Vec::new(),
        };
        let OutboundSettings { denied_networks, allowed_networks, allow_http, .. } =
            &*self.settings;
        for address in &addresses {
            if !tessera_kernel::is_open(address.ip(), denied_networks, allowed_networks) {
                let detail = format!("{} is closed (signin.denied_networks)", address.ip());
                return Err(unavailable(what, detail));
            }
            if !secure && !allow_http && !address.ip().to_canonical().is_loopback() {
                return Err(not_encrypted(what));
            }
        }
        Ok(addresses)
    }

    async fn exchange(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        request: Request<Full<Bytes>>,
        what: &str,
    ) -> Result<Answer> {
        let failed = |error: hyper::Error| unavailable(what, error.to_string());
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let bytes_max = self.settings.answer_bytes_max;
        let mut asked = pin!(async {
            let (parts, body) = sender.send_request(request).await.map_err(failed)?.into_parts();
            let body = Limited::new(body, bytes_max).collect().await;
            let location = parts.headers.get(header::LOCATION);
            Ok(Answer {
                status: parts.status,
                location: location.and_then(|value| value.to_str().ok()).map(str::to_owned),
                body: body.map_err(|error| unavailable(what, error.to_string()))?.to_bytes(),
            })
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
}

fn parse(url: &str, what: &str) -> Result<Url> {
    let parsed = Url::parse(url).map_err(|error| unavailable(what, error.to_string()))?;
    match parsed.scheme() {
        "https" | "http" => Ok(parsed),
        other => Err(unavailable(what, format!("{other} is no scheme for this"))),
    }
}

fn path(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

fn authority(host: &str, port: Option<u16>) -> String {
    port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn is_loopback_name(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn form_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn not_encrypted(what: &str) -> Fault {
    unavailable(what, "it is not encrypted: use https, or set signin.allow_http".to_owned())
}

/// The cause goes into the log; callers learn that it is not their fault.
pub(crate) fn unavailable(what: &str, cause: String) -> Fault {
    tracing::warn!(what, cause, "an identity provider cannot be used");
    Fault::new(Code::Unavailable, format!("{what} cannot be read")).with_source(cause)
}
