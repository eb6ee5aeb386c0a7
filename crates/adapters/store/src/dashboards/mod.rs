//! Dashboards and their widgets.

mod list;
mod record;
pub(crate) mod widgets;

use std::collections::HashMap;

use async_trait::async_trait;
use tessera_access::Visible;
use tessera_bi::ports::DashboardRepo;
use tessera_bi::{
    Change, Dashboard, DashboardFilter, DashboardListing, QueryDetail, TagCount, Widget,
    WidgetDetail,
};
use tessera_kernel::ids::{DashboardId, QueryId, Uid, UserId, WidgetId};
use tessera_kernel::{Code, Fault, Page, PageRequest, Result, Timestamp};

use crate::db::{Tx, call};
use crate::queries::read_detail;
use crate::search::save_dashboard;
use crate::tags::{insert_change, read_tag_counts};
use crate::users::{like_escaped, total};
use crate::visualizations::{read_visualization, read_visualizations};
use crate::{Store, columns};
use widgets::Step;

async fn save_tags(tx: Tx<'_>, id: DashboardId, tags: &[String]) -> Result<()> {
    tx.execute(call!("dashboard_tag_delete", id)).await?;
    for tag in tags {
        tx.execute(call!("dashboard_tag_insert", id, tag)).await?;
    }
    Ok(())
}

/// Adds a dashboard with widgets, whose dashboard is the new one.
pub(crate) async fn insert(
    tx: Tx<'_>,
    dashboard: &Dashboard,
    widgets: &[Widget],
) -> Result<DashboardId> {
    let id: DashboardId = tx.one(record::insert(dashboard)).await?.take()?;
    save_tags(tx, id, &dashboard.tags).await?;
    for widget in widgets {
        record::insert_widget(tx, widget, id).await?;
    }
    save_dashboard(tx, id).await?;
    Ok(id)
}

/// Writes a dashboard and its history, if its version is still `expected`; else `false`.
async fn update(tx: Tx<'_>, dashboard: &Dashboard, expected: i64, change: &Change) -> Result<bool> {
    let id = dashboard.id;
    if tx.execute(record::update(dashboard, expected)).await? == 0 {
        let exists = tx.row(call!("dashboard_get_version", id)).await?.is_some();
        return if exists { Ok(false) } else { Err(Fault::not_found("dashboard")) };
    }
    save_tags(tx, id, &dashboard.tags).await?;
    save_dashboard(tx, id).await?;
    insert_change(tx, change).await?;
    Ok(true)
}

#[async_trait]
impl DashboardRepo for Store {
    async fn dashboard(
        &self,
        id: DashboardId,
        user: Option<UserId>,
    ) -> Result<Option<DashboardListing>> {
        let row = self.db.row(call!("dashboard_get", id, user)).await?;
        row.map(|mut row| record::read_listing(&mut row)).transpose()
    }

    async fn dashboard_id(&self, uid: Uid) -> Result<Option<DashboardId>> {
        self.db.row(call!("dashboard_get_id", uid)).await?.map(|mut row| row.take()).transpose()
    }

    async fn dashboard_by_slug(&self, slug: &str) -> Result<Option<DashboardId>> {
        let row = self.db.row(call!("dashboard_get_by_slug", slug)).await?;
        row.map(|mut row| row.take()).transpose()
    }

    async fn slugs_like(&self, slug: &str) -> Result<Vec<String>> {
        let pattern = format!("{}\\_%", like_escaped(slug));
        let mut slugs = Vec::new();
        for mut row in self.db.rows(call!("dashboard_list_slugs", slug, pattern)).await? {
            let found: String = row.take()?;
            // The pattern cannot say "a number", and one engine ignores case.
            let rest = found.strip_prefix(slug);
            let numbered = rest.and_then(|rest| rest.strip_prefix('_')).is_some_and(|number| {
                !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
            });
            if numbered || rest == Some("") {
                slugs.push(found);
            }
        }
        Ok(slugs)
    }

    async fn dashboards(
        &self,
        filter: &DashboardFilter,
        page: PageRequest,
    ) -> Result<Page<DashboardListing>> {
        let [count, rows] = self.db.batch(list::calls(filter, page)).await?;
        let items: Result<Vec<DashboardListing>> =
            rows.into_iter().map(|mut row| record::read_listing(&mut row)).collect();
        Ok(Page { items: items?, total: total(count)? })
    }

