//! Bad keys, counted for each address: after so many in a minute, further ones are not looked up.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use tessera_kernel::{Code, Fault, Result};

use super::rate::{Rate, seconds};

/// How many addresses are remembered. Beyond, those are forgotten that are seldom seen.
const ADDRESSES_MAX: u64 = 50_000;

/// How long an address is remembered: after that, all of its attempts are there again.
const REMEMBERED: Duration = Duration::from_secs(120);

/// Bad keys.
pub(super) struct Failures {
    /// `None` if they are not limited.
    rate: Option<Rate>,
    addresses: Cache<u128, Arc<AtomicU64>>,
}

impl Failures {
    /// `per_minute` for each address; zero is no limit.
    pub(super) fn new(per_minute: u64) -> Self {
        Self {
            rate: (per_minute > 0).then(|| Rate::new(per_minute, 60)),
            addresses: Cache::builder()
                .max_capacity(ADDRESSES_MAX)
                .time_to_idle(REMEMBERED)
                .build(),
        }
    }

    /// Whether another bad key would be one too many.
    pub(super) fn check(&self, address: Option<&str>, now: u64) -> Result<()> {
        let Some(rate) = &self.rate else { return Ok(()) };
        let Some(state) = self.addresses.get(&network(address)) else { return Ok(()) };
        allowed(rate.wait(state.load(Ordering::Acquire), now, 1))
    }

    /// Counts a bad key, unless it is one too many.
    pub(super) fn note(&self, address: Option<&str>, now: u64) -> Result<()> {
        let Some(rate) = &self.rate else { return Ok(()) };
        let state = self.addresses.get_with(network(address), Arc::default);
        let next = |at| (rate.wait(at, now, 1) == 0).then(|| rate.used(at, now, 1));
        match state.fetch_update(Ordering::AcqRel, Ordering::Acquire, next) {
            Ok(_) => Ok(()),
            Err(at) => allowed(rate.wait(at, now, 1)),
        }
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

    #[test]
    fn one_address_does_not_use_up_what_another_has() {
        let failures = Failures::new(3);
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
        let failures = Failures::new(1);
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
        let failures = Failures::new(0);
        assert!((0..10_000).all(|_| failures.note(None, NOW).is_ok()));
    }
}
