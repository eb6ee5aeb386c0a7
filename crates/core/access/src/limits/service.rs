//! The buckets of this node, and how nodes share them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::RwLock;
use tessera_kernel::{Clock, Fault, Result};

use super::bucket::{Bucket, BucketReport};
use super::failures::Failures;
use super::meter::{Meter, Part, Payer, SlotClaim, rate, spend};
use super::plan;
use super::rate::SECOND;
use crate::keys::ActiveKey;
use crate::keys::terms::Unit;
use crate::ports::Repos;
use crate::{AccessSettings, Ledger};

/// Most buckets in one statement.
const REPORTS_MAX: usize = 1000;

/// A bucket that nobody asked about for so long is not exchanged any more.
const REST: u64 = 10 * SECOND;

/// A bucket that nobody asked about for so long is forgotten, if all of it is there again.
const FORGET: u64 = 60 * SECOND;

/// Limits.
#[derive(Clone)]
pub struct Limits {
    inner: Arc<Inner>,
}

struct Inner {
    repos: Arc<dyn Repos>,
    clock: Arc<dyn Clock>,
    settings: AccessSettings,
    buckets: RwLock<HashMap<String, Arc<Bucket>>>,
    failures: Failures,
    /// One exchange at a time; and whether the first one has been.
    exchange: tokio::sync::Mutex<()>,
    loaded: AtomicBool,
}

/// The clock in nanoseconds since 1970; it ticks in microseconds.
pub(super) fn nanoseconds(clock: &dyn Clock) -> u64 {
    u64::try_from(clock.now().timestamp_micros()).unwrap_or(0).saturating_mul(1000)
}

