//! A bucket on this node: its state, and what the store has not been told of yet.

use parking_lot::{Mutex, MutexGuard};

/// What a node tells the store of a bucket. All numbers are nanoseconds; moments are since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketReport {
    /// The name of the bucket, the same on every node.
    pub bucket: String,
    /// When the first of `added` was used.
    pub since: u64,
    /// What was used here since the last report.
    pub added: u64,
    /// The state as this node sees it.
    pub state: u64,
}

/// The state of a bucket.
#[derive(Debug, Default)]
pub(super) struct State {
    /// When all that was used is paid off.
    pub(super) at: u64,
    /// What was used since the last report.
    unsent: u64,
    /// When the first of it was used.
    since: u64,
    /// When it was last looked at.
    seen: u64,
}

impl State {
    /// Notes that it is looked at.
    pub(super) fn see(&mut self, now: u64) {
        self.seen = self.seen.max(now);
    }

    /// Takes over a state after a use at a cost. Tells whether it is the first since the last
    /// report.
    pub(super) fn spend(&mut self, state: u64, cost: u64, now: u64) -> bool {
        let first = self.unsent == 0;
        if first {
            self.since = now;
        }
        self.unsent = self.unsent.saturating_add(cost);
        self.at = state;
        self.see(now);
        first
    }

    /// Whether there is something to report.
    pub(super) fn owes(&self) -> bool {
        self.unsent > 0
    }
}

/// A bucket.
#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) name: String,
    state: Mutex<State>,
}

impl Bucket {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), state: Mutex::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// What to tell the store; `None` if it has rested for `rest` with nothing used.
    pub(super) fn report(&self, now: u64, rest: u64) -> Option<BucketReport> {
        let mut state = self.lock();
        if state.unsent == 0 && state.at <= now && state.seen.saturating_add(rest) < now {
            return None;
        }
        let added = std::mem::take(&mut state.unsent);
        let since = if added == 0 { 0 } else { state.since };
        Some(BucketReport { bucket: self.name.clone(), since, added, state: state.at })
    }

    /// Takes a report back that did not reach the store.
    pub(super) fn take_back(&self, report: &BucketReport) {
        if report.added == 0 {
            return;
        }
        let mut state = self.lock();
        state.since = if state.unsent == 0 { report.since } else { state.since.min(report.since) };
        state.unsent = state.unsent.saturating_add(report.added);
    }

    /// Takes over what the store made of the reports of all nodes. What was used here meanwhile
    /// comes on top.
    pub(super) fn merge(&self, merged: u64) {
        let mut state = self.lock();
        state.at = state.at.max(merged.saturating_add(state.unsent));
    }

    /// Whether forgetting it loses nothing.
    pub(super) fn is_forgettable(&self, now: u64, rest: u64) -> bool {
        let state = self.lock();
        state.unsent == 0 && state.at <= now && state.seen.saturating_add(rest) < now
    }
}
