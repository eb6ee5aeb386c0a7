//! The gate: from a credential to a caller, and from a caller and an act to the right to do it.

mod authenticate;
mod explain;
mod find;
mod inputs;
mod permit;
mod rules;
mod used;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use parking_lot::Mutex;
use tessera_kernel::ids::{DashboardId, KeyId, UserId};
use tessera_kernel::{Clock, Timestamp};

pub use explain::Verdict;
pub use permit::Authorized;

use crate::caller::DashboardPrincipal;
use crate::keys::terms::Dialect;
use crate::keys::{ActiveKey, Key, KeyIndex, Peppers, Proof, Proofs};
use crate::limits::Limits;
use crate::ports::{KeyUse, Repos};
use crate::{AccessSettings, Audit, Ledger, UserPrincipal};

/// Most keys above a key.
pub(crate) const PARENTS_MAX: usize = 8;

/// Where a request came from, and the record of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestContext {
    /// The caller's address.
    pub address: Option<String>,
    /// The identifier of the request.
    pub request_id: Option<String>,
    /// The origin of the page that sent it, such as `https://acme.example`.
    pub origin: Option<String>,
    /// What the caller's program calls itself.
    pub client: Option<String>,
    /// The language it is in.
    pub dialect: Dialect,
    /// Its signature, or why that does not count; `None` if it has none.
    pub proof: Option<Arc<Proof>>,
    /// Whether who signs in with it asks to be remembered.
    pub remember: bool,
    /// Its record.
    pub ledger: Ledger,
}

/// Checks credentials and acts.
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

struct Inner {
    repos: Arc<dyn Repos>,
    peppers: Peppers,
    clock: Arc<dyn Clock>,
    settings: AccessSettings,
    audit: Audit,
    /// By digest; `None` for texts that are no key, so that guessing does not reach storage.
    keys: Cache<[u8; 32], Option<Arc<ActiveKey>>>,
    users: Cache<UserId, Option<Arc<UserPrincipal>>>,
    dashboards: Cache<DashboardId, Arc<DashboardPrincipal>>,
    /// What was used since the last flush; storage learns of it once a minute.
    used_keys: Mutex<HashMap<KeyId, KeyUse>>,
    /// Keys that were used under an old pepper, with their digest under the present one.
    stale_keys: Mutex<HashMap<KeyId, (Key, i64)>>,
    seen_users: Mutex<HashMap<UserId, Timestamp>>,
    limits: Limits,
    proofs: Proofs,
    /// Which keys there are, for addresses that send many bad ones.
    index: KeyIndex,
}

impl Gate {
    /// A gate over storage.
    #[must_use]
    pub fn new(
        repos: Arc<dyn Repos>,
        peppers: Peppers,
        clock: Arc<dyn Clock>,
        settings: AccessSettings,
    ) -> Self {
        let ttl = Duration::from_secs(settings.cache_seconds);
        let entries = settings.cache_entries;
        let limits =
            Limits::new(Arc::clone(&repos), Arc::clone(&clock), settings.clone(), peppers.clone());
        Self {
            inner: Arc::new(Inner {
                audit: Audit::new(Arc::clone(&repos), Arc::clone(&clock)),
                limits,
                proofs: Proofs::new(settings.proof_skew_seconds, settings.proof_nonces_max),
                index: KeyIndex::default(),
                repos,
                peppers,
                clock,
                keys: Cache::builder().max_capacity(entries).time_to_live(ttl).build(),
                users: Cache::builder().max_capacity(entries).time_to_live(ttl).build(),
                dashboards: Cache::builder().max_capacity(entries).time_to_live(ttl).build(),
                settings,
                used_keys: Mutex::default(),
                stale_keys: Mutex::default(),
                seen_users: Mutex::default(),
            }),
        }
    }

    /// The digests that this gate checks with.
    #[must_use]
    pub fn peppers(&self) -> &Peppers {
        &self.inner.peppers
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &AccessSettings {
        &self.inner.settings
    }

    /// The audit log.
    #[must_use]
    pub fn audit(&self) -> &Audit {
        &self.inner.audit
    }

    /// The limits of keys.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Forgets what is remembered of keys, after a change.
    pub fn forget_keys(&self) {
        self.inner.keys.invalidate_all();
        self.inner.index.expire();
        self.inner.dashboards.invalidate_all();
    }

    /// Forgets what is remembered of users, groups and access, after a change.
    pub fn forget_users(&self) {
        self.inner.users.invalidate_all();
        self.inner.dashboards.invalidate_all();
    }
}

#[cfg(test)]
mod tests;
