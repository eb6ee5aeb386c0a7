//! Writes one file: Arrow's stream format with LZ4, under another name until it is whole.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

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

type Inner = StreamWriter<BufWriter<File>>;

pub(crate) struct Writer {
    partial: PathBuf,
    whole: PathBuf,
    /// `None` before `begin`, and while a batch is being written elsewhere.
    inner: Option<Inner>,
    rows: u64,
    /// The size of the file, once it is whole.
    bytes: Option<u64>,
    /// Whether the file has to go when this is dropped.
    unfinished: bool,
}

impl Writer {
    pub(crate) fn new(partial: PathBuf, whole: PathBuf) -> Self {
        Self { partial, whole, inner: None, rows: 0, bytes: None, unfinished: false }
    }

    fn take(&mut self) -> Result<Inner> {
        self.inner
            .take()
            .ok_or_else(|| Fault::new(Code::Internal, "rows came before the names of the columns"))
    }

    async fn complete(&mut self) -> Result<u64> {
        let inner = self.take()?;
        let (partial, whole) = (self.partial.clone(), self.whole.clone());
        let bytes = blocking(move || seal(inner, &partial, &whole)).await?;
        self.bytes = Some(bytes);
        Ok(bytes)
    }
}

#[async_trait]
impl BatchSink for Writer {
    async fn begin(&mut self, schema: SchemaRef) -> Result<()> {
        self.rows = 0;
        self.unfinished = true;
        // A second call truncates what the first one wrote.
        self.inner = None;
        let path = self.partial.clone();
        let inner = blocking(move || {
            let file = File::create(path).map_err(|error| failed("make a file", error))?;
            let options = IpcWriteOptions::default()
                .try_with_compression(Some(CompressionType::LZ4_FRAME))
                .map_err(|error| failed("compress a file", error))?;
            let file = BufWriter::with_capacity(BUFFER_BYTES, file);
            StreamWriter::try_new_with_options(file, &schema, options)
                .map_err(|error| failed("begin a file", error))
        })
        .await?;
        self.inner = Some(inner);
        Ok(())
    }

    async fn batch(&mut self, batch: RecordBatch) -> Result<()> {
        let mut inner = self.take()?;
        self.rows += batch.num_rows() as u64;
        let inner = blocking(move || {
            inner.write(&batch).map_err(|error| failed("write to a file", error))?;
            Ok(inner)
        })
        .await?;
        self.inner = Some(inner);
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

/// Ends a file, gives it its name, and makes both durable. The name first: then one wait for the
/// disk is enough where the file system keeps one journal. A file that has its name but never got
/// that far is known to nobody, and removed like other files that nobody knows.
fn seal(mut inner: Inner, partial: &Path, whole: &Path) -> Result<u64> {
    inner.finish().map_err(|error| failed("end a file", error))?;
    let buffer = inner.into_inner().map_err(|error| failed("end a file", error))?;
    let file =
        buffer.into_inner().map_err(|error| failed("write to a file", error.into_error()))?;
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