impl Limits {
    pub(crate) fn new(
        repos: Arc<dyn Repos>,
        clock: Arc<dyn Clock>,
        settings: AccessSettings,
    ) -> Self {
        let per_minute = if settings.limits_enabled { settings.failed_keys_per_minute } else { 0 };
        let inner = Inner {
            failures: Failures::new(per_minute),
            repos,
            clock,
            settings,
            buckets: RwLock::default(),
            exchange: tokio::sync::Mutex::default(),
            loaded: AtomicBool::new(false),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Counts a request of a key, once, and writes into the record how its limits stand.
    ///
    /// # Errors
    /// `RateLimited` with the seconds to wait; the reason is `rate_limited` or `budget_exceeded`, the
    /// names are those of the limits that are used up.
    pub(crate) fn admit(&self, key: &ActiveKey, ledger: &Ledger) -> Result<()> {
        let settings = &self.inner.settings;
        if !settings.limits_enabled || !plan::concerns(key, settings) {
            return Ok(());
        }
        if ledger.meter().is_some_and(|meter| meter.key() == key.id()) {
            return Ok(());
        }
        let meter = self.meter(key);
        let (standing, allowed) = meter.take_request();
        ledger.note(|entry| {
            entry.limits = standing;
            entry.meter = Some(meter);
        });
        allowed
    }

    /// The limits of a key.
    #[must_use]
    pub fn meter(&self, key: &ActiveKey) -> Meter {
        let (mut parts, mut slots) = (Vec::new(), Vec::new());
        for (place, planned) in plan::plan(key, &self.inner.settings).into_iter().enumerate() {
            if planned.limit.unit == Unit::ConcurrentRequests {
                slots.push(SlotClaim {
                    bucket: planned.bucket,
                    name: planned.limit.name,
                    quota: planned.limit.quota,
                });
            } else {
                parts.push(Part::new(planned.limit, self.bucket(&planned.bucket), place));
            }
        }
        slots.sort_by(|one, other| one.bucket.cmp(&other.bucket));
        Meter::new(key.id(), parts, slots, Arc::clone(&self.inner.clock))
    }

    /// Charges the seconds for which a database worked to those who pay for the job.
    pub fn charge_seconds(&self, payers: &[Payer], worked: Duration) {
        let milliseconds = u64::try_from(worked.as_micros().div_ceil(1000)).unwrap_or(u64::MAX);
        let now = nanoseconds(self.inner.clock.as_ref());
        for payer in payers {
            let rate = rate(Unit::QuerySeconds, payer.quota, payer.window_seconds);
            spend(&self.bucket(&payer.bucket), rate, milliseconds, now);
        }
    }

    /// Whether the next bad key from an address would be one too many.
    pub(crate) fn check_failures(&self, address: Option<&str>) -> Result<()> {
        self.inner.failures.check(address, nanoseconds(self.inner.clock.as_ref()))
    }

    /// Notes a bad key. The fault is what to answer: `fault`, or that there were too many.
    pub(crate) fn failed(&self, address: Option<&str>, fault: Fault) -> Fault {
        let now = nanoseconds(self.inner.clock.as_ref());
        self.inner.failures.note(address, now).err().unwrap_or(fault)
    }

    /// Tells the store what was used here, and learns what was used on other nodes. At the first
    /// time, all that is known of buckets is read, so that a restart forgives nothing.
    ///
    /// # Errors
    /// If storage fails. This node then goes on with what it knows, and tells it the next time.
    pub async fn sync(&self) -> Result<()> {
        if !self.inner.settings.limits_enabled {
            return Ok(());
        }
        let _alone = self.inner.exchange.lock().await;
        let now = nanoseconds(self.inner.clock.as_ref());
        if !self.inner.loaded.load(Ordering::Acquire) {
            for (bucket, state) in self.inner.repos.limit_buckets(now).await? {
                self.bucket(&bucket).merge(state);
            }
            self.inner.loaded.store(true, Ordering::Release);
        }
        let resident: Vec<Arc<Bucket>> =
            self.inner.buckets.read().values().map(Arc::clone).collect();
        let mut reports: Vec<(Arc<Bucket>, BucketReport)> = resident
            .into_iter()
            .filter_map(|bucket| {
                let report = bucket.report(now, REST)?;
                Some((bucket, report))
            })
            .collect();
        // In the same order everywhere, so that nodes do not lock each other out.
        reports.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
        let mut chunks = reports.chunks(REPORTS_MAX);
        while let Some(chunk) = chunks.next() {
            if let Err(fault) = self.exchange(chunk).await {
                for (bucket, report) in std::iter::once(chunk).chain(chunks).flatten() {
                    bucket.take_back(report);
                }
                return Err(fault);
            }
        }
        self.forget(now);
        Ok(())
    }

    /// Removes what all nodes have long forgotten from the store, attempts and nonces included.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn purge(&self) -> Result<u64> {
        let now = nanoseconds(self.inner.clock.as_ref());
        let ended = self.inner.repos.purge_attempts(self.inner.clock.now()).await?;
        Ok(ended + self.inner.repos.purge_limit_buckets(now.saturating_sub(FORGET)).await?)
    }

    async fn exchange(&self, chunk: &[(Arc<Bucket>, BucketReport)]) -> Result<()> {
        let told: Vec<BucketReport> = chunk.iter().map(|(_, report)| report.clone()).collect();
        let merged: HashMap<String, u64> =
            self.inner.repos.exchange_limit_buckets(&told).await?.into_iter().collect();
        for (bucket, _) in chunk {
            if let Some(state) = merged.get(&bucket.name) {
                bucket.merge(*state);
            }
        }
        Ok(())
    }

    fn bucket(&self, name: &str) -> Arc<Bucket> {
        if let Some(known) = self.inner.buckets.read().get(name) {
            return Arc::clone(known);
        }
        let mut buckets = self.inner.buckets.write();
        let made = buckets.entry(name.to_owned()).or_insert_with(|| Arc::new(Bucket::new(name)));
        Arc::clone(made)
    }

    /// Buckets that are full again and that nobody holds any more.
    fn forget(&self, now: u64) {
        self.inner.buckets.write().retain(|_, bucket| {
            Arc::strong_count(bucket) > 1 || !bucket.is_forgettable(now, FORGET)
        });
    }
}
