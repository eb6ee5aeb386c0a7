//! Taking objects over from another server, with the numbers they had there where those are free.

mod service;

use tessera_access::{AccessLevel, Key};
use tessera_kernel::ids::{
    DashboardId, DestinationId, GroupId, QueryId, SourceId, Uid, UserId, VisualizationId,
};
use tessera_kernel::{Secret, Timestamp};

use crate::{
    Alert, Dashboard, Destination, Json, NewSnippet, NewVisualization, Query, Snippet, Source,
    Visualization, Widget,
};

pub use service::Imports;

/// What is numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Numbered {
    /// Users.
    Users,
    /// Groups.
    Groups,
    /// Data sources.
    Sources,
    /// Queries.
    Queries,
    /// Visualizations.
    Visualizations,
    /// Dashboards.
    Dashboards,
    /// Widgets.
    Widgets,
    /// Snippets.
    Snippets,
    /// Destinations.
    Destinations,
    /// Alerts.
    Alerts,
}

impl Numbered {
    /// The kind in a word: that of records of imports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Groups => "groups",
            Self::Sources => "sources",
            Self::Queries => "queries",
            Self::Visualizations => "visualizations",
            Self::Dashboards => "dashboards",
            Self::Widgets => "widgets",
            Self::Snippets => "snippets",
            Self::Destinations => "destinations",
            Self::Alerts => "alerts",
        }
    }
}

/// That an object was taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRecord {
    /// Where it came from: the address of the other server.
    pub origin: String,
    /// What it is, as in [`Numbered::as_str`].
    pub kind: String,
    /// Its number there.
    pub old_id: i64,
    /// Its number here; 0 if it was about to be made.
    pub new_id: i64,
    /// A digest of what it was there; empty until all that belongs to it is here too.
    pub digest: String,
    /// When it was taken over.
    pub at: Timestamp,
}

impl ImportRecord {
    /// Whether all that belongs to the object was taken over: an import that was broken off goes on
    /// with the others.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        !self.digest.is_empty()
    }
}

/// Where an object comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportMark {
    /// The address of the other server.
    pub origin: String,
    /// The number that it has there.
    pub old_id: i64,
    /// A digest of what it is there, for an object that is whole once it is made; empty for one of
    /// which more is to come.
    pub digest: String,
}

/// An object that storage makes and remembers in one transaction, so that it is made once whatever
/// happens in between.
#[derive(Debug, Clone)]
pub enum TakenOver {
    /// A data source, and who reaches it.
    Source(Source, Vec<(GroupId, AccessLevel)>),
    /// A query with its key, without visualizations.
    Query(Box<Query>, Box<Key>),
    /// A visualization.
    Visualization(Visualization),
    /// A snippet.
    Snippet(Snippet),
    /// A destination.
    Destination(Destination),
    /// An alert, and who is told: people by mail, or destinations.
    Alert(Alert, Vec<(Uid, UserId, Option<DestinationId>)>),
    /// A dashboard without widgets.
    Dashboard(Dashboard),
    /// A widget.
    Widget(Widget),
}

impl TakenOver {
    /// What is numbered.
    #[must_use]
    pub const fn kind(&self) -> Numbered {
        match self {
            Self::Source(..) => Numbered::Sources,
            Self::Query(..) => Numbered::Queries,
            Self::Visualization(_) => Numbered::Visualizations,
            Self::Snippet(_) => Numbered::Snippets,
            Self::Destination(_) => Numbered::Destinations,
            Self::Alert(..) => Numbered::Alerts,
            Self::Dashboard(_) => Numbered::Dashboards,
            Self::Widget(_) => Numbered::Widgets,
        }
    }
}

/// A data source from another server, without secrets.
#[derive(Debug, Clone)]
pub struct ImportedSource {
    /// The name.
    pub name: String,
    /// The type.
    pub kind: String,
    /// Options that are no secret.
    pub options: Json,
    /// Why it is paused until somebody looks after it; `None` if it can run at once.
    pub paused: Option<String>,
    /// Who reaches it.
    pub groups: Vec<(GroupId, AccessLevel)>,
}

/// A snippet from another server.
#[derive(Debug, Clone)]
pub struct ImportedSnippet {
    /// What it is.
    pub content: NewSnippet,
    /// Who made it.
    pub owner: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A destination from another server, without secrets.
#[derive(Debug, Clone)]
pub struct ImportedDestination {
    /// The name.
    pub name: String,
    /// The kind.
    pub kind: String,
    /// Options that are no secret.
    pub options: Json,
    /// When it was taken over.
    pub created_at: Timestamp,
}

/// An alert from another server.
#[derive(Debug, Clone)]
pub struct ImportedAlert {
    /// The name.
    pub name: String,
    /// Whose results it looks at.
    pub query: QueryId,
    /// Whose it is.
    pub owner: UserId,
    /// Its options.
    pub options: Json,
    /// Seconds after which it tells again.
    pub rearm: Option<i64>,
    /// Who is told: people by mail, or destinations.
    pub subscriptions: Vec<(UserId, Option<DestinationId>)>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A query from another server.
#[derive(Debug, Clone)]
pub struct ImportedQuery {
    /// The name.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// The text.
    pub text: String,
    /// Options, parameters included.
    pub options: Json,
    /// When it runs by itself.
    pub schedule: Option<Json>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether it is not published yet.
    pub is_draft: bool,
    /// Whether it was put away.
    pub is_archived: bool,
    /// Where it runs.
    pub source: Option<SourceId>,
    /// Who owns it.
    pub owner: UserId,
    /// Who changed it last.
    pub modified_by: Option<UserId>,
    /// Its key, if that could be seen.
    pub key: Option<Secret>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A visualization from another server.
#[derive(Debug, Clone)]
pub struct ImportedVisualization {
    /// Its query.
    pub query: QueryId,
    /// What it is.
    pub content: NewVisualization,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A dashboard from another server.
#[derive(Debug, Clone)]
pub struct ImportedDashboard {
    /// The name in an address; a free one is made of the name if it is taken.
    pub slug: String,
    /// The name.
    pub name: String,
    /// Who owns it.
    pub owner: UserId,
    /// A layout that only clients read.
    pub layout: Json,
    /// Whether filters work across widgets.
    pub filters_enabled: bool,
    /// Options that only clients read.
    pub options: Json,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether it is not published yet.
    pub is_draft: bool,
    /// Whether it was put away.
    pub is_archived: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A widget from another server.
#[derive(Debug, Clone)]
pub struct ImportedWidget {
    /// Its dashboard.
    pub dashboard: DashboardId,
    /// What it shows; `None` for a text.
    pub visualization: Option<VisualizationId>,
    /// The text.
    pub text: String,
    /// The width.
    pub width: i64,
    /// Position and parameter mappings.
    pub options: Json,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
