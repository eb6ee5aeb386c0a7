//! Workers: each takes a job, runs it in its database, stores what it gave, and takes the next.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use tessera_bi::ended::{TIME_LIMIT, cancelled, too_long};
use tessera_bi::{Job, JobError, JobKind, Outcome, QueryResult, QueryRun};
use tessera_kernel::ids::ResultId;
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::Template;
use tokio_util::sync::CancellationToken;

use crate::Shared;
use crate::sink::LimitedSink;
use crate::stop::Stop;

/// How long a database may take to notice its own time limit, or a cancellation, before the run is
/// given up without it.
const GRACE: Duration = Duration::from_secs(10);

/// How long a worker rests when storage fails.
const REST: Duration = Duration::from_secs(1);

/// One worker, until the runtime closes.
pub(crate) async fn work(shared: Arc<Shared>) {
    while !shared.closing.is_cancelled() {
        let place = shared.scheduled.try_acquire().ok();
        let claimed = match place {
            Some(_) => shared.bi.jobs.claim(&shared.node, shared.settings.lease).await,
            None => shared.bi.jobs.claim_urgent(&shared.node, shared.settings.lease).await,
        };
        // What people wait for takes no place of schedules.
        let is_scheduled = matches!(&claimed, Ok(Some(job)) if is_scheduled(job));
        let place = place.filter(|_| is_scheduled);
        match claimed {
            Ok(Some(job)) => {
                run(&shared, job).await;
                if is_scheduled {
                    drop(place);
                    // It plans the next moment; and a job may have waited for the place.
                    shared.bi.schedules.changed();
                    shared.bi.jobs.wake();
                }
            }
            Ok(None) => {
                tokio::select! {
                    () = shared.closing.cancelled() => return,
                    () = shared.bi.jobs.wait_queued() => {}
                    () = tokio::time::sleep(shared.settings.poll) => {}
                }
            }
            Err(fault) => {
                tracing::error!(%fault, "no job could be taken");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

fn is_scheduled(job: &Job) -> bool {
    job.run.as_ref().is_some_and(|run| run.scheduled)
}

pub(crate) async fn run(shared: &Shared, job: Job) {
    let uid = job.uid;
    let stop = shared.bi.jobs.started(uid);
    let token = CancellationToken::new();
    let begun = begin();
    let mut execution =
        std::pin::pin!(AssertUnwindSafe(execute(shared, &job, &token)).catch_unwind());
    let mut aborted = false;
    let outcome = loop {
        tokio::select! {
            done = &mut execution => break done,
            () = stop.notified(), if !token.is_cancelled() => token.cancel(),
            () = shared.aborting.cancelled(), if !aborted => {
                aborted = true;
                token.cancel();
            }
        }
    };
    let outcome = match outcome {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(fault)) => {
            if fault.code() == Code::Internal {
                tracing::error!(job = %uid, %fault, source = ?std::error::Error::source(&fault), "a job failed");
            }
            Outcome::Error(JobError { code: fault.code(), detail: fault.detail().to_owned() })
        }
        Err(_panic) => {
            tracing::error!(job = %uid, "a job panicked");
            let detail = "the job stopped because of a mistake of ours".to_owned();
            Outcome::Error(JobError { code: Code::Internal, detail })
        }
    };
    let label = match &outcome {
        Outcome::Result(_) | Outcome::Output(_) => "succeeded",
        Outcome::Error(error) if error.code == Code::Cancelled => "cancelled",
        Outcome::Error(_) => "failed",
    };
    if let Some(run) = &job.run {
        // However it ended: the database worked.
        let limits = shared.access.gate.limits();
        limits.charge_seconds(&run.payers, begun.elapsed());
        // Before anybody sees that it has ended.
        limits.settle_seconds(&run.payers).await;
    }
    metrics::counter!("tessera_jobs_total", "outcome" => label).increment(1);
    metrics::histogram!("tessera_job_seconds").record(begun.elapsed().as_secs_f64());
    settle(shared, &job, &outcome).await;
}

/// Stores the outcome. As long as storage fails and the lease may still be ours, tries again: what
/// was run is not to be lost.
async fn settle(shared: &Shared, job: &Job, outcome: &Outcome) {
    let mut tries_left = 5;
    let stored = loop {
        match shared.bi.jobs.finish(job.uid, &shared.node, outcome).await {
            Ok(stored) => break stored,
            Err(fault) => {
                tracing::error!(job = %job.uid, %fault, "the end of a job was not stored");
                tries_left -= 1;
                if tries_left == 0 {
                    break false;
                }
                tokio::time::sleep(REST).await;
            }
        }
    };
    if let (false, Outcome::Result(result)) = (stored, outcome)
        && let Err(fault) = shared.bi.results.discard(result.uid).await
    {
        tracing::warn!(result = %result.uid, %fault, "an unused result file stays for the clean-up");
    }
}

async fn execute(shared: &Shared, job: &Job, token: &CancellationToken) -> Result<Outcome> {
    match (job.kind, &job.run) {
        (JobKind::Query, Some(run)) => query(shared, job, run, token).await,
        (JobKind::Query, None) => Err(Fault::new(Code::Internal, "the job has nothing to run")),
        (JobKind::Schema, _) => tokio::select! {
            () = token.cancelled() => Err(cancelled()),
            tables = shared.bi.sources.read_tables(job.source) => {
                let tables = serde_json::to_value(tables?)
                    .map_err(|error| Fault::internal("tables do not fit into JSON", error))?;
                Ok(Outcome::Output(tables))
            }
        },
    }
}

async fn query(
    shared: &Shared,
    job: &Job,
    run: &QueryRun,
    token: &CancellationToken,
) -> Result<Outcome> {
    let source = shared.bi.sources.require(job.source).await?;
    let connector = shared.bi.sources.connector_for(&source, run).await?;
    let connector = if run.inputs.is_empty() {
        connector
    } else {
        let tables = crate::inputs::tables(shared, job, &run.inputs, token).await?;
        connector.over(tables).ok_or_else(|| {
            Fault::new(Code::Internal, "a type that reads no results was given some")
        })?
    };
    let kind = shared.bi.sources.type_of(&source)?;
    let mut bound =
        Template::parse(&run.text, kind.dialect)?.bind(&run.definitions, &run.values)?;
    if kind.remarks {
        bound.sql.insert_str(0, &tessera_bi::remark(job, run));
    }
    let uid = shared.bi.results.new_uid();
    let writer = shared.bi.results.create(uid).await?;
    let mut sink = LimitedSink::new(writer, run.rows_max, run.bytes_max);
    let begun = begin();
    let stop = Arc::new(Stop(token.clone()));
    let running = connector.run(&bound, run.time_limit_seconds, stop, &mut sink);
    let limit = Duration::from_secs(run.time_limit_seconds) + GRACE;
    let ran = tokio::select! {
        ran = tokio::time::timeout(limit, running) => ran,
        // The database was told to stop; if it does not, its connection is dropped.
        () = async { token.cancelled().await; tokio::time::sleep(GRACE).await } => {
            return Err(cancelled());
        }
    };
    match ran {
        Ok(ran) => ran?,
        Err(_) => {
            let setting = match run.scheduled {
                true => "runs.scheduled_time_limit_seconds",
                false => TIME_LIMIT,
            };
            return Err(too_long(run.time_limit_seconds, setting));
        }
    }
    if token.is_cancelled() {
        return Err(cancelled());
    }
    let runtime_seconds = begun.elapsed().as_secs_f64();
    let writer = sink.into_writer().ok_or_else(|| {
        Fault::new(Code::SourceFailed, "Query completed but it returned no data.")
    })?;
    let (bytes, rows) = writer.finish().await?;
    Ok(Outcome::Result(QueryResult {
        id: ResultId(0),
        uid,
        source: job.source,
        cache_key: digest(&run.cache_key)?,
        template_digest: digest(&run.template_digest)?,
        has_parameters: !run.values.is_empty(),
        display_text: run.display_text.clone(),
        query_hash: run.query_hash.clone(),
        runtime_seconds,
        retrieved_at: shared.bi.jobs.now(),
        rows,
        bytes,
        viewer: run.viewer.map(|asked| asked.viewer),
        inputs: run.inputs.sources(),
    }))
}

fn digest(text: &str) -> Result<[u8; 32]> {
    let mut digest = [0; 32];
    hex::decode_to_slice(text, &mut digest)
        .map_err(|error| Fault::internal("the job carries a broken digest", error))?;
    Ok(digest)
}

#[expect(clippy::disallowed_methods, reason = "how long a run took is not domain time")]
fn begin() -> Instant {
    Instant::now()
}
