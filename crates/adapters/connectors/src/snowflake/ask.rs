//! One statement over the SQL API: it is handed in, waited for, and its partitions are read.

use std::io::Read as _;
use std::sync::Arc;
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use hyper::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json, json};
use tessera_bi::ended::{TIME_LIMIT, cancelled, too_long};
use tessera_bi::ports::CancelSignal;
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::Bind;
use url::Url;
use uuid::Uuid;

use super::columns::Described;
use super::options::Options;
use crate::http::{Http, HttpAnswer, HttpLimits, HttpRequest};
use crate::never::Never;

/// Longest wait for a server that has next to nothing to do.
const ANSWER: Duration = Duration::from_secs(5);

/// Largest partition that is read, in bytes, packed and unpacked; the server makes them of some tens
/// of MiB.
const PARTITION_BYTES_MAX: u64 = 256 << 20;

/// How long is waited between two looks at a statement that runs.
const LOOKS: [Duration; 5] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
];

/// The largest limit of time that the server takes, in seconds.
const LIMIT_SECONDS_MAX: u64 = 604_800;

/// Rows of texts: every value but `NULL` is one.
type Rows = Vec<Vec<Option<String>>>;

/// A statement that has ended well, with its first partition.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Ended {
    statement_handle: String,
    pub(super) result_set_meta_data: Meta,
    data: Rows,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Meta {
    pub(super) row_type: Vec<Described>,
    #[serde(default)]
    partition_info: Vec<Json>,
}

impl Meta {
    /// Partitions in all; there is always the first.
    pub(super) fn partitions(&self) -> usize {
        self.partition_info.len().max(1)
    }
}

#[derive(Deserialize)]
struct Partition {
    data: Rows,
}

/// A statement that runs.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Begun {
    statement_handle: String,
}

/// What the server says of a failure.
#[derive(Deserialize)]
struct Said {
    message: Option<String>,
}

/// One run of one statement.
pub(super) struct Asker<'a> {
    pub(super) http: &'a Http,
    pub(super) options: &'a Options,
    pub(super) cancel: &'a Arc<dyn CancelSignal>,
    pub(super) limit: Duration,
    /// When the run has to be over.
    pub(super) until: tokio::time::Instant,
}

