//! Data sources.

use async_trait::async_trait;
use tessera_bi::ports::SourceRepo;
use tessera_bi::{Source, Table};
use tessera_kernel::ids::{GroupId, SourceId, Uid};
use tessera_kernel::{Fault, Result, Timestamp};

use crate::Store;
use crate::db::{Call, Row, call};
use crate::users::name_key;

fn read_source(row: &mut Row) -> Result<Source> {
    Ok(Source {
        id: row.take()?,
        uid: row.take()?,
        name: row.take()?,
        kind: row.take()?,
        options: row.take()?,
        sealed_options: row.take()?,
        version: row.take()?,
        paused: row.take()?,
        pause_reason: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}

/// Adds a data source.
pub(crate) fn insert(source: &Source) -> Call {
    call!(
        "source_insert",
        source.uid,
        &source.name,
        name_key(&source.name),
        &source.kind,
        &source.options,
        source.sealed_options.clone(),
        source.version,
        source.paused,
        source.pause_reason.clone(),
        source.created_at,
        source.updated_at,
    )
}

#[async_trait]
impl SourceRepo for Store {
    async fn sources(&self) -> Result<Vec<Source>> {
        let rows = self.db.rows(call!("source_list")).await?;
        rows.into_iter().map(|mut row| read_source(&mut row)).collect()
    }

    async fn source(&self, id: SourceId) -> Result<Option<Source>> {
        self.db.row_recent(call!("source_get", id), read_source).await
    }

    async fn insert_source(&self, source: &Source, groups: &[GroupId]) -> Result<SourceId> {
        let (source, groups) = (source.clone(), groups.to_vec());
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    let id: SourceId = tx.one(insert(&source)).await?.take()?;
                    for group in groups {
                        tx.execute(call!("group_source_set", group, id, "full")).await?;
                    }
                    Ok(id)
                })
            })
            .await
    }

    async fn update_source(&self, source: &Source) -> Result<()> {
        let call = call!(
            "source_update",
            source.id,
            source.uid,
            &source.name,
            name_key(&source.name),
            &source.kind,
            &source.options,
            source.sealed_options.clone(),
            source.version,
            source.paused,
            source.pause_reason.clone(),
            source.created_at,
            source.updated_at,
        );
        self.change("data source", call).await
    }

    async fn delete_source(&self, id: SourceId) -> Result<Option<Vec<Uid>>> {
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(call!("source_detach_queries", id)).await?;
                    let removed = tx.rows(call!("source_delete_results", id)).await?;
                    if tx.execute(call!("source_delete", id)).await? == 0 {
                        return Ok(None);
                    }
                    let uids: Result<Vec<Uid>> =
                        removed.into_iter().map(|mut row| row.take()).collect();
                    uids.map(Some)
                })
            })
            .await
    }

    async fn cached_schema(&self, id: SourceId) -> Result<Option<(Vec<Table>, Timestamp)>> {
        let Some(mut row) = self.db.row(call!("source_schema_get", id)).await? else {
            return Ok(None);
        };
        let tables = serde_json::from_str(&row.take::<String>()?)
            .map_err(|error| Fault::internal("the stored tables of a data source", error))?;
        Ok(Some((tables, row.take()?)))
    }

    async fn save_schema(&self, id: SourceId, tables: &[Table], at: Timestamp) -> Result<()> {
        let tables = serde_json::to_string(tables)
            .map_err(|error| Fault::internal("the tables of a data source", error))?;
        self.db.execute(call!("source_schema_set", id, tables, at)).await.map(drop)
    }
}
