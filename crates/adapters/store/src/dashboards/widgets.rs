//! Widgets with their steps in the history of their dashboards.

use tessera_bi::{Change, Widget, widget_step};
use tessera_kernel::ids::{DashboardId, UserId, WidgetId};
use tessera_kernel::{Fault, Result, Timestamp};

use super::record::{insert_widget, read_widget, restore_widget, update_widget};
use crate::db::{Call, Tx, call};
use crate::search::save_dashboard;
use crate::tags::insert_change;

/// Who changes widgets, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Step {
    /// Who.
    pub(crate) by: Option<UserId>,
    /// When.
    pub(crate) at: Timestamp,
}

impl Step {
    /// Writes what happened to a widget into the history of its dashboard, with the version that the
    /// dashboard has.
    pub(super) async fn note(
        self,
        tx: Tx<'_>,
        before: Option<&Widget>,
        after: Option<&Widget>,
    ) -> Result<()> {
        let Some(dashboard) = after.or(before).map(|widget| widget.dashboard) else {
            return Ok(());
        };
        let Some(changes) = widget_step(before, after) else { return Ok(()) };
        let row = tx.row(call!("dashboard_get_version", dashboard)).await?;
        let version = row.ok_or_else(|| Fault::not_found("dashboard"))?.take()?;
        let change = Change {
            object_kind: "dashboards",
            object_id: dashboard.0,
            version,
            user: self.by,
            changes,
            at: self.at,
        };
        insert_change(tx, &change).await
    }

    /// Deletes the widgets that a statement finds.
    pub(crate) async fn remove_all(self, tx: Tx<'_>, widgets: Call) -> Result<()> {
        let mut dashboards: Vec<DashboardId> = Vec::new();
        for mut row in tx.rows(widgets).await? {
            let widget = read_widget(&mut row)?;
            tx.execute(call!("widget_delete", widget.id)).await?;
            self.note(tx, Some(&widget), None).await?;
            dashboards.push(widget.dashboard);
        }
        dashboards.sort_unstable();
        dashboards.dedup();
        for dashboard in dashboards {
            save_dashboard(tx, dashboard).await?;
        }
        Ok(())
    }
}

/// Adds a widget, which no step tells.
pub(crate) async fn insert(tx: Tx<'_>, widget: &Widget) -> Result<WidgetId> {
    let id = insert_widget(tx, widget, widget.dashboard).await?;
    save_dashboard(tx, widget.dashboard).await?;
    Ok(id)
}

pub(super) async fn get(tx: Tx<'_>, id: WidgetId) -> Result<Option<Widget>> {
    let row = tx.row(call!("widget_get", id)).await?;
    row.map(|mut row| read_widget(&mut row)).transpose()
}

/// Writes the widgets of `present`, or makes them with their numbers, and deletes those of `gone`.
pub(super) async fn replace(
    tx: Tx<'_>,
    step: Step,
    present: &[Widget],
    gone: &[WidgetId],
) -> Result<()> {
    for id in gone {
        let Some(before) = get(tx, *id).await? else { continue };
        tx.execute(call!("widget_delete", *id)).await?;
        step.note(tx, Some(&before), None).await?;
    }
    for widget in present {
        let before = get(tx, widget.id).await?;
        let call = if before.is_some() { update_widget(widget) } else { restore_widget(widget) };
        tx.execute(call).await?;
        step.note(tx, before.as_ref(), Some(widget)).await?;
    }
    Ok(())
}
