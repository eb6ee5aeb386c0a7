//! Views of one result: a plan is made of data, column by column, and run by the engine.

mod columns;
mod conditions;
mod groups;
mod kept;
mod operands;
mod rows;
mod statistics;

use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use async_trait::async_trait;
use datafusion::dataframe::DataFrame;
use futures::StreamExt as _;
use tessera_bi::ports::ResultViews;
use tessera_bi::views::{View, ViewLimits, ViewRows};
use tessera_kernel::ids::Uid;
use tessera_kernel::{Code, Fault, Result};

use self::columns::{Columns, column};
use self::kept::Kept;
use super::columns::Shown;
use super::table::{Form, ResultFile};
use super::{ResultEngine, refused};
use crate::engine::Stop;

#[async_trait]
impl ResultViews for ResultEngine {
    async fn view(&self, file: Uid, view: &View, limits: ViewLimits) -> Result<ViewRows> {
        let (engine, view) = (self.clone(), view.clone());
        let working = self
            .engine()?
            .begin(|stop| async move { show(&engine, file, &view, limits, &stop).await })?;
        within(limits, working.done()).await
    }

    async fn statistics(&self, file: Uid, limits: ViewLimits) -> Result<RecordBatch> {
        let engine = self.clone();
        let working = self
            .engine()?
            .begin(|stop| async move { statistics::describe(&engine, file, &stop).await })?;
        within(limits, working.done()).await
    }
}

/// Dropped, the work on the threads of the engine stops.
async fn within<T>(limits: ViewLimits, work: impl Future<Output = Result<T>>) -> Result<T> {
    let seconds = limits.time_limit_seconds;
    match tokio::time::timeout(Duration::from_secs(seconds), work).await {
        Ok(done) => done,
        Err(_) => Err(Fault::new(
            Code::TimedOut,
            format!("the view took longer than {seconds} s (results.view_time_limit_seconds)"),
        )),
    }
}

async fn show(
    engine: &ResultEngine,
    file: Uid,
    view: &View,
    limits: ViewLimits,
    stop: &Stop,
) -> Result<ViewRows> {
    let file = ResultFile::open(engine.lake(), file, Form::Exact).await?;
    let schema = file.columns().clone();
    let columns = Columns(&schema);
    let all = engine.context(stop)?.read_table(Arc::new(file)).map_err(refused)?;
    let chosen = conditions::filter(all, &columns, view)?;
    let grouped = !view.group_by.is_empty() || !view.aggregates.is_empty();
    let (made, names) = if grouped {
        groups::group(chosen, &columns, view).await?
    } else {
        rows::pick(chosen, &columns, view)?
    };
    let sorted = rows::sort(made, &columns, view, &names, grouped)?;
    let wanted = view.limit.unwrap_or(limits.rows_max).min(limits.rows_max);
    let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let page = sorted
        .select(names.iter().map(|name| column(name)).collect::<Vec<_>>())
        .and_then(|rows| rows.limit(whole(view.offset), Some(whole(wanted.saturating_add(1)))))
        .map_err(refused)?;
    collect(engine, page, wanted, limits).await
}

/// Takes the rows, up to what is wanted; one more tells that there are more. All of them, before the
/// first is sent: what is too large is refused, never cut.
async fn collect(
    engine: &ResultEngine,
    page: DataFrame,
    wanted: u64,
    limits: ViewLimits,
) -> Result<ViewRows> {
    let mut stream = page.execute_stream().await.map_err(refused)?;
    let shown = Shown::exact(&stream.schema())?;
    let mut kept = Kept::new(shown.schema(), engine.lake().clone());
    let (mut rows, mut bytes, mut more) = (0, 0, false);
    while let Some(batch) = stream.next().await {
        let mut batch = shown.batch(&batch.map_err(refused)?)?;
        let left = usize::try_from(wanted - rows).unwrap_or(usize::MAX);
        if batch.num_rows() > left {
            more = true;
            batch = batch.slice(0, left);
        }
        rows += batch.num_rows() as u64;
        bytes += batch.get_array_memory_size() as u64;
        if bytes > limits.bytes_max {
            let detail = format!(
                "the view has more than {} bytes (results.view_bytes_max); ask for fewer rows or \
                 columns",
                limits.bytes_max
            );
            return Err(Fault::new(Code::TooLarge, detail).with_field("limit"));
        }
        if batch.num_rows() > 0 {
            kept.add(batch).await?;
        }
        if more {
            break;
        }
    }
    Ok(ViewRows { schema: shown.schema(), batches: kept.batches().await?, rows, bytes, more })
}
