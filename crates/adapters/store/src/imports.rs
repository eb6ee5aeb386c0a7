//! Imports: numbers that objects had elsewhere, and what was taken over.

use async_trait::async_trait;
use tessera_bi::ports::ImportRepo;
use tessera_bi::{ImportMark, ImportRecord, Json, Numbered, TakenOver};
use tessera_kernel::ids::{QueryId, SourceId};
use tessera_kernel::{Result, Timestamp};

use crate::db::{Call, Engine, Row, Tx, call, call_each};
use crate::visualizations::insert_visualization;
use crate::{Store, alerts, dashboards, destinations, groups, queries, snippets, sources};

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

fn begin(kind: Numbered, mark: &ImportMark, at: Timestamp) -> Call {
    call!("import_begin", &mark.origin, kind.as_str(), mark.old_id, at)
}

/// Makes the next new object of a kind have this number, unless it or a higher one was given.
async fn advance(tx: Tx<'_>, engine: Engine, kind: Numbered, wanted: i64) -> Result<()> {
    if wanted <= 1 {
        return Ok(());
    }
    // The tables are called as the kinds are.
    let (table, last) = (kind.as_str(), wanted - 1);
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
}

/// Makes an object; gives its number.
async fn make(tx: Tx<'_>, new: &TakenOver) -> Result<i64> {
    Ok(match new {
        TakenOver::Source(source, groups) => {
            let id: SourceId = tx.one(sources::insert(source)).await?.take()?;
            for (group, level) in groups {
                tx.execute(groups::set_source(*group, id, *level)).await?;
            }
            id.0
        }
        TakenOver::Query(query, key) => queries::insert(tx, query, key, &[]).await?.0,
        TakenOver::Visualization(shown) => insert_visualization(tx, shown, shown.query).await?.0,
        TakenOver::Snippet(snippet) => snippets::insert(tx, snippet).await?.0,
        TakenOver::Destination(destination) => {
            tx.one(destinations::insert(destination)).await?.take()?
        }
        TakenOver::Alert(alert, told) => {
            let id = alerts::insert(tx, alert).await?;
            for (uid, user, destination) in told {
                let at = alert.created_at;
                tx.rows(alerts::subscribe(*uid, id, *user, *destination, at)).await?;
            }
            id.0
        }
        TakenOver::Dashboard(dashboard) => dashboards::insert(tx, dashboard, &[]).await?.0,
        TakenOver::Widget(widget) => dashboards::widgets::insert(tx, widget).await?.0,
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

    async fn begin_import(&self, kind: Numbered, mark: &ImportMark, at: Timestamp) -> Result<()> {
        self.db.execute(begin(kind, mark, at)).await.map(drop)
    }

    async fn take_over(&self, new: TakenOver, mark: &ImportMark, at: Timestamp) -> Result<i64> {
        let (mark, engine) = (mark.clone(), self.engine());
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    let kind = new.kind();
                    // Whoever comes second waits here until the first one is through.
                    if tx.execute(begin(kind, &mark, at)).await? == 0 {
                        let known = call!("import_get", &mark.origin, kind.as_str(), mark.old_id);
                        return tx.one(known).await?.take();
                    }
                    advance(tx, engine, kind, mark.old_id).await?;
                    let id = make(tx, &new).await?;
                    let settle = call!(
                        "import_settle",
                        &mark.origin,
                        kind.as_str(),
                        mark.old_id,
                        id,
                        &mark.digest,
                    );
                    tx.execute(settle).await?;
                    Ok(id)
                })
            })
            .await
    }

    async fn advance_numbers(&self, kind: Numbered, wanted: i64) -> Result<()> {
        let engine = self.engine();
        self.db.write(move |tx| Box::pin(advance(tx, engine, kind, wanted))).await
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
