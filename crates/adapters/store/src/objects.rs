//! What queries and dashboards have in common: search, history, trash.

use async_trait::async_trait;
use tessera_bi::ports::ObjectRepo;
use tessera_bi::{Change, Found, ObjectKind, SearchFilter, TrashWeight};
use tessera_kernel::ids::Uid;
use tessera_kernel::{Code, Fault, Page, PageRequest, Result, Timestamp};

use crate::Store;
use crate::db::call;
use crate::search;
use crate::tags::read_change;
use crate::users::total;

/// How the history names a kind.
const fn history_kind(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Query => "queries",
        ObjectKind::Dashboard => "dashboards",
        ObjectKind::Alert => "alerts",
        ObjectKind::Snippet => "snippets",
    }
}

#[async_trait]
impl ObjectRepo for Store {
    async fn search(&self, filter: &SearchFilter, page: PageRequest) -> Result<Page<Found>> {
        self.found(filter, page).await
    }

    async fn history(&self, kind: ObjectKind, id: i64, page: PageRequest) -> Result<Page<Change>> {
        let kind = history_kind(kind);
        let count = call!("change_count", kind, id);
        let rows = call!("change_list", kind, id, page.size, page.offset());
        let [count, rows] = self.db.batch([count, rows]).await?;
        let items: Result<Vec<Change>> =
            rows.into_iter().map(|mut row| read_change(&mut row, kind)).collect();
        Ok(Page { items: items?, total: total(count)? })
    }

    async fn changes_since(&self, kind: ObjectKind, id: i64, version: i64) -> Result<Vec<Change>> {
        let kind = history_kind(kind);
        let rows = self.db.rows(call!("change_list_since", kind, id, version)).await?;
        rows.into_iter().map(|mut row| read_change(&mut row, kind)).collect()
    }

    async fn weigh(&self, kind: ObjectKind, id: i64) -> Result<TrashWeight> {
        let call = match kind {
            ObjectKind::Query => call!("query_weigh", id),
            ObjectKind::Dashboard => call!("dashboard_weigh", id),
            ObjectKind::Alert | ObjectKind::Snippet => return Ok(TrashWeight::default()),
        };
        let Some(mut row) = self.db.row(call).await? else {
            return Ok(TrashWeight::default());
        };
        Ok(TrashWeight {
            visualizations: row.take()?,
            widgets: row.take()?,
            alerts: row.take()?,
            keys: row.take()?,
            results: row.take()?,
            steps: row.take()?,
        })
    }

    async fn erase(&self, kind: ObjectKind, id: i64) -> Result<Vec<Uid>> {
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    let results = match kind {
                        ObjectKind::Query => tx.rows(call!("query_delete_results", id)).await?,
                        ObjectKind::Dashboard => Vec::new(),
                        ObjectKind::Alert | ObjectKind::Snippet => {
                            return Err(Fault::new(Code::Internal, "it is never archived"));
                        }
                    };
                    tx.execute(call!("change_delete_of", history_kind(kind), id)).await?;
                    match kind {
                        ObjectKind::Query => {
                            tx.change("query", call!("query_delete_archived", id)).await?;
                        }
                        ObjectKind::Dashboard => {
                            tx.change("dashboard", call!("dashboard_delete_archived", id)).await?;
                        }
                        ObjectKind::Alert | ObjectKind::Snippet => {}
                    }
                    results.into_iter().map(|mut row| row.take()).collect()
                })
            })
            .await
    }

    async fn expired_trash(&self, before: Timestamp, limit: u64) -> Result<Vec<(ObjectKind, i64)>> {
        let rows = self.db.rows(call!("trash_list_expired", before, limit)).await?;
        let read =
            |mut row: crate::db::Row| Ok((search::kind(&row.take::<String>()?)?, row.take()?));
        rows.into_iter().map(read).collect()
    }
}
