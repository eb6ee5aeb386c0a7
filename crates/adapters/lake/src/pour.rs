//! From the threads of a SQL engine into a sink: rows as they come.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use tessera_bi::ports::BatchSink;
use tessera_kernel::Result;
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
