//! What the services of signing in are made of.

use std::sync::Arc;

use tessera_kernel::{Clock, Random};

use super::pending::PendingBook;
use super::provider::Trusted;
use super::{Federation, Guard, Identities, SecondFactors, SignIns};
use crate::ports::Repos;
use crate::{Gate, Keys, Organization, Passwords, Sealer, Sessions};

/// What the services of signing in are made of.
pub(crate) struct Parts {
    pub(crate) repos: Arc<dyn Repos>,
    pub(crate) gate: Gate,
    pub(crate) organization: Organization,
    pub(crate) keys: Keys,
    pub(crate) sessions: Sessions,
    pub(crate) passwords: Passwords,
    pub(crate) sealer: Sealer,
    pub(crate) guard: Guard,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

impl Parts {
    /// The services.
    pub(crate) fn services(self, trusted: Trusted) -> (SignIns, SecondFactors, Federation) {
        let pending = PendingBook {
            repos: Arc::clone(&self.repos),
            gate: self.gate.clone(),
            sealer: self.sealer.clone(),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
        };
        let factors = SecondFactors {
            repos: Arc::clone(&self.repos),
            gate: self.gate.clone(),
            sealer: self.sealer,
            passwords: self.passwords.clone(),
            guard: self.guard.clone(),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
        };
        let identities = Identities {
            repos: Arc::clone(&self.repos),
            gate: self.gate.clone(),
            keys: self.keys,
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
        };
        let signin = SignIns {
            repos: Arc::clone(&self.repos),
            gate: self.gate.clone(),
            organization: self.organization,
            passwords: self.passwords,
            sessions: self.sessions,
            factors: factors.clone(),
            pending: pending.clone(),
            guard: self.guard.clone(),
        };
        let federation = Federation {
            tokens: Federation::token_cache(&self.gate),
            repos: self.repos,
            gate: self.gate,
            signin: signin.clone(),
            identities,
            pending,
            guard: self.guard,
            trusted,
            clock: self.clock,
            random: self.random,
        };
        (signin, factors, federation)
    }
}
