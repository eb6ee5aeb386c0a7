//! Schedules and their runs: each moment of a query is run once, whatever node comes to it.

use std::time::Duration;

use async_trait::async_trait;
use tessera_bi::ports::ScheduleRepo;
use tessera_bi::{
    Blocked, BlockedReason, FailureReport, FailureToReport, Job, JobError, JobState, Json, Query,
    QueryListing, ReportClaim, ScheduleClaim, SchedulePlan, ScheduleState, ScheduledRun,
    ScheduledRunState,
};
use tessera_kernel::ids::{QueryId, ResultId, Uid, UserId};
use tessera_kernel::{Code, Fault, Page, PageRequest, Result, Timestamp};

use crate::Store;
use crate::db::{Row, Tx, call};
use crate::jobs::{LOST, kind_text, read_error, read_job};
use crate::queries::read_listing;
use crate::users::total;

/// The members of a history by which what runs, or when, is different.
const RELEVANT: [&str; 5] = ["schedule", "query", "options", "data_source_id", "is_archived"];

/// Reads the columns of `{schedule s}`.
fn read_state(row: &mut Row) -> Result<ScheduleState> {
    Ok(ScheduleState {
        query: row.take()?,
        revision: row.take()?,
        set_at: row.take()?,
        due_at: row.take()?,
        wake_at: row.take()?,
        last_due_at: row.take()?,
        job: row.take()?,
        result: row.take()?,
        failures: row.take()?,
        blocked: read_blocked(row)?,
    })
}

fn read_blocked(row: &mut Row) -> Result<Option<Blocked>> {
    let (reason, detail): (Option<String>, Option<String>) = (row.take()?, row.take()?);
    let since: Option<Timestamp> = row.take()?;
    let (Some(reason), Some(since)) = (reason, since) else { return Ok(None) };
    let reason = BlockedReason::parse(&reason).ok_or_else(|| {
        Fault::new(Code::Internal, "a stored schedule has an unknown reason not to run")
    })?;
    Ok(Some(Blocked { reason, detail: detail.unwrap_or_default(), since }))
}

/// Reads the columns of `{schedule_run r}`.
fn read_run(row: &mut Row) -> Result<ScheduledRun> {
    Ok(ScheduledRun {
        query: row.take()?,
        due_at: row.take()?,
        started_at: row.take()?,
        job: row.take()?,
        state: ScheduledRunState::parse(&row.take::<String>()?)
            .ok_or_else(|| Fault::new(Code::Internal, "a stored run has an unknown state"))?,
        finished_at: row.take()?,
        error: read_error(row.take()?, row.take()?)?,
        result: row.take()?,
    })
}

fn read_failure(row: &mut Row) -> Result<FailureToReport> {
    Ok(FailureToReport {
        query: row.take()?,
        name: row.take()?,
        detail: row.take()?,
        times: row.take()?,
        failures: row.take()?,
        failed_at: row.take()?,
    })
}

/// What came of taking failures.
enum Taken {
    Report(Box<FailureReport>),
    /// There are none.
    Nothing,
    /// Another node was faster.
    ByOther,
}

/// Takes the failures of the owner who waits longest, with what is told of them.
async fn claim_report(tx: Tx<'_>, claim: &ReportClaim) -> Result<Taken> {
    let Some(mut head) = tx.row(call!("failure_pick", claim.due, claim.now)).await? else {
        return Ok(Taken::Nothing);
    };
    let (begun, owner): (Option<Uid>, UserId) = (head.take()?, head.take()?);
    let report = begun.unwrap_or(claim.report);
    let take = if begun.is_some() {
        call!("failure_claim_again", claim.now, claim.lease_until, report)
    } else {
        call!("failure_claim", claim.until, claim.now, claim.lease_until, report, owner)
    };
    if tx.execute(take).await? == 0 {
        return Ok(Taken::ByOther);
    }
    let (most, characters) = (claim.failures_max, claim.reason_characters_max);
    let mut sum = tx.one(call!("failure_sum", report, most, characters)).await?;
    let list = call!("failure_list", report, most, characters, claim.entries_max);
    let entries: Result<Vec<FailureToReport>> =
        tx.rows(list).await?.into_iter().map(|mut row| read_failure(&mut row)).collect();
    let (queries, entries_total) = (sum.take()?, sum.take()?);
    let report = FailureReport { report, owner, queries, entries_total, entries: entries? };
    Ok(Taken::Report(Box::new(report)))
}

/// Marks the schedule of a query that was written; `changes` are those of its history.
pub(crate) async fn sync(
    tx: Tx<'_>,
    id: QueryId,
    query: &Query,
    changes: Option<&Json>,
) -> Result<()> {
    let relevant = |name: &&str| changes.is_some_and(|changes| changes.get(name).is_some());
    let relevant = RELEVANT.iter().any(relevant);
    if query.schedule.is_some() && !query.is_archived {
        tx.execute(call!("schedule_sync", id, relevant)).await?;
    } else if relevant {
        tx.execute(call!("schedule_unset", id)).await?;
    }
    Ok(())
}

