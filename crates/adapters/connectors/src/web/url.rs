//! Results that are ready at an address: `{"columns": […], "rows": […]}`. The text is the address,
//! below that of the data source if it has one.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use tessera_bi::SourceType;
use tessera_bi::ports::{BatchSink, CancelSignal};
use tessera_formats::read::{JsonOptions, json_elements, read_json};
use tessera_kernel::{Code, Fault, Result, Secret};
use tessera_sqltext::{Bound, Dialect, Document as Kind};

use super::documents::Document;
use super::{checked, joined, pour, text_of};
use crate::http::{Http, HttpLimits, HttpRequest, HttpTls};
use crate::options::password as password_option;
use crate::{ConnectorSettings, text_option};

pub(crate) const URL: &str = "url";

pub(crate) fn url_type() -> SourceType {
    SourceType {
        name: URL,
        title: "Url",
        schema: json!({
            "type": "object",
            "properties": {
                "url": { "type": "string", "title": "URL base path" },
                "username": { "type": "string", "title": "HTTP Basic Auth Username" },
                "password": { "type": "string", "title": "HTTP Basic Auth Password" },
            },
            "secret": ["password"],
            "order": ["url", "username", "password"],
        }),
        dialect: Dialect::Document(Kind::Address),
        syntax: "sql",
        auto_limit: false,
        remarks: false,
        row_policy: false,
    }
}

pub(crate) struct UrlResults {
    base: Option<String>,
    credential: Option<(String, Secret)>,
    http: Http,
    settings: Arc<ConnectorSettings>,
}

/// A result as it is written.
#[derive(Deserialize)]
struct Ready<'a> {
    columns: Vec<ReadyColumn>,
    #[serde(borrow)]
    rows: &'a RawValue,
}

#[derive(Deserialize)]
struct ReadyColumn {
    name: String,
}

impl UrlResults {
    pub(crate) fn new(options: &Json, settings: Arc<ConnectorSettings>) -> Result<Self> {
        let base = text_option(options, "url").map(str::to_owned);
        if let Some(base) = &base {
            let parsed = url::Url::parse(base)
                .map_err(|error| Fault::invalid("options.url", error.to_string()))?;
            settings.check_literal(parsed.host_str().unwrap_or_default())?;
        }
        let http = Http::new(Arc::clone(&settings), &HttpTls::default())?;
        Ok(Self { base, credential: credential(options, "username", "password"), http, settings })
    }
}

#[async_trait]
impl Document for UrlResults {
    async fn read(
        &self,
        bound: &Bound,
        run_seconds: u64,
        cancel: &Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let text = bound.sql.trim();
        if let Some(base) = &self.base
            && text.contains("://")
        {
            let detail = format!("Accepting only relative URLs to '{base}'");
            return Err(Fault::new(Code::SourceFailed, detail));
        }
        let whole = [self.base.as_deref().unwrap_or_default(), text].concat();
        let url = joined(bound, &whole, None)?;
        let mut request = HttpRequest::get(url);
        // Behind a base, a text could still go on with the name of the host.
        if !self.base.as_deref().is_some_and(|base| same_origin(base, &request.url)) {
            if let Some(base) = &self.base {
                let detail = format!("Accepting only relative URLs to '{base}'");
                return Err(Fault::new(Code::SourceFailed, detail));
            }
            request = request.public_only();
        }
        if let Some((user, password)) = &self.credential {
            request = request.basic(user, password)?;
        }
        let shown = request.url.to_string();
        let limits = HttpLimits::document(&self.settings, run_seconds);
        let answer = checked(self.http.fetch(request, &limits, cancel).await?)?;
        if text_of(&answer)?.is_empty() {
            let detail = format!("Got empty response from '{shown}'.");
            return Err(Fault::new(Code::SourceFailed, detail));
        }
        let batch_rows = self.settings.batch_rows;
        pour(sink, move |target| {
            let unreadable = |error: serde_json::Error| {
                let detail = format!("the answer is no result with columns and rows: {error}");
                Fault::new(Code::SourceFailed, detail)
            };
            let ready: Ready<'_> = serde_json::from_str(text_of(&answer)?).map_err(unreadable)?;
            let rows = json_elements(ready.rows.get())?;
            let fields = ready.columns.into_iter().map(|column| column.name).collect();
            read_json(&rows, &JsonOptions { fields, ready: true }, batch_rows, target)
        })
        .await
    }
}

/// Whether an address is at the server that the data source names.
pub(super) fn same_origin(base: &str, url: &url::Url) -> bool {
    url::Url::parse(base).is_ok_and(|base| base.origin() == url.origin())
}

/// User and password among the options.
pub(crate) fn credential(options: &Json, user: &str, password: &str) -> Option<(String, Secret)> {
    let user = text_option(options, user);
    let password = password_option(options, password);
    (user.is_some() || password.is_some()).then(|| {
        let secret = password.unwrap_or_else(|| Secret::new(String::new()));
        (user.unwrap_or_default().to_owned(), secret)
    })
}
