//! Imports: numbers that objects had elsewhere, and what was taken over.

use async_trait::async_trait;
use tessera_bi::ports::ImportRepo;
use tessera_bi::{ImportRecord, Json, Numbered};
use tessera_kernel::Result;
use tessera_kernel::ids::QueryId;

use crate::Store;
use crate::db::{Engine, Row, call, call_each};

fn read(row: &mut Row) -> Result<ImportRecord> {
    Ok(ImportRecord {
        origin: row.take()?,
        kind: row.take()?,
        old_id: row.take()?,
        new_id: row.take()?,
        digest: row.take()?,
        at: row.take()?,
    })
}

#[async_trait]
impl ImportRepo for Store {
    async fn imports(&self, origin: &str) -> Result<Vec<ImportRecord>> {
        let rows = self.db.rows(call!("import_list", origin)).await?;
        rows.into_iter().map(|mut row| read(&mut row)).collect()
    }

    async fn note_import(&self, record: &ImportRecord) -> Result<()> {
        let call = call!(
            "import_insert",
            &record.origin,
            &record.kind,
            record.old_id,
            record.new_id,
            &record.digest,
            record.at,
        );
        self.db.execute(call).await.map(drop)
    }

    async fn advance_numbers(&self, kind: Numbered, wanted: i64) -> Result<()> {
        if wanted <= 1 {
            return Ok(());
        }
        // The tables are called as the kinds are.
        let (table, last) = (kind.as_str(), wanted - 1);
        let engine = self.engine();
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    match engine {
                        Engine::Sqlite => {
                            tx.execute(call_each!("number_advance", table, last)).await?;
                            tx.execute(call!("number_begin", table, last)).await?;
                        }
                        Engine::Postgres => {
                            tx.rows(call_each!("number_advance", table, last)).await?;
                        }
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn set_query_options(&self, id: QueryId, options: &Json) -> Result<()> {
        let options = options.clone();
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    tx.change("query", call!("query_set_options", id, &options)).await?;
                    tx.execute(call!("query_version_set_options", id, &options)).await.map(drop)
                })
            })
            .await
    }
}
