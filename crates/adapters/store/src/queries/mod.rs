//! Saved queries.

mod list;
mod record;
mod versions;

use async_trait::async_trait;
use tessera_access::{Key, KeyOwner, Visible};
use tessera_bi::ports::QueryRepo;
use tessera_bi::{
    Change, Query, QueryDetail, QueryFilter, QueryListing, QueryResult, QueryText, TagCount,
    Visualization,
};
use tessera_kernel::ids::{QueryId, Uid, UserId, VisualizationId};
use tessera_kernel::{Page, PageRequest, Result, Timestamp};

pub(crate) use record::{read_detail, read_listing};

use crate::Store;
use crate::dashboards::widgets::Step;
use crate::db::{Call, Tx, call, call_each};
use crate::keys::insert_key;
use crate::results::read_result;
use crate::schedules;
use crate::search::{Texts, save_query};
use crate::tags::{insert_change, read_change, read_tag_counts, visible_values};
use crate::users::total;
use crate::visualizations::{self, insert_visualization, read_visualization, read_visualizations};

/// How the history names queries.
const KIND: &str = "queries";

async fn save_tags(tx: Tx<'_>, id: QueryId, tags: &[String]) -> Result<()> {
    tx.execute(call!("query_tag_delete", id)).await?;
    for tag in tags {
        tx.execute(call!("query_tag_insert", id, tag)).await?;
    }
    Ok(())
}

/// What the search looks through.
fn texts(query: &Query) -> Texts<'_> {
    Texts {
        name: &query.name,
        description: query.description.as_deref().unwrap_or_default(),
        text: &query.text,
    }
}

/// Adds a query with its key, visualizations and first version.
pub(crate) async fn insert(
    tx: Tx<'_>,
    query: &Query,
    key: &Key,
    visualizations: &[Visualization],
) -> Result<QueryId> {
    let id: QueryId = tx.one(record::insert(query)).await?.take()?;
    insert_key(tx, key, KeyOwner::Query(id)).await?;
    for visualization in visualizations {
        insert_visualization(tx, visualization, id).await?;
    }
    save_tags(tx, id, &query.tags).await?;
    save_query(tx, id.0, texts(query), true).await?;
    versions::save(tx, id).await?;
    schedules::sync(tx, id, query, None).await?;
    Ok(id)
}

#[async_trait]
impl QueryRepo for Store {
    async fn query(&self, id: QueryId) -> Result<Option<Query>> {
        self.db.row_recent(call!("query_get", id), record::read_query).await
    }

    async fn query_with_result(&self, id: QueryId) -> Result<Option<(Query, Option<QueryResult>)>> {
        let calls = [call!("query_get", id), call!("result_get_of_query", id)];
        let found = self.db.recent(calls, |[query, result]| {
            let Some(mut query) = query.into_iter().next() else { return Ok(None) };
            let result = result.into_iter().next().as_mut().map(read_result).transpose()?;
            Ok(Some((record::read_query(&mut query)?, result)))
        });
        found.await
    }

    async fn query_id(&self, uid: Uid) -> Result<Option<QueryId>> {
        self.db.row(call!("query_get_id", uid)).await?.map(|mut row| row.take()).transpose()
    }

    async fn query_detail(&self, id: QueryId, user: Option<UserId>) -> Result<Option<QueryDetail>> {
        let detail = call!("query_get_detail", id, user);
        let shown = call!("visualization_list_of_query", id);
        let found = self.db.recent([detail, shown], |[detail, shown]| {
            let Some(mut row) = detail.into_iter().next() else { return Ok(None) };
            let mut detail = read_detail(&mut row)?;
            detail.visualizations = read_visualizations(shown)?;
            Ok(Some(detail))
        });
        found.await
    }

    async fn queries(&self, filter: &QueryFilter, page: PageRequest) -> Result<Page<QueryListing>> {
        let [count, rows] = self.db.batch(list::calls(self.engine(), filter, page)).await?;
        let items: Result<Vec<QueryListing>> =
            rows.into_iter().map(|mut row| read_listing(&mut row)).collect();
        Ok(Page { items: items?, total: total(count)? })
    }

    async fn recent_queries(&self, user: UserId, limit: u64) -> Result<Vec<QueryListing>> {
        let rows = self.db.rows(call!("query_list_recent", user, limit)).await?;
        rows.into_iter().map(|mut row| read_listing(&mut row)).collect()
    }

