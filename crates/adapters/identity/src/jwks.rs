//! Sets of keys: fetched, remembered for a while, and fetched again when a token names a key that is
//! not in them, but not often.

use std::sync::Arc;

use chrono::TimeDelta;
use parking_lot::RwLock;
use tessera_kernel::{Clock, Result, Timestamp};

use crate::http::{Outbound, unavailable};
use crate::jose::{Unchecked, bad};
use crate::keys::Key;

/// A set is not fetched more often than this, whatever tokens name, in seconds.
const FETCH_EVERY_SECONDS: i64 = 30;

const WHAT: &str = "the set of keys";

/// The keys of an issuer.
pub(crate) struct KeySet {
    outbound: Outbound,
    clock: Arc<dyn Clock>,
    ttl: TimeDelta,
    known: RwLock<Known>,
    /// Held while the set is fetched, so that it is fetched once.
    fetching: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    keys: Arc<Vec<Key>>,
    fetched_at: Option<Timestamp>,
    tried_at: Option<Timestamp>,
}

impl KeySet {
    pub(crate) fn new(outbound: Outbound, clock: Arc<dyn Clock>, ttl_seconds: i64) -> Self {
        Self {
            outbound,
            clock,
            ttl: TimeDelta::seconds(ttl_seconds),
            known: RwLock::default(),
            fetching: tokio::sync::Mutex::default(),
        }
    }

    /// Checks the signature of a token with the set at `url`.
    ///
    /// # Errors
    /// `Unauthenticated` if no key of the set made it, `Unavailable` if the set was never fetched and
    /// cannot be.
    pub(crate) async fn check(&self, url: &str, token: &Unchecked<'_>) -> Result<()> {
        let mut keys = self.fresh();
        if !keys.iter().flat_map(|keys| keys.iter()).any(|key| key.may_be(token)) {
            keys = Some(self.fetch(url, token).await?);
        }
        check(keys.iter().flat_map(|keys| keys.iter()), token)
    }

    /// The set, unless it is too old.
    fn fresh(&self) -> Option<Arc<Vec<Key>>> {
        let known = self.known.read();
        let age = self.clock.now() - known.fetched_at?;
        (age < self.ttl).then(|| Arc::clone(&known.keys))
    }

    async fn fetch(&self, url: &str, token: &Unchecked<'_>) -> Result<Arc<Vec<Key>>> {
        let _alone = self.fetching.lock().await;
        // Somebody else may have fetched it while this one waited.
        if let Some(keys) = self.fresh()
            && keys.iter().any(|key| key.may_be(token))
        {
            return Ok(keys);
        }
        let now = self.clock.now();
        let (old, tried_at) = {
            let known = self.known.read();
            (known.fetched_at.map(|_| Arc::clone(&known.keys)), known.tried_at)
        };
        let too_soon = tried_at.is_some_and(|at| (now - at).num_seconds() < FETCH_EVERY_SECONDS);
        if too_soon {
            return old
                .ok_or_else(|| unavailable(WHAT, "it could not be read just now".to_owned()));
        }
        self.known.write().tried_at = Some(now);
        match self.read(url).await {
            Ok(keys) => {
                let keys = Arc::new(keys);
                let mut known = self.known.write();
                known.keys = Arc::clone(&keys);
                known.fetched_at = Some(now);
                Ok(keys)
            }
            // An issuer that does not answer for a moment locks nobody out.
            Err(fault) => old.ok_or(fault),
        }
    }

    async fn read(&self, url: &str) -> Result<Vec<Key>> {
        let document = self.outbound.get(url, WHAT).await?.json(WHAT)?;
        Key::read_set(document).map_err(|error| unavailable(WHAT, error.to_string()))
    }
}

/// Checks the signature of a token with some keys.
pub(crate) fn check<'a>(keys: impl Iterator<Item = &'a Key>, token: &Unchecked<'_>) -> Result<()> {
    let mut candidates = keys.filter(|key| key.may_be(token));
    if candidates.any(|key| key.signed(token)) {
        return Ok(());
    }
    Err(bad("its signature does not fit"))
}
