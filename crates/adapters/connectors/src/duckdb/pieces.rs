//! Batches of the size that the rest of the server wants: DuckDB has its own.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, SchemaRef};
use arrow_select::concat::concat_batches;
use tessera_kernel::{Fault, Result};

use crate::batch::BYTES_MAX;

/// About how many bytes a value takes that is neither text nor bytes.
const VALUE_BYTES: usize = 8;

/// Rows that wait for others.
pub(super) struct Pieces {
    schema: SchemaRef,
    waiting: Vec<RecordBatch>,
    rows: usize,
    bytes: usize,
    rows_max: usize,
}

impl Pieces {
    pub(super) fn new(schema: SchemaRef, rows_max: usize) -> Self {
        Self { schema, waiting: Vec::new(), rows: 0, bytes: 0, rows_max: rows_max.max(1) }
    }

    /// Takes rows, and hands on what is enough.
    pub(super) fn push(
        &mut self,
        batch: &RecordBatch,
        mut send: impl FnMut(RecordBatch) -> Result<()>,
    ) -> Result<()> {
        let mut begin = 0;
        for row in 0..batch.num_rows() {
            self.rows += 1;
            self.bytes += batch.columns().iter().map(|array| size(array, row)).sum::<usize>();
            if self.rows >= self.rows_max || self.bytes >= BYTES_MAX {
                self.waiting.push(batch.slice(begin, row + 1 - begin));
                begin = row + 1;
                if let Some(whole) = self.take()? {
                    send(whole)?;
                }
            }
        }
        if begin < batch.num_rows() {
            self.waiting.push(batch.slice(begin, batch.num_rows() - begin));
        }
        Ok(())
    }

    /// What still waits.
    pub(super) fn take(&mut self) -> Result<Option<RecordBatch>> {
        (self.rows, self.bytes) = (0, 0);
        let mut waiting = std::mem::take(&mut self.waiting);
        if waiting.len() < 2 {
            return Ok(waiting.pop());
        }
        concat_batches(&self.schema, &waiting)
            .map(Some)
            .map_err(|error| Fault::internal("batches of one result do not fit", error))
    }
}

fn size(array: &ArrayRef, row: usize) -> usize {
    let length = match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value_length(row),
        DataType::Binary => array.as_binary::<i32>().value_length(row),
        _ => return VALUE_BYTES,
    };
    usize::try_from(length).unwrap_or_default()
}
