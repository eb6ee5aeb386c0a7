//! The buckets of this node, and how nodes share them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tessera_kernel::{Clock, Fault, Result};

use super::bucket::{Bucket, BucketReport};
use super::failures::Failures;
use super::meter::{Meter, Part, Payer, SlotClaim, rate, spend};
use super::plan;
use super::rate::SECOND;
use crate::keys::ActiveKey;
use crate::keys::terms::Unit;
use crate::ports::Repos;
use crate::{AccessSettings, Ledger, Peppers};

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
    /// One exchange at a time: which questions were answered by those that were. And whether the
    /// first one has been.
    exchange: tokio::sync::Mutex<u64>,
    loaded: AtomicBool,
    wanted: Mutex<Wanted>,
}

/// What the next exchange is asked for, by all who wait for it together.
#[derive(Default)]
struct Wanted {
    buckets: Vec<Arc<Bucket>>,
    /// How often it was asked for.
    asked: u64,
}

/// Reports that are on their way; dropped before they arrived, they are told again.
struct Told(Vec<(Arc<Bucket>, BucketReport)>);

impl Drop for Told {
    fn drop(&mut self) {
        for (bucket, report) in &self.0 {
            bucket.take_back(report);
        }
    }
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
        peppers: Peppers,
    ) -> Self {
        let per_minute = if settings.limits_enabled { settings.failed_keys_per_minute } else { 0 };
        let inner = Inner {
            failures: Failures::new(per_minute, peppers),
            repos,
            clock,
            settings,
            buckets: RwLock::default(),
            exchange: tokio::sync::Mutex::default(),
            loaded: AtomicBool::new(false),
            wanted: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Counts a request of a key, once, and writes into the record how its limits stand. Budgets are
    /// looked up in the store first, so that what was charged on any node counts.
    ///
    /// # Errors
    /// `RateLimited` with the seconds to wait; the reason is `rate_limited` or `budget_exceeded`, the
    /// names are those of the limits that are used up.
    pub(crate) async fn admit(&self, key: &ActiveKey, ledger: &Ledger) -> Result<()> {
        let settings = &self.inner.settings;
        if !settings.limits_enabled || !plan::concerns(key, settings) {
            return Ok(());
        }
        if ledger.meter().is_some_and(|meter| meter.key() == key.id()) {
            return Ok(());
        }
        let meter = self.meter(key);
        let budgets = meter.budgets();
        if !budgets.is_empty() {
            self.refresh(budgets).await;
        }
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
        let clock = Arc::clone(&self.inner.clock);
        Meter::new(key.id(), parts, slots, clock, Some(self.clone()))
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

    /// Tells the store at once what those who pay for a job were charged.
    pub async fn settle_seconds(&self, payers: &[Payer]) {
        if !payers.is_empty() {
            self.refresh(payers.iter().map(|payer| self.bucket(&payer.bucket)).collect()).await;
        }
    }

    /// Exchanges some buckets with the store now: what was used here is told, and what was used on
    /// other nodes is known. Requests that wait for it share one statement. If storage fails, this
    /// node goes on with what it knows; the exchange that comes from time to time fails as well, and
    /// that is counted and logged.
    pub(super) async fn refresh(&self, buckets: Vec<Arc<Bucket>>) {
        let inner = &self.inner;
        let ticket = {
            let mut wanted = inner.wanted.lock();
            wanted.buckets.extend(buckets.iter().map(Arc::clone));
            wanted.asked += 1;
            wanted.asked
        };
        let mut answered = inner.exchange.lock().await;
        if *answered >= ticket {
            return;
        }
        let (all, upto) = {
            let mut wanted = inner.wanted.lock();
            (std::mem::take(&mut wanted.buckets), wanted.asked)
        };
        // Ours once more: who asked with us may have given up with what it took.
        let mut all: Vec<Arc<Bucket>> = all.into_iter().chain(buckets).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all.dedup_by(|one, other| one.name == other.name);
        let (owing, resting): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|bucket| bucket.lock().owes());
        let now = nanoseconds(inner.clock.as_ref());
        let done = async {
            for chunk in owing.chunks(REPORTS_MAX) {
                self.exchange(reports(chunk.iter().map(Arc::clone), now)).await?;
            }
            for chunk in resting.chunks(REPORTS_MAX) {
                self.look_up(chunk).await?;
            }
            Ok::<_, Fault>(())
        };
        if let Err(fault) = done.await {
            tracing::debug!(%fault, "budgets were not exchanged");
        }
        *answered = upto;
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
        let now = nanoseconds(self.inner.clock.as_ref());
        if !self.inner.loaded.load(Ordering::Acquire) {
            for (bucket, state) in self.inner.repos.limit_buckets(now).await? {
                if !self.inner.failures.learn(&bucket, state) {
                    self.bucket(&bucket).merge(state);
                }
            }
            self.inner.loaded.store(true, Ordering::Release);
        }
        let mut resident: Vec<Arc<Bucket>> =
            self.inner.buckets.read().values().map(Arc::clone).collect();
        // In the same order everywhere, so that nodes do not lock each other out.
        resident.sort_by(|one, other| one.name.cmp(&other.name));
        for chunk in resident.chunks(REPORTS_MAX) {
            // Not for all of them: those who wait for a budget come in between.
            let _alone = self.inner.exchange.lock().await;
            self.exchange(reports(chunk.iter().map(Arc::clone), now)).await?;
        }
        self.share_failures(now).await?;
        self.forget(now);
        Ok(())
    }

    /// Tells the store which addresses sent bad keys: one statement, also of a flood.
    async fn share_failures(&self, now: u64) -> Result<()> {
        let failures = &self.inner.failures;
        let mut changed = failures.changed(REPORTS_MAX);
        if changed.is_empty() {
            return Ok(());
        }
        changed.sort_by(|one, other| one.name.cmp(&other.name));
        // An address that was forgotten and came again has two; their names are one row.
        let (mut shared, mut again): (Vec<Arc<Bucket>>, Vec<_>) = (Vec::new(), Vec::new());
        for bucket in changed {
            let known = shared.last().is_some_and(|last| last.name == bucket.name);
            if known { again.push(bucket) } else { shared.push(bucket) }
        }
        failures.tell_later(again);
        let _alone = self.inner.exchange.lock().await;
        let told = self.exchange(reports(shared.iter().map(Arc::clone), now)).await;
        if told.is_err() {
            failures.tell_later(shared);
        }
        told
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

    async fn exchange(&self, mut told: Told) -> Result<()> {
        let reports: Vec<BucketReport> = told.0.iter().map(|(_, report)| report.clone()).collect();
        if reports.is_empty() {
            return Ok(());
        }
        let merged = self.inner.repos.exchange_limit_buckets(&reports).await?;
        let told = std::mem::take(&mut told.0);
        merge(told.iter().map(|(bucket, _)| bucket), merged);
        Ok(())
    }

    /// Learns what all nodes used, where this one has nothing to tell.
    async fn look_up(&self, buckets: &[Arc<Bucket>]) -> Result<()> {
        let names: Vec<String> = buckets.iter().map(|bucket| bucket.name.clone()).collect();
        merge(buckets.iter(), self.inner.repos.limit_bucket_states(&names).await?);
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
        self.inner.failures.forget(now);
        self.inner.buckets.write().retain(|_, bucket| {
            Arc::strong_count(bucket) > 1 || !bucket.is_forgettable(now, FORGET)
        });
    }
}

/// What there is to tell of some buckets; nothing of those that rest.
fn reports(buckets: impl Iterator<Item = Arc<Bucket>>, now: u64) -> Told {
    let told = buckets.filter_map(|bucket| {
        let report = bucket.report(now, REST)?;
        Some((bucket, report))
    });
    Told(told.collect())
}

/// Takes over what the store made of what all nodes told.
fn merge<'a>(buckets: impl Iterator<Item = &'a Arc<Bucket>>, states: Vec<(String, u64)>) {
    let states: HashMap<String, u64> = states.into_iter().collect();
    for bucket in buckets {
        if let Some(state) = states.get(&bucket.name) {
            bucket.merge(*state);
        }
    }
}
