//! Writes one file: Arrow's stream format with LZ4, under another name until it is whole.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow_schema::SchemaRef;
use async_trait::async_trait;
use tessera_bi::ports::{BatchSink, ResultWriter};
use tessera_kernel::{Code, Fault, Result};

use crate::{blocking, failed, remove};

/// How much is collected before the file is written to, in bytes.
const BUFFER_BYTES: usize = 256 * 1024;

/// A file that is being written.
pub(crate) type Inner = StreamWriter<BufWriter<File>>;

pub(crate) struct Writer {
    partial: PathBuf,
    whole: PathBuf,
    /// `None` before `begin`.
    schema: Option<SchemaRef>,
    /// The file, once there was something to write.
    inner: Option<Inner>,
    /// Batches that wait for the next turn on a thread that may block: a small result needs one.
    waiting: Vec<RecordBatch>,
    waiting_bytes: usize,
    rows: u64,
    /// The size of the file, once it is whole.
    bytes: Option<u64>,
    /// Whether the file has to go when this is dropped.
    unfinished: bool,
}

impl Writer {
    pub(crate) fn new(partial: PathBuf, whole: PathBuf) -> Self {
        Self {
            partial,
            whole,
            schema: None,
            inner: None,
            waiting: Vec::new(),
            waiting_bytes: 0,
            rows: 0,
            bytes: None,
            unfinished: false,
        }
    }

    /// The work that writes what waits; on a thread that may block.
    fn write(&mut self) -> Result<impl FnOnce() -> Result<Inner> + Send + 'static> {
        let schema = self.schema.as_ref().map(Arc::clone).ok_or_else(|| {
            Fault::new(Code::Internal, "rows came before the names of the columns")
        })?;
        let inner = self.inner.take();
        let batches = std::mem::take(&mut self.waiting);
        let path = self.partial.clone();
        self.waiting_bytes = 0;
        self.unfinished = true;
        Ok(move || {
            let mut inner = match inner {
                Some(inner) => inner,
                None => create(&path, &schema)?,
            };
            for batch in &batches {
                inner.write(batch).map_err(|error| failed("write to a file", error))?;
            }
            Ok(inner)
        })
    }

    async fn complete(&mut self) -> Result<u64> {
        let write = self.write()?;
        let (partial, whole) = (self.partial.clone(), self.whole.clone());
        let bytes = blocking(move || seal(write()?, &partial, &whole)).await?;
        self.bytes = Some(bytes);
        Ok(bytes)
    }
}

fn create(path: &Path, schema: &SchemaRef) -> Result<Inner> {
    begin(File::create(path).map_err(|error| failed("make a file", error))?, schema)
}

/// Begins to write rows to an empty file.
pub(crate) fn begin(file: File, schema: &SchemaRef) -> Result<Inner> {
    let options = IpcWriteOptions::default()
        .try_with_compression(Some(CompressionType::LZ4_FRAME))
        .map_err(|error| failed("compress a file", error))?;
    let file = BufWriter::with_capacity(BUFFER_BYTES, file);
    StreamWriter::try_new_with_options(file, schema, options)
        .map_err(|error| failed("begin a file", error))
}

#[async_trait]
impl BatchSink for Writer {
    async fn begin(&mut self, schema: SchemaRef) -> Result<()> {
        self.rows = 0;
        self.waiting.clear();
        self.waiting_bytes = 0;
        // A second call truncates what the first one wrote.
        self.inner = None;
        self.schema = Some(schema);
        Ok(())
    }

    async fn batch(&mut self, batch: RecordBatch) -> Result<()> {
        self.rows += batch.num_rows() as u64;
        self.waiting_bytes += batch.get_array_memory_size();
        self.waiting.push(batch);
        if self.waiting_bytes >= BUFFER_BYTES {
            self.inner = Some(blocking(self.write()?).await?);
        }
        Ok(())
    }

    async fn end(&mut self) -> Result<()> {
        self.complete().await.map(drop)
    }
}

#[async_trait]
impl ResultWriter for Writer {
    async fn finish(mut self: Box<Self>) -> Result<(u64, u64)> {
        let bytes = match self.bytes {
            Some(bytes) => bytes,
            None => self.complete().await?,
        };
        self.unfinished = false;
        Ok((bytes, self.rows))
    }
}

/// Writes what is still to be written.
pub(crate) fn end(mut inner: Inner) -> Result<File> {
    inner.finish().map_err(|error| failed("end a file", error))?;
    let buffer = inner.into_inner().map_err(|error| failed("end a file", error))?;
    buffer.into_inner().map_err(|error| failed("write to a file", error.into_error()))
}

/// Ends a file, gives it its name, and makes both durable. The name first: then one wait for the
/// disk is enough where the file system keeps one journal. A file that has its name but never got
/// that far is known to nobody, and removed like other files that nobody knows.
fn seal(inner: Inner, partial: &Path, whole: &Path) -> Result<u64> {
    let file = end(inner)?;
    let bytes = file.metadata().map_err(|error| failed("look at a file", error))?.len();
    std::fs::rename(partial, whole).map_err(|error| failed("rename a file", error))?;
    file.sync_data().map_err(|error| failed("make a file durable", error))?;
    if let Some(folder) = whole.parent() {
        let folder = File::open(folder).map_err(|error| failed("open the folder", error))?;
        folder.sync_all().map_err(|error| failed("make a name durable", error))?;
    }
    Ok(bytes)
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.unfinished {
            self.inner = None;
            let path = if self.bytes.is_some() { &self.whole } else { &self.partial };
            // Should this fail, the sweep removes the file later.
            if let Err(fault) = remove(path) {
                tracing::warn!(%fault, "an unwanted result stays for the sweep");
            }
        }
    }
}
