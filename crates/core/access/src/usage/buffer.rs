//! Records that wait to be written: bounded, and what finds no room is counted.

use std::collections::VecDeque;

use super::UsageEvent;

/// The waiting records.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    waiting: VecDeque<UsageEvent>,
    /// Records that found no room since the last look.
    lost: u64,
}

impl Buffer {
    /// Adds a record, or counts it as lost. Gives how many wait.
    pub(super) fn push(&mut self, event: UsageEvent, most: usize) -> usize {
        if self.waiting.len() >= most {
            self.lost += 1;
        } else {
            self.waiting.push_back(event);
        }
        self.waiting.len()
    }

    /// Takes the oldest records, at most `most`, and the number of lost ones.
    pub(super) fn take(&mut self, most: usize) -> (Vec<UsageEvent>, u64) {
        let count = most.min(self.waiting.len());
        (self.waiting.drain(..count).collect(), std::mem::take(&mut self.lost))
    }

    /// Puts back what could not be written.
    pub(super) fn restore(&mut self, events: Vec<UsageEvent>, lost: u64) {
        for event in events.into_iter().rev() {
            self.waiting.push_front(event);
        }
        self.lost += lost;
    }
}
