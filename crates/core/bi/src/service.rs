//! All services of this crate over the same parts.

use std::sync::{Arc, OnceLock};

use parking_lot::RwLock;
use tessera_access::ports::Repos as AccessRepos;
use tessera_access::{Gate, Keys, Mails, Organization, Sealer};
use tessera_kernel::{Clock, Code, Fault, Random, Result, Timestamp};

use crate::jobs::Signals;
use crate::ports::{BiRepos, Channels, Connectors, ResultFiles};
use crate::{
    ActivityService, Alerts, BiSettings, Dashboards, Destinations, Imports, Jobs, Queries, Reach,
    Results, Schedules, Search, Snippets, Sources, Trash, Visualizations,
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
    /// The queue of mails, and who decides about those of failures; once that is known.
    pub(crate) mails: OnceLock<(Mails, Organization)>,
    /// The senders of notices.
    pub(crate) channels: OnceLock<Arc<dyn Channels>>,
    /// Where people reach this server.
    base_url: RwLock<String>,
}

impl Parts {
    /// The senders of notices.
    pub(crate) fn channels(&self) -> Result<&dyn Channels> {
        self.channels
            .get()
            .map(Arc::as_ref)
            .ok_or_else(|| Fault::new(Code::Unsupported, "this server has no senders of notices"))
    }

    /// Where people reach this server, without a slash at the end.
    pub(crate) fn base_url(&self) -> String {
        self.base_url.read().clone()
    }
}

/// When something is changed now: later than the last time also if the clock stood still, because who
/// changes it next tells by that what they saw.
pub(crate) fn changed_at(before: Timestamp, now: Timestamp) -> Timestamp {
    now.max(before + chrono::TimeDelta::microseconds(1))
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
    /// Alerts.
    pub alerts: Alerts,
    /// Destinations of notices.
    pub destinations: Destinations,
    /// Finding objects by words.
    pub search: Search,
    /// Taking objects over from another server.
    pub imports: Imports,
    /// What was archived.
    pub trash: Trash,
    /// Pieces of text to write queries with.
    pub snippets: Snippets,
    /// What people did.
    pub activity: ActivityService,
    parts: Arc<Parts>,
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
            mails: OnceLock::new(),
            channels: OnceLock::new(),
            base_url: RwLock::default(),
        });
        Self {
            sources: Sources::new(Arc::clone(&parts)),
            queries: Queries::new(Arc::clone(&parts)),
            jobs: Jobs::new(Arc::clone(&parts)),
            results: Results::new(Arc::clone(&parts)),
            schedules: Schedules::new(Arc::clone(&parts)),
            visualizations: Visualizations::new(Arc::clone(&parts)),
            dashboards: Dashboards::new(Arc::clone(&parts)),
            reach: Reach::new(Arc::clone(&parts)),
            alerts: Alerts::new(Arc::clone(&parts)),
            destinations: Destinations::new(Arc::clone(&parts)),
            search: Search::new(Arc::clone(&parts)),
            imports: Imports::new(Arc::clone(&parts)),
            trash: Trash::new(Arc::clone(&parts)),
            snippets: Snippets::new(Arc::clone(&parts)),
            activity: ActivityService::new(Arc::clone(&parts)),
            parts,
        }
    }

    /// The same with senders of notices; to be called once.
    #[must_use]
    pub fn sending(self, channels: Arc<dyn Channels>) -> Self {
        if self.parts.channels.set(channels).is_err() {
            tracing::warn!("senders of notices are there already; those stay");
        }
        self
    }

    /// Says where people reach this server, for links in notices.
    pub fn reached_at(&self, base_url: &str) {
        base_url.trim_end_matches('/').clone_into(&mut self.parts.base_url.write());
    }
}
