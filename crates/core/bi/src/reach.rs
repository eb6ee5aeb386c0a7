//! What a key reaches: the closed list of actions, and of objects with what can be done to each,
//! found by asking the rules and not by reading them.

use std::sync::Arc;

use tessera_access::{Action, Authorized, Caller, Need, Object, ReadReach, Visible};
use tessera_kernel::ids::UserId;
use tessera_kernel::{PageRequest, Result};

use crate::service::Parts;
use crate::{
    AlertFilter, DashboardFilter, DashboardOrder, DashboardScope, QueryFilter, QueryOrder,
    QueryScope,
};

/// Most objects of one kind that are looked at.
const OBJECTS_MAX: usize = 5000;

const OF_SOURCES: [Action; 10] = [
    Action::SourcesRead,
    Action::SourcesSchema,
    Action::SourcesReadSettings,
    Action::SourcesUpdate,
    Action::SourcesDelete,
    Action::SourcesFiles,
    Action::SourcesTest,
    Action::SourcesPause,
    Action::StatementsRun,
    Action::QueriesCreate,
];

const OF_QUERIES: [Action; 12] = [
    Action::QueriesRead,
    Action::QueriesRun,
    Action::QueriesHistory,
    Action::QueriesFavorite,
    Action::QueriesFork,
    Action::QueriesUpdate,
    Action::QueriesSchedule,
    Action::QueriesArchive,
    Action::QueriesRegenerateKey,
    Action::VisualizationsEdit,
    Action::EditingShare,
    Action::AlertsCreate,
];

const OF_DASHBOARDS: [Action; 6] = [
    Action::DashboardsRead,
    Action::DashboardsFavorite,
    Action::DashboardsFork,
    Action::DashboardsUpdate,
    Action::DashboardsArchive,
    Action::DashboardsShare,
];

const OF_ALERTS: [Action; 6] = [
    Action::AlertsRead,
    Action::AlertsSubscribe,
    Action::AlertsUpdate,
    Action::AlertsEvaluate,
    Action::AlertsDeliveries,
    Action::AlertsDelete,
];

/// Whoever can do the first can do the second to what came of it, if nothing else forbids it.
const FOLLOWING: [(Action, Action); 2] = [
    (Action::AlertsSubscribe, Action::AlertsUnsubscribe),
    (Action::SnippetsCreate, Action::SnippetsEdit),
];

/// An object that a key reaches.
#[derive(Debug, Clone, PartialEq)]
pub struct ReachedObject {
    /// Which one.
    pub object: Object,
    /// Its name.
    pub name: String,
    /// What can be done to it.
    pub actions: Vec<Action>,
    /// Of a data source on which any text can be run: its tables, as far as they were read before.
    pub tables: Option<Vec<String>>,
}

/// How many objects of a kind there are, and how many of them a key reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// Reached.
    pub reached: usize,
    /// Looked at.
    pub of: usize,
}

/// Everything that a key reaches.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KeyReach {
    /// All actions that it can do to anything.
    pub actions: Vec<Action>,
    /// Data sources, then queries, then dashboards, then alerts.
    pub objects: Vec<ReachedObject>,
    /// Data sources.
    pub sources: Share,
    /// Queries.
    pub queries: Share,
    /// Dashboards.
    pub dashboards: Share,
    /// Alerts.
    pub alerts: Share,
    /// Whether there are more objects than were looked at.
    pub truncated: bool,
}

/// What keys reach.
#[derive(Clone)]
pub struct Reach {
    parts: Arc<Parts>,
}

impl Reach {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// What a key reaches now, wherever it is used from.
    ///
    /// # Errors
    /// `NotFound` if it is gone.
    pub async fn of_key(&self, grant: &Authorized<ReadReach>) -> Result<KeyReach> {
        let caller = self.parts.gate.stand_in(grant.act().key).await?;
        self.of(&caller).await
    }

