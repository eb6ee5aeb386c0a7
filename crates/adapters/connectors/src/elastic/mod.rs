//! Elasticsearch and OpenSearch: a JSON text with `index`, the body of a search, and the members of
//! the result that are wanted.

mod results;
mod tables;

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};
use tessera_bi::ended::in_time;
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_bi::{SourceType, Table};
use tessera_kernel::{Code, Fault, Result, Secret};
use tessera_sqltext::{Bound, Dialect, Document, Stretch};
use url::Url;

use crate::http::{Http, HttpAnswer, HttpLimits, HttpRequest, HttpTls};
use crate::never::Never;
use crate::web::{component, credential, pour};
use crate::{ConnectorSettings, text_option};

/// The type of today.
pub(crate) const CURRENT: &str = "elasticsearch2";
/// An older type, with other names of options.
pub(crate) const OLDER: &str = "elasticsearch";
/// The oldest one, whose query is a line of words.
pub(crate) const KIBANA: &str = "kibana";

/// Longest time for what is not a run, in seconds.
const SHORT_SECONDS: u64 = 30;

/// Rows that the oldest type gives if nobody says how many.
const WORDS_ROWS: u64 = 500;

/// The types, of which all but the first are for data sources of before.
pub(crate) fn source_types() -> [SourceType; 3] {
    let form = |names: [&str; 3], titles: [&str; 3]| {
        let option = |place: usize| json!({ "type": "string", "title": titles[place] });
        let properties: Map<String, Json> =
            (0..3).map(|place| (names[place].to_owned(), option(place))).collect();
        json!({
            "type": "object", "properties": properties, "order": names, "secret": [names[2]],
            "required": [names[0]],
        })
    };
    let current = form(
        ["url", "username", "password"],
        ["URL base path", "HTTP Basic Auth Username", "HTTP Basic Auth Password"],
    );
    let older = form(
        ["server", "basic_auth_user", "basic_auth_password"],
        ["Base URL", "Basic Auth User", "Basic Auth Password"],
    );
    let source_type = |name, title, schema| SourceType {
        name,
        title,
        schema,
        dialect: Dialect::Document(Document::Json),
        syntax: "json",
        auto_limit: false,
        remarks: false,
        row_policy: false,
    };
    [
        source_type(CURRENT, "Elasticsearch", current),
        source_type(OLDER, "Elasticsearch", older.clone()),
        source_type(KIBANA, "Kibana", older),
    ]
}

pub(crate) struct Elastic {
    base: Url,
    credential: Option<(String, Secret)>,
    /// Whether a query is a line of words.
    words: bool,
    http: Http,
    settings: Arc<ConnectorSettings>,
}

impl Elastic {
    pub(crate) fn new(
        kind: &str,
        options: &Json,
        settings: Arc<ConnectorSettings>,
    ) -> Result<Self> {
        let [url, user, password] = match kind {
            CURRENT => ["url", "username", "password"],
            _ => ["server", "basic_auth_user", "basic_auth_password"],
        };
        let field = format!("options.{url}");
        let base =
            text_option(options, url).ok_or_else(|| Fault::invalid(&field, "is required"))?;
        let base = Url::parse(base.trim_end_matches('/'))
            .map_err(|error| Fault::invalid(&field, error.to_string()))?;
        settings.check_literal(base.host_str().unwrap_or_default())?;
        let http = Http::new(Arc::clone(&settings), &HttpTls::default())?;
        let credential = credential(options, user, password);
        Ok(Self { base, credential, words: kind == KIBANA, http, settings })
    }

    /// Asks for a path, with a body if there is one to be sent.
    async fn ask(
        &self,
        path: &str,
        body: Option<&Json>,
        run_seconds: u64,
        cancel: &Arc<dyn CancelSignal>,
    ) -> Result<HttpAnswer> {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        let mut request = match body {
            Some(body) => HttpRequest::post(url, body.to_string())
                .header("content-type", "application/json")?,
            None => HttpRequest::get(url),
        };
        request = request.header("accept", "application/json")?;
        if let Some((user, password)) = &self.credential {
            request = request.basic(user, password)?;
        }
        let limits = HttpLimits::document(&self.settings, run_seconds);
        let answer = self.http.fetch(request, &limits, cancel).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(Fault::new(Code::SourceFailed, said(&answer)))
    }