    async fn insert_query(
        &self,
        query: &Query,
        key: &Key,
        visualizations: &[Visualization],
    ) -> Result<QueryId> {
        let (query, key) = (query.clone(), key.clone());
        let visualizations = visualizations.to_vec();
        self.db
            .write(move |tx| {
                Box::pin(async move { insert(tx, &query, &key, &visualizations).await })
            })
            .await
    }

    async fn update_query(&self, query: &Query, expected: i64, change: &Change) -> Result<bool> {
        let (query, change) = (query.clone(), change.clone());
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    if tx.execute(record::update(&query, expected)).await? == 0 {
                        let exists = tx.row(call!("query_exists", query.id)).await?.is_some();
                        return if exists { Ok(false) } else { Err(missing()) };
                    }
                    save_tags(tx, query.id, &query.tags).await?;
                    save_query(tx, query.id.0, texts(&query), false).await?;
                    versions::save(tx, query.id).await?;
                    schedules::sync(tx, query.id, &query, Some(&change.changes)).await?;
                    insert_change(tx, &change).await?;
                    Ok(true)
                })
            })
            .await
    }

    async fn archive_query(&self, id: QueryId, at: Timestamp, change: &Change) -> Result<()> {
        let change = change.clone();
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    tx.change("query", call!("query_archive", id, change.version, at)).await?;
                    let step = Step { by: change.user, at };
                    step.remove_all(tx, call!("widget_list_of_query", id)).await?;
                    tx.execute(call_each!("alert_delete_of_query", id)).await?;
                    tx.execute(call!("schedule_unset", id)).await?;
                    insert_change(tx, &change).await
                })
            })
            .await
    }

    async fn query_version(&self, id: QueryId, version: i64) -> Result<Option<QueryText>> {
        self.version(id, version).await
    }

    async fn query_versions(&self, id: QueryId, page: PageRequest) -> Result<Page<QueryText>> {
        self.versions(id, page).await
    }

    async fn approved_version(&self, id: QueryId) -> Result<Option<i64>> {
        let row = self.db.row(call!("query_get_approved", id)).await?;
        row.map_or(Ok(None), |mut row| row.take())
    }

    async fn set_approved_version(&self, id: QueryId, version: Option<i64>) -> Result<()> {
        self.change("query", call!("query_set_approved", id, version)).await
    }

    async fn set_query_favorite(
        &self,
        id: QueryId,
        user: UserId,
        marked: bool,
        at: Timestamp,
    ) -> Result<()> {
        let call = if marked {
            call!("query_favorite_insert", user, id, at)
        } else {
            call!("query_favorite_delete", user, id)
        };
        self.db.execute(call).await.map(drop)
    }

    async fn query_tags(&self, visible: &Visible) -> Result<Vec<TagCount>> {
        let statement = crate::db::sql!("query_tag_list");
        let call = Call::new(statement, visible_values(visible).into());
        read_tag_counts(self.db.rows(call).await?)
    }

    async fn query_history(&self, id: QueryId, page: PageRequest) -> Result<Page<Change>> {
        let count = call!("change_count", KIND, id);
        let rows = call!("change_list", KIND, id, page.size, page.offset());
        let [count, rows] = self.db.batch([count, rows]).await?;
        let items: Result<Vec<Change>> =
            rows.into_iter().map(|mut row| read_change(&mut row, KIND)).collect();
        Ok(Page { items: items?, total: total(count)? })
    }

    async fn visualization(&self, id: VisualizationId) -> Result<Option<Visualization>> {
        let row = self.db.row(call!("visualization_get", id)).await?;
        row.map(|mut row| read_visualization(&mut row)).transpose()
    }

    async fn insert_visualization(&self, visualization: &Visualization) -> Result<VisualizationId> {
        let visualization = visualization.clone();
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    insert_visualization(tx, &visualization, visualization.query).await
                })
            })
            .await
    }

    async fn update_visualization(&self, visualization: &Visualization) -> Result<()> {
        self.change("visualization", visualizations::update(visualization)).await
    }

    async fn delete_visualization(
        &self,
        id: VisualizationId,
        by: UserId,
        at: Timestamp,
    ) -> Result<()> {
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    let step = Step { by: Some(by), at };
                    step.remove_all(tx, call!("widget_list_of_visualization", id)).await?;
                    tx.change("visualization", call!("visualization_delete", id)).await
                })
            })
            .await
    }
}

fn missing() -> tessera_kernel::Fault {
    tessera_kernel::Fault::not_found("query")
}
