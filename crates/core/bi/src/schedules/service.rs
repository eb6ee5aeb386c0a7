//! What people can do with schedules: set them, and see what they do.

use std::sync::Arc;

use tessera_access::ports::Facts;
use tessera_access::{
    Action, Authorized, Caller, Mails, Object, Organization, ReadQueryHistory, ReadQueues,
};
use tessera_kernel::{Code, Fault, Page, PageRequest, Result, Timestamp};

use super::due::{Next, Past};
use super::form::Schedule;
use super::record::{ScheduleState, ScheduleStatus, ScheduledRun, StatusWord};
use super::reports::ReportSettings;
use crate::service::Parts;
use crate::{Json, Query, QueryListing, QueryResult};

/// How many moments to come, and runs, a status shows.
const SHOWN: usize = 10;
/// Most overdue queries in a list.
const OUTDATED_MAX: u64 = 250;

/// What the operator decides about schedules.
#[derive(Debug, Clone)]
pub struct ScheduleSettings {
    /// Shortest interval, in seconds.
    pub interval_seconds_min: i64,
    /// How long after its schedule was set a query is run that never ran, in seconds.
    pub first_run_seconds: i64,
    /// Time limit of a scheduled run, in seconds.
    pub time_limit_seconds: u64,
    /// How long to wait before looking again at a query that cannot be run now, in seconds.
    pub recheck_seconds: i64,
    /// Longest delay after failures, in seconds.
    pub delay_seconds_max: i64,
    /// How long runs are remembered, in seconds.
    pub log_seconds: i64,
    /// Reports of failures.
    pub reports: ReportSettings,
}

impl Default for ScheduleSettings {
    fn default() -> Self {
        Self {
            interval_seconds_min: 60,
            first_run_seconds: 30,
            time_limit_seconds: 3600,
            recheck_seconds: 60,
            delay_seconds_max: 30 * 24 * 3600,
            log_seconds: 30 * 24 * 3600,
            reports: ReportSettings::default(),
        }
    }
}

/// Schedules.
#[derive(Clone)]
pub struct Schedules {
    pub(super) parts: Arc<Parts>,
}

impl Schedules {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// The queue that reports of failures go into, and whose settings say whether there are any.
    /// Said once, by who puts the parts together; before that there are none.
    pub fn mail_through(&self, mails: Mails, organization: Organization) {
        // The first one stays: nobody says it twice.
        let _known = self.parts.mails.set((mails, organization));
    }

