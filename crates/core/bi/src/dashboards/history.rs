//! The history of dashboards: its steps, the difference between two versions, and going back to one.

use serde_json::Map;
use tessera_access::{Authorized, Changes, ReadDashboardHistory, UpdateDashboard};
use tessera_kernel::ids::DashboardId;
use tessera_kernel::{Fault, Page, PageRequest, Result, Timestamp};

use super::service::{conflict, fields};
use super::widget_history::{all_kept, is_of_widgets};
use super::{Dashboard, DashboardChange, Dashboards, RestoredDashboard, Widget};
use crate::history::{HistoryStep, VersionDiff, differing, rewind, signed};
use crate::{Json, ObjectKind};

/// An earlier state of a dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// As it last was in this version.
    Version(i64),
    /// As it was before this moment: what happened at it is taken back.
    Before(Timestamp),
}

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

    /// What differs between two versions of a dashboard, its widgets included.
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
        let widgets = self.widgets_today(dashboard.id).await?;
        let before = self.as_of(&dashboard, &widgets, AsOf::Version(from)).await?;
        let after = self.as_of(&dashboard, &widgets, AsOf::Version(to)).await?;
        Ok(VersionDiff { from, to, changes: differing(&before, &after) })
    }

    /// Makes a new version of a dashboard with what it was in an earlier state: name, layout,
    /// options, tags, whether filters work across widgets, and its widgets, which keep their
    /// numbers. A widget that cannot be shown any more, or that the caller may not add, is told
    /// instead. `expected` is the version that the caller saw; `None` overwrites whatever is there.
    ///
    /// # Errors
    /// `NotFound` for a state that there has not been; otherwise as [`update`](Self::update).
    pub async fn restore(
        &self,
        grant: &Authorized<UpdateDashboard>,
        state: AsOf,
        expected: Option<i64>,
    ) -> Result<RestoredDashboard> {
        let (user, caller) = (grant.user()?.id, grant.caller());
        let before = self.require(grant.act().dashboard).await?;
        let today = self.widgets_today(before.id).await?;
        let fields = self.as_of(&before, &today, state).await?;
        let plan = self.plan_widgets(&before, &today, &fields, caller).await?;
        let tags = fields.get("tags").and_then(Json::as_array);
        let change = DashboardChange {
            expected_version: expected,
            name: fields.get("name").and_then(Json::as_str).map(str::to_owned),
            layout: fields.get("layout").cloned(),
            options: fields.get("options").cloned(),
            tags: tags
                .map(|tags| tags.iter().filter_map(Json::as_str).map(str::to_owned).collect()),
            filters_enabled: fields.get("dashboard_filters_enabled").and_then(Json::as_bool),
            ..DashboardChange::default()
        };
        let after = self.changed(&before, change).await?;
        let (after, step) = self.next(&before, after, user);
        let repos = &self.parts.repos;
        let (present, gone) = (&plan.present, &plan.gone);
        // What was read above must still be there.
        if !repos.restore_dashboard(&after, before.version, &step, present, gone).await? {
            return Err(conflict());
        }
        self.parts.gate.forget_keys();
        let noted = match state {
            AsOf::Version(version) => Changes::new().field("restored_version", Json::Null, version),
            AsOf::Before(moment) => {
                Changes::new().field("restored_before", Json::Null, moment.to_rfc3339())
            }
        };
        self.parts.gate.audit().record_changes(grant, noted).await?;
        let detail = self.detail(before.id, caller).await?;
        Ok(RestoredDashboard { detail, lost: plan.lost })
    }

    async fn widgets_today(&self, dashboard: DashboardId) -> Result<Vec<Widget>> {
        let widgets = self.parts.repos.widgets(dashboard).await?;
        Ok(widgets.into_iter().map(|detail| detail.widget).collect())
    }

    /// The fields of a dashboard, and its widgets, in an earlier state. Of a version that is the
    /// last one that it had: changes of widgets do not make a version.
    async fn as_of(
        &self,
        dashboard: &Dashboard,
        widgets: &[Widget],
        state: AsOf,
    ) -> Result<Map<String, Json>> {
        let missing = |field| Fault::not_found("version").with_field(field);
        let since = match state {
            AsOf::Version(version) if version < 1 || version > dashboard.version => {
                return Err(missing("version"));
            }
            AsOf::Version(version) => version,
            AsOf::Before(moment) if moment <= dashboard.created_at => {
                return Err(missing("before"));
            }
            AsOf::Before(_) => 0,
        };
        let repos = &self.parts.repos;
        let mut steps = repos.changes_since(ObjectKind::Dashboard, dashboard.id.0, since).await?;
        match state {
            AsOf::Version(version) => {
                // Without every step since, what it was is not known.
                let own = steps.iter().rev().find(|step| !is_of_widgets(&step.changes));
                if own.map_or(dashboard.version, |step| step.version - 1) > version {
                    return Err(missing("version"));
                }
            }
            AsOf::Before(moment) => steps.retain(|step| step.at >= moment),
        }
        let mut today = fields(dashboard);
        today.extend(all_kept(widgets));
        Ok(rewind(today, &steps))
    }
}
