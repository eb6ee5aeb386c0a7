//! When a schedule is due: pure functions of the schedule and of what happened so far.

use chrono::{NaiveDate, TimeDelta};
use tessera_kernel::Timestamp;

use super::form::{Schedule, Timing, moment};

/// No more moments are gone through to find the last one that was missed: ten years of days.
const MOMENTS_MISSED_MAX: usize = 3660;

/// What happened so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// When the schedule was set.
    pub set_at: Timestamp,
    /// The moment that was run last.
    pub last_due: Option<Timestamp>,
    /// When somebody else's run gave the latest result.
    pub other_run: Option<Timestamp>,
    /// How many runs failed since the last one that did not.
    pub failures: u32,
    /// How long after its schedule was set a query is due that never ran.
    pub first_delay: TimeDelta,
    /// Longest delay after failures.
    pub delay_max: TimeDelta,
}

/// When a query is to be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// At this moment.
    At(Timestamp),
    /// Not any more: the schedule ends, or ended, at this moment.
    Ends(Timestamp),
    /// Never.
    Never,
}

impl Schedule {
    /// The moment that is due next. A query that never ran is due soon after its schedule was set, with
    /// a cron expression at the first moment after that. Every failure in a row doubles a delay, from
    /// two minutes on.
    #[must_use]
    pub fn next(&self, past: &Past) -> Next {
        if !self.is_active() {
            return Next::Never;
        }
        let ran = past.last_due.max(past.other_run);
        let regular = match (&self.timing, ran) {
            (Timing::Never, _) => None,
            (Timing::Cron(_), _) => {
                self.after(past.last_due.unwrap_or(past.set_at).max(past.set_at))
            }
            (Timing::Every(_) | Timing::At { .. }, None) => {
                past.set_at.checked_add_signed(past.first_delay)
            }
            (Timing::Every(_) | Timing::At { .. }, Some(ran)) => self.after(ran),
        };
        let due = regular.and_then(|due| due.checked_add_signed(past.delay()));
        match (due, self.until) {
            (Some(due), Some(until)) if due >= until => Next::Ends(until),
            (None, Some(until)) => Next::Ends(until),
            (Some(due), _) => Next::At(due),
            (None, None) => Next::Never,
        }
    }

    /// The moment that follows a run at `ran`.
    #[must_use]
    pub fn after(&self, ran: Timestamp) -> Option<Timestamp> {
        match &self.timing {
            Timing::Never => None,
            Timing::Every(interval) => ran.checked_add_signed(*interval),
            Timing::Cron(expression) => expression.after(ran, self.zone),
            Timing::At { days, .. } => {
                let day = self.last_day(ran)?.checked_add_days(chrono::Days::new(*days))?;
                self.on_or_after(day)
            }
        }
    }

    /// The last moment up to `now` of those that begin with `due`: what is run once after moments
    /// were missed.
    #[must_use]
    pub fn latest(&self, due: Timestamp, now: Timestamp) -> Timestamp {
        let found = match &self.timing {
            Timing::Never => None,
            Timing::Every(interval) => {
                let missed = (now - due).num_seconds() / interval.num_seconds().max(1);
                let missed = i32::try_from(missed).unwrap_or(i32::MAX);
                interval.checked_mul(missed).and_then(|by| due.checked_add_signed(by))
            }
            Timing::Cron(expression) => expression.at_or_before(now, self.zone),
            Timing::At { .. } => {
                let moments = std::iter::successors(Some(due), |last| self.after(*last));
                moments.take(MOMENTS_MISSED_MAX).take_while(|due| *due <= now).last()
            }
        };
        found.filter(|found| (due..=now).contains(found)).unwrap_or(due)
    }

    /// The next moments after `from`, as far as nothing else happens.
    #[must_use]
    pub fn upcoming(&self, from: Timestamp, count: usize) -> Vec<Timestamp> {
        if !self.is_active() {
            return Vec::new();
        }
        let moments = std::iter::successors(self.after(from), |last| self.after(*last));
        moments.take_while(|due| self.until.is_none_or(|until| *due < until)).take(count).collect()
    }

    /// The last day whose moment is not after `at`.
    fn last_day(&self, at: Timestamp) -> Option<NaiveDate> {
        let Timing::At { time, weekday, .. } = &self.timing else { return None };
        let mut day = at.with_timezone(&self.zone).date_naive();
        if moment(day, *time, self.zone)? > at {
            day = day.pred_opt()?;
        }
        while weekday.is_some_and(|wanted| wanted != chrono::Datelike::weekday(&day)) {
            day = day.pred_opt()?;
        }
        Some(day)
    }

    /// The first moment on a day or later.
    fn on_or_after(&self, mut day: NaiveDate) -> Option<Timestamp> {
        let Timing::At { time, weekday, .. } = &self.timing else { return None };
        while weekday.is_some_and(|wanted| wanted != chrono::Datelike::weekday(&day)) {
            day = day.succ_opt()?;
        }
        moment(day, *time, self.zone)
    }
}

impl Past {
    /// How much later than regular, because of failures.
    fn delay(&self) -> TimeDelta {
        if self.failures == 0 {
            return TimeDelta::zero();
        }
        let minutes = 1_i64.checked_shl(self.failures).filter(|minutes| *minutes > 0);
        let delay = minutes.and_then(TimeDelta::try_minutes).unwrap_or(TimeDelta::MAX);
        delay.min(self.delay_max)
    }
}

#[cfg(test)]
#[path = "due_tests.rs"]
mod tests;
