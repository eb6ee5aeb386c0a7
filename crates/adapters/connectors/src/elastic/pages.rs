//! The pages of one search. A server gives ten thousand documents at most at once; who wants more gets
//! them by a scroll, which is closed at the end, however that comes.

use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use serde_json::{Value as Json, json};
use tessera_bi::ended::{TIME_LIMIT, too_long};
use tessera_bi::ports::CancelSignal;
use tessera_kernel::{Code, Result};
use tokio::time::Instant;

use super::answer::Answer;
use super::door::{Ask, Door, good};
use crate::http::HttpLimits;

/// Most documents that a server gives at once, unless an index says otherwise.
const WINDOW: usize = 10_000;

/// Documents of a page.
const PAGE: usize = 5_000;

/// How long the server keeps a scroll between pages.
const KEPT: &str = "60s";

/// Members of a search that cannot go along with a scroll.
const ALONE: [&str; 7] =
    ["aggregations", "aggs", "collapse", "from", "pit", "rescore", "search_after"];

/// Reads the pages of one search.
pub(super) struct Pages<'a> {
    door: &'a Door,
    cancel: &'a Arc<dyn CancelSignal>,
    limit: Duration,
    until: Instant,
    /// Bytes that may still come.
    bytes: u64,
}

impl<'a> Pages<'a> {
    pub(super) fn new(
        door: &'a Door,
        cancel: &'a Arc<dyn CancelSignal>,
        limit: Duration,
        until: Instant,
    ) -> Self {
        Self { door, cancel, limit, until, bytes: door.settings().http_answer_bytes_max }
    }

    /// All pages of a search, which is posted to a path.
    pub(super) async fn read(&mut self, path: &str, mut body: Json) -> Result<Vec<Answer>> {
        let size = body.get("size").and_then(Json::as_u64);
        let size = size.and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
        let alone = ALONE.iter().any(|name| body.get(name).is_some_and(|value| *value != json!(0)));
        if size <= WINDOW || alone {
            return Ok(vec![self.ask(path, &body).await?]);
        }
        body["size"] = json!(PAGE);
        let first = self.ask(&format!("{path}?scroll={KEPT}"), &body).await?;
        let mut scroll = first.scroll.clone();
        let mut pages = vec![first];
        let ended = self.rest(&mut pages, &mut scroll, size).await;
        if let Some(scroll) = scroll {
            self.close(&scroll).await;
        }
        ended.map(|()| pages)
    }

    async fn rest(
        &mut self,
        pages: &mut Vec<Answer>,
        scroll: &mut Option<String>,
        size: usize,
    ) -> Result<()> {
        let mut documents = pages.last().map_or(0, Answer::documents);
        let mut last = documents;
        while last > 0 && documents < size {
            let Some(id) = scroll.as_deref() else { return Ok(()) };
            let body = json!({ "scroll": KEPT, "scroll_id": id });
            let mut page = self.ask("/_search/scroll", &body).await?;
            *scroll = page.scroll.take().or_else(|| scroll.take());
            page.truncate(size - documents);
            last = page.documents();
            documents += last;
            pages.push(page);
        }
        Ok(())
    }

    async fn ask(&mut self, path: &str, body: &Json) -> Result<Answer> {
        let left = self.until.saturating_duration_since(Instant::now());
        let http = Duration::from_secs(self.door.settings().http_seconds);
        let (time, time_setting) =
            if left <= http { (left, TIME_LIMIT) } else { (http, "sources.http_seconds") };
        let limits = HttpLimits { time, time_setting, bytes: Some(self.bytes) };
        let answer = self.door.ask(Ask::post(path, body), &limits, self.cancel).await;
        let answer = good(answer.map_err(|fault| match fault.code() {
            Code::TimedOut if time_setting == TIME_LIMIT => {
                too_long(self.limit.as_secs(), TIME_LIMIT)
            }
            _ => fault,
        })?)?;
        let read = u64::try_from(answer.body.len()).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_sub(read);
        Answer::read(answer.body)
    }

    async fn close(&self, scroll: &str) {
        let body = json!({ "scroll_id": [scroll] });
        let asked = Ask { method: Method::DELETE, ..Ask::post("/_search/scroll", &body) };
        self.door.tidy(asked, "close a scroll").await;
    }
}
