//! Schedules on the wire.

use tessera_bi as core;

use crate::wire::jobs::JobError;
use crate::wire::schedules::{Blocked, Schedule, ScheduledRun};

pub(crate) fn status(status: core::ScheduleStatus) -> Schedule {
    Schedule {
        schedule: status.query.schedule,
        status: status.word.as_str(),
        blocked: status.blocked.map(|blocked| Blocked {
            reason: blocked.reason.as_str(),
            detail: blocked.detail,
            since: blocked.since,
        }),
        runs_as_id: status.runs_as.0,
        time_zone: status.zone.name(),
        next: status.next,
        ends_at: status.ends_at,
        failures: status.failures,
        runs: status.runs.into_iter().map(run).collect(),
        retrieved_at: status.latest.map(|latest| latest.retrieved_at),
    }
}

pub(crate) fn run(run: core::ScheduledRun) -> ScheduledRun {
    ScheduledRun {
        due_at: run.due_at,
        started_at: run.started_at,
        finished_at: run.finished_at,
        state: run.state.as_str(),
        job_uid: run.job,
        result_id: run.result.map(|result| result.0),
        error: run.error.map(|error| JobError { code: error.code.as_str(), detail: error.detail }),
    }
}
