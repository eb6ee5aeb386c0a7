//! The requests of one run: the statement, the pages behind its cursor, and the end of that.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tessera_bi::ended::{TIME_LIMIT, too_long};
use tessera_bi::ports::CancelSignal;
use tessera_kernel::{Code, Result};
use tessera_sqltext::{Bound, Dialect, outer_words};
use uuid::Uuid;

use super::super::door::{Ask, Door, failed, said, said_of};
use super::Flavour;
use super::literals::{literal, parameter};
use crate::http::{HttpAnswer, HttpLimits};

/// Rows of a page.
const PAGE_ROWS: u64 = 2000;

/// How long the server keeps what is needed for the next page.
const PAGE_KEPT: &str = "120s";

/// A page of an answer.
#[derive(Deserialize)]
pub(super) struct Page {
    #[serde(alias = "schema")]
    pub(super) columns: Option<Vec<Described>>,
    #[serde(alias = "datarows", default)]
    pub(super) rows: Vec<Vec<Json>>,
    pub(super) cursor: Option<String>,
    error: Option<Json>,
}

/// A column as the server describes it.
#[derive(Deserialize)]
pub(super) struct Described {
    name: String,
    alias: Option<String>,
    #[serde(rename = "type", default)]
    pub(super) kind: String,
}

impl Described {
    pub(super) fn name(&self) -> &str {
        self.alias.as_deref().filter(|alias| !alias.is_empty()).unwrap_or(&self.name)
    }
}

/// One run of one statement.
pub(super) struct Asker<'a> {
    door: &'a Door,
    flavour: Flavour,
    older: &'a AtomicBool,
    cancel: &'a Arc<dyn CancelSignal>,
    limit: Duration,
    /// When the run has to be over.
    until: tokio::time::Instant,
    /// What the server calls its tasks for this run by.
    mark: String,
}

impl<'a> Asker<'a> {
    pub(super) fn new(
        door: &'a Door,
        flavour: Flavour,
        older: &'a AtomicBool,
        cancel: &'a Arc<dyn CancelSignal>,
        limit: Duration,
    ) -> Self {
        let until = tokio::time::Instant::now() + limit;
        let mark = format!("tessera-{}", Uuid::new_v4().simple());
        Self { door, flavour, older, cancel, limit, until, mark }
    }

    pub(super) fn mark(&self) -> &str {
        &self.mark
    }

    /// Hands a statement in.
    pub(super) async fn begin(&self, statement: &Bound) -> Result<Page> {
        match self.flavour {
            Flavour::Elasticsearch => {
                let mut values = Vec::new();
                let text = statement.written(Dialect::Elasticsearch, &mut |bind, before| {
                    parameter(bind, before, &mut values)
                })?;
                let mut body = json!({
                    "query": text,
                    "fetch_size": PAGE_ROWS,
                    "request_timeout": self.left(),
                    "page_timeout": PAGE_KEPT,
                });
                if !values.is_empty() {
                    body["params"] = Json::Array(values);
                }
                Self::page(self.post(&body).await?)
            }
            Flavour::OpenSearch => {
                let text =
                    statement.written(Dialect::OpenSearch, &mut |bind, _before| literal(bind))?;
                if is_pageable(&text) {
                    let body = json!({ "query": text, "fetch_size": PAGE_ROWS });
                    let answer = self.post(&body).await?;
                    if answer.status.is_success() {
                        let page = Self::page(answer)?;
                        // Some releases give nothing where they cannot.
                        if page.cursor.is_some() || !page.rows.is_empty() {
                            return Ok(page);
                        }
                    }
                }
                // Not every statement that it can run can be read by pages.
                Self::page(self.post(&json!({ "query": text })).await?)
            }
        }
    }

    /// The page behind a cursor.
    pub(super) async fn next(&self, cursor: &str) -> Result<Page> {
        let mut body = json!({ "cursor": cursor });
        if self.flavour == Flavour::Elasticsearch {
            body["request_timeout"] = Json::from(self.left());
            body["page_timeout"] = Json::from(PAGE_KEPT);
        }
        Self::page(self.post(&body).await?)
    }

