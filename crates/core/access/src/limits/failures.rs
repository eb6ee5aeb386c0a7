//! Bad keys, counted for each address: after so many in a minute, further ones are not looked up.
//!
//! A bad key costs a look into the memory of this node and nothing else. Addresses that sent one are
//! told to the store with the next exchange, at most so many at a time: that is the only cost there,
//! however many bad keys there are.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use parking_lot::Mutex;
use tessera_kernel::{Code, Fault, Result};

use super::bucket::Bucket;
use super::rate::{Rate, seconds};
use crate::Peppers;
use crate::keys::hex;

/// What names of buckets of bad keys begin with.
const PREFIX: &str = "bad:";

/// Bytes of the digest of an address in a name.
const DIGEST_BYTES: usize = 8;

/// How many addresses are remembered. Beyond, those are forgotten that are seldom seen.
const ADDRESSES_MAX: u64 = 50_000;

/// How many addresses wait to be told to the store. Beyond, those that wait longest count here alone.
const CHANGED_MAX: usize = 4000;

/// How long an address is remembered: after that, all of its attempts are there again.
const REMEMBERED: Duration = Duration::from_secs(120);

/// Bad keys.
pub(super) struct Failures {
    /// `None` if they are not limited.
    rate: Option<Rate>,
    addresses: Cache<u128, Arc<Bucket>>,
    /// Names of buckets are digests: storage tells nobody who asked.
    peppers: Peppers,
    /// With something that the store was not told of, longest waiting first.
    changed: Mutex<VecDeque<Arc<Bucket>>>,
    /// What the store knew when this node started, of addresses that did not come here yet.
    known: Mutex<HashMap<String, u64>>,
}

impl Failures {
    /// `per_minute` for each address; zero is no limit.
    pub(super) fn new(per_minute: u64, peppers: Peppers) -> Self {
        Self {
            rate: (per_minute > 0).then(|| Rate::new(per_minute, 60)),
            addresses: Cache::builder()
                .max_capacity(ADDRESSES_MAX)
                .time_to_idle(REMEMBERED)
                .build(),
            peppers,
            changed: Mutex::default(),
            known: Mutex::default(),
        }
    }

    /// Whether another bad key would be one too many.
    pub(super) fn check(&self, address: Option<&str>, now: u64) -> Result<()> {
        let Some(rate) = &self.rate else { return Ok(()) };
        let Some(bucket) = self.addresses.get(&network(address)) else { return Ok(()) };
        let at = bucket.lock().at;
        allowed(rate.wait(at, now, 1))
    }

    /// Counts a bad key, unless it is one too many.
    pub(super) fn note(&self, address: Option<&str>, now: u64) -> Result<()> {
        let Some(rate) = &self.rate else { return Ok(()) };
        let network = network(address);
        let bucket = self.addresses.get_with(network, || Arc::new(self.bucket(network)));
        let first = {
            let mut state = bucket.lock();
            allowed(rate.wait(state.at, now, 1))?;
            let after = rate.used(state.at, now, 1);
            state.spend(after, rate.cost(1), now)
        };
        if first {
            self.tell_later([bucket]);
        }
        Ok(())
    }

    /// At most `most` of the addresses that the store is to be told of.
    pub(super) fn changed(&self, most: usize) -> Vec<Arc<Bucket>> {
        let mut changed = self.changed.lock();
        let count = changed.len().min(most);
        changed.drain(..count).collect()
    }

    /// Those of which the store is to be told with the next exchange.
    pub(super) fn tell_later(&self, buckets: impl IntoIterator<Item = Arc<Bucket>>) {
        let mut changed = self.changed.lock();
        for bucket in buckets {
            if changed.len() >= CHANGED_MAX {
                // It goes on counting here alone.
                changed.pop_front();
            }
            changed.push_back(bucket);
        }
    }

    /// Whether a bucket of the store is one of bad keys; then it is remembered.
    pub(super) fn learn(&self, bucket: &str, state: u64) -> bool {
        let is_ours = bucket.starts_with(PREFIX);
        if is_ours && self.rate.is_some() {
            self.known.lock().insert(bucket.to_owned(), state);
        }
        is_ours
    }

    /// Forgets what is paid off.
    pub(super) fn forget(&self, now: u64) {
        self.known.lock().retain(|_, state| *state > now);
    }

    fn bucket(&self, network: u128) -> Bucket {
        let (_, digest) = self.peppers.digest(&format!("{PREFIX}{network:032x}"));
        let bucket = Bucket::new(&format!("{PREFIX}{}", hex(&digest[..DIGEST_BYTES])));
        if let Some(state) = self.known.lock().remove(&bucket.name) {
            bucket.merge(state);
        }
        bucket
    }
}

