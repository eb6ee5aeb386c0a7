//! What one request sees of the limits of its key: all of them at once, all or none.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tessera_kernel::ids::KeyId;
use tessera_kernel::{Clock, Code, Fault, Result};

use super::bucket::Bucket;
use super::rate::{Rate, seconds};
use super::service::{Limits, nanoseconds};
use crate::LimitState;
use crate::keys::terms::{Limit, Unit};

/// Seconds of databases are counted in thousandths.
const MILLISECONDS: u64 = 1000;

/// A place among the queries that a key may run at the same time. Storage holds it from the moment
/// that a job is stored until the job is final, however it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotClaim {
    /// The bucket whose places are counted, the same on every node.
    pub bucket: String,
    /// The name of the limit, for the answer.
    pub name: String,
    /// How many places there are.
    pub quota: u64,
}

impl SlotClaim {
    /// The answer when all places are taken.
    #[must_use]
    pub fn refusal(&self) -> Fault {
        let detail = format!(
            "{} queries of the key run already, and its limit {:?} allows no more; wait until one \
             has ended",
            self.quota, self.name
        );
        Fault::new(Code::RateLimited, detail)
            .with_reason("rate_limited")
            .with_names(vec![self.name.clone()])
            .with_retry_after(1)
    }
}

/// Who pays for the seconds that a database works: travels with the job, so that any node can
/// charge it, whoever fetches the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payer {
    /// The bucket.
    pub bucket: String,
    /// Seconds in a window.
    pub quota: u64,
    /// How long the window is, in seconds.
    pub window_seconds: u64,
}

/// What a run may use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowance {
    /// The places that it takes.
    pub slots: Vec<SlotClaim>,
    /// Who pays for its seconds.
    pub payers: Vec<Payer>,
}

/// A limit with its bucket.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) limit: Limit,
    pub(super) rate: Rate,
    pub(super) bucket: Arc<Bucket>,
    /// Its place in answers.
    pub(super) place: usize,
}

impl Part {
    pub(super) fn new(limit: Limit, bucket: Arc<Bucket>, place: usize) -> Self {
        let rate = rate(limit.unit, limit.quota, limit.window_seconds);
        Self { limit, rate, bucket, place }
    }

    fn is_budget(&self) -> bool {
        self.limit.unit != Unit::Requests
    }

    fn standing(&self, state: u64, now: u64, wait: u64, clock_seconds: u64) -> LimitState {
        let scale = scale(self.limit.unit);
        let remaining = if wait > 0 { 0 } else { self.rate.remaining(state, now) / scale };
        let reset_seconds =
            if wait > 0 { seconds(wait) } else { seconds(state.saturating_sub(now)) };
        LimitState {
            name: self.limit.name.clone(),
            unit: self.limit.unit,
            quota: self.limit.quota,
            window_seconds: self.limit.window_seconds,
            remaining,
            reset_seconds,
            reset_at_seconds: clock_seconds + reset_seconds,
        }
    }
}

pub(super) fn rate(unit: Unit, quota: u64, window_seconds: u64) -> Rate {
    Rate::new(quota.saturating_mul(scale(unit)), window_seconds)
}

const fn scale(unit: Unit) -> u64 {
    match unit {
        Unit::QuerySeconds => MILLISECONDS,
        Unit::Requests | Unit::ContentBytes | Unit::ConcurrentRequests | Unit::Rows => 1,
    }
}

struct Inner {
    key: KeyId,
    /// In the order of their buckets, in which everybody locks them.
    parts: Vec<Part>,
    slots: Vec<SlotClaim>,
    clock: Arc<dyn Clock>,
    /// Where budgets are shared.
    limits: Option<Limits>,
}

/// The limits of a key. Clones count in the same buckets.
#[derive(Clone)]
pub struct Meter(Arc<Inner>);

impl Meter {
    pub(super) fn new(
        key: KeyId,
        mut parts: Vec<Part>,
        slots: Vec<SlotClaim>,
        clock: Arc<dyn Clock>,
        limits: Option<Limits>,
    ) -> Self {
        parts.sort_by(|one, other| one.bucket.name.cmp(&other.bucket.name));
        Self(Arc::new(Inner { key, parts, slots, clock, limits }))
    }

    /// Whose limits they are.
    #[must_use]
    pub fn key(&self) -> KeyId {
        self.0.key
    }

    /// Takes one request out of every bucket of requests, if no limit of requests, rows or bytes is
    /// used up; otherwise takes nothing. Gives how all limits stand then.
    pub(super) fn take_request(&self) -> (Vec<LimitState>, Result<()>) {
        self.take(|unit| match unit {
            Unit::Requests => Use::Takes,
            Unit::Rows | Unit::ContentBytes => Use::Needs,
            // Checked when something is run: what has been paid for may be fetched.
            Unit::QuerySeconds | Unit::ConcurrentRequests => Use::Ignores,
        })
    }

    /// What a run may use.
    ///
    /// # Errors
    /// `RateLimited` with the reason `budget_exceeded` if the seconds of databases are used up.
    pub fn allow_run(&self) -> Result<Allowance> {
        let (_, allowed) = self.take(|unit| match unit {
            Unit::QuerySeconds => Use::Needs,
            _ => Use::Ignores,
        });
        allowed?;
        let paying = |part: &&Part| part.limit.unit == Unit::QuerySeconds;
        let payer = |part: &Part| Payer {
            bucket: part.bucket.name.clone(),
            quota: part.limit.quota,
            window_seconds: part.limit.window_seconds,
        };
        Ok(Allowance {
            slots: self.0.slots.clone(),
            payers: self.0.parts.iter().filter(paying).map(payer).collect(),
        })
    }

