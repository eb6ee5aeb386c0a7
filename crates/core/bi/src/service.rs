//! All services of this crate over the same parts.

use std::sync::{Arc, OnceLock};

use tessera_access::ports::Repos as AccessRepos;
use tessera_access::{Gate, Keys, Mailer, Sealer};
use tessera_kernel::{Clock, Random};

use crate::jobs::Signals;
use crate::ports::{BiRepos, Connectors, ResultFiles};
use crate::{
    BiSettings, Dashboards, Jobs, Queries, Reach, Results, Schedules, Sources, Visualizations,
};

/// What the services share.
pub(crate) struct Parts {
    pub(crate) repos: Arc<dyn BiRepos>,
    pub(crate) access: Arc<dyn AccessRepos>,
    pub(crate) files: Arc<dyn ResultFiles>,
    pub(crate) connectors: Arc<dyn Connectors>,
    pub(crate) gate: Gate,
    pub(crate) keys: Keys,
    pub(crate) sealer: Sealer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) settings: BiSettings,
    pub(crate) signals: Signals,
    /// Where mail goes, once that is known.
    pub(crate) mailer: OnceLock<Arc<dyn Mailer>>,
}

/// The query side.
#[derive(Clone)]
pub struct Bi {
    /// Data sources.
    pub sources: Sources,
    /// Queries.
    pub queries: Queries,
    /// Jobs.
    pub jobs: Jobs,
    /// Results.
    pub results: Results,
    /// Schedules.
    pub schedules: Schedules,
    /// Visualizations.
    pub visualizations: Visualizations,
    /// Dashboards.
    pub dashboards: Dashboards,
    /// What keys reach.
    pub reach: Reach,
}

impl Bi {
    /// The services over storage, files and databases.
    #[must_use]
    #[expect(clippy::too_many_arguments, reason = "the composition root names every part once")]
    pub fn new(
        repos: Arc<dyn BiRepos>,
        access: Arc<dyn AccessRepos>,
        files: Arc<dyn ResultFiles>,
        connectors: Arc<dyn Connectors>,
        gate: Gate,
        keys: Keys,
        sealer: Sealer,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        settings: BiSettings,
    ) -> Self {
        let parts = Arc::new(Parts {
            repos,
            access,
            files,
            connectors,
            gate,
            keys,
            sealer,
            clock,
            random,
            settings,
            signals: Signals::default(),
            mailer: OnceLock::new(),
        });
        Self {
            sources: Sources::new(Arc::clone(&parts)),
            queries: Queries::new(Arc::clone(&parts)),
            jobs: Jobs::new(Arc::clone(&parts)),
            results: Results::new(Arc::clone(&parts)),
            schedules: Schedules::new(Arc::clone(&parts)),
            visualizations: Visualizations::new(Arc::clone(&parts)),
            dashboards: Dashboards::new(Arc::clone(&parts)),
            reach: Reach::new(parts),
        }
    }
}
