//! Limits on attempts: a generic cell rate algorithm per key, such as an address.

use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{Quota, RateLimiter};
use tessera_kernel::{Code, Fault, Result};

type Limiter = RateLimiter<
    String,
    governor::state::keyed::DefaultKeyedStateStore<String>,
    DefaultClock,
    governor::middleware::NoOpMiddleware<<DefaultClock as governor::clock::Clock>::Instant>,
>;

/// How many keys are remembered before those that rest are forgotten.
const KEYS_KEPT: usize = 10_000;

/// Allows so many attempts an hour for each key.
pub struct Throttle {
    limiter: Option<Limiter>,
}

impl Throttle {
    /// `per_hour` attempts for each key; no limit at all if it is zero.
    #[must_use]
    pub fn per_hour(per_hour: u32) -> Self {
        Self { limiter: NonZeroU32::new(per_hour).map(|n| RateLimiter::keyed(Quota::per_hour(n))) }
    }

    /// Counts an attempt.
    ///
    /// # Errors
    /// `RateLimited`, with the seconds to wait.
    pub fn check(&self, key: &str) -> Result<()> {
        let Some(limiter) = &self.limiter else { return Ok(()) };
        if limiter.len() > KEYS_KEPT {
            limiter.retain_recent();
        }
        limiter.check_key(&key.to_owned()).map_err(|wait| {
            let seconds = wait.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
            Fault::new(Code::RateLimited, format!("too many attempts; try again in {seconds} s"))
                .with_retry_after(seconds)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_use_up_the_attempts_of_another() {
        let throttle = Throttle::per_hour(2);
        assert!(throttle.check("a").is_ok());
        assert!(throttle.check("a").is_ok());
        let fault = throttle.check("a").expect_err("the third one is too many");
        assert_eq!(fault.code(), Code::RateLimited);
        assert!(fault.retry_after_seconds().is_some_and(|seconds| seconds > 1000));
        assert!(throttle.check("b").is_ok());
    }
}
