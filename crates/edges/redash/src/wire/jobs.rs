//! Jobs.

use serde_json::{Value as Json, json};
use tessera_bi::{Job, JobKind, JobState};
use tessera_kernel::Code;

use crate::errors::{CANCELLED, TIME_LIMIT};
use crate::quirks;

/// A job in its envelope.
pub(crate) fn job(job: &Job) -> Json {
    let updated_at = match (job.state, job.started_at) {
        (JobState::Running, Some(at)) => json!(at.format("%Y-%m-%dT%H:%M:%S%.3f").to_string()),
        _ => json!(0),
    };
    let error = match (job.state, &job.error) {
        (JobState::Cancelled, _) => json!(CANCELLED),
        (_, Some(error)) if job.kind == JobKind::Schema => quirks::schema_error(error),
        (_, Some(error)) if error.code == Code::TimedOut => json!(TIME_LIMIT),
        (_, Some(error)) => json!(error.detail),
        (_, None) => json!(""),
    };
    let result = match job.kind {
        JobKind::Query => json!(job.result),
        JobKind::Schema => json!(job.output),
    };
    json!({ "job": {
        "id": job.uid,
        "updated_at": updated_at,
        "status": status(job.state),
        "error": error,
        // Older clients read the one, newer ones the other.
        "result": result.clone(),
        "query_result_id": result,
    }})
}

fn status(state: JobState) -> u8 {
    match state {
        JobState::Queued => 1,
        JobState::Running => 2,
        JobState::Succeeded => 3,
        JobState::Failed | JobState::Cancelled => 4,
    }
}

#[cfg(test)]
mod tests {
    use tessera_bi::JobError;
    use tessera_kernel::ids::{ResultId, SourceId, Uid};

    use super::*;

    fn sample(kind: JobKind, state: JobState) -> Job {
        let at = "2026-11-21T09:17:04.774Z".parse().unwrap();
        Job {
            uid: Uid::nil(),
            kind,
            state,
            source: SourceId(1),
            query: None,
            run: None,
            created_at: at,
            started_at: Some(at),
            finished_at: None,
            attempts: 1,
            error: None,
            result: None,
            output: None,
        }
    }

    #[test]
    fn job_states_are_numbers_and_a_running_job_tells_since_when() {
        let queued = job(&sample(JobKind::Query, JobState::Queued));
        let expected = json!({ "job": {
            "id": Uid::nil(), "updated_at": 0, "status": 1, "error": "", "result": null,
            "query_result_id": null
        }});
        assert_eq!(queued, expected);
        let running = job(&sample(JobKind::Query, JobState::Running));
        assert_eq!(running["job"]["status"], 2);
        assert_eq!(running["job"]["updated_at"], "2026-11-21T09:17:04.774");
        let done = Job { result: Some(ResultId(7)), ..sample(JobKind::Query, JobState::Succeeded) };
        let done = job(&done);
        assert_eq!(
            (&done["job"]["result"], &done["job"]["query_result_id"]),
            (&json!(7), &json!(7))
        );
        assert_eq!((&done["job"]["status"], &done["job"]["updated_at"]), (&json!(3), &json!(0)));
        let cancelled = job(&sample(JobKind::Query, JobState::Cancelled));
        assert_eq!(cancelled["job"]["status"], 4);
        assert_eq!(cancelled["job"]["error"], "Query cancelled by user.");
    }

    #[test]
    fn a_job_that_took_too_long_says_what_clients_know() {
        let detail = "the query ran longer than 900 s (runs.time_limit_seconds)".to_owned();
        let error = Some(JobError { code: Code::TimedOut, detail });
        let late = job(&Job { error, ..sample(JobKind::Query, JobState::Failed) });
        assert_eq!(late["job"]["error"], TIME_LIMIT);
        assert_eq!(late["job"]["status"], 4);
    }

    #[test]
    fn a_schema_job_gives_tables_or_an_error_object() {
        let tables = json!([{ "name": "t", "columns": [{ "name": "a", "type": "integer" }] }]);
        let done =
            Job { output: Some(tables.clone()), ..sample(JobKind::Schema, JobState::Succeeded) };
        assert_eq!(job(&done)["job"]["result"], tables);
        let error = JobError { code: Code::SourceFailed, detail: "no route".to_owned() };
        let failed = Job { error: Some(error), ..sample(JobKind::Schema, JobState::Failed) };
        assert_eq!(job(&failed)["job"]["error"]["code"], 2);
    }
}
