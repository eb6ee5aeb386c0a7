//! The two tables over the files, with the rows of one viewer.

use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use datafusion::common::config::Dialect;
use datafusion::error::DataFusionError;
use datafusion::prelude::{DataFrame, ParquetReadOptions, SessionContext, col, lit};
use tessera_access::Viewer;
use tessera_kernel::Result;

use super::columns::{EVENTS, HOURS};
use super::failed;
use super::files::Found;
use crate::engine::{Engine, Stop, Tables};

/// Records and the sums of past days, as one table.
const HOURS_SQL: &str = "
    SELECT
        hour, key_id, owner_id, creator_id, actor, dialect, action, decision, reason,
        sum(requests) AS requests, sum(rows) AS rows, sum(bytes) AS bytes,
        sum(duration_ms) AS duration_ms, max(duration_ms_max) AS duration_ms_max
    FROM (
        SELECT
            hour, key_id, owner_id, creator_id, actor, dialect, action, decision, reason, requests,
            rows, bytes, duration_ms, duration_ms_max
        FROM hours
        UNION ALL
        SELECT
            date_trunc('hour', at) AS hour, key_id, owner_id, creator_id, actor, dialect, action,
            decision, reason, CAST(1 AS bigint) AS requests, rows, bytes, duration_ms,
            duration_ms AS duration_ms_max
        FROM unsummed
    )
    GROUP BY hour, key_id, owner_id, creator_id, actor, dialect, action, decision, reason";

/// The tables `key_events` and `key_hours`. The files themselves have no name in them.
pub(super) async fn open(
    engine: &Engine,
    found: &Found,
    viewer: Viewer,
    stop: &Stop,
) -> Result<Tables> {
    let files = engine.context(Dialect::PostgreSQL, stop);
    let events = read(&files, &found.events, &EVENTS).await?;
    let unsummed = read(&files, &found.unsummed, &EVENTS).await?;
    let hours = read(&files, &found.hours, &HOURS).await?;
    let context = engine.context(Dialect::PostgreSQL, stop);
    let view = async {
        context.register_table("key_events", whose(events, viewer)?.into_view())?;
        files.register_table("unsummed", whose(unsummed, viewer)?.into_view())?;
        files.register_table("hours", whose(hours, viewer)?.into_view())?;
        context.register_table("key_hours", files.sql(HOURS_SQL).await?.into_view())
    };
    view.await.map_err(|error| failed("make the tables", error))?;
    Ok(Tables::over(context, engine.about()))
}

async fn read(
    context: &SessionContext,
    paths: &[PathBuf],
    schema: &SchemaRef,
) -> Result<DataFrame> {
    if paths.is_empty() {
        let empty = RecordBatch::new_empty(Arc::clone(schema));
        return context.read_batch(empty).map_err(|error| failed("make an empty table", error));
    }
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let options = ParquetReadOptions::new().schema(schema);
    context.read_parquet(paths, options).await.map_err(|error| failed("open the files", error))
}

/// The row policy: an administrator sees all rows, everybody else those of keys of its own.
fn whose(rows: DataFrame, viewer: Viewer) -> std::result::Result<DataFrame, DataFusionError> {
    match viewer {
        Viewer::Everything => Ok(rows),
        Viewer::User(id) => {
            rows.filter(col("owner_id").eq(lit(id.0)).or(col("creator_id").eq(lit(id.0))))
        }
    }
}