/// How the job of a run ended.
pub(crate) struct RunEnd {
    job: Uid,
    state: ScheduledRunState,
    at: Timestamp,
    error: Option<JobError>,
    pub(crate) result: Option<ResultId>,
    /// Of a result that becomes the latest of the query although values were put in.
    pub(crate) template_digest: Option<[u8; 32]>,
}

impl RunEnd {
    pub(crate) fn new(job: Uid, state: JobState, at: Timestamp, error: Option<JobError>) -> Self {
        let state = match state {
            JobState::Succeeded => ScheduledRunState::Succeeded,
            JobState::Failed => ScheduledRunState::Failed,
            JobState::Cancelled | JobState::Queued | JobState::Running => {
                ScheduledRunState::Cancelled
            }
        };
        Self { job, state, at, error, result: None, template_digest: None }
    }

    /// No node brought it to its end.
    pub(crate) fn lost(job: Uid, at: Timestamp) -> Self {
        let error = JobError { code: Code::Unavailable, detail: LOST.to_owned() };
        Self::new(job, JobState::Failed, at, Some(error))
    }

    fn of(job: &Job, at: Timestamp) -> Self {
        let end = Self::new(job.uid, job.state, job.finished_at.unwrap_or(at), job.error.clone());
        Self { result: job.result, ..end }
    }
}

/// Ends the runs that wait for a job. Says whether a query whose latest result it became has an alert:
/// it need not be the query of the job, which others may have joined.
pub(crate) async fn settle(tx: Tx<'_>, end: &RunEnd) -> Result<bool> {
    let error = end.error.as_ref();
    let finish = call!(
        "schedule_run_finish",
        end.job,
        end.state.as_str(),
        end.at,
        error.map(|error| error.code.as_str()),
        error.map(|error| error.detail.as_str()),
        end.result,
    );
    tx.execute(finish).await?;
    tx.execute(call!("schedule_settle", end.job, end.state.as_str(), end.result)).await?;
    let mut watched = false;
    if let (Some(result), Some(digest)) = (end.result, end.template_digest) {
        let latest = call!("query_set_latest_of_schedule", end.job, result, digest);
        for mut row in tx.rows(latest).await? {
            watched |= row.take::<bool>()?;
        }
    }
    Ok(watched)
}

#[async_trait]
impl ScheduleRepo for Store {
    async fn schedule_state(&self, query: QueryId) -> Result<Option<ScheduleState>> {
        self.db.row(call!("schedule_get", query)).await?.as_mut().map(read_state).transpose()
    }

    async fn schedules_to_wake(&self, now: Timestamp, limit: u64) -> Result<Vec<ScheduleState>> {
        let rows = self.db.rows(call!("schedule_list_to_wake", now, limit)).await?;
        rows.into_iter().map(|mut row| read_state(&mut row)).collect()
    }

    async fn next_schedule_wake(&self) -> Result<Option<Timestamp>> {
        self.db.row(call!("schedule_next_wake")).await?.map(|mut row| row.take()).transpose()
    }

    async fn plan_schedule(&self, seen: &ScheduleState, plan: &SchedulePlan) -> Result<bool> {
        let blocked = plan.blocked.as_ref();
        let call = call!(
            "schedule_plan",
            seen.query,
            seen.revision,
            plan.due_at,
            plan.wake_at,
            blocked.map(|blocked| blocked.reason.as_str()),
            blocked.map(|blocked| blocked.detail.as_str()),
            blocked.map(|blocked| blocked.since),
        );
        Ok(self.db.execute(call).await? > 0)
    }

