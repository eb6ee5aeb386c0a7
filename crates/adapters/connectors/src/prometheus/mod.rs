//! Prometheus, and what speaks its query interface: a row for each sample, a column for each label.

mod rows;
mod text;

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tessera_bi::ended::in_time;
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_bi::{SourceType, Table};
use tessera_kernel::{Clock as _, Code, Fault, Result, SystemClock};
use tessera_sqltext::{Bound, Dialect, Document};
use url::Url;

use self::text::Question;
use crate::http::{Http, HttpAnswer, HttpLimits, HttpRequest, HttpTls};
use crate::never::Never;
use crate::web::{pour, text_of};
use crate::{ConnectorSettings, options};

pub(crate) const NAME: &str = "prometheus";

/// Longest time for what is not a run, in seconds.
const SHORT_SECONDS: u64 = 30;

pub(crate) fn source_type() -> SourceType {
    SourceType {
        name: NAME,
        title: "Prometheus",
        schema: json!({
            "type": "object",
            "properties": {
                "url": { "type": "string", "title": "Prometheus API URL" },
                "verify_ssl": {
                    "type": "boolean",
                    "title": "Verify SSL (Ignored, if SSL Root Certificate is given)",
                    "default": true,
                },
                "cert_File": {
                    "type": "string", "title": "SSL Client Certificate", "default": null,
                },
                "cert_key_File": { "type": "string", "title": "SSL Client Key", "default": null },
                "ca_cert_File": {
                    "type": "string", "title": "SSL Root Certificate", "default": null,
                },
            },
            "required": ["url"],
            "secret": ["cert_File", "cert_key_File", "ca_cert_File"],
            "extra_options": ["verify_ssl", "cert_File", "cert_key_File", "ca_cert_File"],
        }),
        dialect: Dialect::Document(Document::Address),
        syntax: "sql",
        auto_limit: false,
        remarks: false,
        row_policy: false,
    }
}

pub(crate) struct Prometheus {
    base: Url,
    http: Http,
    settings: Arc<ConnectorSettings>,
}

/// A list of names.
#[derive(Deserialize)]
struct Names {
    data: Vec<String>,
}

impl Prometheus {
    pub(crate) fn new(given: &Json, settings: Arc<ConnectorSettings>) -> Result<Self> {
        let base = options::needed(given, "url")?;
        let base = Url::parse(base.trim_end_matches('/'))
            .map_err(|error| Fault::invalid("options.url", error.to_string()))?;
        settings.check_literal(base.host_str().unwrap_or_default())?;
        let authorities = options::pem(given, "ca_cert_File")?;
        let client = options::client(given, "cert_File", "cert_key_File")?;
        let verifies = given.get("verify_ssl") != Some(&Json::Bool(false));
        let any_certificate = !verifies && authorities.is_none();
        let tls = HttpTls { any_certificate, authorities, client };
        Ok(Self { base, http: Http::new(Arc::clone(&settings), &tls)?, settings })
    }

    async fn ask(
        &self,
        path: &str,
        pairs: &[(String, String)],
        run_seconds: u64,
        cancel: &Arc<dyn CancelSignal>,
    ) -> Result<HttpAnswer> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        if !pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        let limits = HttpLimits::document(&self.settings, run_seconds);
        let answer = self.http.fetch(HttpRequest::get(url), &limits, cancel).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        let said: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
        let word = |name: &str| said.get(name).and_then(Json::as_str);
        let detail = match (word("errorType"), word("error")) {
            (Some(kind), Some(error)) => format!("{kind}: {error}"),
            _ => format!("Failed to execute query. Return Code: {}", answer.status.as_u16()),
        };
        Err(Fault::new(Code::SourceFailed, detail))
    }

    async fn read(
        &self,
        bound: &Bound,
        run_seconds: u64,
        cancel: &Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let Question { path, pairs } = text::question(bound, SystemClock.now())?;
        let answer = self.ask(path, &pairs, run_seconds, cancel).await?;
        let batch_rows = self.settings.batch_rows;
        pour(sink, move |target| rows::read(text_of(&answer)?, batch_rows, target)).await
    }
}

#[async_trait]
impl Connector for Prometheus {
    async fn run(
        &self,
        statement: &Bound,
        time_limit_seconds: u64,
        cancel: Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let reading = self.read(statement, time_limit_seconds, &cancel, sink);
        in_time(time_limit_seconds, &cancel, reading).await
    }

    async fn test(&self) -> Result<()> {
        let pairs = [("query".to_owned(), "vector(1)".to_owned())];
        self.ask("/api/v1/query", &pairs, SHORT_SECONDS, &Never::signal()).await.map(drop)
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        let path = "/api/v1/label/__name__/values";
        let answer = self.ask(path, &[], SHORT_SECONDS, &Never::signal()).await?;
        let names: Names = serde_json::from_slice(&answer.body)
            .map_err(|error| Fault::new(Code::SourceFailed, error.to_string()))?;
        Ok(names.data.into_iter().map(|name| Table { name, columns: Vec::new() }).collect())
    }
}
