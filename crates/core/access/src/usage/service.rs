//! What can be done with records of requests: take them, write them, ask about keys.

use std::sync::Arc;

use parking_lot::Mutex;
use tessera_kernel::{Clock, Fault, Result};
use tokio::sync::Notify;

use super::buffer::Buffer;
use super::log::Nothing;
use super::{Observed, Period, Proposal, Refusal, UsageEvent, UsageHour, UsageLog, observed_terms};
use crate::acts::{ListKeysSeenInUrls, ReadUsage};
use crate::keys::Key;
use crate::ports::Repos;
use crate::{Authorized, UsageSettings};

/// So many waiting records are written at once, before their second is over.
const WRITE_AT: usize = 10_000;

/// Most refused requests in one answer.
const REFUSALS_MAX: u64 = 1000;

/// What a flush did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Records written.
    pub written: u64,
    /// Records that found no room since the last flush. Their number is a record of its own.
    pub lost: u64,
}

/// Records of requests.
#[derive(Clone)]
pub struct Usage {
    inner: Arc<Inner>,
}

struct Inner {
    log: Arc<dyn UsageLog>,
    repos: Arc<dyn Repos>,
    clock: Arc<dyn Clock>,
    settings: UsageSettings,
    buffer: Mutex<Buffer>,
    /// Wakes who writes, when many wait.
    many: Notify,
    /// Two writers would mix up what comes back after a failure.
    writing: tokio::sync::Mutex<()>,
}

impl Usage {
    /// The service without a log: nothing is kept.
    #[must_use]
    pub fn new(repos: Arc<dyn Repos>, clock: Arc<dyn Clock>, settings: UsageSettings) -> Self {
        Self {
            inner: Arc::new(Inner {
                log: Arc::new(Nothing),
                repos,
                clock,
                settings,
                buffer: Mutex::default(),
                many: Notify::new(),
                writing: tokio::sync::Mutex::default(),
            }),
        }
    }

    /// The same over a log.
    #[must_use]
    pub fn into_log(self, log: Arc<dyn UsageLog>) -> Self {
        let Inner { repos, clock, settings, .. } = &*self.inner;
        Self {
            inner: Arc::new(Inner {
                log,
                repos: Arc::clone(repos),
                clock: Arc::clone(clock),
                settings: settings.clone(),
                buffer: Mutex::default(),
                many: Notify::new(),
                writing: tokio::sync::Mutex::default(),
            }),
        }
    }

    /// The time that records are stamped with.
    #[must_use]
    pub fn now(&self) -> tessera_kernel::Timestamp {
        self.inner.clock.now()
    }

    /// Takes a record. Never waits: it is written by [`flush`](Self::flush).
    pub fn record(&self, mut event: UsageEvent) {
        let settings = &self.inner.settings;
        event.node.clone_from(&settings.node);
        if !settings.addresses {
            event.address = None;
        }
        if !settings.clients {
            (event.client, event.client_class) = (None, None);
        }
        if self.inner.buffer.lock().push(event, settings.entries_max) >= WRITE_AT {
            self.inner.many.notify_one();
        }
    }

    /// Returns once many records wait.
    pub async fn wait_many(&self) {
        self.inner.many.notified().await;
    }

    /// Writes all records that wait now. What could not be written waits on.
    ///
    /// # Errors
    /// If the log fails.
    pub async fn flush(&self) -> Result<Counted> {
        let _alone = self.inner.writing.lock().await;
        let mut counted = Counted::default();
        loop {
            let (mut events, lost) = self.inner.buffer.lock().take(WRITE_AT);
            if lost > 0 {
                let mut event = UsageEvent::lost(lost, self.inner.clock.now());
                event.node.clone_from(&self.inner.settings.node);
                events.push(event);
            }
            if events.is_empty() {
                return Ok(counted);
            }
            let events = Arc::new(events);
            if let Err(fault) = self.inner.log.append(Arc::clone(&events)).await {
                let mut events = Arc::unwrap_or_clone(events);
                if lost > 0 {
                    events.pop();
                }
                self.inner.buffer.lock().restore(events, lost);
                return Err(fault);
            }
            counted.written += events.len() as u64;
            counted.lost += lost;
            // What came meanwhile waits for its own second: a file for a few records is dear.
            if events.len() < WRITE_AT {
                return Ok(counted);
            }
        }
    }

    /// Tidies the log up.
    ///
    /// # Errors
    /// If the log fails.
    pub async fn upkeep(&self) -> Result<()> {
        self.inner.log.upkeep(self.inner.clock.now()).await
    }

    /// The hours in which a key was used. What waits to be written is not in it yet.
    ///
    /// # Errors
    /// If the log fails.
    pub async fn hours(
        &self,
        grant: &Authorized<ReadUsage>,
        period: Period,
    ) -> Result<Vec<UsageHour>> {
        self.inner.log.hours(grant.act().key, period).await
    }

    /// The latest refused requests of a key.
    ///
    /// # Errors
    /// If the log fails.
    pub async fn refusals(
        &self,
        grant: &Authorized<ReadUsage>,
        period: Period,
        limit: u64,
    ) -> Result<Vec<Refusal>> {
        self.inner.log.refusals(grant.act().key, period, limit.min(REFUSALS_MAX)).await
    }

    /// What was seen of a key, and terms that allow that and nothing else.
    ///
    /// # Errors
    /// `NotFound` if the key is gone.
    pub async fn proposal(
        &self,
        grant: &Authorized<ReadUsage>,
        period: Period,
    ) -> Result<(Observed, Proposal)> {
        let id = grant.act().key;
        let key = self.inner.repos.key(id).await?.ok_or_else(|| Fault::not_found("key"))?;
        let observed = self.inner.log.observed(id, period).await?;
        let proposal = observed_terms(&key.terms, &observed);
        Ok((observed, proposal))
    }

    /// The keys that came in addresses of requests: all for administrators, else one's own.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn seen_in_urls(&self, grant: &Authorized<ListKeysSeenInUrls>) -> Result<Vec<Key>> {
        let user = grant.user()?;
        let only = (!user.is_admin()).then_some(user.id);
        self.inner.repos.keys_seen_in_urls(only).await
    }
}
