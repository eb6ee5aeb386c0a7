//! What can be done with jobs: submit, look, wait, cancel; and what the executor needs.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::Map;
use tessera_access::{
    Allowance, Authorized, Caller, CancelJob, Ledger, ReadJob, ReadQueues, RunQuery, RunStatement,
};
use tessera_kernel::ids::Uid;
use tessera_kernel::{Code, Fault, Result, Timestamp};
use tokio::sync::Notify;

use super::inputs::Nesting;
use super::plan::Plan;
use super::{Job, JobError, JobKind, NewJob, Outcome, RunningJob, Tally};
use crate::service::Parts;
use crate::{Json, Query, QueryResult};

/// What a schema job of a type without tables fails with.
pub const SCHEMA_UNSUPPORTED: &str = "data source type does not support retrieving schema";

/// Most jobs that are told to run, in [`Jobs::running`].
pub const RUNNING_MAX: u64 = 200;

/// How old a stored result may be to be given instead of running again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Any age will do; without a stored result, run.
    Any,
    /// At most this old; else run.
    NoOlderThan(Duration),
    /// Always run.
    Always,
}

/// What is asked for when running something.
#[derive(Debug, Clone)]
pub struct RunRequest {
    /// Values for the parameters, as clients send them.
    pub parameters: Map<String, Json>,
    /// How old a stored result may be.
    pub freshness: Freshness,
    /// Whether to add a row limit to the text; `None` leaves it to the query's own option.
    pub auto_limit: Option<bool>,
}

/// What one gets for asking.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a stored result is the usual answer")]
pub enum RunAnswer {
    /// A stored result that is fresh enough.
    Result(QueryResult),
    /// A job that makes one.
    Job(Box<Job>),
}

/// Jobs.
#[derive(Clone)]
pub struct Jobs {
    parts: Arc<Parts>,
}

impl Jobs {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Runs a saved query, or gives its stored result.
    ///
    /// # Errors
    /// `MissingParameters`, `InvalidParameters`, `SourcePaused`, `SourceMissing`.
    pub async fn run_query(
        &self,
        grant: &Authorized<RunQuery>,
        request: &RunRequest,
    ) -> Result<RunAnswer> {
        let id = grant.act().query;
        let query: Query =
            self.parts.repos.query(id).await?.ok_or_else(|| Fault::not_found("query"))?;
        let query = self.parts.as_given(grant.caller(), query).await?;
        // Who holds a key to one text gets that text and no variation of it.
        let asked = request.auto_limit.filter(|_| !grant.caller().sees_own_runs_only());
        let plan = Plan {
            source: query.source,
            query: Some(id),
            text: &query.text,
            options: &query.options,
            hints: None,
            auto_limit: asked.unwrap_or_else(|| auto_limited(&query.options)),
            now: self.parts.clock.now(),
            zone: self.parts.settings.time_zone,
        };
        self.run(grant.caller(), grant.ledger(), &plan, request).await
    }

    /// Runs any text, or gives its stored result. A `query` it was written for is only noted.
    ///
    /// # Errors
    /// As [`run_query`](Self::run_query).
    pub async fn run_statement(
        &self,
        grant: &Authorized<RunStatement>,
        text: &str,
        options: &Json,
        request: &RunRequest,
    ) -> Result<RunAnswer> {
        self.run_text(grant, text, options, None, request).await
    }

    /// Runs a text that is not saved yet. What the query that it is to become a part of says of its
    /// parameters counts as far as the values fit it: with `hints`, the options of that query.
    ///
    /// # Errors
    /// As [`run_query`](Self::run_query).
    pub async fn run_draft(
        &self,
        grant: &Authorized<RunStatement>,
        text: &str,
        hints: Option<&Json>,
        request: &RunRequest,
    ) -> Result<RunAnswer> {
        self.run_text(grant, text, &Json::Null, hints, request).await
    }

