//! From the threads of a SQL engine into a sink: rows as they come, within a time, unless cancelled.

use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use tessera_bi::ports::{BatchSink, CancelSignal};
use tessera_kernel::{Code, Fault, Result};
use tokio::sync::mpsc;

use crate::engine::{Engine, Stop};

/// Batches that may wait for a slow writer.
const BATCHES_AHEAD: usize = 2;

/// What the threads of the engine send.
enum Part {
    Begin(SchemaRef),
    Batch(RecordBatch),
}

/// Where work on the threads of the engine puts what it finds. `false`: nobody listens any more.
pub(crate) struct Outlet(mpsc::Sender<Part>);

impl Outlet {
    /// Names the columns.
    pub(crate) async fn begin(&self, schema: SchemaRef) -> bool {
        self.0.send(Part::Begin(schema)).await.is_ok()
    }

    /// Gives rows.
    pub(crate) async fn batch(&self, batch: RecordBatch) -> bool {
        self.0.send(Part::Batch(batch)).await.is_ok()
    }
}

/// Does work on the threads of an engine, and puts what comes out into a sink.
pub(crate) async fn pour<F>(
    engine: &Engine,
    sink: &mut dyn BatchSink,
    work: impl FnOnce(Outlet, Stop) -> F,
) -> Result<()>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let (sender, mut parts) = mpsc::channel(BATCHES_AHEAD);
    let working = engine.begin(|stop| work(Outlet(sender), stop))?;
    while let Some(part) = parts.recv().await {
        match part {
            Part::Begin(schema) => sink.begin(schema).await?,
            Part::Batch(batch) if batch.num_rows() > 0 => sink.batch(batch).await?,
            Part::Batch(_) => {}
        }
    }
    working.done().await
}

/// A run within its time. Dropped, the work on the threads of the engine stops.
pub(crate) async fn in_time(
    time_limit_seconds: u64,
    cancel: &Arc<dyn CancelSignal>,
    running: impl Future<Output = Result<()>>,
) -> Result<()> {
    let limit = Duration::from_secs(time_limit_seconds);
    tokio::select! {
        () = cancel.cancelled() => Err(Fault::new(Code::Cancelled, "the query was cancelled")),
        ran = tokio::time::timeout(limit, running) => match ran {
            Ok(ran) => ran,
            Err(_) => Err(Fault::new(Code::TimedOut, format!(
                "the query ran longer than {time_limit_seconds} s (runs.time_limit_seconds)"
            ))),
        }
    }
}