    /// What a caller reaches now.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn of(&self, caller: &Caller) -> Result<KeyReach> {
        let mut reach = KeyReach::default();
        let sources = self.parts.repos.sources().await?;
        let found = sources.iter().map(|source| (Object::Source(source.id), source.name.clone()));
        reach.sources = self.ask(caller, found.collect(), &OF_SOURCES, &mut reach).await?;
        let queries = self.queries(caller).await?;
        reach.queries = self.ask(caller, queries, &OF_QUERIES, &mut reach).await?;
        let dashboards = self.dashboards(caller).await?;
        reach.dashboards = self.ask(caller, dashboards, &OF_DASHBOARDS, &mut reach).await?;
        let alerts = self.alerts(caller).await?;
        reach.alerts = self.ask(caller, alerts, &OF_ALERTS, &mut reach).await?;
        reach.actions = self.actions(caller, &reach.objects).await?;
        Ok(reach)
    }

    async fn ask(
        &self,
        caller: &Caller,
        mut found: Vec<(Object, String)>,
        actions: &[Action],
        reach: &mut KeyReach,
    ) -> Result<Share> {
        reach.truncated |= found.len() > OBJECTS_MAX;
        found.truncate(OBJECTS_MAX);
        let mut share = Share { reached: 0, of: found.len() };
        for (object, name) in found {
            let actions = self.parts.gate.allowed(caller, object, actions).await?;
            if actions.is_empty() {
                continue;
            }
            share.reached += 1;
            let tables = match object {
                Object::Source(id) if actions.contains(&Action::StatementsRun) => {
                    let known = self.parts.repos.cached_schema(id).await?;
                    known.map(|(tables, _)| tables.into_iter().map(|table| table.name).collect())
                }
                _ => None,
            };
            reach.objects.push(ReachedObject { object, name, actions, tables });
        }
        Ok(share)
    }

    /// All actions: those without an object, those on objects that were found, and those on the
    /// user itself, its groups and its jobs.
    async fn actions(&self, caller: &Caller, objects: &[ReachedObject]) -> Result<Vec<Action>> {
        let gate = &self.parts.gate;
        let mut alone = Vec::new();
        let mut with_object = Vec::new();
        for action in Action::ALL {
            match action.need() {
                Need::Nothing | Need::Admin | Need::Workspace => alone.push(*action),
                _ => with_object.push(*action),
            }
        }
        let nothing = match caller {
            Caller::Workspace(principal) => Object::Workspace(principal.workspace),
            _ => Object::None,
        };
        let mut all = gate.allowed(caller, nothing, &alone).await?;
        all.extend(objects.iter().flat_map(|object| object.actions.iter().copied()));
        if let Some(user) = caller.user() {
            let mut own = vec![Object::User(user.id)];
            own.extend(user.groups.iter().map(|group| Object::Group(*group)));
            for object in own {
                let kind = match object {
                    Object::User(_) => Need::OneselfOrAdmin,
                    _ => Need::MemberOrAdmin,
                };
                let of_kind: Vec<_> =
                    with_object.iter().copied().filter(|action| action.need() == kind).collect();
                all.extend(gate.allowed(caller, object, &of_kind).await?);
            }
        }
        let opens = |action: Action| all.contains(&action);
        let granted = |action: &Action| {
            caller.user().is_none_or(|user| user.holds(*action))
                && caller.key().is_none_or(|key| {
                    key.terms().all(|terms| {
                        terms.grants.is_empty()
                            || terms.grants.iter().any(|grant| grant.action.matches(*action))
                    })
                })
        };
        let following: Vec<Action> = FOLLOWING
            .into_iter()
            .filter(|(first, second)| opens(*first) && granted(second))
            .map(|(_, second)| second)
            .collect();
        // Whoever runs something asks for a job and reads its result.
        if opens(Action::QueriesRun) || opens(Action::StatementsRun) {
            let after = [Action::JobsRead, Action::JobsCancel, Action::ResultsRead];
            let cancels = caller.user().is_some();
            all.extend(
                after
                    .into_iter()
                    .filter(granted)
                    .filter(|action| cancels || *action != Action::JobsCancel),
            );
        }
        all.extend(following);
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    async fn queries(&self, caller: &Caller) -> Result<Vec<(Object, String)>> {
        let filter = QueryFilter {
            visible: everything(caller),
            scope: QueryScope::All,
            search: Vec::new(),
            tags: Vec::new(),
            order: QueryOrder::CreatedAt,
            descending: false,
        };
        let page = self.parts.repos.queries(&filter, page()).await?;
        let found = page.items.into_iter().map(|listing| listing.query);
        Ok(found.map(|query| (Object::Query(query.id), query.name)).collect())
    }

    async fn dashboards(&self, caller: &Caller) -> Result<Vec<(Object, String)>> {
        let filter = DashboardFilter {
            visible: everything(caller),
            scope: DashboardScope::All,
            search: None,
            tags: Vec::new(),
            order: DashboardOrder::CreatedAt,
            descending: false,
        };
        let page = self.parts.repos.dashboards(&filter, page()).await?;
        let found = page.items.into_iter().map(|listing| listing.dashboard);
        Ok(found.map(|dashboard| (Object::Dashboard(dashboard.id), dashboard.name)).collect())
    }

    async fn alerts(&self, caller: &Caller) -> Result<Vec<(Object, String)>> {
        let filter = AlertFilter { visible: everything(caller), query: None, state: None };
        let page = self.parts.repos.alerts(&filter, page()).await?;
        let found = page.items.into_iter().map(|detail| detail.alert);
        Ok(found.map(|alert| (Object::Alert(alert.id), alert.name)).collect())
    }
}

/// All objects but others' drafts of dashboards: each is asked about afterwards.
fn everything(caller: &Caller) -> Visible {
    let user = caller.user().map_or(UserId(0), |user| user.id);
    Visible { everything: true, user, sources: Vec::new() }
}

/// One more than are looked at, to know whether there are more.
fn page() -> PageRequest {
    PageRequest { number: 1, size: OBJECTS_MAX as u64 + 1 }
}
