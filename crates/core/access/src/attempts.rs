//! Attempts and what counts once, as all nodes share them through storage.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use tessera_kernel::{Clock, Code, Fault, Result, Timestamp};

use crate::ports::Repos;
use crate::{Peppers, Throttle};

/// Microseconds in an hour.
const HOUR: i64 = 3600 * 1_000_000;

/// What nodes share of attempts, and of what counts once. Names are digests, so that storage tells
/// nobody what was typed.
#[async_trait]
pub trait AttemptRepo: Send + Sync {
    /// Counts an attempt by the generic cell rate algorithm, in one statement: it takes `cost` of a
    /// `window`, both in microseconds. `None` if it counts; else the moment at which all that was
    /// counted is paid off, and nothing is changed.
    async fn take_attempt(
        &self,
        name: &[u8; 32],
        now: Timestamp,
        cost: i64,
        window: i64,
    ) -> Result<Option<Timestamp>>;
    /// Remembers a mark until a moment.
    async fn set_mark(&self, name: &[u8; 32], until: Timestamp) -> Result<()>;
    /// Whether a mark is remembered that ends after `now`.
    async fn has_mark(&self, name: &[u8; 32], now: Timestamp) -> Result<bool>;
    /// Remembers a mark until a moment; `false` if it was remembered before, by whichever node.
    async fn use_mark(&self, name: &[u8; 32], until: Timestamp) -> Result<bool>;
    /// Removes attempts and marks that ended before a moment; tells how many.
    async fn purge_attempts(&self, before: Timestamp) -> Result<u64>;
}

/// A limit on attempts per hour and name that holds on all nodes together. The memory of this node
/// is asked first, so that who is over the limit here costs no more than that; storage is asked at most
/// as often as the limit allows.
pub(crate) struct SharedThrottle {
    kind: &'static str,
    per_hour: u32,
    here: Throttle,
    shared: Shared,
}

/// Where nodes share what they count.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) repos: Arc<dyn Repos>,
    pub(crate) peppers: Peppers,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Shared {
    /// Remembers something about a name for so long.
    pub(crate) async fn remember(&self, kind: &str, name: &str, seconds: u64) -> Result<()> {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX / HOUR);
        let until = self.clock.now() + TimeDelta::seconds(seconds);
        self.repos.set_mark(&self.name(kind, name), until).await
    }

    /// Whether that is remembered, on any node.
    pub(crate) async fn remembers(&self, kind: &str, name: &str) -> Result<bool> {
        self.repos.has_mark(&self.name(kind, name), self.clock.now()).await
    }

    fn name(&self, kind: &str, name: &str) -> [u8; 32] {
        self.peppers.digest(&format!("attempt:{kind}:{name}")).1
    }
}

impl SharedThrottle {
    /// `per_hour` attempts for each name of a kind; no limit at all if it is zero.
    pub(crate) fn per_hour(kind: &'static str, per_hour: u32, shared: Shared) -> Self {
        Self { kind, per_hour, here: Throttle::per_hour(per_hour), shared }
    }

    /// Counts an attempt.
    ///
    /// # Errors
    /// `RateLimited`, with the seconds to wait.
    pub(crate) async fn check(&self, name: &str) -> Result<()> {
        if self.per_hour == 0 {
            return Ok(());
        }
        self.here.check(name)?;
        let Shared { repos, clock, .. } = &self.shared;
        let now = clock.now();
        let cost = HOUR / i64::from(self.per_hour);
        let name = self.shared.name(self.kind, name);
        match repos.take_attempt(&name, now, cost, HOUR).await? {
            None => Ok(()),
            Some(paid_off) => Err(too_many(paid_off + TimeDelta::microseconds(cost - HOUR), now)),
        }
    }
}

fn too_many(next: Timestamp, now: Timestamp) -> Fault {
    let seconds = u64::try_from((next - now).num_seconds()).unwrap_or(0) + 1;
    Fault::new(Code::RateLimited, format!("too many attempts; try again in {seconds} s"))
        .with_retry_after(seconds)
}