    async fn claim_scheduled_run(
        &self,
        seen: &ScheduleState,
        claim: &ScheduleClaim,
    ) -> Result<Option<bool>> {
        let (query, claim) = (seen.query, claim.clone());
        let job = claim.job.as_ref().ok();
        let run = job.and_then(|job| job.run.as_ref()).map(serde_json::to_string).transpose();
        let run = run.map_err(|error| Fault::internal("what a job is to run", error))?;
        let error = claim.job.as_ref().err();
        // Without a job it has failed, and when it is due again depends on that.
        let wake_at = match error {
            Some(_) => Some(Timestamp::UNIX_EPOCH),
            None => claim.next_due_at,
        };
        let take = call!(
            "schedule_claim",
            query,
            seen.revision,
            claim.due_at,
            claim.next_due_at,
            wake_at,
            job.map(|job| job.uid),
            error.is_some(),
        );
        let state = match error {
            Some(_) => ScheduledRunState::Failed,
            None => ScheduledRunState::Running,
        };
        let log = call!(
            "schedule_run_insert",
            query,
            claim.due_at,
            claim.at,
            job.map(|job| job.uid),
            state.as_str(),
            error.map(|_| claim.at),
            error.map(|error| error.code.as_str()),
            error.map(|error| error.detail.as_str()),
        );
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    if tx.execute(take).await? == 0 {
                        return Ok(None);
                    }
                    if tx.execute(log).await? == 0 {
                        // The moment was run before, under another schedule.
                        tx.execute(call!("schedule_set_job", query, None::<Uid>)).await?;
                        return Ok(Some(false));
                    }
                    let Ok(job) = &claim.job else { return Ok(Some(false)) };
                    let submit = call!(
                        "job_submit_scheduled",
                        job.uid,
                        kind_text(job.kind),
                        job.source,
                        job.query,
                        job.dedup,
                        run,
                        job.created_at,
                    );
                    let mut row = tx.one(submit).await?;
                    let id: i64 = row.take()?;
                    let stored = read_job(&mut row)?;
                    let label = job.participant.clone();
                    tx.execute(call!("job_participant_insert", id, label)).await?;
                    if stored.uid != job.uid {
                        let (uid, due) = (stored.uid, claim.due_at);
                        tx.execute(call!("schedule_set_job", query, uid)).await?;
                        tx.execute(call!("schedule_run_set_job", query, due, uid)).await?;
                    }
                    Ok(Some(stored.uid == job.uid))
                })
            })
            .await
    }

    async fn end_schedule(&self, seen: &ScheduleState) -> Result<bool> {
        let (query, revision) = (seen.query, seen.revision);
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    if tx.execute(call!("schedule_end", query, revision)).await? == 0 {
                        return Ok(false);
                    }
                    tx.execute(call!("query_clear_schedule", query)).await?;
                    Ok(true)
                })
            })
            .await
    }

    async fn forget_scheduled_job(&self, job: Uid, at: Timestamp) -> Result<()> {
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    let found = tx.row(call!("job_get", job)).await?;
                    let found = found.map(|mut row| read_job(&mut row)).transpose()?;
                    let end = match found.filter(|job| job.state.is_final()) {
                        Some(job) => RunEnd::of(&job, at),
                        None => RunEnd::new(job, JobState::Cancelled, at, None),
                    };
                    settle(tx, &end).await.map(drop)
                })
            })
            .await
    }

    async fn scheduled_runs(
        &self,
        query: QueryId,
        page: PageRequest,
    ) -> Result<Page<ScheduledRun>> {
        let count = call!("schedule_run_count", query);
        let rows = call!("schedule_run_list", query, page.size, page.offset());
        let [count, rows] = self.db.batch([count, rows]).await?;
        let items: Result<Vec<ScheduledRun>> =
            rows.into_iter().map(|mut row| read_run(&mut row)).collect();
        Ok(Page { items: items?, total: total(count)? })
    }

    async fn purge_scheduled_runs(&self, before: Timestamp) -> Result<u64> {
        self.db.execute(call!("schedule_run_purge", before)).await
    }

    async fn outdated_queries(&self, now: Timestamp, limit: u64) -> Result<Vec<QueryListing>> {
        let rows = self.db.rows(call!("query_list_outdated", now, limit)).await?;
        rows.into_iter().map(|mut row| read_listing(&mut row)).collect()
    }

    async fn count_scheduled_jobs(&self) -> Result<(u64, u64)> {
        let row = self.db.row(call!("job_count_scheduled")).await?;
        let mut row = row.ok_or_else(|| Fault::new(Code::Internal, "a count gave no row"))?;
        Ok((row.take()?, row.take()?))
    }

    async fn next_failure_report(&self, after: Duration) -> Result<Option<Timestamp>> {
        let micros = i64::try_from(after.as_micros()).unwrap_or(i64::MAX / 2);
        let row = self.db.row(call!("failure_next_report", micros)).await?;
        row.map_or(Ok(None), |mut row| row.take())
    }

    async fn claim_failures(&self, claim: &ReportClaim) -> Result<Option<FailureReport>> {
        loop {
            let claim = claim.clone();
            let taken = self
                .db
                .write(move |tx| Box::pin(async move { claim_report(tx, &claim).await }))
                .await?;
            match taken {
                Taken::Report(report) => return Ok(Some(*report)),
                Taken::Nothing => return Ok(None),
                // Its lease is written by now: those are not found again.
                Taken::ByOther => {}
            }
        }
    }

    async fn settle_failures(&self, report: Uid, at: Timestamp) -> Result<()> {
        self.db.execute(call!("failure_settle", report, at)).await.map(drop)
    }
}
