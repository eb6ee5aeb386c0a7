//! The history of dashboards: its steps, the difference between two versions, and going back to one.

use serde_json::{Map, json};
use tessera_access::{Authorized, Changes, ReadDashboardHistory, UpdateDashboard};
use tessera_kernel::ids::{DashboardId, UserId};
use tessera_kernel::{Fault, Page, PageRequest, Result};

use super::service::fields;
use super::{Dashboard, DashboardChange, DashboardDetail, Dashboards, Widget};
use crate::history::{HistoryStep, VersionDiff, differing, rewind, signed};
use crate::{Change, Json, ObjectKind};

impl Dashboards {
    /// The steps of a dashboard's history, newest first. Widgets count as what belongs to the
    /// version at which they were added, changed or removed.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn history(
        &self,
        grant: &Authorized<ReadDashboardHistory>,
        page: PageRequest,
    ) -> Result<Page<HistoryStep>> {
        let id = grant.act().dashboard.0;
        let page = self.parts.repos.history(ObjectKind::Dashboard, id, page).await?;
        signed(&self.parts, grant.caller(), page).await
    }

    /// Notes what happened to a widget, with the version that the dashboard has.
    pub(super) async fn note_widget(
        &self,
        user: UserId,
        dashboard: DashboardId,
        before: Option<&Widget>,
        after: Option<&Widget>,
    ) -> Result<()> {
        let Some(id) = after.or(before).map(|widget| widget.id) else { return Ok(()) };
        let (previous, current) = (before.map(shown), after.map(shown));
        if previous == current {
            return Ok(());
        }
        let step = json!({ "previous": previous, "current": current });
        let mut changes = Map::new();
        changes.insert(format!("widget {id}"), step);
        let change = Change {
            object_kind: "dashboards",
            object_id: dashboard.0,
            version: self.require(dashboard).await?.version,
            user: Some(user),
            changes: Json::Object(changes),
            at: self.parts.clock.now(),
        };
        self.parts.repos.note_change(&change).await
    }

    /// What differs between two versions of a dashboard, widgets aside.
    ///
    /// # Errors
    /// `NotFound` for a version that there has not been.
    pub async fn diff(
        &self,
        grant: &Authorized<ReadDashboardHistory>,
        from: i64,
        to: i64,
    ) -> Result<VersionDiff> {
        let dashboard = self.require(grant.act().dashboard).await?;
        let before = self.as_of(&dashboard, from).await?;
        let after = self.as_of(&dashboard, to).await?;
        Ok(VersionDiff { from, to, changes: differing(&before, &after) })
    }

    /// Makes a new version of a dashboard with what it was as of an earlier one: name, layout,
    /// options, tags, and whether filters work across widgets. Widgets stay as they are.
    /// `expected` is the version that the caller saw; `None` overwrites whatever is there.
    ///
    /// # Errors
    /// `NotFound` for a version that there has not been; otherwise as [`update`](Self::update).
    pub async fn restore(
        &self,
        grant: &Authorized<UpdateDashboard>,
        version: i64,
        expected: Option<i64>,
    ) -> Result<DashboardDetail> {
        let dashboard = self.require(grant.act().dashboard).await?;
        let fields = self.as_of(&dashboard, version).await?;
        let tags = fields.get("tags").and_then(Json::as_array);
        let change = DashboardChange {
            // What was read above must still be there.
            expected_version: expected.or(Some(dashboard.version)),
            name: fields.get("name").and_then(Json::as_str).map(str::to_owned),
            layout: fields.get("layout").cloned(),
            options: fields.get("options").cloned(),
            tags: tags
                .map(|tags| tags.iter().filter_map(Json::as_str).map(str::to_owned).collect()),
            filters_enabled: fields.get("dashboard_filters_enabled").and_then(Json::as_bool),
            ..DashboardChange::default()
        };
        let detail = self.update(grant, change).await?;
        let noted = Changes::new().field("restored_version", Json::Null, version);
        self.parts.gate.audit().record_changes(grant, noted).await?;
        Ok(detail)
    }

    /// The fields of a dashboard as of a version.
    async fn as_of(&self, dashboard: &Dashboard, version: i64) -> Result<Map<String, Json>> {
        let missing = || Fault::not_found("version").with_field("version");
        if version < 1 || version > dashboard.version {
            return Err(missing());
        }
        let repos = &self.parts.repos;
        let steps = repos.changes_since(ObjectKind::Dashboard, dashboard.id.0, version).await?;
        // Without every step since, what it was is not known.
        let oldest = steps.last().map_or(dashboard.version, |step| step.version - 1);
        if oldest > version {
            return Err(missing());
        }
        let today = fields(dashboard).into_iter().map(|(name, value)| (name.to_owned(), value));
        Ok(rewind(today.collect(), &steps))
    }
}

/// What the history keeps of a widget.
fn shown(widget: &Widget) -> Json {
    json!({
        "visualization_id": widget.visualization,
        "text": widget.text,
        "options": widget.options,
    })
}