    /// Charges rows or bytes that were given.
    pub fn charge(&self, unit: Unit, amount: u64) {
        if amount == 0 {
            return;
        }
        let now = nanoseconds(self.0.clock.as_ref());
        for part in self.0.parts.iter().filter(|part| part.limit.unit == unit) {
            spend(&part.bucket, part.rate, amount, now);
        }
    }

    /// Whether a budget was charged with something that other nodes do not know of.
    #[must_use]
    pub fn owes(&self) -> bool {
        self.0.parts.iter().any(|part| part.is_budget() && part.bucket.lock().owes())
    }

    /// Lets all nodes know what budgets were charged with.
    pub async fn settle(&self) {
        if let Some(limits) = &self.0.limits {
            limits.refresh(self.budgets()).await;
        }
    }

    /// The buckets of what is paid after it was used.
    pub(super) fn budgets(&self) -> Vec<Arc<Bucket>> {
        let budgets = self.0.parts.iter().filter(|part| part.is_budget());
        budgets.map(|part| Arc::clone(&part.bucket)).collect()
    }

    /// Whether anything of a unit is counted.
    #[must_use]
    pub fn counts(&self, unit: Unit) -> bool {
        self.0.parts.iter().any(|part| part.limit.unit == unit)
    }

    /// All buckets are locked while they are looked at: what one request sees, no other changes.
    fn take(&self, of: impl Fn(Unit) -> Use) -> (Vec<LimitState>, Result<()>) {
        let now = nanoseconds(self.0.clock.as_ref());
        let parts = &self.0.parts;
        let mut states: Vec<_> = parts.iter().map(|part| part.bucket.lock()).collect();
        let waits: Vec<u64> = parts
            .iter()
            .zip(&states)
            .map(|(part, state)| match of(part.limit.unit) {
                Use::Takes | Use::Needs => part.rate.wait(state.at, now, 1),
                Use::Ignores => 0,
            })
            .collect();
        let refused = waits.iter().any(|wait| *wait > 0);
        for (part, state) in parts.iter().zip(&mut states) {
            if !refused && of(part.limit.unit) == Use::Takes {
                let after = part.rate.used(state.at, now, 1);
                state.spend(after, part.rate.cost(1), now);
            } else {
                state.see(now);
            }
        }
        let clock_seconds = seconds(now);
        let mut standing: Vec<(usize, LimitState)> = parts
            .iter()
            .zip(&states)
            .zip(&waits)
            .map(|((part, state), wait)| {
                (part.place, part.standing(state.at, now, *wait, clock_seconds))
            })
            .collect();
        drop(states);
        standing.sort_by_key(|(place, _)| *place);
        let mut standing: Vec<LimitState> = standing.into_iter().map(|(_, one)| one).collect();
        standing.extend(self.0.slots.iter().map(slot_standing));
        let allowed = if refused { Err(self.refusal(&waits)) } else { Ok(()) };
        (standing, allowed)
    }

    /// The answer when something is used up: wait until all of it is there.
    fn refusal(&self, waits: &[u64]) -> Fault {
        let violated: Vec<(&Part, u64)> =
            self.0.parts.iter().zip(waits.iter().copied()).filter(|(_, wait)| *wait > 0).collect();
        let names: Vec<String> = violated.iter().map(|(part, _)| part.limit.name.clone()).collect();
        let budget = violated.iter().any(|(part, _)| part.limit.unit != Unit::Requests);
        let reason = if budget { "budget_exceeded" } else { "rate_limited" };
        let wait = seconds(violated.iter().map(|(_, wait)| *wait).max().unwrap_or(0)).max(1);
        let told: Vec<String> = violated.iter().map(|(part, _)| in_words(&part.limit)).collect();
        let detail = format!("the key has used up {}; try again in {wait} s", told.join(" and "));
        Fault::new(Code::RateLimited, detail)
            .with_reason(reason)
            .with_names(names)
            .with_retry_after(wait)
    }
}

/// What a request wants of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// One of it, now.
    Takes,
    /// That one could be had.
    Needs,
    Ignores,
}

pub(super) fn spend(bucket: &Bucket, rate: Rate, amount: u64, now: u64) {
    let mut state = bucket.lock();
    let after = rate.used(state.at, now, amount);
    state.spend(after, rate.cost(amount), now);
}

fn slot_standing(slot: &SlotClaim) -> LimitState {
    LimitState {
        name: slot.name.clone(),
        unit: Unit::ConcurrentRequests,
        quota: slot.quota,
        window_seconds: 0,
        remaining: slot.quota,
        reset_seconds: 0,
        reset_at_seconds: 0,
    }
}

fn in_words(limit: &Limit) -> String {
    let Limit { name, quota, window_seconds, .. } = limit;
    format!("its limit {name:?} ({quota} {} in {window_seconds} s)", limit.unit.as_str())
}

impl std::fmt::Debug for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meter").field("key", &self.0.key).finish_non_exhaustive()
    }
}

/// Two meters are equal if they are the same one.
impl PartialEq for Meter {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Meter {}