    async fn run_text(
        &self,
        grant: &Authorized<RunStatement>,
        text: &str,
        options: &Json,
        hints: Option<&Json>,
        request: &RunRequest,
    ) -> Result<RunAnswer> {
        self.parts.check_text(text)?;
        let plan = Plan {
            source: Some(grant.act().source),
            query: None,
            text,
            options,
            hints,
            auto_limit: request.auto_limit.unwrap_or(false),
            now: self.parts.clock.now(),
            zone: self.parts.settings.time_zone,
        };
        self.run(grant.caller(), grant.ledger(), &plan, request).await
    }

    async fn run(
        &self,
        caller: &Caller,
        ledger: &Ledger,
        plan: &Plan<'_>,
        request: &RunRequest,
    ) -> Result<RunAnswer> {
        let parts = &self.parts;
        let nesting = Nesting::of(plan.query);
        let planned = parts.plan(caller, plan, &request.parameters, &nesting).await?;
        let (key, now) = (planned.key, parts.clock.now());
        let held = caller.key().map(Arc::as_ref);
        let floor = held.map_or(0, tessera_access::ActiveKey::age_floor);
        let reuse = Duration::from_secs(parts.settings.result_reuse_seconds_max);
        let freshness = request.freshness.at_most(reuse).at_least(Duration::from_secs(floor));
        let since = match freshness {
            Freshness::Any => Some(None),
            // Before the beginning of time is any age.
            Freshness::NoOlderThan(age) => {
                Some(TimeDelta::from_std(age).ok().and_then(|age| now.checked_sub_signed(age)))
            }
            Freshness::Always => None,
        };
        if let Some(since) = since
            && let Some(result) = parts.repos.latest_result(&key, since).await?
        {
            let answer = parts.answer_stored(caller, result, request.freshness).await?;
            if let Some(answer) = answer {
                return Ok(answer);
            }
        }
        let allowance = allow_run(ledger)?;
        let job = NewJob {
            uid: parts.random.uid(now),
            kind: JobKind::Query,
            source: planned.source,
            query: plan.query,
            dedup: key,
            run: Some(planned.into_run(allowance.payers)),
            participant: caller.participant(),
            slots: allowance.slots,
            created_at: now,
        };
        Ok(RunAnswer::Job(Box::new(parts.submit(&job, ledger).await?)))
    }

    /// One job.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn get(&self, grant: &Authorized<ReadJob>) -> Result<Job> {
        self.require(grant.act().job).await
    }

    /// One job, once it is final or the time is over.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn wait(&self, grant: &Authorized<ReadJob>, at_most: Duration) -> Result<Job> {
        self.wait_for(grant.act().job, at_most).await
    }

    pub(super) async fn wait_for(&self, uid: Uid, at_most: Duration) -> Result<Job> {
        let watched = self.parts.signals.watch(uid);
        let answer = tokio::time::timeout(at_most, async {
            loop {
                // Registered before looking, so that an end in between is not missed.
                let mut ended = std::pin::pin!(watched.notified());
                ended.as_mut().enable();
                if !self.parts.signals.runs_here(uid) {
                    let job = self.require(uid).await?;
                    if job.state.is_final() {
                        return Ok(job);
                    }
                }
                // Another node may have run it: its end is only seen by looking.
                let _ = tokio::time::timeout(Duration::from_secs(1), ended).await;
            }
        })
        .await;
        self.parts.signals.unwatch(uid, &watched);
        match answer {
            Ok(job) => job,
            Err(_) => self.require(uid).await,
        }
    }

    /// Cancels a job, also in the database it runs on. A job that is final stays as it is.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn cancel(&self, grant: &Authorized<CancelJob>) -> Result<Job> {
        let uid = grant.act().job;
        let job = self
            .parts
            .repos
            .cancel_job(uid, self.parts.clock.now())
            .await?
            .ok_or_else(|| Fault::not_found("job"))?;
        self.parts.signals.stop(uid);
        self.parts.signals.ended(uid);
        Ok(job)
    }

    /// How many jobs are queued and how many are running.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn counts(&self, _grant: &Authorized<ReadQueues>) -> Result<(u64, u64)> {
        self.parts.repos.count_jobs().await
    }

    /// The jobs that run on all nodes, the longest running first, at most [`RUNNING_MAX`].
    ///
    /// # Errors
    /// If storage fails.
    pub async fn running(&self, _grant: &Authorized<ReadQueues>) -> Result<Vec<RunningJob>> {
        self.parts.repos.running_jobs(RUNNING_MAX).await
    }

    /// What was done in this process since it started.
    #[must_use]
    pub fn tally(&self, _grant: &Authorized<ReadQueues>) -> Tally {
        self.parts.signals.tally()
    }

    async fn require(&self, uid: Uid) -> Result<Job> {
        self.parts.repos.job(uid).await?.ok_or_else(|| Fault::not_found("job"))
    }
}