    async fn widgets(&self, dashboard: DashboardId) -> Result<Vec<WidgetDetail>> {
        let widgets = call!("widget_list_of_dashboard", dashboard);
        let queries = call!("query_list_of_dashboard", dashboard);
        let shown = call!("visualization_list_of_dashboard", dashboard);
        let [widgets, queries, shown] = self.db.batch([widgets, queries, shown]).await?;
        let mut details: HashMap<QueryId, QueryDetail> = HashMap::new();
        for mut row in queries {
            let detail = read_detail(&mut row)?;
            details.insert(detail.listing.query.id, detail);
        }
        for visualization in read_visualizations(shown)? {
            if let Some(detail) = details.get_mut(&visualization.query) {
                detail.visualizations.push(visualization);
            }
        }
        let read = |mut row| {
            let row = &mut row;
            let widget = record::read_widget(row)?;
            let shown = row.optional(columns::VISUALIZATION_WIDTH, read_visualization)?;
            let shows = shown.map(|shown| {
                let detail = details.get(&shown.query).cloned().ok_or_else(|| {
                    Fault::new(Code::Internal, "the query of a widget was not read")
                })?;
                Ok::<_, Fault>((shown, detail))
            });
            Ok(WidgetDetail { widget, shows: shows.transpose()? })
        };
        widgets.into_iter().map(read).collect()
    }

    async fn insert_dashboard(
        &self,
        dashboard: &Dashboard,
        widgets: &[Widget],
    ) -> Result<DashboardId> {
        let (dashboard, widgets) = (dashboard.clone(), widgets.to_vec());
        self.db
            .write(move |tx| Box::pin(async move { insert(tx, &dashboard, &widgets).await }))
            .await
    }

    async fn update_dashboard(
        &self,
        dashboard: &Dashboard,
        expected: i64,
        change: &Change,
    ) -> Result<bool> {
        let (dashboard, change) = (dashboard.clone(), change.clone());
        self.db
            .write(move |tx| {
                Box::pin(async move { update(tx, &dashboard, expected, &change).await })
            })
            .await
    }

    async fn set_dashboard_favorite(
        &self,
        id: DashboardId,
        user: UserId,
        marked: bool,
        at: Timestamp,
    ) -> Result<()> {
        let call = if marked {
            call!("dashboard_favorite_insert", user, id, at)
        } else {
            call!("dashboard_favorite_delete", user, id)
        };
        self.db.execute(call).await.map(drop)
    }

    async fn dashboard_tags(&self, visible: &Visible) -> Result<Vec<TagCount>> {
        read_tag_counts(self.db.rows(list::tags(visible)).await?)
    }

    async fn widget(&self, id: WidgetId) -> Result<Option<Widget>> {
        let row = self.db.row(call!("widget_get", id)).await?;
        row.map(|mut row| record::read_widget(&mut row)).transpose()
    }

    async fn insert_widget(&self, widget: &Widget, by: UserId) -> Result<WidgetId> {
        let mut widget = widget.clone();
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    widget.id = widgets::insert(tx, &widget).await?;
                    let step = Step { by: Some(by), at: widget.updated_at };
                    step.note(tx, None, Some(&widget)).await?;
                    Ok(widget.id)
                })
            })
            .await
    }

    async fn update_widget(&self, widget: &Widget, by: UserId) -> Result<()> {
        let widget = widget.clone();
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    let before = widgets::get(tx, widget.id).await?;
                    tx.change("widget", record::update_widget(&widget)).await?;
                    let step = Step { by: Some(by), at: widget.updated_at };
                    step.note(tx, before.as_ref(), Some(&widget)).await?;
                    save_dashboard(tx, widget.dashboard).await
                })
            })
            .await
    }

    async fn delete_widget(&self, id: WidgetId, by: UserId, at: Timestamp) -> Result<()> {
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    let before = widgets::get(tx, id).await?;
                    let before = before.ok_or_else(|| Fault::not_found("widget"))?;
                    tx.change("widget", call!("widget_delete", id)).await?;
                    Step { by: Some(by), at }.note(tx, Some(&before), None).await?;
                    save_dashboard(tx, before.dashboard).await
                })
            })
            .await
    }

    async fn restore_dashboard(
        &self,
        dashboard: &Dashboard,
        expected: i64,
        change: &Change,
        present: &[Widget],
        gone: &[WidgetId],
    ) -> Result<bool> {
        let (dashboard, change) = (dashboard.clone(), change.clone());
        let (present, gone) = (present.to_vec(), gone.to_vec());
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    if !update(tx, &dashboard, expected, &change).await? {
                        return Ok(false);
                    }
                    let step = Step { by: change.user, at: change.at };
                    widgets::replace(tx, step, &present, &gone).await?;
                    save_dashboard(tx, dashboard.id).await?;
                    Ok(true)
                })
            })
            .await
    }
}
