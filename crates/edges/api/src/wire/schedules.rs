//! Schedules of queries on the wire.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::jobs::JobError;

/// All about the schedule of a query.
#[derive(Serialize, ToSchema)]
pub(crate) struct Schedule {
    /// As the query has it: `interval` in seconds, or `interval` with `time` and `day_of_week`, or
    /// `cron`; `time_zone`, by default UTC; `until`; `disabled`.
    #[schema(value_type = Option<Object>)]
    pub(crate) schedule: Option<Value>,
    /// `none`, `disabled`, `waiting`, `delayed` (after failures), `blocked` or `running`.
    pub(crate) status: &'static str,
    /// Why the moment that has come is not run.
    pub(crate) blocked: Option<Blocked>,
    /// The user in whose name it runs.
    pub(crate) runs_as_id: i64,
    /// The zone in which dates of parameters are meant.
    pub(crate) time_zone: &'static str,
    /// The moments to come, as far as nothing else happens.
    pub(crate) next: Vec<DateTime<Utc>>,
    /// When it ends.
    pub(crate) ends_at: Option<DateTime<Utc>>,
    /// How many runs failed since the last one that did not; each doubles a delay.
    pub(crate) failures: i64,
    /// The latest runs, newest first.
    pub(crate) runs: Vec<ScheduledRun>,
    /// When the latest result was made, by whomever.
    pub(crate) retrieved_at: Option<DateTime<Utc>>,
}

/// When a query is to run by itself.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSchedule {
    /// Seconds between two runs; with a `time`, whole days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) interval: Option<i64>,
    /// The time of day, `HH:MM`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time: Option<String>,
    /// `Monday` to `Sunday`, with a `time`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) day_of_week: Option<String>,
    /// Minute, hour, day of the month, month, day of the week; in place of the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cron: Option<String>,
    /// A name of the IANA time zone database; by default UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) time_zone: Option<String>,
    /// A date from which on it does not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<String>,
    /// Keeps the schedule and does not run the query.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) disabled: Option<bool>,
}

/// Why a query is not run although its moment has come.
#[derive(Serialize, ToSchema)]
pub(crate) struct Blocked {
    /// `source_missing`, `source_paused`, `owner_inactive`, `owner_not_allowed`, `still_running` or
    /// `schedule_invalid`.
    pub(crate) reason: &'static str,
    pub(crate) detail: String,
    pub(crate) since: DateTime<Utc>,
}

/// One run of a query by its schedule.
#[derive(Serialize, ToSchema)]
pub(crate) struct ScheduledRun {
    /// The moment it was for; no moment has two runs.
    pub(crate) due_at: DateTime<Utc>,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) finished_at: Option<DateTime<Utc>>,
    /// `running`, `succeeded`, `failed` or `cancelled`.
    pub(crate) state: &'static str,
    /// Null if it failed before there was a job. Jobs are remembered for some days only.
    pub(crate) job_uid: Option<Uuid>,
    pub(crate) result_id: Option<i64>,
    pub(crate) error: Option<JobError>,
}
