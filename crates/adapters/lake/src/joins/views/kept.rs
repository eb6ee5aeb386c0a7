//! The rows of a view until they are sent: the first in memory, more of them in a file without a
//! name, which is gone when nobody reads it any more.

use std::fs::File;
use std::io::{Seek as _, SeekFrom};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use futures::StreamExt as _;
use futures::stream;
use tessera_bi::ports::BatchStream;
use tessera_kernel::Result;

use crate::{Lake, blocking, failed, read, write};

/// Rows that are kept in memory, in bytes of memory.
const MEMORY_BYTES: usize = 4 << 20;

pub(super) struct Kept {
    schema: SchemaRef,
    lake: Lake,
    /// The file, once there is one.
    file: Option<write::Inner>,
    /// Rows behind those in the file.
    waiting: Vec<RecordBatch>,
    waiting_bytes: usize,
}

impl Kept {
    /// Without rows yet; the file is made among those of a lake.
    pub(super) const fn new(schema: SchemaRef, lake: Lake) -> Self {
        Self { schema, lake, file: None, waiting: Vec::new(), waiting_bytes: 0 }
    }

    pub(super) async fn add(&mut self, batch: RecordBatch) -> Result<()> {
        self.waiting_bytes += batch.get_array_memory_size();
        self.waiting.push(batch);
        if self.waiting_bytes > MEMORY_BYTES {
            self.file = Some(self.written().await?);
        }
        Ok(())
    }

    /// The file with all rows in it.
    async fn written(&mut self) -> Result<write::Inner> {
        let (file, batches) = (self.file.take(), std::mem::take(&mut self.waiting));
        let (folder, schema) = (self.lake.results.clone(), SchemaRef::clone(&self.schema));
        self.waiting_bytes = 0;
        blocking(move || {
            let mut file = match file {
                Some(file) => file,
                None => write::begin(unnamed(&folder)?, &schema)?,
            };
            for batch in &batches {
                file.write(batch).map_err(|error| failed("write to a file", error))?;
            }
            Ok(file)
        })
        .await
    }

    /// All rows, in their order.
    pub(super) async fn batches(mut self) -> Result<BatchStream> {
        if self.file.is_none() {
            return Ok(stream::iter(self.waiting.into_iter().map(Ok)).boxed());
        }
        let file = self.written().await?;
        let (_, batches) = blocking(move || {
            let mut file = write::end(file)?;
            file.seek(SeekFrom::Start(0)).map_err(|error| failed("read a file", error))?;
            read::batches(file)
        })
        .await?;
        Ok(batches)
    }
}

fn unnamed(folder: &std::path::Path) -> Result<File> {
    tempfile::tempfile_in(folder).map_err(|error| failed("make a file", error))
}
