//! One job: it is made under a name of ours, waited for, read page by page, and can be stopped by
//! that name at any time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use tessera_bi::ports::CancelSignal;
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::Bound;
use url::Url;
use uuid::Uuid;

use super::BACKSTOP;
use super::binds::parameters;
use super::columns::Described;
use super::options::Options;
use crate::google::{Google, Span, now, said};
use crate::http::{HttpAnswer, HttpRequest};
use crate::never::Never;
use crate::web::component;

/// Longest that the server may think before it says that a job is not done, in milliseconds.
const PATIENCE_MILLIS: u128 = 10_000;

/// Shortest time between two such questions.
const PAUSE: Duration = Duration::from_millis(100);

/// Longest wait for a server that has next to nothing to do.
const ANSWER: Duration = Duration::from_secs(5);

/// A page of a result.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Page<'a> {
    #[serde(default)]
    job_complete: bool,
    pub(super) schema: Option<PageSchema>,
    pub(super) page_token: Option<String>,
    #[serde(borrow)]
    pub(super) rows: Option<&'a RawValue>,
}

/// The columns of a page.
#[derive(Deserialize)]
pub(super) struct PageSchema {
    #[serde(default)]
    pub(super) fields: Vec<Described>,
}

/// One run of one text.
pub(super) struct Asker<'a> {
    pub(super) google: &'a Google,
    pub(super) options: &'a Options,
    pub(super) cancel: &'a Arc<dyn CancelSignal>,
    pub(super) span: Span,
    /// Whether the text is in GoogleSQL.
    pub(super) standard: bool,
    /// Most bytes that may be billed, where no estimate tells how many are read.
    pub(super) billed_bytes_max: Option<u64>,
}

/// A job in the server.
pub(super) struct Job {
    id: String,
    /// Where it runs, once that is known.
    location: Option<String>,
    /// Whether there is nothing to stop: it was not made yet, or the server has ended it.
    pub(super) done: bool,
}

impl Job {
    /// A job that nobody has made yet.
    pub(super) fn new(location: Option<&str>) -> Self {
        let id = format!("tessera_{}", Uuid::new_v4().simple());
        Self { id, location: location.map(str::to_owned), done: true }
    }
}

/// A page as it came.
pub(super) struct Sheet(Bytes);

impl Sheet {
    pub(super) fn read(&self) -> Result<Page<'_>> {
        serde_json::from_slice(&self.0).map_err(|error| {
            Fault::new(Code::SourceFailed, format!("the answer is no page of rows: {error}"))
        })
    }
}

