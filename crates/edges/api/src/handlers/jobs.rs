//! Jobs: look, wait, cancel.

use std::time::Duration;

use axum::response::Response;
use tessera_access::{Action, CancelJob, ReadJob, ReadQuery, ReadResult};
use tessera_bi::{Job, QueryResult};
use tessera_kernel::ids::Uid;
use tessera_kernel::{Code, Fault, Result};

use crate::call::Call;
use crate::map;
use crate::reply;
use crate::routes::{Route, Verb, WAIT};
use crate::wire;

pub(crate) fn routes() -> Vec<Route> {
    let path = "/v1/jobs/{id}";
    vec![
        Route::new(
            Verb::Get,
            path,
            Action::JobsRead,
            "read_job",
            "Read a job, or wait for it",
            get,
        )
        .about("With `wait_ms` the answer comes when the job is over, or after that time.")
        .params(&[WAIT])
        .gives::<wire::jobs::Job>(200),
        Route::new(Verb::Delete, path, Action::JobsCancel, "cancel_job", "Cancel a job", cancel)
            .about("Reaches the database. A job that is over stays as it is.")
            .gives::<wire::jobs::Job>(200),
    ]
}

fn job_id(call: &Call) -> Result<Uid> {
    call.segment(0).parse().map_err(|_| Fault::not_found("job"))
}

async fn get(call: Call) -> Result<Response> {
    let grant = call.permit(ReadJob { job: job_id(&call)? }).await?;
    let wait = call.wait(None)?;
    let job = if wait.is_zero() {
        call.bi().jobs.get(&grant).await?
    } else {
        call.bi().jobs.wait(&grant, wait).await?
    };
    answer(&call, &job).await
}

async fn cancel(call: Call) -> Result<Response> {
    let grant = call.permit(CancelJob { job: job_id(&call)? }).await?;
    let job = call.bi().jobs.cancel(&grant).await?;
    answer(&call, &job).await
}

async fn answer(call: &Call, job: &Job) -> Result<Response> {
    let result = readable_result(call, job).await?;
    reply::ok(&map::jobs::view(job, result.as_ref()))
}

/// What a job gave. Whoever may see the job may still not be allowed to read that, or it is gone:
/// then there is none.
pub(crate) async fn readable_result(call: &Call, job: &Job) -> Result<Option<QueryResult>> {
    match result_of(call, job).await {
        Err(fault) if is_closed(fault.code()) => Ok(None),
        other => other,
    }
}

const fn is_closed(code: Code) -> bool {
    matches!(code, Code::NotFound | Code::Forbidden | Code::OutOfScope | Code::NoCachedResult)
}

/// Waits for a job that was just submitted. One that failed is the fault that it failed with.
pub(crate) async fn wait_for(call: &Call, job: &Job, wait: Duration) -> Result<Job> {
    if wait.is_zero() {
        return Ok(job.clone());
    }
    let grant = call.permit(ReadJob { job: job.uid }).await?;
    let job = call.bi().jobs.wait(&grant, wait).await?;
    match map::jobs::failure(&job) {
        Some(fault) => Err(fault),
        None => Ok(job),
    }
}

/// The holder of a key reads a result by its right to the query.
async fn result_of(call: &Call, job: &Job) -> Result<Option<QueryResult>> {
    let Some(result) = job.result else { return Ok(None) };
    let caller = call.caller().await?;
    match (caller.user(), job.query.filter(|_| !caller.sees_own_runs_only())) {
        (None, Some(query)) => {
            let grant = call.permit(ReadQuery { query }).await?;
            Ok(Some(call.bi().results.of_query(&grant, result).await?.1))
        }
        _ => {
            let grant = call.permit(ReadResult { result }).await?;
            Ok(Some(call.bi().results.get(&grant).await?))
        }
    }
}
