//! Dashboards and their widgets.

use tessera_access::{User, Visible};
use tessera_kernel::Timestamp;
use tessera_kernel::ids::{DashboardId, Uid, UserId, VisualizationId, WidgetId};

use crate::{Json, QueryDetail, Visualization};

/// A dashboard.
#[derive(Debug, Clone, PartialEq)]
pub struct Dashboard {
    /// The number.
    pub id: DashboardId,
    /// The public identifier.
    pub uid: Uid,
    /// The name in an address; need not be unique.
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
    /// Counts its changes, from 1.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A tile of a dashboard: a visualization or a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Widget {
    /// The number.
    pub id: WidgetId,
    /// The public identifier.
    pub uid: Uid,
    /// The dashboard.
    pub dashboard: DashboardId,
    /// What it shows; `None` for a text.
    pub visualization: Option<VisualizationId>,
    /// The text, in Markdown.
    pub text: String,
    /// Width in columns of an old layout; kept for clients.
    pub width: i64,
    /// Position and parameter mappings, which only clients read.
    pub options: Json,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A widget with what it shows.
#[derive(Debug, Clone, PartialEq)]
pub struct WidgetDetail {
    /// The widget.
    pub widget: Widget,
    /// Its visualization and that one's query.
    pub shows: Option<(Visualization, QueryDetail)>,
}

/// A dashboard in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct DashboardListing {
    /// The dashboard.
    pub dashboard: Dashboard,
    /// Its owner.
    pub owner: User,
    /// Since when it is a favourite of the caller's.
    pub starred_at: Option<Timestamp>,
}

/// Which list of dashboards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DashboardScope {
    /// All that is not archived and not somebody else's draft.
    All,
    /// The caller's own that are not archived.
    Mine,
    /// Those the caller marked, that are not archived.
    Favorites,
}

/// The order of a list of dashboards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DashboardOrder {
    /// By name, ignoring case.
    Name,
    /// By time of creation.
    CreatedAt,
    /// By name of the owner.
    CreatedBy,
    /// By when the caller marked it.
    StarredAt,
}

/// What to list.
#[derive(Debug, Clone, PartialEq)]
pub struct DashboardFilter {
    /// What the caller may see: `everything`; else its own, and those with a widget that it sees: a
    /// text, or a query on one of its `sources`.
    pub visible: Visible,
    /// Which list.
    pub scope: DashboardScope,
    /// Only those whose name contains this, ignoring case.
    pub search: Option<String>,
    /// Only those that have all these tags.
    pub tags: Vec<String>,
    /// The order. Equal ones follow by id.
    pub order: DashboardOrder,
    /// Backwards.
    pub descending: bool,
}

mod history;
mod service;
mod slug;
mod widget_history;
mod widgets;

pub use history::AsOf;
pub use service::{DashboardChange, DashboardDetail, Dashboards};
pub use widget_history::{LostWidget, RestoredDashboard, WidgetLoss, widget_step};
pub use widgets::{NewWidget, WidgetChange};
