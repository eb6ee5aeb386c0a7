//! Jobs: runs of queries and of schema look-ups, kept in storage so that none is lost.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tessera_access::{Payer, SlotClaim, Viewer};
use tessera_kernel::ids::{KeyId, QueryId, ResultId, SourceId, Uid, UserId};
use tessera_kernel::{Code, Timestamp};
use tessera_sqltext::{Parameter, Values};

use crate::Json;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// Runs a text.
    Query,
    /// Reads tables and columns.
    Schema,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// Waits for a free worker.
    Queued,
    /// A worker has it.
    Running,
    /// It ended well.
    Succeeded,
    /// It ended badly.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

impl JobState {
    /// The spelling in storage and in `/v1`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads the spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Queued, Self::Running, Self::Succeeded, Self::Failed, Self::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == text)
    }

    /// Whether nothing more will happen.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobError {
    /// The kind of failure.
    pub code: Code,
    /// The words of the database, or ours.
    pub detail: String,
}

/// What a query job runs: everything that a worker needs, and nothing that could change meanwhile.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueryRun {
    /// The text, with `{{ parameters }}`.
    pub text: String,
    /// What its parameters are.
    pub definitions: Vec<Parameter>,
    /// Checked values for them.
    pub values: Values,
    /// Identity in the cache, in hexadecimal.
    pub cache_key: String,
    /// See [`QueryResult::template_digest`](crate::QueryResult::template_digest), in hexadecimal.
    pub template_digest: String,
    /// The text with values written in.
    pub display_text: String,
    /// Its hash, an output field only.
    pub query_hash: String,
    /// Time limit in seconds.
    pub time_limit_seconds: u64,
    /// Most rows to keep; more make the job fail.
    pub rows_max: u64,
    /// Most bytes in memory form to keep; more make the job fail.
    pub bytes_max: u64,
    /// The attributes among the values, by their full names, such as `key.tenant`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Json>,
    /// Who pays for the seconds that the database works.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payers: Vec<Payer>,
    /// Who asked first: a user's address, or what the caller is.
    #[serde(default)]
    pub asked_by: String,
    /// The key that was asked with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_with: Option<KeyId>,
    /// Whether a schedule asked for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub scheduled: bool,
    /// On a data source with a row policy: for whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub viewer: Option<RunViewer>,
    /// The results that it reads as tables.
    #[serde(default, skip_serializing_if = "RunInputs::is_empty")]
    pub inputs: RunInputs,
}

/// For whom a run is, and in whose name, so that lost rights count until it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunViewer {
    /// Whose rows.
    pub viewer: Viewer,
    /// Who asked first.
    pub user: UserId,
}

/// A job to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// Its identifier.
    pub uid: Uid,
    /// What it does.
    pub kind: JobKind,
    /// Where.
    pub source: SourceId,
    /// The saved query it runs; `None` for any other text.
    pub query: Option<QueryId>,
    /// Two jobs that are not final never have the same value.
    pub dedup: [u8; 32],
    /// What to run, for a query job.
    pub run: Option<QueryRun>,
    /// Who asks: [`Caller::participant`](tessera_access::Caller::participant).
    pub participant: String,
    /// The places among the queries of its key that it takes until it is final.
    pub slots: Vec<SlotClaim>,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// A job as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its identifier.
    pub uid: Uid,
    /// What it does.
    pub kind: JobKind,
    /// Where it stands.
    pub state: JobState,
    /// Where it runs.
    pub source: SourceId,
    /// The saved query it runs.
    pub query: Option<QueryId>,
    /// What to run, for a query job.
    pub run: Option<QueryRun>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When a worker last took it.
    pub started_at: Option<Timestamp>,
    /// When it became final.
    pub finished_at: Option<Timestamp>,
    /// How often a worker took it.
    pub attempts: i64,
    /// Why it failed.
    pub error: Option<JobError>,
    /// What it gave, for a query job.
    pub result: Option<ResultId>,
    /// What it gave, for a schema job.
    pub output: Option<Json>,
}

/// A job that runs, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct RunningJob {
    /// The job.
    pub job: Job,
    /// The node that runs it.
    pub node: String,
    /// Whether only schedules asked for it.
    pub scheduled: bool,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A result was stored; `id` is ignored.
    Result(crate::QueryResult),
    /// Tables and columns.
    Output(Json),
    /// It failed.
    Error(JobError),
}

mod direct;
mod inputs;
mod nested;
mod plan;
mod remark;
mod scheduled;
mod service;
mod signals;

pub use inputs::{RESULTS_SOURCE, RunInput, RunInputs};
pub use remark::remark;
pub(crate) use scheduled::scheduled_job;
pub use service::{Freshness, Jobs, RUNNING_MAX, RunAnswer, RunRequest, SCHEMA_UNSUPPORTED};
pub(crate) use service::{allow_run, auto_limited};
pub(crate) use signals::Signals;
pub use signals::Tally;