    /// Tells the server that nobody wants the rest.
    pub(super) async fn close(&self, cursor: &str) {
        let older = self.older.load(Ordering::Relaxed);
        let path = format!("{}/close", self.flavour.path(older));
        self.door.tidy(Ask::post(&path, &json!({ "cursor": cursor })), "close a cursor").await;
    }

    /// The time that is left, as the server reads it; a little more, so that it ends here first.
    fn left(&self) -> String {
        let left = self.until.saturating_duration_since(tokio::time::Instant::now());
        format!("{}s", left.as_secs() + 2)
    }

    /// Asks at the address of today, then at the one of before.
    async fn post(&self, body: &Json) -> Result<HttpAnswer> {
        let older = self.older.load(Ordering::Relaxed);
        let answer = self.at(self.flavour.path(older), body).await?;
        if older || !is_unknown(&answer) {
            return Ok(answer);
        }
        let second = self.at(self.flavour.path(true), body).await?;
        if is_unknown(&second) {
            return Ok(answer);
        }
        self.older.store(true, Ordering::Relaxed);
        Ok(second)
    }

    async fn at(&self, path: &str, body: &Json) -> Result<HttpAnswer> {
        let limits = HttpLimits {
            time: self.until.saturating_duration_since(tokio::time::Instant::now()),
            time_setting: TIME_LIMIT,
            bytes: Some(self.door.settings().http_answer_bytes_max),
        };
        let asked = Ask { mark: Some(&self.mark), ..Ask::post(path, body) };
        let answer = self.door.ask(asked, &limits, self.cancel).await;
        answer.map_err(|fault| match fault.code() {
            Code::TimedOut => too_long(self.limit.as_secs(), TIME_LIMIT),
            _ => fault,
        })
    }

    fn page(answer: HttpAnswer) -> Result<Page> {
        if !answer.status.is_success() {
            return Err(failed(said(&answer)));
        }
        let mut page: Page = serde_json::from_slice(&answer.body)
            .map_err(|error| failed(format!("the answer is no page of rows: {error}")))?;
        page.cursor = page.cursor.filter(|cursor| !cursor.is_empty());
        match &page.error {
            None | Some(Json::Null) => Ok(page),
            Some(error) => Err(failed(said_of(error).unwrap_or_else(|| error.to_string()))),
        }
    }
}

/// Whether the server does not know the address at all: such names cannot be those of an index.
fn is_unknown(answer: &HttpAnswer) -> bool {
    let refused = [
        StatusCode::BAD_REQUEST,
        StatusCode::UNAUTHORIZED,
        StatusCode::NOT_FOUND,
        StatusCode::METHOD_NOT_ALLOWED,
    ];
    let text = String::from_utf8_lossy(&answer.body);
    let words = [
        "no handler found for uri",
        "invalid_index_name_exception",
        "Incorrect HTTP method for uri",
        // How Amazon's service puts it.
        "Your request: '",
    ];
    refused.contains(&answer.status) && words.iter().any(|word| text.contains(word))
}

/// Whether it only reads columns of one index, without saying itself how many rows it wants. Anything
/// else that is asked for by pages is done by another engine of the server, if at all.
fn is_pageable(text: &str) -> bool {
    let words = outer_words(text, Dialect::OpenSearch);
    let Some(from) = words.iter().position(|word| word == "from") else { return false };
    let (columns, rest) = words.split_at(from);
    let few = ["limit", "group", "having", "join", "union", "minus"];
    columns.first().is_some_and(|first| first == "select")
        && !columns.iter().any(|word| matches!(word.as_str(), "(" | "distinct"))
        && !rest.iter().any(|word| few.contains(&word.as_str()))
        && text.to_lowercase().matches("select").count() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_reading_is_done_by_pages() {
        for text in ["select * from t", "SELECT a, b FROM t WHERE c in (1) ORDER BY d"] {
            assert!(is_pageable(text), "{text}");
        }
        for text in [
            "show tables like 't'",
            "select 1",
            "select a from t limit 5",
            "select COUNT(*) from t",
            "select upper(a) from t",
            "select * from (select a from t group by a) as u",
            "select a from t where b in (select c from u)",
            "select a, count(*) from t group by a",
            "select a from t join u on t.a = u.a",
        ] {
            assert!(!is_pageable(text), "{text}");
        }
    }
}
