//! What the scheduler does when it wakes: it finds out which moments are due, and runs each once.

use chrono::TimeDelta;
use tessera_access::{Action, Caller, Object};
use tessera_kernel::{Code, Fault, Result, Timestamp};

use super::due::Next;
use super::form::Schedule;
use super::port::{ScheduleClaim, SchedulePlan};
use super::record::{Blocked, BlockedReason, ScheduleState};
use super::service::Schedules;
use crate::jobs::scheduled_job;
use crate::{JobError, Query};

/// How many schedules are looked at in one step.
const STEP: u64 = 100;
/// No more steps in one go: the scheduler comes back at once.
const STEPS_MAX: usize = 100;

/// What to do about a moment that has come.
enum Verdict {
    Run(ScheduleClaim),
    Wait(BlockedReason, String),
}

impl Schedules {
    /// Returns once schedules have changed.
    pub async fn wait_changed(&self) {
        self.parts.signals.wait_schedules().await;
    }

    /// Tells the scheduler of this process to look.
    pub fn changed(&self) {
        self.parts.signals.schedules_changed();
    }

    /// Runs every moment that is due, once, and finds out when to look again.
    ///
    /// # Errors
    /// If storage fails. Nothing is lost or done twice then.
    pub async fn tick(&self) -> Result<Option<Timestamp>> {
        let now = self.parts.clock.now();
        for _ in 0..STEPS_MAX {
            // What is looked at is marked for later, so that this comes to an end.
            let woken = self.parts.repos.schedules_to_wake(now, STEP).await?;
            for state in &woken {
                if let Err(fault) = self.look_at(state, now).await {
                    tracing::error!(query = %state.query, %fault, "a schedule was put off");
                    let wake_at = Some(self.recheck(now));
                    let plan = SchedulePlan {
                        due_at: state.due_at,
                        wake_at,
                        blocked: state.blocked.clone(),
                    };
                    self.parts.repos.plan_schedule(state, &plan).await?;
                }
            }
            if woken.is_empty() {
                break;
            }
        }
        self.parts.repos.next_schedule_wake().await
    }