impl Asker<'_> {
    /// How many bytes a text would read, by the server's estimate; 0 if it does not tell.
    pub(super) async fn estimate(&self, statement: &Bound) -> Result<u64> {
        let mut body = self.body(statement);
        body["configuration"]["dryRun"] = Json::Bool(true);
        if let Some(location) = &self.options.location {
            body["jobReference"] =
                json!({ "projectId": self.options.project, "location": location });
        }
        let answer = self.good(self.post("/jobs", &body)?).await?;
        let told: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
        let statistics = &told["statistics"];
        let bytes =
            [&statistics["totalBytesProcessed"], &statistics["query"]["totalBytesProcessed"]];
        let bytes = bytes.iter().find_map(|bytes| match bytes {
            Json::String(text) => text.parse().ok(),
            other => other.as_u64(),
        });
        Ok(bytes.unwrap_or(0))
    }

    /// Makes the job.
    pub(super) async fn begin(&self, statement: &Bound, job: &mut Job) -> Result<()> {
        let mut body = self.body(statement);
        body["jobReference"] = json!({ "projectId": self.options.project, "jobId": job.id });
        if let Some(location) = &job.location {
            body["jobReference"]["location"] = Json::from(location.as_str());
        }
        self.google.prove(self.cancel).await?;
        job.done = false;
        let answer = self.google.ask(self.post("/jobs", &body)?, &self.span, self.cancel).await?;
        // It was made by a request whose answer did not come.
        if answer.status == StatusCode::CONFLICT {
            return Ok(());
        }
        job.done = !answer.status.is_success();
        let answer = self.checked(answer)?;
        let told: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
        if let Some(location) = told["jobReference"]["location"].as_str() {
            job.location = Some(location.to_owned());
        }
        Ok(())
    }

    /// Waits for the job, and gives a page of its rows: the first one, or that of a token.
    pub(super) async fn page(&self, job: &mut Job, token: Option<&str>) -> Result<Sheet> {
        loop {
            let asked = now();
            let left = self.span.limit.as_millis();
            let mut url = self.url(&format!("/queries/{}", job.id))?;
            {
                let mut pairs = url.query_pairs_mut();
                pairs.append_pair("timeoutMs", &left.min(PATIENCE_MILLIS).to_string());
                pairs.append_pair("formatOptions.useInt64Timestamp", "true");
                pairs.append_pair("prettyPrint", "false");
                if let Some(location) = &job.location {
                    pairs.append_pair("location", location);
                }
                if let Some(token) = token {
                    pairs.append_pair("pageToken", token);
                }
            }
            let answer = self.google.ask(HttpRequest::get(url), &self.span, self.cancel).await?;
            if !answer.status.is_success() {
                // A job that failed is over too.
                job.done = true;
            }
            let sheet = Sheet(self.checked(answer)?.body);
            job.done = sheet.read()?.job_complete;
            if job.done {
                return Ok(sheet);
            }
            let rest = PAUSE.saturating_sub(asked.elapsed());
            self.span.pause(rest, self.cancel).await?;
        }
    }

    /// Tells the server that nobody wants the job.
    pub(super) async fn stop(&self, job: &Job) {
        let told = async {
            let mut url = self.url(&format!("/jobs/{}/cancel", job.id))?;
            if let Some(location) = &job.location {
                url.query_pairs_mut().append_pair("location", location);
            }
            let until = now() + ANSWER;
            let span = Span { limit: ANSWER, until, ..self.span };
            let answer =
                self.google.ask(HttpRequest::post(url, ""), &span, &Never::signal()).await?;
            self.checked(answer).map(drop)
        };
        if let Err(fault) = told.await {
            tracing::warn!(%fault, "a job could not be cancelled");
        }
    }

    /// A question that has to be answered well.
    pub(super) async fn good(&self, request: HttpRequest) -> Result<HttpAnswer> {
        self.checked(self.google.ask(request, &self.span, self.cancel).await?)
    }

    /// An address below that of the project.
    pub(super) fn url(&self, path: &str) -> Result<Url> {
        let project = component(&self.options.project);
        self.google.address("bigquery", &format!("/bigquery/v2/projects/{project}{path}"))
    }

    fn post(&self, path: &str, body: &Json) -> Result<HttpRequest> {
        let request = HttpRequest::post(self.url(path)?, body.to_string());
        request.header("content-type", "application/json")
    }

    fn checked(&self, answer: HttpAnswer) -> Result<HttpAnswer> {
        if answer.status.is_success() {
            return Ok(answer);
        }
        // What it ends now it ends by its own limit, which is ours.
        if now() + BACKSTOP >= self.span.until {
            return Err(self.span.too_long());
        }
        Err(Fault::new(Code::SourceFailed, said(&answer)))
    }

    /// What a job is, without its name.
    fn body(&self, statement: &Bound) -> Json {
        let mut query = json!({ "query": statement.sql });
        if self.standard {
            query["useLegacySql"] = Json::Bool(false);
        }
        if !statement.binds.is_empty() {
            query["parameterMode"] = Json::from("NAMED");
            query["queryParameters"] = Json::Array(parameters(&statement.binds));
        }
        if !self.options.functions.is_empty() {
            let functions = self.options.functions.iter().map(|uri| json!({ "resourceUri": uri }));
            query["userDefinedFunctionResources"] = functions.collect();
        }
        if let Some(tier) = self.options.billing_tier_max {
            query["maximumBillingTier"] = Json::from(tier);
        }
        if let Some(bytes) = self.billed_bytes_max {
            query["maximumBytesBilled"] = Json::from(bytes.to_string());
        }
        let limit = self.span.limit.as_millis().max(1000).to_string();
        json!({ "configuration": { "query": query, "jobTimeoutMs": limit } })
    }
}
