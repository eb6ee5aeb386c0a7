//! Takes a run's rows into a result file, and stops it when they are more than allowed.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use async_trait::async_trait;
use tessera_bi::ports::{BatchSink, ResultWriter};
use tessera_kernel::{Code, Fault, Result};

/// A result file with limits. Nothing is ever cut: more than the limit is an error.
pub(crate) struct LimitedSink {
    writer: Box<dyn ResultWriter>,
    rows_max: u64,
    bytes_max: u64,
    rows: u64,
    bytes: u64,
    begun: bool,
}

impl LimitedSink {
    pub(crate) fn new(writer: Box<dyn ResultWriter>, rows_max: u64, bytes_max: u64) -> Self {
        Self { writer, rows_max, bytes_max, rows: 0, bytes: 0, begun: false }
    }

    /// The file, once a run has named its columns.
    pub(crate) fn into_writer(self) -> Option<Box<dyn ResultWriter>> {
        self.begun.then_some(self.writer)
    }
}

#[async_trait]
impl BatchSink for LimitedSink {
    async fn begin(&mut self, schema: SchemaRef) -> Result<()> {
        (self.rows, self.bytes, self.begun) = (0, 0, true);
        self.writer.begin(schema).await
    }

    async fn batch(&mut self, batch: RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        self.bytes += batch.get_array_memory_size() as u64;
        if self.rows > self.rows_max {
            let detail = format!(
                "the result has more than {} rows (results.rows_max); add a LIMIT or aggregate",
                self.rows_max
            );
            return Err(Fault::new(Code::TooLarge, detail));
        }
        if self.bytes > self.bytes_max {
            let detail = format!(
                "the result has more than {} bytes (results.bytes_max); select fewer columns or rows",
                self.bytes_max
            );
            return Err(Fault::new(Code::TooLarge, detail));
        }
        self.writer.batch(batch).await
    }

    async fn end(&mut self) -> Result<()> {
        self.writer.end().await
    }
}
