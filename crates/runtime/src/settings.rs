//! What the operator decides about background work.

use std::time::Duration;

/// Settings of this crate; the configuration of the binary fills them.
#[derive(Debug, Clone)]
pub struct RuntimeSettings {
    /// Jobs that run at the same time.
    pub workers: usize,
    /// How long a job belongs to this process without a sign of life.
    pub lease: Duration,
    /// How often a job is taken before it fails for good.
    pub attempts_max: i64,
    /// How often to look for jobs that other nodes queued.
    pub poll: Duration,
    /// How often to clean up results, jobs and sessions.
    pub clean_up_every: Duration,
    /// How often the head of the audit log is signed.
    pub checkpoint_every: Duration,
    /// Age after which records of ended jobs go.
    pub job_retention: chrono::TimeDelta,
    /// How often what was used of limits is exchanged with other nodes.
    pub limits_sync: Duration,
    /// How long running jobs may take to stop.
    pub stop_grace: Duration,
    /// Notices that are sent at the same time.
    pub senders: usize,
    /// How often to look for notices and evaluations that other nodes left behind.
    pub outbox_poll: Duration,
    /// Whether this process runs queries by their schedules.
    pub schedules: bool,
    /// Most jobs at the same time that only schedules wait for.
    pub scheduled_workers: usize,
    /// Longest sleep of the scheduler.
    pub schedules_look: Duration,
}

impl RuntimeSettings {
    /// Of several workers one is always there for people.
    pub(crate) fn scheduled_places(&self) -> usize {
        self.scheduled_workers.min(self.workers.saturating_sub(1).max(1))
    }
}

impl Default for RuntimeSettings {
    fn default() -> Self {
        Self {
            workers: 16,
            lease: Duration::from_secs(15),
            attempts_max: 3,
            poll: Duration::from_secs(1),
            clean_up_every: Duration::from_secs(300),
            checkpoint_every: Duration::from_secs(300),
            job_retention: chrono::TimeDelta::days(7),
            limits_sync: Duration::from_secs(1),
            stop_grace: Duration::from_secs(10),
            senders: 4,
            outbox_poll: Duration::from_secs(30),
            schedules: true,
            scheduled_workers: 8,
            schedules_look: Duration::from_secs(60),
        }
    }
}
