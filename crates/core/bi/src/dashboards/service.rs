//! What can be done with dashboards and their widgets.

use std::sync::Arc;

use serde_json::{Map, json};
use tessera_access::{
    ArchiveDashboard, Authorized, Caller, Changes, CreateDashboard, FavoriteDashboard,
    ForkDashboard, KeyKind, KeyOwner, ListDashboards, ReadDashboard, ShareDashboard,
    UpdateDashboard,
};
use tessera_kernel::ids::{DashboardId, Uid, UserId, VisualizationId};
use tessera_kernel::{Code, Fault, Page, PageRequest, Result, Secret};

use super::slug::slug_of;
use super::widget_history::is_of_widgets;
use super::{Dashboard, DashboardFilter, DashboardListing, Widget, WidgetDetail};
use crate::history::differing;
use crate::queries::{clean_tags, shown};
use crate::service::Parts;
use crate::{Change, Json, ObjectKind, TagCount};

const NAME_CHARACTERS_MAX: usize = 100;

/// A dashboard as a caller sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct DashboardDetail {
    /// What a list has too.
    pub listing: DashboardListing,
    /// The widgets by id; `true` for one whose data the caller may not see.
    pub widgets: Vec<(WidgetDetail, bool)>,
    /// Whether the caller may change it.
    pub can_edit: bool,
}

/// What to change; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct DashboardChange {
    /// The version that the change is based on; `None` overwrites whatever is there.
    pub expected_version: Option<i64>,
    /// Whether that version still counts as the present one when the dashboard was but published
    /// or archived since, or the reverse.
    pub whatever_its_standing: bool,
    /// A new name; the slug follows it.
    pub name: Option<String>,
    /// A new layout.
    pub layout: Option<Json>,
    /// New options.
    pub options: Option<Json>,
    /// New tags.
    pub tags: Option<Vec<String>>,
    /// Whether it is a draft.
    pub is_draft: Option<bool>,
    /// Whether it is archived.
    pub is_archived: Option<bool>,
    /// Whether filters work across widgets.
    pub filters_enabled: Option<bool>,
}

/// Dashboards.
#[derive(Clone)]
pub struct Dashboards {
    pub(super) parts: Arc<Parts>,
}

