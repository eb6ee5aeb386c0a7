//! Jobs.

use axum::extract::Path;
use tessera_access::{CancelJob, ReadJob};
use tessera_kernel::ids::{QueryId, Uid};
use tessera_kernel::{Fault, Result};

use crate::credential::Call;
use crate::map::id;
use crate::quirks;
use crate::wire::{self, Answer};

pub(crate) async fn get(Path(job): Path<String>, call: Call) -> Answer {
    quirks::query_key_asks_for_jobs_below_its_query(&call.caller)?;
    let grant = call.permit(ReadJob { job: uid(&job)? }).await?;
    wire::json(&wire::job(&call.state.bi.jobs.get(&grant).await?))
}

pub(crate) async fn get_of_query(Path((query, job)): Path<(String, String)>, call: Call) -> Answer {
    let query: QueryId = id(&query)?;
    let grant = call.permit(ReadJob { job: uid(&job)? }).await?;
    let job = call.state.bi.jobs.get(&grant).await?;
    if job.query.is_some_and(|known| known != query) {
        return Err(Fault::not_found("job").into());
    }
    wire::json(&wire::job(&job))
}

pub(crate) async fn cancel(Path(job): Path<String>, call: Call) -> Answer {
    let grant = call.permit(CancelJob { job: uid(&job)? }).await?;
    call.state.bi.jobs.cancel(&grant).await?;
    wire::null()
}

fn uid(text: &str) -> Result<Uid> {
    text.parse().map_err(|_| Fault::not_found("job"))
}