/// What the executor needs. It acts for those who submitted the jobs, whose rights were checked then.
impl Jobs {
    /// The time that jobs and results are stamped with.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.parts.clock.now()
    }

    /// Returns once there may be work.
    pub async fn wait_queued(&self) {
        self.parts.signals.wait_queued().await;
    }

    /// Takes the oldest queued job.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn claim(&self, node: &str, lease: Duration) -> Result<Option<Job>> {
        let now = self.parts.clock.now();
        self.parts.repos.claim_job(node, now, later(now, lease)).await
    }

    /// Notes that a job runs here; what is returned wakes when it must stop.
    #[must_use]
    pub fn started(&self, job: Uid) -> Arc<Notify> {
        self.parts.signals.started(job, self.parts.clock.now())
    }

    /// Ends a job. `false` if it is not ours any more.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn finish(&self, job: Uid, node: &str, outcome: &Outcome) -> Result<bool> {
        let now = self.parts.clock.now();
        // Not every store keeps NUL, and databases quote what they were sent.
        let cleaned = match outcome {
            Outcome::Error(error) if error.detail.contains('\0') => {
                let detail = error.detail.replace('\0', "\u{fffd}");
                Some(Outcome::Error(JobError { detail, ..error.clone() }))
            }
            _ => None,
        };
        let stored = cleaned.as_ref().unwrap_or(outcome);
        let done = self.parts.repos.finish_job(job, node, stored, now).await;
        self.parts.signals.stopped(job, now, !matches!(outcome, Outcome::Error(_)));
        self.parts.signals.ended(job);
        done
    }

    /// Prolongs the leases of all jobs that run here, and stops those that are not ours any more.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn heartbeat(&self, node: &str, lease: Duration) -> Result<()> {
        let running = self.parts.signals.running();
        if running.is_empty() {
            return Ok(());
        }
        let until = later(self.parts.clock.now(), lease);
        for lost in self.parts.repos.renew_leases(node, &running, until).await? {
            self.parts.signals.stop(lost);
        }
        Ok(())
    }

    /// Gives the jobs that run here back to the queue.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn release(&self, node: &str) -> Result<u64> {
        self.parts.repos.release_jobs(node).await
    }

    /// Requeues or fails jobs whose node is gone.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn reap(&self, attempts_max: i64) -> Result<(u64, u64)> {
        let reaped = self.parts.repos.reap_jobs(self.parts.clock.now(), attempts_max).await?;
        if reaped.0 > 0 {
            self.parts.signals.queued();
        }
        Ok(reaped)
    }

    /// Removes final jobs older than `age`.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn purge(&self, age: chrono::TimeDelta) -> Result<u64> {
        self.parts.repos.purge_jobs(self.parts.clock.now() - age).await
    }

    /// How many jobs are queued and running, for metrics.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn gauge(&self) -> Result<(u64, u64)> {
        self.parts.repos.count_jobs().await
    }
}

impl Freshness {
    /// The same, but where any age will do, not beyond this one; zero is any.
    fn at_most(self, oldest: Duration) -> Self {
        match self {
            Self::Any if !oldest.is_zero() => Self::NoOlderThan(oldest),
            other => other,
        }
    }

    /// The same, but a result younger than this is always good enough.
    fn at_least(self, floor: Duration) -> Self {
        match self {
            Self::Always if floor.is_zero() => Self::Always,
            Self::Always => Self::NoOlderThan(floor),
            Self::NoOlderThan(age) => Self::NoOlderThan(age.max(floor)),
            Self::Any => Self::Any,
        }
    }
}