impl Dashboards {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// The number of the dashboard with this identifier, to ask the gate about it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn resolve(&self, uid: Uid) -> Result<DashboardId> {
        let found = self.parts.repos.dashboard_id(uid).await?;
        found.ok_or_else(|| Fault::not_found("dashboard"))
    }

    /// The number of the dashboard with this slug, to ask the gate about it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn resolve_slug(&self, slug: &str) -> Result<DashboardId> {
        let found = self.parts.repos.dashboard_by_slug(slug).await?;
        found.ok_or_else(|| Fault::not_found("dashboard"))
    }

    /// A page of dashboards. What the caller may not see is left out.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn list(
        &self,
        grant: &Authorized<ListDashboards>,
        mut filter: DashboardFilter,
        page: PageRequest,
    ) -> Result<Page<DashboardListing>> {
        filter.visible = grant.visible()?;
        self.parts.repos.dashboards(&filter, page).await
    }

    /// The tags of the dashboards the caller may see.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn tags(&self, grant: &Authorized<ListDashboards>) -> Result<Vec<TagCount>> {
        self.parts.repos.dashboard_tags(&grant.visible()?).await
    }

    /// One dashboard with its widgets.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn get(&self, grant: &Authorized<ReadDashboard>) -> Result<DashboardDetail> {
        self.detail(grant.act().dashboard, grant.caller()).await
    }

    /// The text of the key in a dashboard's public link; `None` if it has none. Whoever may change
    /// the dashboard, and the holder of the link, may see it.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn public_key(&self, detail: &DashboardDetail) -> Result<Option<Secret>> {
        match self.parts.keys.recoverable(KeyOwner::Dashboard(detail.listing.dashboard.id)).await {
            Ok(secret) => Ok(Some(secret)),
            Err(fault) if fault.code() == Code::NotFound => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Adds a dashboard: a draft without widgets.
    ///
    /// # Errors
    /// `Invalid` for a bad name.
    pub async fn create(
        &self,
        grant: &Authorized<CreateDashboard>,
        name: &str,
    ) -> Result<DashboardDetail> {
        let user = grant.user()?.id;
        let now = self.parts.clock.now();
        let dashboard = Dashboard {
            id: DashboardId(0),
            uid: self.parts.random.uid(now),
            slug: self.free_slug(name, None).await?,
            name: clean_name(name)?,
            owner: user,
            layout: json!([]),
            filters_enabled: false,
            options: json!({}),
            tags: Vec::new(),
            is_draft: true,
            is_archived: false,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let id = self.parts.repos.insert_dashboard(&dashboard, &[]).await?;
        self.detail(id, grant.caller()).await
    }

    /// Changes a dashboard.
    ///
    /// # Errors
    /// `Conflict` if `expected_version` is not the present one; `Invalid`.
    pub async fn update(
        &self,
        grant: &Authorized<UpdateDashboard>,
        change: DashboardChange,
    ) -> Result<DashboardDetail> {
        let before = self.require(grant.act().dashboard).await?;
        let dashboard = self.changed(&before, change).await?;
        self.save(&before, dashboard, grant.user()?.id).await?;
        self.detail(before.id, grant.caller()).await
    }

    /// A dashboard with a change.
    pub(super) async fn changed(
        &self,
        before: &Dashboard,
        change: DashboardChange,
    ) -> Result<Dashboard> {
        if let Some(seen) = change.expected_version
            && seen != before.version
            && !(change.whatever_its_standing && self.is_but_standing(before, seen).await?)
        {
            return Err(conflict());
        }
        let mut dashboard = before.clone();
        if let Some(name) = change.name
            && name != before.name
        {
            dashboard.name = clean_name(&name)?;
            dashboard.slug = self.free_slug(&name, Some(&before.slug)).await?;
        }
        if let Some(layout) = change.layout {
            dashboard.layout = layout;
        }
        if let Some(options) = change.options {
            if !options.is_object() {
                return Err(Fault::invalid("options", "must be an object"));
            }
            dashboard.options = options;
        }
        if let Some(tags) = change.tags {
            dashboard.tags = clean_tags(tags)?;
        }
        dashboard.is_draft = change.is_draft.unwrap_or(dashboard.is_draft);
        dashboard.is_archived = change.is_archived.unwrap_or(dashboard.is_archived);
        dashboard.filters_enabled = change.filters_enabled.unwrap_or(dashboard.filters_enabled);
        Ok(dashboard)
    }

    /// Whether nothing happened since a version but that the dashboard was published or archived, or
    /// the reverse.
    async fn is_but_standing(&self, dashboard: &Dashboard, seen: i64) -> Result<bool> {
        let repos = &self.parts.repos;
        let steps = repos.changes_since(ObjectKind::Dashboard, dashboard.id.0, seen).await?;
        let own: Vec<_> = steps.iter().filter(|step| !is_of_widgets(&step.changes)).collect();
        // Without every step since, what happened is not known.
        let all = i64::try_from(own.len()) == Ok(dashboard.version.saturating_sub(seen));
        Ok(all && own.iter().all(|step| is_of_standing(&step.changes)))
    }

    /// Archives a dashboard: it leaves the lists, and its public link stops working.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn archive(&self, grant: &Authorized<ArchiveDashboard>) -> Result<DashboardDetail> {
        let before = self.require(grant.act().dashboard).await?;
        let dashboard = Dashboard { is_archived: true, ..before.clone() };
        self.save(&before, dashboard, grant.user()?.id).await?;
        let changes = Changes::new().field("public_link", true, false);
        self.parts.gate.audit().record_changes(grant, changes).await?;
        self.parts.keys.revoke_all(KeyOwner::Dashboard(before.id)).await?;
        self.detail(before.id, grant.caller()).await
    }

    /// Copies a dashboard with its widgets.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn fork(&self, grant: &Authorized<ForkDashboard>) -> Result<DashboardDetail> {
        let user = grant.user()?.id;
        let original = self.require(grant.act().dashboard).await?;
        let now = self.parts.clock.now();
        let name = format!("Copy of (#{}) {}", original.id, original.name);
        let name: String = name.chars().take(NAME_CHARACTERS_MAX).collect();
        let mut widgets: Vec<Widget> = self
            .parts
            .repos
            .widgets(original.id)
            .await?
            .into_iter()
            .map(|detail| detail.widget)
            .collect();
        for widget in &mut widgets {
            widget.uid = self.parts.random.uid(now);
            widget.created_at = now;
            widget.updated_at = now;
        }
        let copy = Dashboard {
            uid: self.parts.random.uid(now),
            slug: self.free_slug(&name, None).await?,
            name,
            owner: user,
            is_draft: true,
            is_archived: false,
            // Made empty, then filled: clients know a copy as a second version.
            version: 2,
            created_at: now,
            updated_at: now,
            ..original
        };
        let id = self.parts.repos.insert_dashboard(&copy, &widgets).await?;
        self.detail(id, grant.caller()).await
    }

    /// Marks or unmarks a favourite of the caller's.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn set_favorite(
        &self,
        grant: &Authorized<FavoriteDashboard>,
        marked: bool,
    ) -> Result<()> {
        let user = grant.user()?.id;
        let now = self.parts.clock.now();
        self.parts.repos.set_dashboard_favorite(grant.act().dashboard, user, marked, now).await
    }

    /// Gives the dashboard a public link, or keeps the one it has. Returns the key in it.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn share(&self, grant: &Authorized<ShareDashboard>) -> Result<Secret> {
        let owner = KeyOwner::Dashboard(grant.act().dashboard);
        match self.parts.keys.recoverable(owner).await {
            Err(fault) if fault.code() == Code::NotFound => {
                let user = Some(grant.user()?.id);
                let changes = Changes::new().field("public_link", false, true);
                self.parts.gate.audit().record_changes(grant, changes).await?;
                self.parts.keys.replace_recoverable(KeyKind::Dashboard, owner, user).await
            }
            other => other,
        }
    }

    /// Takes the public link back.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn unshare(&self, grant: &Authorized<ShareDashboard>) -> Result<()> {
        self.parts.keys.revoke_all(KeyOwner::Dashboard(grant.act().dashboard)).await
    }

    pub(super) async fn check_visible(&self, caller: &Caller, id: VisualizationId) -> Result<()> {
        let missing = || Fault::not_found("visualization").with_field("visualization_id");
        let visualization = self.parts.repos.visualization(id).await?.ok_or_else(missing)?;
        let query = self.parts.repos.query(visualization.query).await?.ok_or_else(missing)?;
        let user = caller.user().ok_or_else(missing)?;
        if query.source.and_then(|source| user.level(source)).is_none() && query.owner != user.id {
            return Err(Fault::new(Code::Forbidden, "the query's data source is closed to you"));
        }
        Ok(())
    }

    pub(super) async fn detail(&self, id: DashboardId, caller: &Caller) -> Result<DashboardDetail> {
        let user = caller.user();
        let listing = self
            .parts
            .repos
            .dashboard(id, user.map(|user| user.id))
            .await?
            .ok_or_else(|| Fault::not_found("dashboard"))?;
        let widgets = self.parts.repos.widgets(id).await?;
        let widgets = widgets
            .into_iter()
            .map(|mut detail| {
                let restricted = is_restricted(&detail, caller);
                let shows = detail.shows.take();
                detail.shows = shows.map(|(what, query)| (what, shown(caller, query)));
                (detail, restricted)
            })
            .collect();
        let can_edit = match user {
            Some(user) if user.is_admin() || user.id == listing.dashboard.owner => true,
            Some(user) => {
                let object = tessera_access::Object::Dashboard(id);
                self.parts.access.editors(object).await?.contains(&user.id)
            }
            None => false,
        };
        Ok(DashboardDetail { listing, widgets, can_edit })
    }

    async fn save(&self, before: &Dashboard, after: Dashboard, user: UserId) -> Result<()> {
        let (after, change) = self.next(before, after, user);
        if self.parts.repos.update_dashboard(&after, before.version, &change).await? {
            Ok(())
        } else {
            Err(conflict())
        }
    }

    /// A changed dashboard as the next version, and the step of the history that leads to it.
    pub(super) fn next(
        &self,
        before: &Dashboard,
        mut after: Dashboard,
        user: UserId,
    ) -> (Dashboard, Change) {
        let now = self.parts.clock.now();
        after.version = before.version + 1;
        after.updated_at = now;
        let change = Change {
            object_kind: "dashboards",
            object_id: before.id.0,
            version: after.version,
            user: Some(user),
            changes: differing(&fields(before), &fields(&after)),
            at: now,
        };
        (after, change)
    }

    pub(crate) async fn free_slug(&self, name: &str, own: Option<&str>) -> Result<String> {
        let slug = slug_of(name);
        let taken = self.parts.repos.slugs_like(&slug).await?;
        let free = |candidate: &str| {
            own == Some(candidate) || !taken.iter().any(|known| known == candidate)
        };
        let mut candidates =
            std::iter::once(slug.clone()).chain((1..).map(|n| format!("{slug}_{n}")));
        candidates
            .find(|candidate| free(candidate))
            .ok_or_else(|| Fault::new(Code::Internal, "there is no free slug"))
    }

    pub(super) async fn require(&self, id: DashboardId) -> Result<Dashboard> {
        let found = self.parts.repos.dashboard(id, None).await?;
        found.map(|listing| listing.dashboard).ok_or_else(|| Fault::not_found("dashboard"))
    }
}

