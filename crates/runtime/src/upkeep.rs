//! What is done again and again: leases, lost jobs, times of last use, clean-up.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tessera_kernel::Result;

use crate::Shared;

/// How often times of last use are stored.
const FLUSH_EVERY: Duration = Duration::from_secs(30);

/// How often events of the audit log that wait are written.
const AUDIT_EVERY: Duration = Duration::from_millis(500);
/// How often records of requests are written.
const RECORDS_EVERY: Duration = Duration::from_millis(900);

/// How often what people did is written.
const ACTIVITY_EVERY: Duration = Duration::from_secs(1);
/// How often to look for mails of other nodes, and for those that are tried again.
const MAILS_EVERY: Duration = Duration::from_secs(15);

/// How often files of records are tidied up.
const TIDY_EVERY: Duration = Duration::from_secs(60);

/// How often answers that are kept for repetitions are tidied up.
const ANSWERS_EVERY: Duration = Duration::from_secs(60);

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One future for each kind of upkeep.
pub(crate) fn all(shared: &Arc<Shared>) -> Vec<Task> {
    let lease = shared.settings.lease;
    let clean_up = shared.settings.clean_up_every;
    vec![
        Box::pin(every(Arc::clone(shared), "leases", lease / 3, leases)),
        Box::pin(every(Arc::clone(shared), "lost jobs", lease / 3, reap)),
        Box::pin(every(Arc::clone(shared), "last use", FLUSH_EVERY, flush)),
        Box::pin(every(Arc::clone(shared), "audit log", AUDIT_EVERY, audit)),
        Box::pin(every(
            Arc::clone(shared),
            "audit checkpoint",
            shared.settings.checkpoint_every,
            checkpoint,
        )),
        Box::pin(every(Arc::clone(shared), "limits", shared.settings.limits_sync, limits)),
        Box::pin(records(Arc::clone(shared))),
        Box::pin(every(Arc::clone(shared), "what people did", ACTIVITY_EVERY, activity)),
        Box::pin(mails(Arc::clone(shared))),
        Box::pin(every(Arc::clone(shared), "records of requests", TIDY_EVERY, tidy)),
        Box::pin(every(Arc::clone(shared), "kept answers", ANSWERS_EVERY, answers)),
        Box::pin(every(Arc::clone(shared), "clean-up", clean_up, clean_up_all)),
    ]
}

async fn every<F>(
    shared: Arc<Shared>,
    name: &'static str,
    period: Duration,
    work: impl Fn(Arc<Shared>) -> F,
) where
    F: Future<Output = Result<()>>,
{
    let mut timer = tokio::time::interval(period);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shared.closing.cancelled() => return,
            _ = timer.tick() => {}
        }
        if let Err(fault) = work(Arc::clone(&shared)).await {
            tracing::error!(name, %fault, "upkeep failed; it is tried again");
        }
    }
}

/// Writes records of requests: those of a second together, and many at once.
async fn records(shared: Arc<Shared>) {
    while !shared.closing.is_cancelled() {
        tokio::select! {
            () = shared.closing.cancelled() => return,
            () = tokio::time::sleep(RECORDS_EVERY) => {}
            () = shared.access.usage.wait_many() => {}
        }
        if let Err(fault) = write_records(&shared).await {
            tracing::error!(%fault, "records of requests were not written; it is tried again");
        }
    }
}

/// Sends mail: what was put into the queue here at once, the rest from time to time.
async fn mails(shared: Arc<Shared>) {
    let mails = &shared.access.mails;
    if !mails.configured() {
        return;
    }
    while !shared.closing.is_cancelled() {
        match mails.send_due().await {
            Ok(counts) => {
                for (outcome, count) in
                    [("sent", counts.sent), ("again", counts.again), ("failed", counts.failed)]
                {
                    metrics::counter!("tessera_mails_total", "outcome" => outcome).increment(count);
                }
            }
            Err(fault) => tracing::error!(%fault, "mail was not sent; it is tried again"),
        }
        tokio::select! {
            () = shared.closing.cancelled() => return,
            () = tokio::time::sleep(MAILS_EVERY) => {}
            () = mails.wait() => {}
        }
    }
}

