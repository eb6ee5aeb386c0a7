//! All services of this crate over the same parts.

use std::sync::Arc;

use tessera_kernel::{Clock, Random, Secret};

use crate::ports::Repos;
use crate::{
    AccessSettings, AccountKeys, Gate, Groups, Keys, Passwords, Peppers, Sealer, Sessions, Setup,
    Users,
};

/// Who may do what.
#[derive(Clone)]
pub struct Access {
    /// Turns credentials into callers, and callers and acts into rights.
    pub gate: Gate,
    /// Keys.
    pub keys: Keys,
    /// Keys with accounts of their own.
    pub account_keys: AccountKeys,
    /// Users.
    pub users: Users,
    /// Groups.
    pub groups: Groups,
    /// Sessions.
    pub sessions: Sessions,
    /// The first setup.
    pub setup: Setup,
    /// Editors and settings of the organisation are read and written through here.
    pub(crate) repos: Arc<dyn Repos>,
}

impl Access {
    /// The services over storage. Without a `setup_token` the first setup asks for none.
    #[must_use]
    pub fn new(
        repos: Arc<dyn Repos>,
        peppers: Peppers,
        sealer: Sealer,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        settings: AccessSettings,
        setup_token: Option<Secret>,
    ) -> Self {
        let passwords = Passwords::new(Arc::clone(&random), settings.password_min_characters);
        let gate = Gate::new(Arc::clone(&repos), peppers, Arc::clone(&clock), settings);
        let keys = Keys::new(
            Arc::clone(&repos),
            gate.clone(),
            sealer,
            Arc::clone(&clock),
            Arc::clone(&random),
        );
        Self {
            users: Users::new(
                Arc::clone(&repos),
                gate.clone(),
                keys.clone(),
                passwords.clone(),
                Arc::clone(&clock),
                Arc::clone(&random),
            ),
            account_keys: AccountKeys::new(
                Arc::clone(&repos),
                gate.clone(),
                Arc::clone(&clock),
                Arc::clone(&random),
            ),
            groups: Groups::new(
                Arc::clone(&repos),
                gate.clone(),
                Arc::clone(&clock),
                Arc::clone(&random),
            ),
            sessions: Sessions::new(
                Arc::clone(&repos),
                gate.clone(),
                passwords.clone(),
                Arc::clone(&clock),
                Arc::clone(&random),
            ),
            setup: Setup::new(
                Arc::clone(&repos),
                gate.clone(),
                keys.clone(),
                passwords,
                setup_token,
                clock,
                random,
            ),
            gate,
            keys,
            repos,
        }
    }
}
