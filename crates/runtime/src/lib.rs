//! What happens without a request: running jobs, schedules, keeping leases, cleaning up.
//!
//! It sees the core only; databases, files and storage come in through the core's ports. Every task
//! is owned by [`Runtime`], which ends them all. Entry point: [`Runtime::start`].

mod alerts;
mod executor;
mod inputs;
mod scheduler;
mod settings;
mod sink;
mod stop;
mod upkeep;

use std::sync::Arc;

use tessera_access::Access;
use tessera_bi::Bi;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use settings::RuntimeSettings;

/// What the tasks share.
pub(crate) struct Shared {
    pub(crate) bi: Bi,
    pub(crate) access: Access,
    pub(crate) settings: RuntimeSettings,
    /// Places for jobs that only schedules wait for.
    pub(crate) scheduled: tokio::sync::Semaphore,
    /// This process; another one, even on the same machine, has another name.
    pub(crate) node: String,
    /// No new work.
    pub(crate) closing: CancellationToken,
    /// Running work must stop now.
    pub(crate) aborting: CancellationToken,
}

/// The tasks of this process.
pub struct Runtime {
    shared: Arc<Shared>,
    tasks: TaskTracker,
}

impl Runtime {
    /// Starts workers and upkeep.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this crate owns the tasks")]
    pub fn start(bi: Bi, access: Access, node: String, settings: RuntimeSettings) -> Self {
        let shared = Arc::new(Shared {
            bi,
            access,
            scheduled: tokio::sync::Semaphore::new(settings.scheduled_places()),
            settings,
            node,
            closing: CancellationToken::new(),
            aborting: CancellationToken::new(),
        });
        let tasks = TaskTracker::new();
        for _ in 0..shared.settings.workers {
            tokio::spawn(tasks.track_future(executor::work(Arc::clone(&shared))));
        }
        if shared.settings.schedules {
            tokio::spawn(tasks.track_future(scheduler::schedule(Arc::clone(&shared))));
            tokio::spawn(tasks.track_future(scheduler::report(Arc::clone(&shared))));
        }
        for upkeep in upkeep::all(&shared) {
            tokio::spawn(tasks.track_future(upkeep));
        }
        tokio::spawn(tasks.track_future(alerts::evaluate(Arc::clone(&shared))));
        tokio::spawn(tasks.track_future(alerts::deliver(Arc::clone(&shared))));
        tasks.close();
        Self { shared, tasks }
    }

    /// Ends all tasks: no new jobs are taken; running ones go back to the queue and stop in their
    /// database, so that another start or another node runs them again.
    pub async fn shut_down(&self) {
        self.shared.closing.cancel();
        match self.shared.bi.jobs.release(&self.shared.node).await {
            Ok(0) => {}
            Ok(released) => tracing::info!(released, "running jobs were given back"),
            Err(fault) => tracing::error!(%fault, "running jobs could not be given back"),
        }
        self.shared.aborting.cancel();
        let grace = self.shared.settings.stop_grace;
        if tokio::time::timeout(grace, self.tasks.wait()).await.is_err() {
            tracing::warn!(seconds = grace.as_secs(), "some jobs did not stop in time");
        }
        if let Err(fault) = self.shared.access.gate.limits().sync().await {
            tracing::warn!(%fault, "what was used of limits was not stored");
        }
        if let Err(fault) = self.shared.access.gate.flush_used().await {
            tracing::warn!(%fault, "times of last use were not stored");
        }
        let audit = &self.shared.access.audit;
        let ended = match audit.flush().await {
            Ok(()) => audit.checkpoint().await.map(drop),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = ended {
            tracing::error!(%fault, "the audit log was not written and signed to its end");
        }
        if let Err(fault) = self.shared.bi.activity.flush().await {
            tracing::error!(%fault, "what people did was not written");
        }
        if let Err(fault) = upkeep::write_records(&self.shared).await {
            tracing::error!(%fault, "records of requests were not written");
        }
    }
}
