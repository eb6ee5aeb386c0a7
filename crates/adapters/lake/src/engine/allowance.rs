//! How much functions may make: of one value, and of all values between two batches of a step.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt::{Display, Formatter};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Most bytes that the functions of a step make of a batch of rows, all of them together; and those
/// of a text while it is planned, where what is the same for all rows is made.
const MADE_BYTES_MAX: u64 = 128 << 20;

thread_local! {
    /// How many steps are at work on this thread, each within the next one.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// What functions made on this thread since the last batch was given from step to step.
    static MADE: Cell<u64> = const { Cell::new(0) };
    /// Where in the text they stand. A place that comes again works on the next batch: a file is
    /// read in many of them before a step gives one out.
    static PLACES: RefCell<HashSet<usize>> = RefCell::default();
}

/// What functions make of some values, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Made {
    /// The longest one.
    pub(super) longest: u64,
    /// All of them.
    pub(super) all: u64,
}

impl Made {
    pub(super) fn add(&mut self, value: u64) {
        self.longest = self.longest.max(value);
        self.all = self.all.saturating_add(value);
    }
}

/// How much the functions of one question may make.
#[derive(Debug, Clone)]
pub(super) struct Allowance {
    value_bytes_max: usize,
    setting: &'static str,
    planned: Arc<AtomicU64>,
    places: Arc<AtomicUsize>,
}

/// What was too much, in words.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TooMuch {
    Value(usize, &'static str),
    Batch,
}

impl Display for TooMuch {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Value(most, setting) => {
                write!(f, "a value of more than {most} bytes ({setting})")
            }
            Self::Batch => write!(f, "more than {MADE_BYTES_MAX} bytes of some thousand rows"),
        }
    }
}

impl Allowance {
    /// With so many bytes for one value, by that setting.
    pub(super) fn new(value_bytes_max: usize, setting: &'static str) -> Self {
        let (planned, places) = (Arc::default(), Arc::default());
        Self { value_bytes_max, setting, planned, places }
    }

    /// A number for a place in the text where a function stands.
    pub(super) fn next_place(&self) -> usize {
        self.places.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether so much is surely not too much for the values, if nothing else is made.
    pub(super) fn fits(&self, made: Made) -> bool {
        made.longest <= self.value_bytes_max as u64 && made.all <= MADE_BYTES_MAX
    }

    /// Whether a value may be so long.
    pub(super) fn check_value(&self, bytes: u64) -> Result<(), TooMuch> {
        if bytes <= self.value_bytes_max as u64 {
            return Ok(());
        }
        Err(TooMuch::Value(self.value_bytes_max, self.setting))
    }

    /// Notes what a function is about to make at a place of the text.
    pub(super) fn make(&self, made: Made, place: usize) -> Result<(), TooMuch> {
        self.check_value(made.longest)?;
        let before = if DEPTH.get() > 0 {
            if !PLACES.with_borrow_mut(|places| places.insert(place)) {
                begin_batch();
                PLACES.with_borrow_mut(|places| places.insert(place));
            }
            MADE.replace(MADE.get().saturating_add(made.all))
        } else {
            self.planned.fetch_add(made.all, Ordering::Relaxed)
        };
        if before.saturating_add(made.all) > MADE_BYTES_MAX {
            return Err(TooMuch::Batch);
        }
        Ok(())
    }
}

/// What a step made before is gone, or its own: it begins anew.
pub(super) fn begin_batch() {
    MADE.set(0);
    PLACES.with_borrow_mut(HashSet::clear);
}

/// While a step works on this thread.
pub(super) struct AtWork(());

impl AtWork {
    pub(super) fn begin() -> Self {
        DEPTH.set(DEPTH.get() + 1);
        begin_batch();
        Self(())
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
        // Who asked for this batch makes what it makes of this one.
        begin_batch();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: u64) -> Made {
        Made { longest: 1, all: bytes }
    }

    #[test]
    fn what_is_made_of_a_batch_is_counted_together_and_of_the_next_one_anew() {
        let allowance = Allowance::new(100, "results.query_value_bytes_max");
        let step = AtWork::begin();
        let (one, other) = (allowance.next_place(), allowance.next_place());
        assert_eq!(allowance.make(of(MADE_BYTES_MAX), one), Ok(()));
        assert_eq!(allowance.make(of(1), other), Err(TooMuch::Batch));
        drop(AtWork::begin());
        assert_eq!(allowance.make(of(1), other), Ok(()), "another batch came from below");
        begin_batch();
        for _ in 0..3 {
            assert_eq!(allowance.make(of(MADE_BYTES_MAX), one), Ok(()), "a batch of a file");
        }
        assert!(allowance.make(Made { longest: 101, all: 101 }, other).is_err());
        drop(step);
        // What is planned has no batches.
        assert_eq!(allowance.make(of(MADE_BYTES_MAX), one), Ok(()));
        assert_eq!(allowance.clone().make(of(1), one), Err(TooMuch::Batch));
        assert_eq!(Allowance::new(100, "x").make(of(1), one), Ok(()), "each question for itself");
    }
}