    /// Removes records of old runs.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn purge(&self) -> Result<u64> {
        let age = TimeDelta::seconds(self.parts.settings.schedules.log_seconds);
        self.parts.repos.purge_scheduled_runs(self.parts.clock.now() - age).await
    }

    async fn look_at(&self, state: &ScheduleState, now: Timestamp) -> Result<()> {
        let repos = &self.parts.repos;
        let idle = SchedulePlan { due_at: None, wake_at: None, blocked: None };
        let query = repos.query(state.query).await?.filter(|query| !query.is_archived);
        let Some((query, json)) =
            query.and_then(|query| query.schedule.clone().map(|s| (query, s)))
        else {
            return repos.plan_schedule(state, &idle).await.map(drop);
        };
        let schedule = match Schedule::read(&json) {
            Ok(schedule) => schedule,
            Err(fault) => {
                let detail = match fault.field() {
                    Some(field) => format!("{field}: {}", fault.detail()),
                    None => fault.detail().to_owned(),
                };
                let blocked =
                    Some(Blocked { reason: BlockedReason::ScheduleInvalid, detail, since: now });
                let plan = SchedulePlan { blocked, ..idle };
                return repos.plan_schedule(state, &plan).await.map(drop);
            }
        };
        let latest = self.latest(&query).await?;
        match schedule.next(&self.past(state, latest.as_ref())) {
            Next::At(due) if due <= now => self.run(state, &query, &schedule, due, now).await,
            Next::At(due) => {
                let plan = SchedulePlan { due_at: Some(due), wake_at: Some(due), blocked: None };
                repos.plan_schedule(state, &plan).await.map(drop)
            }
            Next::Ends(at) if at <= now => {
                tracing::info!(query = %query.id, "a schedule has ended");
                repos.end_schedule(state).await.map(drop)
            }
            Next::Ends(at) => {
                let plan = SchedulePlan { wake_at: Some(at), ..idle };
                repos.plan_schedule(state, &plan).await.map(drop)
            }
            Next::Never => repos.plan_schedule(state, &idle).await.map(drop),
        }
    }

    async fn run(
        &self,
        state: &ScheduleState,
        query: &Query,
        schedule: &Schedule,
        due: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        let repos = &self.parts.repos;
        if let Some(job) = state.job
            && repos.job(job).await?.is_none_or(|job| job.state.is_final())
        {
            // Nobody could tell of its end: its data source was deleted.
            return repos.forget_scheduled_job(job, now).await;
        }
        let claim = match self.verdict(state, query, schedule, due, now).await? {
            Verdict::Run(claim) => claim,
            Verdict::Wait(reason, detail) => {
                let since = match &state.blocked {
                    Some(blocked) if blocked.reason == reason => blocked.since,
                    _ => now,
                };
                let plan = SchedulePlan {
                    due_at: Some(due),
                    wake_at: Some(self.recheck(now)),
                    blocked: Some(Blocked { reason, detail, since }),
                };
                return repos.plan_schedule(state, &plan).await.map(drop);
            }
        };
        let Some(is_new) = repos.claim_scheduled_run(state, &claim).await? else {
            // Another node was faster, or the query was changed.
            return Ok(());
        };
        if is_new {
            self.parts.signals.queued();
        }
        if let Err(error) = &claim.job {
            tracing::info!(query = %query.id, code = %error.code, "a scheduled run failed");
        }
        Ok(())
    }

    async fn verdict(
        &self,
        state: &ScheduleState,
        query: &Query,
        schedule: &Schedule,
        due: Timestamp,
        now: Timestamp,
    ) -> Result<Verdict> {
        if state.job.is_some() {
            let detail = "the run before it goes on".to_owned();
            return Ok(Verdict::Wait(BlockedReason::StillRunning, detail));
        }
        let Some(owner) = self.parts.gate.principal(query.owner).await? else {
            let detail = format!(
                "user {} is switched off; give the query another owner, or switch the user on",
                query.owner
            );
            return Ok(Verdict::Wait(BlockedReason::OwnerInactive, detail));
        };
        let caller = Caller::User { user: owner, key: None };
        let due = schedule.latest(due, now);
        let zone = schedule.zone().unwrap_or(self.parts.settings.time_zone);
        let object = Object::Query(query.id);
        let allowed = self.parts.gate.decide(&caller, Action::QueriesRun, object).await;
        let job = match allowed {
            // Without a data source nobody has rights to it.
            _ if query.source.is_none() => Err(source_missing()),
            Ok(_) => scheduled_job(&self.parts, &caller, query, due, zone).await,
            Err(fault) => Err(fault),
        };
        let job = match job {
            Ok(job) => Ok(Box::new(job)),
            Err(fault) => match fault.code() {
                Code::SourceMissing => {
                    return Ok(Verdict::Wait(BlockedReason::SourceMissing, words(&fault)));
                }
                Code::SourcePaused => {
                    return Ok(Verdict::Wait(BlockedReason::SourcePaused, words(&fault)));
                }
                Code::Forbidden | Code::OutOfScope | Code::NotFound => {
                    return Ok(Verdict::Wait(BlockedReason::OwnerNotAllowed, words(&fault)));
                }
                Code::Unavailable => return Err(fault),
                code => Err(JobError { code, detail: words(&fault) }),
            },
        };
        Ok(Verdict::Run(ScheduleClaim {
            due_at: due,
            next_due_at: schedule.after(due),
            at: now,
            job,
        }))
    }

    fn recheck(&self, now: Timestamp) -> Timestamp {
        now + TimeDelta::seconds(self.parts.settings.schedules.recheck_seconds.max(1))
    }
}

fn source_missing() -> Fault {
    Fault::new(Code::SourceMissing, "the query has no data source any more")
}

/// What a fault says, with the names it is about.
fn words(fault: &Fault) -> String {
    match (fault.detail(), fault.names()) {
        (detail, []) => detail.to_owned(),
        ("", names) => names.join(", "),
        (detail, names) => format!("{detail}: {}", names.join(", ")),
    }
}
