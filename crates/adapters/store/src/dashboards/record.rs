//! Dashboards and widgets as rows.

use tessera_bi::{Dashboard, DashboardListing, Widget};
use tessera_kernel::Result;
use tessera_kernel::ids::{DashboardId, WidgetId};

use crate::db::{Call, Row, Statement, Tx, call, sql};
use crate::tags::tags_value;
use crate::users::{name_key, read_user};

/// Reads the columns of `{dashboard d}`.
fn read_dashboard(row: &mut Row) -> Result<Dashboard> {
    Ok(Dashboard {
        id: row.take()?,
        uid: row.take()?,
        slug: row.take()?,
        name: row.take()?,
        owner: row.take()?,
        layout: row.take()?,
        filters_enabled: row.take()?,
        options: row.take()?,
        tags: row.take()?,
        is_draft: row.take()?,
        is_archived: row.take()?,
        version: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}

/// Reads a dashboard, its owner, and whether it was marked.
pub(super) fn read_listing(row: &mut Row) -> Result<DashboardListing> {
    Ok(DashboardListing {
        dashboard: read_dashboard(row)?,
        owner: read_user(row)?,
        starred_at: row.take()?,
    })
}

/// Reads the columns of `{widget w}`.
pub(super) fn read_widget(row: &mut Row) -> Result<Widget> {
    Ok(Widget {
        id: row.take()?,
        uid: row.take()?,
        dashboard: row.take()?,
        visualization: row.take()?,
        text: row.take()?,
        width: row.take()?,
        options: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}

pub(super) fn insert(dashboard: &Dashboard) -> Call {
    call!(
        "dashboard_insert",
        dashboard.uid,
        &dashboard.slug,
        &dashboard.name,
        name_key(&dashboard.name),
        dashboard.owner,
        &dashboard.layout,
        dashboard.filters_enabled,
        &dashboard.options,
        tags_value(&dashboard.tags),
        dashboard.is_draft,
        dashboard.is_archived,
        dashboard.version,
        dashboard.created_at,
        dashboard.updated_at,
    )
}

pub(super) fn update(dashboard: &Dashboard, expected: i64) -> Call {
    call!(
        "dashboard_update",
        dashboard.id,
        expected,
        dashboard.uid,
        &dashboard.slug,
        &dashboard.name,
        name_key(&dashboard.name),
        dashboard.owner,
        &dashboard.layout,
        dashboard.filters_enabled,
        &dashboard.options,
        tags_value(&dashboard.tags),
        dashboard.is_draft,
        dashboard.is_archived,
        dashboard.version,
        dashboard.created_at,
        dashboard.updated_at,
    )
}

/// Adds a widget to `dashboard`, whatever dashboard it names itself.
pub(super) async fn insert_widget(
    tx: Tx<'_>,
    widget: &Widget,
    dashboard: DashboardId,
) -> Result<WidgetId> {
    let call = call!(
        "widget_insert",
        widget.uid,
        dashboard,
        widget.visualization,
        &widget.text,
        widget.width,
        &widget.options,
        widget.created_at,
        widget.updated_at,
    );
    tx.one(call).await?.take()
}

/// Adds a widget with the number that it names: one that had it before.
pub(super) fn restore_widget(widget: &Widget) -> Call {
    numbered(sql!("widget_restore"), widget)
}

pub(super) fn update_widget(widget: &Widget) -> Call {
    numbered(sql!("widget_update"), widget)
}

fn numbered(statement: &'static Statement, widget: &Widget) -> Call {
    let values = vec![
        widget.id.into(),
        widget.uid.into(),
        widget.dashboard.into(),
        widget.visualization.into(),
        (&widget.text).into(),
        widget.width.into(),
        (&widget.options).into(),
        widget.created_at.into(),
        widget.updated_at.into(),
    ];
    Call::new(statement, values)
}
