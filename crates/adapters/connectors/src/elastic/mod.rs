//! Elasticsearch and OpenSearch: a JSON text with `index`, the body of a search, and the members of
//! the result that are wanted; or SQL.

mod door;
mod index;
mod kind;
mod results;
mod sql;
mod tables;

use std::sync::Arc;

use async_trait::async_trait;
use hyper::Method;
use serde_json::{Map, Value as Json, json};
use tessera_bi::Table;
use tessera_bi::ended::in_time;
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_kernel::Result;
use tessera_sqltext::Bound;

use self::door::{Door, failed, good};
use self::index::index;
pub(crate) use self::kind::Kind;
use crate::ConnectorSettings;
use crate::http::HttpLimits;
use crate::web::pour;

/// Rows that the oldest type gives if nobody says how many.
const WORDS_ROWS: u64 = 500;

/// A connector for a data source of that type.
///
/// # Errors
/// `Invalid`, with the name of the option that is wrong.
pub(crate) fn open(
    kind: Kind,
    options: &Json,
    settings: Arc<ConnectorSettings>,
) -> Result<Arc<dyn Connector>> {
    let door = Door::read(kind, options, settings)?;
    Ok(match kind {
        Kind::XPack => Arc::new(sql::SqlSearch::new(door, sql::Flavour::Elasticsearch)),
        Kind::OpenDistro => Arc::new(sql::SqlSearch::new(door, sql::Flavour::OpenSearch)),
        _ => Arc::new(Search { door, words: kind == Kind::Kibana }),
    })
}

/// Searches, whose texts are JSON.
struct Search {
    door: Door,
    /// Whether a query is a line of words.
    words: bool,
}

impl Search {
    async fn read(
        &self,
        bound: &Bound,
        run_seconds: u64,
        cancel: &Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let mut members = match serde_json::from_str(&bound.sql) {
            Ok(Json::Object(members)) => members,
            Ok(_) => return Err(failed("the query must be a JSON object")),
            Err(error) => return Err(failed(format!("the query is no JSON: {error}"))),
        };
        let index = match members.shift_remove("index") {
            None | Some(Json::Null) => String::new(),
            Some(Json::String(written)) => index(bound, &written)?,
            Some(_) => return Err(failed("'index' must be a text")),
        };
        let Json::Object(mut body) = bound.filled(Json::Object(members))? else {
            return Err(failed("the query must be a JSON object"));
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
        let limits = HttpLimits::document(self.door.settings(), run_seconds);
        let answer = self.door.ask(Method::POST, &path, Some(&body), &limits, cancel).await?;
        let answer = good(answer)?;
        let batch_rows = self.door.settings().batch_rows;
        pour(sink, move |target| results::read(&answer.body, &fields, batch_rows, target)).await
    }
}

/// The body of a search for a line of words.
fn of_words(members: &Map<String, Json>) -> Result<Json> {
    let words = members.get("query").and_then(Json::as_str);
    let words = words.ok_or_else(|| failed("'query' must be a text"))?;
    let number = |name: &str| members.get(name).and_then(Json::as_u64).unwrap_or(WORDS_ROWS);
    let size = number("limit").min(number("size").max(number("limit")));
    let mut body = json!({ "query": { "query_string": { "query": words } }, "size": size });
    if let Some(sort) = members.get("sort").and_then(Json::as_str) {
        let (field, order) = sort.split_once(':').unwrap_or((sort, "asc"));
        body["sort"] = json!([{ field: { "order": order } }]);
    }
    Ok(body)
}

#[async_trait]
impl Connector for Search {
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
        self.door.get("/_cluster/health").await.map(drop)
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        tables::read(&self.door.get("/_mappings").await?.body)
    }
}
