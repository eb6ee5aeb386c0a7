//! Runs and jobs.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::parameters::ParameterDefinition;
use super::results::QueryResult;

/// How to run a saved query.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRun {
    /// Values for the parameters.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) parameters: Map<String, Value>,
    /// How old a stored result may be to be given instead: null is any age, 0 always runs.
    pub(crate) max_age_seconds: Option<u64>,
    /// Whether to add a row limit; null leaves it to the query.
    pub(crate) auto_limit: Option<bool>,
    /// How long to wait for the end, in milliseconds.
    pub(crate) wait_ms: Option<u64>,
}

/// Any text to run.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewStatementRun {
    pub(crate) source_id: i64,
    pub(crate) text: String,
    /// Values for the parameters.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) parameters: Map<String, Value>,
    #[serde(default)]
    pub(crate) parameter_definitions: Vec<ParameterDefinition>,
    /// How old a stored result may be to be given instead: null is any age, 0 always runs.
    pub(crate) max_age_seconds: Option<u64>,
    /// Whether to add a row limit.
    pub(crate) auto_limit: Option<bool>,
    /// How long to wait for the end, in milliseconds.
    pub(crate) wait_ms: Option<u64>,
}

/// What a run gave: a result, or the job that makes one.
#[derive(Serialize, ToSchema)]
pub(crate) struct Run {
    pub(crate) result: Option<QueryResult>,
    pub(crate) job: Option<Job>,
}

/// Work in the background.
#[derive(Serialize, ToSchema)]
pub(crate) struct Job {
    pub(crate) uid: Uuid,
    pub(crate) kind: JobKind,
    /// `queued`, `running`, `succeeded`, `failed` or `cancelled`.
    pub(crate) state: &'static str,
    pub(crate) source_id: i64,
    pub(crate) query_id: Option<i64>,
    /// Why it failed.
    pub(crate) error: Option<JobError>,
    /// What a run gave, if the caller may read it and it is still stored.
    pub(crate) result: Option<QueryResult>,
    /// What a look at tables gave.
    #[schema(value_type = Option<Value>)]
    pub(crate) output: Option<Value>,
    /// Whether a schedule asked for it first.
    pub(crate) is_scheduled: bool,
    /// How often a worker took it.
    pub(crate) attempts: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) started_at: Option<DateTime<Utc>>,
    pub(crate) finished_at: Option<DateTime<Utc>>,
}

/// What a job does.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JobKind {
    /// Runs a text.
    Query,
    /// Reads tables and columns.
    Schema,
}

/// Why a job failed: the code and detail that a problem would have.
#[derive(Serialize, ToSchema)]
pub(crate) struct JobError {
    pub(crate) code: &'static str,
    pub(crate) detail: String,
}

/// A text to format.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Statement {
    pub(crate) text: String,
}

/// The formatted text.
#[derive(Serialize, ToSchema)]
pub(crate) struct FormattedStatement {
    pub(crate) text: String,
}
