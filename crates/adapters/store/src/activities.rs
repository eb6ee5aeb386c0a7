//! What people did, and how much there is.

use async_trait::async_trait;
use tessera_bi::Activity;
use tessera_bi::ports::{ActivityRepo, ContentCounts, CountRepo};
use tessera_kernel::ids::UserId;
use tessera_kernel::{Page, PageRequest, Result, Timestamp};

use crate::Store;
use crate::db::{Call, Row, call};

fn read(row: &mut Row) -> Result<Activity> {
    let mut activity = Activity {
        id: row.take()?,
        at: row.take()?,
        user: row.take()?,
        user_name: String::new(),
        actor: row.take()?,
        action: row.take()?,
        object_kind: row.take()?,
        object: row.take()?,
        address: row.take()?,
        client: row.take()?,
        detail: row.take()?,
    };
    activity.user_name = row.take::<Option<String>>()?.unwrap_or_default();
    Ok(activity)
}

fn insert(activity: &Activity) -> Call {
    call!(
        "activity_insert",
        activity.at,
        activity.user,
        &activity.actor,
        &activity.action,
        &activity.object_kind,
        activity.object.clone(),
        activity.address.clone(),
        activity.client.clone(),
        &activity.detail,
    )
}

#[async_trait]
impl ActivityRepo for Store {
    async fn insert_activities(&self, activities: &[Activity]) -> Result<()> {
        let calls: Vec<Call> = activities.iter().map(insert).collect();
        // Nobody waits for the disk: the next write that matters takes these along.
        self.db
            .write_relaxed(move |tx| {
                Box::pin(async move {
                    for call in calls {
                        tx.execute(call).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn activities(&self, user: Option<UserId>, page: PageRequest) -> Result<Page<Activity>> {
        let [rows, count] = self
            .db
            .batch([
                call!("activity_list", user, page.size, page.offset()),
                call!("activity_count", user),
            ])
            .await?;
        let items = rows.into_iter().map(|mut row| read(&mut row)).collect::<Result<_>>()?;
        let total = match count.into_iter().next() {
            Some(mut row) => row.take()?,
            None => 0,
        };
        Ok(Page { items, total })
    }

    async fn purge_activities(&self, before: Timestamp) -> Result<u64> {
        self.db.execute(call!("activity_purge", before)).await
    }
}

#[async_trait]
impl CountRepo for Store {
    async fn content_counts(&self, old: Timestamp) -> Result<ContentCounts> {
        let Some(mut row) = self.db.row(call!("content_count", old)).await? else {
            return Ok(ContentCounts::default());
        };
        Ok(ContentCounts {
            results: row.take()?,
            result_bytes: row.take()?,
            unused_results: row.take()?,
            widgets: row.take()?,
        })
    }
}
