//! What storage has to offer for schedules.
//!
//! Storage marks a schedule for the scheduler, with a `wake_at` long ago and no `due_at`, whenever a
//! query is written with another schedule, text, options or data source, and whenever a scheduled run
//! ends. It counts failures when a run ends, in the same transaction as the end of its job.

use std::time::Duration;

use async_trait::async_trait;
use tessera_kernel::ids::{QueryId, Uid, UserId};
use tessera_kernel::{Page, PageRequest, Result, Timestamp};

use super::record::{Blocked, ScheduleState, ScheduledRun};
use crate::{JobError, NewJob, QueryListing};

/// What the scheduler found out about a schedule.
#[derive(Debug, Clone, PartialEq)]
pub struct SchedulePlan {
    /// The moment that is due next.
    pub due_at: Option<Timestamp>,
    /// When to look again.
    pub wake_at: Option<Timestamp>,
    /// Why a moment that has come is not run.
    pub blocked: Option<Blocked>,
}

/// A run of one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleClaim {
    /// The moment.
    pub due_at: Timestamp,
    /// When to look again, if nothing else happens.
    pub next_due_at: Option<Timestamp>,
    /// Now.
    pub at: Timestamp,
    /// What to run; or why it failed before it could be.
    pub job: Result<Box<NewJob>, JobError>,
}

/// Failures of a query for the same reason that its owner was not told of.
#[derive(Debug, Clone, PartialEq)]
pub struct FailureToReport {
    /// The query.
    pub query: QueryId,
    /// Its name.
    pub name: String,
    /// Why.
    pub detail: String,
    /// How many of its runs failed with it.
    pub times: i64,
    /// How many runs had failed in a row, with the last of these.
    pub failures: i64,
    /// When the last of them failed.
    pub failed_at: Timestamp,
}

/// What an owner is to be told of.
#[derive(Debug, Clone, PartialEq)]
pub struct FailureReport {
    /// Which failures they are, also if the report is made again.
    pub report: Uid,
    /// Whose queries failed.
    pub owner: UserId,
    /// How many queries are to be told of.
    pub queries: u64,
    /// How many entries there would be without a limit.
    pub entries_total: u64,
    /// The entries, the first failure first.
    pub entries: Vec<FailureToReport>,
}

/// Failures that are being reported, so that nobody else reports them.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportClaim {
    /// Those of an owner whose first one ended at or before this moment.
    pub due: Timestamp,
    /// Of that owner, those that ended at or before this moment.
    pub until: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// From when on somebody else may report them, if this one did not come to its end.
    pub lease_until: Timestamp,
    /// The name of the report, if these failures have none yet.
    pub report: Uid,
    /// After so many failures in a row of a query, no more are told.
    pub failures_max: i64,
    /// Most entries that are read.
    pub entries_max: u64,
    /// How much is read of a reason, in characters.
    pub reason_characters_max: u64,
}

/// Schedules and their runs.
#[async_trait]
pub trait ScheduleRepo: Send + Sync {
    /// Where the schedule of a query stands.
    async fn schedule_state(&self, query: QueryId) -> Result<Option<ScheduleState>>;
    /// Schedules to look at, at most `limit`, longest waiting first.
    async fn schedules_to_wake(&self, now: Timestamp, limit: u64) -> Result<Vec<ScheduleState>>;
    /// When a schedule has to be looked at next.
    async fn next_schedule_wake(&self) -> Result<Option<Timestamp>>;
    /// Writes down what was found out; `false`, and nothing is changed, if the record is not the one
    /// that was seen any more.
    async fn plan_schedule(&self, seen: &ScheduleState, plan: &SchedulePlan) -> Result<bool>;
    /// Runs a moment: stores the run and its job, all or none; a job that does the same already is
    /// joined. `None`, and nothing is changed, if the record is not the one that was seen any more;
    /// else whether there is a new job. Exact also for several nodes.
    async fn claim_scheduled_run(
        &self,
        seen: &ScheduleState,
        claim: &ScheduleClaim,
    ) -> Result<Option<bool>>;
    /// Takes the schedule from a query, as long as the record is the one that was seen.
    async fn end_schedule(&self, seen: &ScheduleState) -> Result<bool>;
    /// Ends a run whose job is gone.
    async fn forget_scheduled_job(&self, job: Uid, at: Timestamp) -> Result<()>;
    /// The runs of a query, newest first.
    async fn scheduled_runs(&self, query: QueryId, page: PageRequest)
    -> Result<Page<ScheduledRun>>;
    /// Removes records of runs that ended before `before`.
    async fn purge_scheduled_runs(&self, before: Timestamp) -> Result<u64>;
    /// Queries whose moment has come and whose run has not ended, the longest overdue first.
    async fn outdated_queries(&self, now: Timestamp, limit: u64) -> Result<Vec<QueryListing>>;
    /// Jobs that wait and run, those of schedules only.
    async fn count_scheduled_jobs(&self) -> Result<(u64, u64)>;
    /// When failures that nobody was told of have to be reported: so long after the oldest of them
    /// ended, or when the lease of those that are being reported ends.
    async fn next_failure_report(&self, after: Duration) -> Result<Option<Timestamp>>;
    /// Takes the failures of one owner that nobody was told of; those that were taken together and
    /// not settled before their lease ended come again together, without others, and first.
    async fn claim_failures(&self, claim: &ReportClaim) -> Result<Option<FailureReport>>;
    /// Notes that the owner was told of what is in a report, or need not be.
    async fn settle_failures(&self, report: Uid, at: Timestamp) -> Result<()>;
}