fn allowed(wait: u64) -> Result<()> {
    if wait == 0 {
        return Ok(());
    }
    let wait = seconds(wait).max(1);
    let detail = format!("too many bad keys from this address; try again in {wait} s");
    Err(Fault::new(Code::RateLimited, detail).with_reason("rate_limited").with_retry_after(wait))
}

/// An IPv4 address, or the /64 that an IPv6 address is in: who has one has all of it. What is no
/// address counts as one.
fn network(address: Option<&str>) -> u128 {
    match address.and_then(|text| text.parse::<IpAddr>().ok()).map(|found| found.to_canonical()) {
        Some(IpAddr::V4(v4)) => v4.to_ipv6_mapped().to_bits(),
        Some(IpAddr::V6(v6)) => v6.to_bits() & !u128::from(u64::MAX),
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::rate::SECOND;

    const NOW: u64 = 1_800_000_000 * SECOND;

    fn failures(per_minute: u64) -> Failures {
        Failures::new(per_minute, Peppers::new(vec![(1, [7; 32])]).expect("a pepper"))
    }

    /// What the store does with what a node tells it.
    fn exchange(stored: &mut HashMap<String, u64>, node: &Failures) -> usize {
        let changed = node.changed(1000);
        for bucket in &changed {
            let report = bucket.report(NOW, SECOND).expect("something to tell");
            let state = stored.entry(report.bucket.clone()).or_default();
            *state = (*state).max(report.since).saturating_add(report.added).max(report.state);
            bucket.merge(*state);
        }
        changed.len()
    }

    #[test]
    fn nodes_count_an_address_together_and_one_that_starts_later_knows() {
        let (one, two, mut stored) = (failures(4), failures(4), HashMap::new());
        for _ in 0..2 {
            assert!(one.note(Some("203.0.113.9"), NOW).is_ok());
            assert!(two.note(Some("203.0.113.9"), NOW).is_ok());
        }
        assert!(one.note(Some("203.0.113.10"), NOW).is_ok());
        assert_eq!(exchange(&mut stored, &one), 2, "each address once, however often it came");
        assert_eq!(exchange(&mut stored, &two), 1);
        assert_eq!(exchange(&mut stored, &two), 0, "what has not changed is not told");
        assert!(two.check(Some("203.0.113.9"), NOW).is_err(), "two there and two here");
        let fresh = failures(4);
        assert!(!fresh.learn("key:1/burst", NOW));
        for (bucket, state) in &stored {
            assert!(fresh.learn(bucket, *state));
            assert!(!bucket.contains("203"));
        }
        assert!(fresh.note(Some("203.0.113.9"), NOW).is_err(), "a restart forgives nothing");
        assert!(fresh.note(Some("203.0.113.10"), NOW).is_ok());
        fresh.forget(NOW + 120 * SECOND);
        assert!(fresh.known.lock().is_empty());
    }

    #[test]
    fn what_waits_to_be_told_is_bounded() {
        let node = failures(4);
        for _ in 0..CHANGED_MAX + 10 {
            node.tell_later([Arc::new(Bucket::new("bad:x"))]);
        }
        assert_eq!(node.changed(usize::MAX).len(), CHANGED_MAX);
    }

    #[test]
    fn one_address_does_not_use_up_what_another_has() {
        let failures = failures(3);
        for _ in 0..3 {
            assert!(failures.check(Some("203.0.113.9"), NOW).is_ok());
            assert!(failures.note(Some("203.0.113.9"), NOW).is_ok());
        }
        let fault = failures.check(Some("203.0.113.9"), NOW).expect_err("the fourth");
        assert_eq!(fault.retry_after_seconds(), Some(20));
        assert!(failures.note(Some("203.0.113.9"), NOW).is_err());
        assert!(failures.note(Some("203.0.113.10"), NOW).is_ok());
        assert!(failures.note(None, NOW).is_ok());
        assert!(failures.note(Some("203.0.113.9"), NOW + 20 * SECOND).is_ok(), "a third minute on");
    }

    #[test]
    fn what_is_refused_does_not_prolong_the_wait() {
        let failures = failures(1);
        assert!(failures.note(None, NOW).is_ok());
        for _ in 0..1000 {
            assert!(failures.note(None, NOW).is_err());
        }
        assert!(failures.note(None, NOW + 60 * SECOND).is_ok());
    }

    #[test]
    fn addresses_of_one_subscriber_count_together() {
        assert_eq!(network(Some("2001:db8::1")), network(Some("2001:db8::ffff:1")));
        assert_ne!(network(Some("2001:db8::1")), network(Some("2001:db8:0:1::1")));
        assert_eq!(network(Some("::ffff:1.2.3.4")), network(Some("1.2.3.4")));
        assert_ne!(network(Some("1.2.3.5")), network(Some("1.2.3.4")));
    }

    #[test]
    fn zero_is_no_limit() {
        let failures = failures(0);
        assert!((0..10_000).all(|_| failures.note(None, NOW).is_ok()));
    }
}