impl Asker<'_> {
    /// Runs a statement, and gives its first rows.
    pub(super) async fn run(&self, sql: &str, binds: &[Bind]) -> Result<Ended> {
        let handle = self.begin(sql, binds).await?;
        let waited = self.wait(&handle).await;
        if waited.is_err() {
            self.stop(&handle).await;
        }
        waited
    }

    /// Hands a statement in without waiting for it, so that it can be cancelled at once.
    async fn begin(&self, sql: &str, binds: &[Bind]) -> Result<String> {
        let mut url = self.address(&["statements"])?;
        // The same request asked again runs nothing again.
        let request = Uuid::new_v4().to_string();
        url.query_pairs_mut().append_pair("async", "true").append_pair("requestId", &request);
        let options = self.options;
        let body = json!({
            "statement": sql,
            "timeout": self.limit.as_secs().clamp(1, LIMIT_SECONDS_MAX),
            "warehouse": options.warehouse,
            "database": options.database,
            "bindings": bindings(binds),
            "resultSetMetaData": { "format": "jsonv2" },
            "parameters": { "TIMEZONE": "UTC", "BINARY_OUTPUT_FORMAT": "HEX" },
        });
        let request =
            HttpRequest::post(url, body.to_string()).header("content-type", "application/json")?;
        let answer = self.ask(request).await?;
        let begun: Begun = read(&answer)?;
        Ok(begun.statement_handle)
    }

    /// The first rows of a statement, once it has ended.
    async fn wait(&self, handle: &str) -> Result<Ended> {
        let mut looks = LOOKS.iter();
        let mut pause = Duration::ZERO;
        loop {
            let url = self.address(&["statements", handle])?;
            let answer = self.ask(HttpRequest { follow: false, ..HttpRequest::get(url) }).await?;
            if answer.status != StatusCode::ACCEPTED {
                return read(&answer);
            }
            pause = looks.next().copied().unwrap_or(pause);
            self.rest(pause).await?;
        }
    }

    /// A partition of a statement that has ended; the first one came with its end.
    pub(super) async fn partition(&self, ended: &Ended, number: usize) -> Result<Rows> {
        if number == 0 {
            return Ok(ended.data.clone());
        }
        let mut url = self.address(&["statements", &ended.statement_handle])?;
        url.query_pairs_mut().append_pair("partition", &number.to_string());
        let answer = self.ask(HttpRequest { follow: false, ..HttpRequest::get(url) }).await?;
        let partition: Partition = read(&answer)?;
        Ok(partition.data)
    }

    /// Tells the server that nobody wants the rest.
    async fn stop(&self, handle: &str) {
        let told = async {
            let url = self.address(&["statements", handle, "cancel"])?;
            let limits =
                HttpLimits { time: ANSWER, time_setting: "sources.connect_seconds", bytes: None };
            let request = self.signed(HttpRequest::post(url, ""))?;
            self.http.fetch(request, &limits, &Never::signal()).await
        };
        if let Err(fault) = told.await {
            tracing::warn!(%fault, "a statement could not be cancelled");
        }
    }

    fn address(&self, parts: &[&str]) -> Result<Url> {
        let mut url = self.options.url.clone();
        url.path_segments_mut()
            .map_err(|()| Fault::new(Code::Internal, "the address has no path"))?
            .extend(["api", "v2"])
            .extend(parts);
        Ok(url)
    }

    fn signed(&self, request: HttpRequest) -> Result<HttpRequest> {
        let (proof, kind) = self.options.proof()?;
        request
            .header("authorization", &format!("Bearer {}", proof.expose()))?
            .header("x-snowflake-authorization-token-type", kind)?
            .header("accept", "application/json")
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpAnswer> {
        loop {
            let limits = HttpLimits {
                time: self.until.saturating_duration_since(tokio::time::Instant::now()),
                time_setting: TIME_LIMIT,
                bytes: Some(PARTITION_BYTES_MAX),
            };
            let request = self.signed(request.clone())?;
            let answer = self.http.fetch(request, &limits, self.cancel).await;
            let answer = answer.map_err(|fault| match fault.code() {
                Code::TimedOut => self.too_long(),
                _ => fault,
            })?;
            match answer.status {
                StatusCode::OK | StatusCode::ACCEPTED => return Ok(answer),
                StatusCode::REQUEST_TIMEOUT => return Err(self.too_long()),
                // The server is busy, and asks to be asked again.
                StatusCode::TOO_MANY_REQUESTS
                | StatusCode::BAD_GATEWAY
                | StatusCode::SERVICE_UNAVAILABLE
                | StatusCode::GATEWAY_TIMEOUT => self.rest(Duration::from_secs(1)).await?,
                status => {
                    let said = unpacked(&answer.body)
                        .ok()
                        .and_then(|body| serde_json::from_slice::<Said>(&body).ok())
                        .and_then(|said| said.message);
                    let said = said.unwrap_or_else(|| format!("error {}", status.as_u16()));
                    return Err(Fault::new(Code::SourceFailed, said));
                }
            }
        }
    }

    async fn rest(&self, pause: Duration) -> Result<()> {
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = tokio::time::sleep_until(self.until) => Err(self.too_long()),
            () = self.cancel.cancelled() => Err(cancelled()),
        }
    }

    fn too_long(&self) -> Fault {
        too_long(self.limit.as_secs(), TIME_LIMIT)
    }
}

/// The values of the question marks, by number. What is neither a number nor a truth value goes as
/// text; the statement says itself what becomes of it.
fn bindings(binds: &[Bind]) -> Map<String, Json> {
    let one = |bind: &Bind| match bind {
        Bind::Integer(number) => json!({ "type": "FIXED", "value": number.to_string() }),
        Bind::Decimal(text) | Bind::Text(text) | Bind::Untyped(text) => {
            json!({ "type": "TEXT", "value": text })
        }
        Bind::Date(date) => json!({ "type": "TEXT", "value": date.to_string() }),
        Bind::Datetime(time) => {
            let text = time.format("%Y-%m-%d %H:%M:%S%.6f").to_string();
            json!({ "type": "TEXT", "value": text })
        }
    };
    binds.iter().enumerate().map(|(place, bind)| ((place + 1).to_string(), one(bind))).collect()
}

fn read<T: DeserializeOwned>(answer: &HttpAnswer) -> Result<T> {
    serde_json::from_slice(&unpacked(&answer.body)?).map_err(|error| {
        Fault::new(Code::SourceFailed, format!("the answer is not one of the SQL API: {error}"))
    })
}

/// The body; partitions come packed (gzip), whatever is asked for.
fn unpacked(body: &[u8]) -> Result<Vec<u8>> {
    if !body.starts_with(&[0x1f, 0x8b]) {
        return Ok(body.to_vec());
    }
    let mut out = Vec::new();
    let failed = |error: std::io::Error| {
        Fault::new(Code::SourceFailed, format!("a partition cannot be unpacked: {error}"))
    };
    let mut plain = MultiGzDecoder::new(body).take(PARTITION_BYTES_MAX + 1);
    let read = plain.read_to_end(&mut out).map_err(failed)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > PARTITION_BYTES_MAX {
        let detail = format!("a partition has more than {PARTITION_BYTES_MAX} bytes");
        return Err(Fault::new(Code::TooLarge, detail));
    }
    Ok(out)
}