impl Parts {
    /// Most rows and bytes of a result for a caller.
    pub(crate) fn limits(&self, caller: &Caller) -> (u64, u64) {
        let (rows, bytes) = (self.settings.result_rows_max, self.settings.result_bytes_max);
        let Some(key) = caller.key() else { return (rows, bytes) };
        let least = |most: u64, cap: Option<u64>| cap.map_or(most, |cap| most.min(cap));
        (
            least(rows, key.least(|terms| terms.caps.rows)),
            least(bytes, key.least(|terms| terms.caps.bytes)),
        )
    }

    /// A stored result as the answer to a run. Who sees its own runs only takes part in the one that
    /// it came from; who asked for a new run gets a job, as its client expects. `None` if that job
    /// is gone.
    async fn answer_stored(
        &self,
        caller: &Caller,
        result: QueryResult,
        asked: Freshness,
    ) -> Result<Option<RunAnswer>> {
        let wants_job = asked == Freshness::Always;
        if !(wants_job || caller.sees_own_runs_only()) {
            return Ok(Some(RunAnswer::Result(result)));
        }
        let job = self.repos.join_job_of(result.id, &caller.participant()).await?;
        Ok(job.map(|job| {
            if wants_job { RunAnswer::Job(Box::new(job)) } else { RunAnswer::Result(result) }
        }))
    }

    /// Stores a job and wakes the executor, which works while the disk is waited for.
    pub(crate) async fn submit(&self, job: &NewJob, ledger: &Ledger) -> Result<Job> {
        let submitted = self.repos.submit_job(job).await;
        let (job, new) = submitted.inspect_err(|fault| note_refusal(ledger, fault))?;
        if new {
            self.signals.queued();
        }
        self.repos.settle_jobs().await?;
        Ok(job)
    }

    /// Refuses a text that is too long, or that cannot be stored everywhere.
    pub(crate) fn check_text(&self, text: &str) -> Result<()> {
        let max = self.settings.query_text_bytes_max;
        if text.len() > max {
            let detail = format!("the text is longer than {max} bytes (queries.text_bytes_max)");
            return Err(Fault::new(Code::TooLarge, detail).with_field("query"));
        }
        if text.contains('\0') {
            return Err(Fault::invalid("query", "the text holds the character NUL, remove it"));
        }
        Ok(())
    }
}

/// What a run may use of the limits of the caller's key.
pub(crate) fn allow_run(ledger: &Ledger) -> Result<Allowance> {
    let Some(meter) = ledger.meter() else { return Ok(Allowance::default()) };
    meter.allow_run().inspect_err(|fault| note_refusal(ledger, fault))
}

fn note_refusal(ledger: &Ledger, fault: &Fault) {
    if let (Code::RateLimited, Some(reason)) = (fault.code(), fault.reason()) {
        ledger.refuse(reason);
    }
}

/// Whether a query's options ask for a row limit.
pub(crate) fn auto_limited(options: &Json) -> bool {
    options.get("apply_auto_limit").and_then(Json::as_bool).unwrap_or(false)
}

pub(super) fn later(now: Timestamp, by: Duration) -> Timestamp {
    now + chrono::TimeDelta::from_std(by).unwrap_or(chrono::TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_age_is_bounded_by_the_operator_and_young_enough_by_the_key() {
        let seconds = Duration::from_secs;
        assert_eq!(Freshness::Any.at_most(seconds(0)), Freshness::Any);
        assert_eq!(Freshness::Any.at_most(seconds(9)), Freshness::NoOlderThan(seconds(9)));
        let asked = Freshness::NoOlderThan(seconds(60));
        assert_eq!(asked.at_most(seconds(9)), asked);
        assert_eq!(Freshness::Always.at_most(seconds(9)), Freshness::Always);
        let floor = Freshness::Any.at_most(seconds(9)).at_least(seconds(30));
        assert_eq!(floor, Freshness::NoOlderThan(seconds(30)));
    }
}
