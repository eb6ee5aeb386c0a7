//! The generic cell rate algorithm, in whole numbers: pure arithmetic on moments.
//!
//! Moments and spans are nanoseconds, moments since 1970. A bucket's state is its theoretical
//! arrival time: the moment at which everything used so far is paid off.

/// Nanoseconds in a second.
pub(super) const SECOND: u64 = 1_000_000_000;

/// The latest moment: what a signed 64-bit column holds.
const MOMENT_MAX: u64 = i64::MAX as u64;

/// The steps of a window are at least this long, so that rounding costs less than one part in ten
/// thousand.
const STEP_NANOSECONDS_MIN: u64 = 10_000;

/// So much in so much time, all of it at once if one likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    quota: u64,
    /// How many are counted together: more than one only for large quotas in short windows.
    quantum: u64,
    /// What a quantum costs. Rounded up: more than the quota is never allowed.
    step: u64,
    /// How far the state may be ahead of the clock.
    capacity: u64,
}

impl Rate {
    /// `quota` in `window_seconds` (at least one).
    #[must_use]
    pub const fn new(quota: u64, window_seconds: u64) -> Self {
        let seconds = if window_seconds == 0 { 1 } else { window_seconds };
        let window = seconds.saturating_mul(SECOND);
        let steps_max = window / STEP_NANOSECONDS_MIN;
        let quantum = if quota > steps_max { quota.div_ceil(steps_max) } else { 1 };
        let steps = if quota == 0 { 1 } else { quota / quantum };
        let step = window.div_ceil(steps);
        let capacity = if quota == 0 { 0 } else { steps.saturating_mul(step) };
        Self { quota, quantum, step, capacity }
    }

    /// What an amount costs, in nanoseconds.
    #[must_use]
    pub const fn cost(&self, amount: u64) -> u64 {
        amount.div_ceil(self.quantum).saturating_mul(self.step)
    }

    /// How long an amount has to wait, in nanoseconds; zero if it may be used now.
    #[must_use]
    pub fn wait(&self, state: u64, now: u64, amount: u64) -> u64 {
        let after = state.max(now).saturating_add(self.cost(amount));
        after.saturating_sub(now.saturating_add(self.capacity))
    }

    /// The state once an amount was used, whether it was allowed or not.
    #[must_use]
    pub fn used(&self, state: u64, now: u64, amount: u64) -> u64 {
        state.max(now).saturating_add(self.cost(amount)).min(MOMENT_MAX)
    }

    /// How much may be used now.
    #[must_use]
    pub fn remaining(&self, state: u64, now: u64) -> u64 {
        if state <= now {
            return self.quota;
        }
        let left = now.saturating_add(self.capacity).saturating_sub(state);
        (left / self.step).saturating_mul(self.quantum).min(self.quota)
    }
}

/// Whole seconds, rounded up.
pub(super) const fn seconds(span: u64) -> u64 {
    span.div_ceil(SECOND)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: u64 = 1_800_000_000 * SECOND;

    #[test]
    fn exactly_the_quota_is_allowed_at_once() {
        for (quota, window) in [(1, 1), (7, 60), (60, 60), (250_000, 3600), (100_000, 86_400)] {
            let rate = Rate::new(quota, window);
            let (mut state, mut allowed) = (0, 0);
            while rate.wait(state, NOW, 1) == 0 {
                state = rate.used(state, NOW, 1);
                allowed += 1;
            }
            assert_eq!(allowed, quota, "{quota} in {window} s");
            assert_eq!(rate.remaining(state, NOW), 0);
        }
    }

    #[test]
    fn nothing_is_allowed_of_nothing() {
        let rate = Rate::new(0, 60);
        assert!(rate.wait(0, NOW, 1) > 0);
        assert_eq!(rate.remaining(0, NOW), 0);
    }

    #[test]
    fn a_debt_is_paid_off_at_the_rate() {
        let rate = Rate::new(10, 60);
        let state = rate.used(0, NOW, 100);
        assert_eq!(rate.remaining(state, NOW), 0);
        // 90 too many and one more to use, six seconds each.
        assert_eq!(seconds(rate.wait(state, NOW, 1)), 91 * 6);
    }

    #[test]
    fn large_quotas_lose_less_than_a_thousandth() {
        for quota in [10_u64.pow(9), 10_u64.pow(12), 10_u64.pow(15)] {
            let rate = Rate::new(quota, 60);
            let burst = rate.remaining(rate.used(0, NOW, 0).max(NOW + 1), NOW);
            assert!(burst <= quota && burst > quota / 1000 * 998, "{burst} of {quota}");
        }
    }

    proptest! {
        #[test]
        fn never_more_than_the_burst_and_the_rate_times_the_time(
            quota in 1_u64..2_000_000_000_000,
            window in 1_u64..100_000,
            uses in prop::collection::vec((0_u64..5_000_000_000, 1_u64..2000), 1..200),
        ) {
            let rate = Rate::new(quota, window);
            let (mut state, mut now, mut allowed) = (0, NOW, 0_u128);
            for (pause, amount) in uses {
                now += pause;
                if rate.wait(state, now, amount) == 0 {
                    state = rate.used(state, now, amount);
                    allowed += u128::from(amount);
                }
                let passed = u128::from(now - NOW);
                let most = u128::from(quota)
                    + passed * u128::from(quota) / (u128::from(window) * u128::from(SECOND)) + 1;
                prop_assert!(allowed <= most, "{allowed} of {most}");
            }
        }

        #[test]
        fn what_has_waited_as_told_is_allowed(
            quota in 1_u64..1_000_000,
            window in 1_u64..100_000,
            debt in 0_u64..10_000_000,
        ) {
            let rate = Rate::new(quota, window);
            let state = rate.used(0, NOW, debt);
            let wait = rate.wait(state, NOW, 1);
            prop_assert_eq!(rate.wait(state, NOW + wait, 1), 0);
            if wait > 0 {
                prop_assert!(rate.wait(state, NOW + wait - 1, 1) > 0, "not told to wait too long");
            }
        }
    }
}
