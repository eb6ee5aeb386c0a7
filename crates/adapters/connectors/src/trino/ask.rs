//! One statement of the protocol: it is handed in, then its pages are asked for one after the other.

use std::sync::Arc;
use std::time::Duration;

use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value as Json;
use tessera_bi::ended::{TIME_LIMIT, cancelled, too_long};
use tessera_bi::ports::CancelSignal;
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::Bind;
use url::Url;

use super::Family;
use super::columns::Described;
use super::literals::{quoted, using};
use super::options::Options;
use crate::http::{Http, HttpLimits, HttpRequest};
use crate::never::Never;

/// Longest wait for a server that has next to nothing to do.
const ANSWER: Duration = Duration::from_secs(5);

/// Largest page that is read, in bytes; the server makes them of about 16 MiB at most.
const PAGE_BYTES_MAX: u64 = 256 << 20;

/// The name of the statement that values go with.
const STATEMENT: &str = "bound";

/// A page of an answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page {
    pub(super) next_uri: Option<String>,
    pub(super) columns: Option<Vec<Described>>,
    #[serde(default)]
    pub(super) data: Option<Vec<Vec<Json>>>,
    error: Option<Said>,
}

/// What the server says of a failure.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    message: Option<String>,
    error_name: Option<String>,
}

/// One run of one statement.
pub(super) struct Asker<'a> {
    pub(super) http: &'a Http,
    pub(super) options: &'a Options,
    pub(super) family: Family,
    pub(super) cancel: &'a Arc<dyn CancelSignal>,
    pub(super) limit: Duration,
    /// When the run has to be over.
    pub(super) until: tokio::time::Instant,
}

impl Asker<'_> {
    /// Hands a statement in.
    pub(super) async fn begin(&self, sql: &str, binds: &[Bind]) -> Result<Page> {
        let mut url = self.options.url.clone();
        url.set_path("/v1/statement");
        let mut prepared = None;
        let body = match self.family {
            _ if binds.is_empty() => sql.to_owned(),
            Family::Trino => using(&format!("EXECUTE IMMEDIATE {}", quoted(sql)), binds)?,
            Family::Presto => {
                let coded = url::form_urlencoded::byte_serialize(sql.as_bytes());
                prepared = Some(format!("{STATEMENT}={}", coded.collect::<String>()));
                using(&format!("EXECUTE {STATEMENT}"), binds)?
            }
        };
        let mut request = self.signed(HttpRequest::post(url, body))?;
        if let Some(prepared) = prepared {
            request = request.header(&self.header("Prepared-Statement"), &prepared)?;
        }
        let limit = format!("query_max_run_time={}s", self.limit.as_secs().max(1));
        request = request.header(&self.header("Session"), &limit)?;
        self.page(request).await
    }

    /// The next page, at the address that the server gave.
    pub(super) async fn next(&self, address: &str) -> Result<Page> {
        let request = HttpRequest { follow: false, ..HttpRequest::get(self.own(address)?) };
        self.page(self.signed(request)?).await
    }

    /// Tells the server that nobody wants the rest.
    pub(super) async fn stop(&self, address: &str) {
        let told = async {
            let request = HttpRequest {
                method: Method::DELETE,
                follow: false,
                ..HttpRequest::get(self.own(address)?)
            };
            let limits =
                HttpLimits { time: ANSWER, time_setting: "sources.connect_seconds", bytes: None };
            let never = Never::signal();
            self.http.fetch(self.signed(request)?, &limits, &never).await
        };
        if let Err(fault) = told.await {
            tracing::warn!(%fault, "a statement could not be cancelled");
        }
    }

    /// An address on the server that was asked: what proves who asks goes nowhere else.
    fn own(&self, address: &str) -> Result<Url> {
        let url = Url::parse(address).ok().filter(|url| {
            url.host_str() == self.options.url.host_str()
                && (url.scheme() == self.options.url.scheme() || url.scheme() == "https")
        });
        url.ok_or_else(|| {
            let detail = "the server sends its pages from another host than was asked; \
                          set http-server.process-forwarded there";
            Fault::new(Code::SourceFailed, detail)
        })
    }

    fn header(&self, name: &str) -> String {
        let brand = if self.family == Family::Trino { "Trino" } else { "Presto" };
        format!("X-{brand}-{name}")
    }

    fn signed(&self, mut request: HttpRequest) -> Result<HttpRequest> {
        let options = self.options;
        request = request
            .header(&self.header("User"), &options.user)?
            .header(&self.header("Source"), &options.source)?
            .header(&self.header("Time-Zone"), "UTC")?;
        if let Some(catalog) = &options.catalog {
            request = request.header(&self.header("Catalog"), catalog)?;
        }
        if let Some(schema) = &options.schema {
            request = request.header(&self.header("Schema"), schema)?;
        }
        match &options.password {
            Some(password) => request.basic(&options.user, password),
            None => Ok(request),
        }
    }

    async fn page(&self, request: HttpRequest) -> Result<Page> {
        loop {
            let time = self.until.saturating_duration_since(tokio::time::Instant::now());
            let limits = HttpLimits {
                time,
                time_setting: "runs.time_limit_seconds",
                bytes: Some(PAGE_BYTES_MAX),
            };
            let answer = self.http.fetch(request.clone(), &limits, self.cancel).await;
            let answer = answer.map_err(|fault| self.late(fault))?;
            // The server is busy, and asks to be asked again.
            let busy = [
                StatusCode::BAD_GATEWAY,
                StatusCode::SERVICE_UNAVAILABLE,
                StatusCode::GATEWAY_TIMEOUT,
            ];
            if busy.contains(&answer.status) {
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(100)) => continue,
                    () = self.cancel.cancelled() => return Err(cancelled()),
                }
            }
            if !answer.status.is_success() {
                let said = String::from_utf8_lossy(&answer.body).trim().to_owned();
                let detail = format!("error {}: {said}", answer.status.as_u16());
                return Err(Fault::new(Code::SourceFailed, detail));
            }
            let page: Page = serde_json::from_slice(&answer.body).map_err(|error| {
                Fault::new(Code::SourceFailed, format!("the answer is no page of rows: {error}"))
            })?;
            return match &page.error {
                Some(said) => Err(self.failed(said)),
                None => Ok(page),
            };
        }
    }

    fn failed(&self, said: &Said) -> Fault {
        if said.error_name.as_deref() == Some("EXCEEDED_TIME_LIMIT") {
            return self.too_long();
        }
        let message = said.message.clone().unwrap_or_else(|| "Unspecified query error".to_owned());
        Fault::new(Code::SourceFailed, message)
    }

    fn late(&self, fault: Fault) -> Fault {
        if fault.code() == Code::TimedOut { self.too_long() } else { fault }
    }

    fn too_long(&self) -> Fault {
        too_long(self.limit.as_secs(), TIME_LIMIT)
    }
}
