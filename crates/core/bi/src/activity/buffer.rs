//! What waits to be written: bounded, and what finds no room is counted.

use super::Activity;

#[derive(Debug, Default)]
pub(super) struct Buffer {
    waiting: Vec<Activity>,
    lost: u64,
}

impl Buffer {
    /// Adds one, or counts it as lost.
    pub(super) fn push(&mut self, activity: Activity, most: usize) {
        if self.waiting.len() >= most {
            self.lost += 1;
        } else {
            self.waiting.push(activity);
        }
    }

    /// Takes all that wait, and the number of lost ones.
    pub(super) fn take(&mut self) -> (Vec<Activity>, u64) {
        (std::mem::take(&mut self.waiting), std::mem::take(&mut self.lost))
    }

    /// Puts back, in front, what could not be written.
    pub(super) fn restore(&mut self, mut activities: Vec<Activity>, most: usize) {
        activities.append(&mut self.waiting);
        let over = activities.len().saturating_sub(most);
        activities.truncate(most);
        self.lost += over as u64;
        self.waiting = activities;
    }
}
