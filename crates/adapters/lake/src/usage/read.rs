//! Our own questions about one key.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use chrono::{DateTime, Utc};
use datafusion::common::ScalarValue;
use futures::TryStreamExt as _;
use tessera_access::{Observed, ObservedUse, Period, Refusal, UsageHour};
use tessera_kernel::ids::{DashboardId, KeyId, QueryId, SourceId};
use tessera_kernel::{Code, Fault, Result, Timestamp};

use crate::engine::Tables;

/// Most different values in one answer.
const VALUES_MAX: u64 = 10_000;

const HOURS: &str = "
    SELECT
        hour, sum(requests), sum(CASE WHEN decision = 'deny' THEN requests ELSE 0 END), sum(rows),
        sum(bytes), sum(duration_ms), max(duration_ms_max)
    FROM key_hours
    WHERE key_id = $1 AND hour >= date_trunc('hour', $2) AND hour < $3
    GROUP BY hour
    ORDER BY hour";

const REFUSALS: &str = "
    SELECT
        at, request_id, reason, action, object, method, route, status, address, client
    FROM key_events
    WHERE key_id = $1 AND at >= $2 AND at < $3 AND decision = 'deny'
    ORDER BY at DESC, request_id
    LIMIT ";

const COUNTS: &str = "
    SELECT count(*), count(CASE WHEN decision = 'deny' THEN 1 END), min(at), max(at)
    FROM key_events
    WHERE key_id = $1 AND at >= $2 AND at < $3";

const USES: &str = "
    SELECT action, object, query_id, source_id, dashboard_id, count(*)
    FROM (
        SELECT
            action, query_id, source_id, dashboard_id,
            CASE
                WHEN query_id IS NULL AND source_id IS NULL AND dashboard_id IS NULL THEN object
                ELSE ''
            END AS object
        FROM key_events
        WHERE
            key_id = $1 AND at >= $2 AND at < $3 AND decision = 'allow' AND action IS NOT NULL
    )
    GROUP BY action, object, query_id, source_id, dashboard_id
    ORDER BY count(*) DESC, action, query_id, source_id, dashboard_id, object
    LIMIT ";

fn values(key: KeyId, period: Period) -> Vec<ScalarValue> {
    let time = |at: Timestamp| {
        ScalarValue::TimestampMicrosecond(Some(at.timestamp_micros()), Some("+00:00".into()))
    };
    vec![ScalarValue::Int64(Some(key.0)), time(period.from), time(period.to)]
}

async fn all(tables: &Tables, sql: &str, key: KeyId, period: Period) -> Result<Vec<RecordBatch>> {
    tables.stream(sql, values(key, period)).await?.try_collect().await
}

/// The rows of batches, one after another.
fn rows<T>(
    batches: &[RecordBatch],
    read: impl Fn(&RecordBatch, usize) -> Result<T>,
) -> Result<Vec<T>> {
    let places = batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |at| (batch, at)));
    places.map(|(batch, at)| read(batch, at)).collect()
}

fn missing(column: usize) -> Fault {
    Fault::new(Code::Internal, format!("column {column} of usage records is of another type"))
}

fn text(batch: &RecordBatch, column: usize, row: usize) -> Result<Option<String>> {
    let array = batch.column(column).as_string_opt::<i32>().ok_or_else(|| missing(column))?;
    Ok(array.is_valid(row).then(|| array.value(row).to_owned()))
}

fn whole(batch: &RecordBatch, column: usize, row: usize) -> Result<Option<i64>> {
    let array =
        batch.column(column).as_primitive_opt::<Int64Type>().ok_or_else(|| missing(column))?;
    Ok(array.is_valid(row).then(|| array.value(row)))
}

fn count(batch: &RecordBatch, column: usize, row: usize) -> Result<u64> {
    Ok(whole(batch, column, row)?.and_then(|value| u64::try_from(value).ok()).unwrap_or(0))
}

fn number(batch: &RecordBatch, column: usize, row: usize) -> Result<f64> {
    let array =
        batch.column(column).as_primitive_opt::<Float64Type>().ok_or_else(|| missing(column))?;
    Ok(if array.is_valid(row) { array.value(row) } else { 0.0 })
}

