//! All services of this crate over the same parts.

use std::ops::Deref;
use std::sync::Arc;

use tessera_kernel::{Clock, Random, Secret};

use crate::attempts::Shared;
use crate::ports::{Repos, UsageLog};
use crate::signin::provider::Trusted;
use crate::signin::{Guard, Parts};
use crate::{
    AccessSettings, AccountKeys, Audit, Federation, Gate, Groups, Keys, Mailer, Mails, Once,
    Organization, Passwords, Peppers, Sealer, SecondFactors, Sessions, Setup, SignIns, Usage,
    Users, Workspaces,
};

/// Who may do what. Copied for every request, so a copy costs one count.
#[derive(Clone)]
pub struct Access(Arc<Services>);

impl Deref for Access {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}

/// One service for each feature.
#[derive(Clone)]
pub struct Services {
    /// Turns credentials into callers, and callers and acts into rights.
    pub gate: Gate,
    /// What was done and by whom.
    pub audit: Audit,
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
    /// Signing in with passwords and codes.
    pub signin: SignIns,
    /// Second factors.
    pub factors: SecondFactors,
    /// Signing in by the word of others.
    pub federation: Federation,
    /// Workspaces.
    pub workspaces: Workspaces,
    /// The first setup.
    pub setup: Setup,
    /// What was done with keys.
    pub usage: Usage,
    /// The settings of the organisation.
    pub organization: Organization,
    /// Mail that waits to be sent.
    pub mails: Mails,
    /// Work that counts once, by a key that the caller chose.
    pub once: Once,
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
        let shared = Shared {
            repos: Arc::clone(&repos),
            peppers: peppers.clone(),
            clock: Arc::clone(&clock),
        };
        let guard = Guard::new(&settings, shared);
        let usage = Usage::new(Arc::clone(&repos), Arc::clone(&clock), settings.usage.clone());
        let once = Once::new(
            Arc::clone(&repos),
            peppers.clone(),
            sealer.clone(),
            Arc::clone(&clock),
            settings.once.clone(),
        );
        let gate = Gate::new(Arc::clone(&repos), peppers, Arc::clone(&clock), settings);
        let mails = Mails::new(
            Arc::clone(&repos),
            sealer.clone(),
            Arc::clone(&clock),
            Arc::clone(&random),
            gate.settings().mail.clone(),
        );
        let mut keys = Keys::new(
            Arc::clone(&repos),
            gate.clone(),
            sealer.clone(),
            Arc::clone(&clock),
            Arc::clone(&random),
        );
        keys.mails = Some(mails.clone());
        let sessions = Sessions::new(
            Arc::clone(&repos),
            gate.clone(),
            Arc::clone(&clock),
            Arc::clone(&random),
        );
        let organization = Organization::new(Arc::clone(&repos), gate.clone(), Arc::clone(&clock));
        let (signin, factors, federation) = Parts {
            repos: Arc::clone(&repos),
            gate: gate.clone(),
            organization: organization.clone(),
            keys: keys.clone(),
            sessions: sessions.clone(),
            passwords: passwords.clone(),
            sealer,
            guard: guard.clone(),
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
        }
        .services(Trusted::default());
        Self(Arc::new(Services {
            users: Users::new(
                Arc::clone(&repos),
                gate.clone(),
                keys.clone(),
                passwords.clone(),
                guard,
                mails.clone(),
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
            sessions,
            signin,
            factors,
            federation,
            workspaces: Workspaces::new(
                Arc::clone(&repos),
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
            audit: gate.audit().clone(),
            gate,
            keys,
            usage,
            mails,
            once,
            organization,
            repos,
        }))
    }

    /// The same, with a log for records of requests; before that none are kept.
    #[must_use]
    pub fn recording(mut self, log: Arc<dyn UsageLog>) -> Self {
        let services = Arc::make_mut(&mut self.0);
        services.usage = services.usage.clone().into_log(log);
        self
    }

    /// The same, with what sends mail; before that none is sent.
    #[must_use]
    pub fn mailing(self, mailer: Arc<dyn Mailer>) -> Self {
        self.mails.send_by(mailer, self.gate.clone());
        self
    }

    /// The same, with everybody who is trusted to say who a person is; before that nobody is.
    #[must_use]
    pub fn trusting(mut self, trusted: Trusted) -> Self {
        Arc::make_mut(&mut self.0).federation.trusted = trusted;
        self
    }
}
