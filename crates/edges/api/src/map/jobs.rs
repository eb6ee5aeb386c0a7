//! Jobs on the wire.

use std::time::Duration;

use tessera_bi as core;
use tessera_bi::Freshness;
use tessera_kernel::Fault;

use super::results;
use crate::wire::jobs::{Job, JobError, JobKind};

pub(crate) fn view(job: &core::Job, result: Option<&core::QueryResult>) -> Job {
    Job {
        uid: job.uid,
        kind: match job.kind {
            core::JobKind::Query => JobKind::Query,
            core::JobKind::Schema => JobKind::Schema,
        },
        state: job.state.as_str(),
        source_id: job.source.0,
        query_id: job.query.map(|query| query.0),
        error: job
            .error
            .as_ref()
            .map(|error| JobError { code: error.code.as_str(), detail: error.detail.clone() }),
        result: result.map(results::view),
        output: job.output.clone(),
        is_scheduled: job.run.as_ref().is_some_and(|run| run.scheduled),
        attempts: job.attempts,
        created_at: job.created_at,
        started_at: job.started_at,
        finished_at: job.finished_at,
    }
}

/// Where a job is.
pub(crate) fn location(job: &core::Job) -> String {
    format!("/v1/jobs/{}", job.uid)
}

/// How old a stored result may be: `None` is any age, 0 always runs.
pub(crate) fn freshness(max_age_seconds: Option<u64>) -> Freshness {
    match max_age_seconds {
        None => Freshness::Any,
        Some(0) => Freshness::Always,
        Some(seconds) => Freshness::NoOlderThan(Duration::from_secs(seconds)),
    }
}

/// Why a job that is over gave nothing.
pub(crate) fn failure(job: &core::Job) -> Option<Fault> {
    match (&job.error, job.state) {
        (Some(error), _) => Some(Fault::new(error.code, error.detail.clone())),
        (None, core::JobState::Cancelled) => {
            Some(Fault::new(tessera_kernel::Code::Cancelled, "the job was cancelled"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_of_zero_always_runs_and_none_takes_any() {
        assert_eq!(freshness(None), Freshness::Any);
        assert_eq!(freshness(Some(0)), Freshness::Always);
        assert_eq!(freshness(Some(60)), Freshness::NoOlderThan(Duration::from_secs(60)));
    }
}