fn time(batch: &RecordBatch, column: usize, row: usize) -> Result<Option<Timestamp>> {
    let array = batch.column(column).as_primitive_opt::<TimestampMicrosecondType>();
    let array = array.ok_or_else(|| missing(column))?;
    Ok(array
        .is_valid(row)
        .then(|| array.value(row))
        .and_then(DateTime::<Utc>::from_timestamp_micros))
}

pub(super) async fn hours(tables: &Tables, key: KeyId, period: Period) -> Result<Vec<UsageHour>> {
    let batches = all(tables, HOURS, key, period).await?;
    rows(&batches, |batch, row| {
        Ok(UsageHour {
            hour: time(batch, 0, row)?.unwrap_or_default(),
            requests: count(batch, 1, row)?,
            refused: count(batch, 2, row)?,
            rows: count(batch, 3, row)?,
            bytes: count(batch, 4, row)?,
            duration_ms: number(batch, 5, row)?,
            duration_ms_max: number(batch, 6, row)?,
        })
    })
}

pub(super) async fn refusals(
    tables: &Tables,
    key: KeyId,
    period: Period,
    limit: u64,
) -> Result<Vec<Refusal>> {
    let batches = all(tables, &format!("{REFUSALS}{limit}"), key, period).await?;
    rows(&batches, |batch, row| {
        let status =
            batch.column(7).as_primitive_opt::<Int32Type>().ok_or_else(|| missing(7))?.value(row);
        Ok(Refusal {
            at: time(batch, 0, row)?.unwrap_or_default(),
            request_id: text(batch, 1, row)?.unwrap_or_default(),
            reason: text(batch, 2, row)?.unwrap_or_default(),
            action: text(batch, 3, row)?,
            object: text(batch, 4, row)?.unwrap_or_default(),
            method: text(batch, 5, row)?.unwrap_or_default(),
            route: text(batch, 6, row)?.unwrap_or_default(),
            status: u16::try_from(status).unwrap_or(0),
            address: text(batch, 8, row)?,
            client: text(batch, 9, row)?,
        })
    })
}

pub(super) async fn observed(tables: &Tables, key: KeyId, period: Period) -> Result<Observed> {
    let mut observed = Observed::default();
    for batch in all(tables, COUNTS, key, period).await?.iter().filter(|b| b.num_rows() > 0) {
        observed.requests = count(batch, 0, 0)?;
        observed.refused = count(batch, 1, 0)?;
        (observed.first, observed.last) = (time(batch, 2, 0)?, time(batch, 3, 0)?);
    }
    let uses = all(tables, &format!("{USES}{VALUES_MAX}"), key, period).await?;
    observed.uses = rows(&uses, |batch, row| {
        Ok(ObservedUse {
            action: text(batch, 0, row)?.unwrap_or_default(),
            object: text(batch, 1, row)?.unwrap_or_default(),
            query: whole(batch, 2, row)?.map(QueryId),
            source: whole(batch, 3, row)?.map(SourceId),
            dashboard: whole(batch, 4, row)?.map(DashboardId),
            requests: count(batch, 5, row)?,
        })
    })?;
    observed.addresses = different(tables, "address", key, period).await?;
    observed.formats = different(tables, "format", key, period).await?;
    observed.transports = different(tables, "transport", key, period).await?;
    observed.dialects = different(tables, "dialect", key, period).await?;
    Ok(observed)
}

/// The different values of a column in allowed requests.
async fn different(
    tables: &Tables,
    column: &'static str,
    key: KeyId,
    period: Period,
) -> Result<Vec<String>> {
    let sql = format!(
        "SELECT DISTINCT {column} FROM key_events
         WHERE
            key_id = $1 AND at >= $2 AND at < $3 AND decision = 'allow' AND {column} IS NOT NULL
         ORDER BY {column}
         LIMIT {VALUES_MAX}"
    );
    let batches = all(tables, &sql, key, period).await?;
    let found = rows(&batches, |batch, row| text(batch, 0, row))?;
    Ok(found.into_iter().flatten().collect())
}