    async fn read(
        &self,
        bound: &Bound,
        run_seconds: u64,
        cancel: &Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let mut members = match serde_json::from_str(&bound.sql) {
            Ok(Json::Object(members)) => members,
            Ok(_) => return Err(failed("the query must be a JSON object".to_owned())),
            Err(error) => return Err(failed(format!("the query is no JSON: {error}"))),
        };
        let index = match members.shift_remove("index") {
            None | Some(Json::Null) => String::new(),
            Some(Json::String(written)) => index(bound, &written)?,
            Some(_) => return Err(failed("'index' must be a text".to_owned())),
        };
        let Json::Object(mut body) = bound.filled(Json::Object(members))? else {
            return Err(failed("the query must be a JSON object".to_owned()));
        };
        let fields = body.shift_remove("result_fields");
        let fields = if self.words { body.shift_remove("fields") } else { fields };
        let fields = fields.and_then(|fields| match fields {
            Json::Array(names) => {
                Some(names.iter().filter_map(Json::as_str).map(str::to_owned).collect())
            }
            _ => None,
        });
        let fields: Vec<String> = fields.unwrap_or_default();
        let body = if self.words { of_words(&body)? } else { Json::Object(body) };
        let path =
            if index.is_empty() { "/_search".to_owned() } else { format!("/{index}/_search") };
        let answer = self.ask(&path, Some(&body), run_seconds, cancel).await?;
        let batch_rows = self.settings.batch_rows;
        pour(sink, move |target| results::read(&answer.body, &fields, batch_rows, target)).await
    }
}

/// The body of a search for a line of words.
fn of_words(members: &Map<String, Json>) -> Result<Json> {
    let words = members.get("query").and_then(Json::as_str);
    let words = words.ok_or_else(|| failed("'query' must be a text".to_owned()))?;
    let number = |name: &str| members.get(name).and_then(Json::as_u64).unwrap_or(WORDS_ROWS);
    let size = number("limit").min(number("size").max(number("limit")));
    let mut body = json!({ "query": { "query_string": { "query": words } }, "size": size });
    if let Some(sort) = members.get("sort").and_then(Json::as_str) {
        let (field, order) = sort.split_once(':').unwrap_or((sort, "asc"));
        body["sort"] = json!([{ field: { "order": order } }]);
    }
    Ok(body)
}

/// What is searched, as a part of a path. A value is one name: it cannot add others.
fn index(bound: &Bound, written: &str) -> Result<String> {
    for stretch in bound.stretches(written) {
        if let Stretch::Value(bind) = stretch {
            let text = bind.text();
            let plain = !text.is_empty()
                && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
            // In front, these take names away or mean the server itself.
            let leads = written.starts_with('\u{e000}') && text.starts_with(['-', '_', '.']);
            if !plain || leads {
                let detail = "a value in 'index' must be a part of one name: letters, digits, _, - \
                              and . (declare the parameter as an enum for anything else)";
                return Err(Fault::new(Code::UnbindableParameter, detail));
            }
        }
    }
    let whole = bound.filled_text(written);
    let names =
        whole.split(',').map(|name| name.split('*').map(component).collect::<Vec<_>>().join("*"));
    Ok(names.collect::<Vec<_>>().join(","))
}

/// What the server says of a failure.
fn said(answer: &HttpAnswer) -> String {
    let status = answer.status.as_u16();
    let body: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    let error = body.get("error").unwrap_or(&Json::Null);
    let cause = error.get("root_cause").and_then(|causes| causes.get(0)).unwrap_or(error);
    let word = |name: &str| cause.get(name).and_then(Json::as_str);
    match (word("type"), word("reason"), error.as_str()) {
        (Some(kind), Some(reason), _) => format!("{kind}: {reason}"),
        (_, _, Some(error)) => error.to_owned(),
        _ => {
            let text: String = String::from_utf8_lossy(&answer.body).chars().take(1000).collect();
            format!("Failed to execute query. Return Code: {status} Reason: {text}")
        }
    }
}

fn failed(detail: String) -> Fault {
    Fault::new(Code::SourceFailed, detail)
}

#[async_trait]
impl Connector for Elastic {
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
        self.ask("/_cluster/health", None, SHORT_SECONDS, &Never::signal()).await.map(drop)
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        let answer = self.ask("/_mappings", None, SHORT_SECONDS, &Never::signal()).await?;
        tables::read(&answer.body)
    }
}
