//! Elasticsearch and OpenSearch: a JSON text with `index`, the body of a search, and the members of
//! the result that are wanted; or SQL.

mod aggregations;
mod answer;
mod door;
mod index;
mod kind;
mod older;
mod pages;
mod results;
mod sql;
mod tables;
mod tasks;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value as Json, json};
use tessera_bi::Table;
use tessera_bi::ended::{TIME_LIMIT, in_time, too_long};
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_kernel::{Code, Result};
use tessera_sqltext::Bound;

use self::door::{Door, failed};
use self::index::index;
pub(crate) use self::kind::Kind;
use self::pages::Pages;
use self::results::Form;
use crate::ConnectorSettings;
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
        _ => Arc::new(Search { door, kind }),
    })
}

/// Searches, whose texts are JSON.
struct Search {
    door: Door,
    kind: Kind,
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
        let words = self.kind == Kind::Kibana;
        let fields = body.shift_remove("result_fields");
        let fields = if words { body.shift_remove("fields") } else { fields };
        let fields: Vec<String> = match fields {
            Some(Json::Array(names)) => {
                names.iter().filter_map(Json::as_str).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        };
        let body = if words { of_words(&body)? } else { Json::Object(body) };
        let path =
            if index.is_empty() { "/_search".to_owned() } else { format!("/{index}/_search") };
        let (limit, until) =
            (Duration::from_secs(run_seconds), now() + Duration::from_secs(run_seconds));
        let pages = Pages::new(&self.door, cancel, limit, until).read(&path, body).await?;
        let form = match self.kind {
            Kind::Older | Kind::Kibana => Form::Older,
            _ => Form::Flat,
        };
        let batch_rows = self.door.settings().batch_rows;
        let left = until.saturating_duration_since(now()).as_secs().max(1);
        let pouring =
            pour(sink, move |target| results::read(&pages, form, &fields, batch_rows, target));
        in_time(left, cancel, pouring).await.map_err(|fault| match fault.code() {
            Code::TimedOut => too_long(run_seconds, TIME_LIMIT),
            _ => fault,
        })
    }
}

fn now() -> tokio::time::Instant {
    tokio::time::Instant::now()
}

/// The body of a search for a line of words.
fn of_words(members: &Map<String, Json>) -> Result<Json> {
    let words = members.get("query").and_then(Json::as_str);
    let words = words.ok_or_else(|| failed("'query' must be a text"))?;
    let limit = members.get("limit").and_then(Json::as_u64).unwrap_or(WORDS_ROWS);
    let mut body = json!({ "query": { "query_string": { "query": words } }, "size": limit });
    if let Some(sort) = members.get("sort").and_then(Json::as_str) {
        let sorts = sort.split(',').map(|one| {
            let (field, order) = one.trim().rsplit_once(':').unwrap_or((one.trim(), "asc"));
            json!({ field: { "order": order } })
        });
        body["sort"] = sorts.collect();
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
        self.read(statement, time_limit_seconds, &cancel, sink).await
    }

    async fn test(&self) -> Result<()> {
        self.door.get("/_cluster/health").await.map(drop)
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        tables::read(&self.door.get("/_mappings").await?.body)
    }
}
