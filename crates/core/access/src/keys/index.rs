//! Which keys there are: told without asking storage about each, so that an address that sends bad
//! keys without end costs nothing, and a good key from the same address is still looked up.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use chrono::TimeDelta;
use parking_lot::RwLock;
use tessera_kernel::ids::KeyId;
use tessera_kernel::{Result, Timestamp};

use crate::ports::Repos;

/// How old the index may be before a key that is not in it is not believed to be unknown.
const AGE_MAX: TimeDelta = TimeDelta::seconds(1);

/// Numbers below the highest that are read again: a key with a lower number may appear later.
const OVERLAP: i64 = 1000;

/// Hashes of the texts by which keys are found: eight bytes for each key. Keys that are gone stay in
/// it until the next start; they are looked up in vain.
#[derive(Default)]
pub(crate) struct KeyIndex {
    state: RwLock<State>,
    /// One reading at a time.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    hasher: RandomState,
    known: HashSet<u64>,
    highest: i64,
    read_at: Option<Timestamp>,
    /// How often it was made to expire: a reading that began before does not count as fresh.
    expired: u64,
}

impl State {
    fn has_any(&self, lookups: &[String]) -> bool {
        lookups.iter().any(|lookup| self.known.contains(&self.hasher.hash_one(lookup.as_str())))
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        self.read_at.is_some_and(|at| now - at < AGE_MAX)
    }
}

impl KeyIndex {
    /// Whether one of these texts finds a key. A key that was made on another node less than a second
    /// ago may not be known yet.
    ///
    /// # Errors
    /// If storage fails.
    pub(crate) async fn has_any(
        &self,
        lookups: &[String],
        repos: &dyn Repos,
        now: Timestamp,
    ) -> Result<bool> {
        if let Some(answer) = self.answer(lookups, now) {
            return Ok(answer);
        }
        let _alone = self.reading.lock().await;
        if let Some(answer) = self.answer(lookups, now) {
            return Ok(answer);
        }
        let (after, expired) = {
            let state = self.state.read();
            (KeyId((state.highest - OVERLAP).max(0)), state.expired)
        };
        let found = repos.key_lookups(after).await?;
        let mut state = self.state.write();
        for (id, lookup) in found {
            let hash = state.hasher.hash_one(lookup.as_str());
            state.known.insert(hash);
            state.highest = state.highest.max(id.0);
        }
        state.read_at = (state.expired == expired).then_some(now);
        Ok(state.has_any(lookups))
    }

    /// Makes the next question read what is new.
    pub(crate) fn expire(&self) {
        let mut state = self.state.write();
        state.read_at = None;
        state.expired += 1;
    }

    fn answer(&self, lookups: &[String], now: Timestamp) -> Option<bool> {
        let state = self.state.read();
        if state.has_any(lookups) {
            return Some(true);
        }
        state.is_fresh(now).then_some(false)
    }
}
