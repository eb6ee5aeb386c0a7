//! Reads a document on a thread that may wait, and passes its rows on.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use tessera_bi::ended::cancelled;
use tessera_bi::ports::BatchSink;
use tessera_formats::read::Target;
use tessera_kernel::{Fault, Result};
use tokio::sync::mpsc;

/// Batches that may wait for a slow writer.
const BATCHES_AHEAD: usize = 2;

enum Part {
    Begin(SchemaRef),
    Batch(RecordBatch),
}

/// The end of the thread.
struct Sender(mpsc::Sender<Part>);

impl Target for Sender {
    fn begin(&mut self, schema: SchemaRef) -> Result<()> {
        self.0.blocking_send(Part::Begin(schema)).map_err(|_| cancelled())
    }

    fn batch(&mut self, batch: RecordBatch) -> Result<()> {
        self.0.blocking_send(Part::Batch(batch)).map_err(|_| cancelled())
    }

    fn check(&self) -> Result<()> {
        if self.0.is_closed() { Err(cancelled()) } else { Ok(()) }
    }
}

/// Reads, and passes the rows on. Dropped, the thread ends with its next row.
pub(crate) async fn pour(
    sink: &mut dyn BatchSink,
    read: impl FnOnce(&mut dyn Target) -> Result<()> + Send + 'static,
) -> Result<()> {
    let (sender, mut parts) = mpsc::channel(BATCHES_AHEAD);
    let reading = tokio::task::spawn_blocking(move || read(&mut Sender(sender)));
    while let Some(part) = parts.recv().await {
        match part {
            Part::Begin(schema) => sink.begin(schema).await?,
            Part::Batch(batch) => sink.batch(batch).await?,
        }
    }
    reading.await.map_err(|error| Fault::internal("reading a document stopped", error))?
}
