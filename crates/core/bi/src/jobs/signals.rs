//! Wakes those who wait for a job, and the executor, within this process: nobody polls.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::TimeDelta;
use parking_lot::Mutex;
use tessera_kernel::Timestamp;
use tessera_kernel::ids::Uid;
use tokio::sync::Notify;

/// What was done in this process since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Jobs that ended well.
    pub succeeded: u64,
    /// Jobs that ended badly or were stopped.
    pub failed: u64,
    /// How long all of them took together.
    pub worked: TimeDelta,
}

/// A job that runs here.
struct Running {
    /// Wakes when it must stop.
    stop: Arc<Notify>,
    since: Timestamp,
}

/// Who waits for what.
#[derive(Default)]
pub(crate) struct Signals {
    /// A job was put into the queue.
    queued: Notify,
    /// A schedule was changed, or a scheduled run ended.
    schedules: Notify,
    /// Jobs that somebody waits for.
    waiting: Mutex<HashMap<Uid, Arc<Notify>>>,
    /// Jobs that run here, and what stops them.
    running: Mutex<HashMap<Uid, Running>>,
    /// Jobs that ran here.
    tally: Mutex<Tally>,
}

impl Signals {
    /// Tells the executor that there is work.
    pub(crate) fn queued(&self) {
        self.queued.notify_one();
    }

    /// Returns once there may be work.
    pub(crate) async fn wait_queued(&self) {
        self.queued.notified().await;
    }

    /// Tells the scheduler to look.
    pub(crate) fn schedules_changed(&self) {
        self.schedules.notify_one();
    }

    /// Returns once the scheduler has to look.
    pub(crate) async fn wait_schedules(&self) {
        self.schedules.notified().await;
    }

    /// What wakes when the job ends. To be taken before looking at the job.
    pub(crate) fn watch(&self, job: Uid) -> Arc<Notify> {
        Arc::clone(self.waiting.lock().entry(job).or_default())
    }

    /// Nobody waits any more.
    pub(crate) fn unwatch(&self, job: Uid, watched: &Arc<Notify>) {
        let mut waiting = self.waiting.lock();
        // Two are left when nobody else waits: the one in the map and the caller's.
        if Arc::strong_count(watched) <= 2 {
            waiting.remove(&job);
        }
    }

    /// Tells those who wait that the job ended.
    pub(crate) fn ended(&self, job: Uid) {
        if let Some(watched) = self.waiting.lock().get(&job) {
            watched.notify_waiters();
        }
    }

    /// Notes that the job runs here; what is returned wakes when it must stop.
    pub(crate) fn started(&self, job: Uid, now: Timestamp) -> Arc<Notify> {
        let mut running = self.running.lock();
        let begun =
            running.entry(job).or_insert_with(|| Running { stop: Arc::default(), since: now });
        Arc::clone(&begun.stop)
    }

    /// The job does not run here any more.
    pub(crate) fn stopped(&self, job: Uid, now: Timestamp, went_well: bool) {
        let Some(begun) = self.running.lock().remove(&job) else { return };
        let mut tally = self.tally.lock();
        if went_well {
            tally.succeeded += 1
        } else {
            tally.failed += 1
        }
        tally.worked += (now - begun.since).max(TimeDelta::zero());
    }

    /// What was done here.
    pub(crate) fn tally(&self) -> Tally {
        *self.tally.lock()
    }

    /// Stops the job if it runs here.
    pub(crate) fn stop(&self, job: Uid) {
        if let Some(running) = self.running.lock().get(&job) {
            // Kept for the one who comes to wait a moment later.
            running.stop.notify_one();
        }
    }

    /// Whether the job runs here: then who watches it will be told of its end.
    pub(crate) fn runs_here(&self, job: Uid) -> bool {
        self.running.lock().contains_key(&job)
    }

    /// Which jobs run here.
    pub(crate) fn running(&self) -> Vec<Uid> {
        self.running.lock().keys().copied().collect()
    }
}
