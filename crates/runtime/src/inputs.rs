//! Fills the tables of a run that reads the results of other queries.
//!
//! Who waits for a job that nobody runs yet runs it itself, so that waiting takes no worker from
//! those who could end it. Queries do not read each other in a circle, so nobody waits for itself.

use std::time::Duration;

use tessera_bi::ended::cancelled;
use tessera_bi::ports::ResultTable;
use tessera_bi::{Job, RunInput, RunInputs};
use tessera_kernel::ids::Uid;
use tessera_kernel::{Fault, Result};
use tokio_util::sync::CancellationToken;

use crate::Shared;
use crate::executor::run;

/// How long to wait for a job that another worker runs before looking whether it was given back.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The tables of a run, filled one after the other: a run of one caller asks its databases for one
/// thing at a time.
pub(crate) async fn tables(
    shared: &Shared,
    job: &Job,
    inputs: &RunInputs,
    token: &CancellationToken,
) -> Result<Vec<ResultTable>> {
    shared.bi.jobs.check_inputs(job.source, inputs).await?;
    let mut tables = Vec::with_capacity(inputs.tables.len());
    for input in &inputs.tables {
        let file = match input.result {
            Some(file) => file,
            None => {
                fill(shared, inputs, input, token).await.map_err(|fault| named(input, fault))?
            }
        };
        tables.push(ResultTable { name: input.table.clone(), file });
    }
    Ok(tables)
}

async fn fill(
    shared: &Shared,
    inputs: &RunInputs,
    input: &RunInput,
    token: &CancellationToken,
) -> Result<Uid> {
    let jobs = &shared.bi.jobs;
    let uid = jobs.begin_input(inputs, input).await?.uid;
    let mut running = std::pin::pin!(end(shared, uid, token));
    let job = tokio::select! {
        job = &mut running => job?,
        () = token.cancelled() => {
            jobs.abandon(uid, &inputs.participant).await?;
            // If it runs here it ends now, or for others who wait for it.
            let _ended = running.await;
            return Err(cancelled());
        }
    };
    jobs.rows_of(&job).await
}

/// Runs a job if nobody does, and waits for its end.
async fn end(shared: &Shared, uid: Uid, token: &CancellationToken) -> Result<Job> {
    let jobs = &shared.bi.jobs;
    loop {
        if let Some(job) = jobs.claim_this(uid, &shared.node, shared.settings.lease).await? {
            Box::pin(run(shared, job)).await;
        }
        let job = jobs.ended(uid, LOOK_EVERY).await?;
        if job.state.is_final() {
            return Ok(job);
        }
        if token.is_cancelled() || shared.closing.is_cancelled() {
            return Err(cancelled());
        }
    }
}

/// The same fault, with the table it is about.
fn named(input: &RunInput, fault: Fault) -> Fault {
    match fault.code() {
        tessera_kernel::Code::Internal | tessera_kernel::Code::Cancelled => fault,
        code => Fault::new(code, format!("{}: {}", input.table, fault.detail())),
    }
}