/// Writes the records of requests that wait.
pub(crate) async fn write_records(shared: &Shared) -> Result<()> {
    let counted = shared.access.usage.flush().await?;
    metrics::counter!("tessera_usage_records_total").increment(counted.written);
    metrics::counter!("tessera_usage_records_lost_total").increment(counted.lost);
    if counted.lost > 0 {
        tracing::warn!(
            lost = counted.lost,
            "records of requests found no room (usage.entries_max)"
        );
    }
    Ok(())
}

async fn activity(shared: Arc<Shared>) -> Result<()> {
    let lost = shared.bi.activity.flush().await?;
    if lost > 0 {
        tracing::warn!(lost, "records of what people did found no room (activity.entries_max)");
    }
    Ok(())
}

async fn tidy(shared: Arc<Shared>) -> Result<()> {
    shared.access.usage.upkeep().await
}

async fn leases(shared: Arc<Shared>) -> Result<()> {
    shared.bi.jobs.heartbeat(&shared.node, shared.settings.lease).await
}

async fn reap(shared: Arc<Shared>) -> Result<()> {
    let (again, failed) = shared.bi.jobs.reap(shared.settings.attempts_max).await?;
    if again + failed > 0 {
        tracing::warn!(again, failed, "jobs of a process that is gone");
    }
    let (queued, running) = shared.bi.jobs.gauge().await?;
    #[expect(clippy::cast_precision_loss, reason = "there are never 2^52 jobs")]
    for (state, count) in [("queued", queued), ("running", running)] {
        metrics::gauge!("tessera_jobs", "state" => state).set(count as f64);
    }
    Ok(())
}

async fn flush(shared: Arc<Shared>) -> Result<()> {
    shared.access.gate.flush_used().await
}

async fn audit(shared: Arc<Shared>) -> Result<()> {
    shared.access.audit.flush().await
}

async fn checkpoint(shared: Arc<Shared>) -> Result<()> {
    shared.access.audit.checkpoint().await.map(drop)
}

/// If this fails, the node goes on limiting with what it knows.
async fn limits(shared: Arc<Shared>) -> Result<()> {
    let done = shared.access.gate.limits().sync().await;
    if done.is_err() {
        metrics::counter!("tessera_limit_sync_failures_total").increment(1);
    }
    done
}

async fn answers(shared: Arc<Shared>) -> Result<()> {
    shared.access.once.tidy().await.map(drop)
}

async fn clean_up_all(shared: Arc<Shared>) -> Result<()> {
    let (results, orphans) = shared.bi.results.clean_up().await?;
    let trashed = shared.bi.trash.clean_up().await?;
    let jobs = shared.bi.jobs.purge(shared.settings.job_retention).await?;
    let sessions = shared.access.sessions.purge().await?;
    let scheduled = shared.bi.schedules.purge().await?;
    let buckets = shared.access.gate.limits().purge().await? + shared.access.once.purge().await?;
    let deliveries = shared.bi.alerts.purge().await?;
    let activities = shared.bi.activity.purge().await?;
    let tended = shared.access.keys.tend().await?;
    if tended != tessera_access::Tended::default() {
        tracing::info!(
            warned = tended.warned,
            disabled = tended.disabled,
            purged = tended.purged,
            redigested = tended.redigested,
            "keys were tended"
        );
    }
    let gone = results
        + orphans
        + trashed
        + jobs
        + sessions
        + buckets
        + deliveries
        + activities
        + scheduled;
    if gone > 0 {
        tracing::info!(
            results,
            orphans,
            trashed,
            jobs,
            sessions,
            buckets,
            deliveries,
            activities,
            scheduled,
            "cleaned up"
        );
    }
    Ok(())
}
