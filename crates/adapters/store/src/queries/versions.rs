//! Versions of queries: what ran when.

use tessera_bi::QueryText;
use tessera_kernel::ids::QueryId;
use tessera_kernel::{Page, PageRequest, Result};

use crate::Store;
use crate::db::{Row, Tx, call};
use crate::users::total;

/// Reads the columns of `{version v}`.
fn read_version(row: &mut Row) -> Result<QueryText> {
    Ok(QueryText {
        query: row.take()?,
        version: row.take()?,
        name: row.take()?,
        text: row.take()?,
        options: row.take()?,
        source: row.take()?,
        created_by: row.take()?,
        created_at: row.take()?,
    })
}

/// Keeps the present version of a query, if what runs is not that of the one kept last.
pub(super) async fn save(tx: Tx<'_>, query: QueryId) -> Result<()> {
    tx.execute(call!("query_version_insert", query)).await.map(drop)
}

impl Store {
    pub(super) async fn version(&self, id: QueryId, version: i64) -> Result<Option<QueryText>> {
        let row = self.db.row(call!("query_version_get", id, version)).await?;
        row.map(|mut row| read_version(&mut row)).transpose()
    }

    pub(super) async fn versions(&self, id: QueryId, page: PageRequest) -> Result<Page<QueryText>> {
        let count = call!("query_version_count", id);
        let rows = call!("query_version_list", id, page.size, page.offset());
        let [count, rows] = self.db.batch([count, rows]).await?;
        let items: Result<Vec<QueryText>> =
            rows.into_iter().map(|mut row| read_version(&mut row)).collect();
        Ok(Page { items: items?, total: total(count)? })
    }
}