    /// All about the schedule of a query.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn status(&self, grant: &Authorized<ReadQueryHistory>) -> Result<ScheduleStatus> {
        let id = grant.act().query;
        let repos = &self.parts.repos;
        let query = repos.query(id).await?.ok_or_else(|| Fault::not_found("query"))?;
        let state = repos.schedule_state(id).await?;
        let latest = self.latest(&query).await?;
        let first = PageRequest { number: 1, size: SHOWN as u64 };
        let runs = repos.scheduled_runs(id, first).await?.items;
        // What cannot be read is said by the scheduler, as a reason not to run.
        let schedule = query.schedule.as_ref().and_then(|json| Schedule::read(json).ok());
        let state = state.filter(|_| query.schedule.is_some() && !query.is_archived);
        let next = match (&schedule, &state) {
            (Some(schedule), Some(state)) => {
                self.moments(schedule, &self.past(state, latest.as_ref()))
            }
            _ => Vec::new(),
        };
        let word = match (&schedule, &state) {
            (Some(schedule), _) if schedule.is_disabled() => StatusWord::Disabled,
            (_, Some(state)) if state.job.is_some() => StatusWord::Running,
            (_, Some(state)) if state.blocked.is_some() => StatusWord::Blocked,
            (Some(schedule), Some(state)) if schedule.is_active() => match state.failures {
                0 => StatusWord::Waiting,
                _ => StatusWord::Delayed,
            },
            _ => StatusWord::None,
        };
        let zone = schedule.as_ref().and_then(Schedule::zone);
        Ok(ScheduleStatus {
            runs_as: query.owner,
            word,
            blocked: state.as_ref().and_then(|state| state.blocked.clone()),
            failures: state.as_ref().map_or(0, |state| state.failures),
            zone: zone.unwrap_or(self.parts.settings.time_zone),
            ends_at: schedule.and_then(|schedule| schedule.until),
            next,
            runs,
            latest,
            query,
        })
    }

    /// The runs of a query by its schedule, newest first.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn runs(
        &self,
        grant: &Authorized<ReadQueryHistory>,
        page: PageRequest,
    ) -> Result<Page<ScheduledRun>> {
        self.parts.repos.scheduled_runs(grant.act().query, page).await
    }

    /// The queries whose moment has come and whose run has not ended, and when that was looked up.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn outdated(
        &self,
        _grant: &Authorized<ReadQueues>,
    ) -> Result<(Vec<QueryListing>, Timestamp)> {
        let now = self.parts.clock.now();
        Ok((self.parts.repos.outdated_queries(now, OUTDATED_MAX).await?, now))
    }

    /// How many jobs of schedules are queued and how many are running.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn counts(&self, _grant: &Authorized<ReadQueues>) -> Result<(u64, u64)> {
        self.parts.repos.count_scheduled_jobs().await
    }

    pub(super) async fn latest(&self, query: &Query) -> Result<Option<QueryResult>> {
        match query.latest_result {
            Some(id) => self.parts.repos.result(id).await,
            None => Ok(None),
        }
    }

    pub(super) fn past(&self, state: &ScheduleState, latest: Option<&QueryResult>) -> Past {
        let settings = &self.parts.settings.schedules;
        Past {
            set_at: state.set_at,
            last_due: state.last_due_at,
            // What the schedule's own run gave is no younger than the moment it was for.
            other_run: latest
                .filter(|latest| Some(latest.id) != state.result)
                .map(|latest| latest.retrieved_at),
            failures: u32::try_from(state.failures).unwrap_or(u32::MAX),
            first_delay: chrono::TimeDelta::seconds(settings.first_run_seconds),
            delay_max: chrono::TimeDelta::seconds(settings.delay_seconds_max),
        }
    }

    fn moments(&self, schedule: &Schedule, past: &Past) -> Vec<Timestamp> {
        let Next::At(due) = schedule.next(past) else { return Vec::new() };
        // A moment that has passed is run now, and the ones after it follow from that.
        let due = schedule.latest(due, self.parts.clock.now().max(due));
        let mut moments = vec![due];
        moments.extend(schedule.upcoming(due, SHOWN - 1));
        moments
    }
}

impl Parts {
    /// Whether a schedule can be given to a query, and the caller may do that. Of a new query there
    /// are the facts about its data source only: who makes it owns it.
    ///
    /// # Errors
    /// `Forbidden` without the right to schedule; `Invalid` with the member that is wrong.
    pub(crate) async fn check_schedule(
        &self,
        caller: &Caller,
        object: Object,
        facts: &Facts,
        schedule: &Json,
    ) -> Result<()> {
        let read = Schedule::read(schedule)?;
        let least = self.settings.schedules.interval_seconds_min;
        if read.interval().is_some_and(|interval| interval.num_seconds() < least) {
            let detail =
                format!("must be at least {least} seconds (schedules.interval_seconds_min)");
            return Err(Fault::invalid("schedule.interval", detail));
        }
        let action = Action::QueriesSchedule;
        match object {
            _ if !read.is_active() => Ok(()),
            Object::Query(_) => self.gate.decide(caller, action, object).await.map(drop),
            _ if caller.user().is_none_or(|user| !user.holds(action)) => {
                let detail = format!("the right to {} is missing", action.as_str());
                Err(Fault::new(Code::Forbidden, detail).with_reason("scope_missing"))
            }
            _ => caller.key().map_or(Ok(()), |key| key.check(action, object, facts)),
        }
    }
}