/// Whether a widget's data is closed to the caller. The holder of a dashboard's link sees all of it.
pub(super) fn is_restricted(detail: &WidgetDetail, caller: &Caller) -> bool {
    let Some((_, query)) = &detail.shows else { return false };
    match caller {
        Caller::Dashboard(principal) => principal.dashboard != detail.widget.dashboard,
        Caller::User { user, .. } => {
            let query = &query.listing.query;
            match query.source {
                Some(source) => user.level(source).is_none(),
                None => !user.is_admin() && query.owner != user.id,
            }
        }
        Caller::Anonymous | Caller::Query(_) | Caller::Workspace(_) => true,
    }
}

pub(super) fn conflict() -> Fault {
    Fault::new(Code::Conflict, "the dashboard was changed by somebody else; load it again")
        .with_field("version")
}

fn clean_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARACTERS_MAX {
        let detail = format!("must have 1 to {NAME_CHARACTERS_MAX} characters");
        return Err(Fault::invalid("name", detail));
    }
    Ok(name.to_owned())
}

/// The fields whose changes the history keeps, under the names that it keeps them by.
pub(super) fn fields(dashboard: &Dashboard) -> Map<String, Json> {
    let fields = [
        ("name", json!(dashboard.name)),
        ("layout", dashboard.layout.clone()),
        ("options", dashboard.options.clone()),
        ("tags", json!(dashboard.tags)),
        ("is_draft", json!(dashboard.is_draft)),
        ("is_archived", json!(dashboard.is_archived)),
        ("dashboard_filters_enabled", json!(dashboard.filters_enabled)),
    ];
    fields.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

/// Whether a step tells of nothing but that a dashboard was published or archived, or the reverse.
fn is_of_standing(changes: &Json) -> bool {
    let is_standing = |name: &String| name == "is_draft" || name == "is_archived";
    changes.as_object().is_some_and(|changes| changes.keys().all(is_standing))
}
