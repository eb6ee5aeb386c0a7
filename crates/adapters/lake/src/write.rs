//! Writes one file: Arrow's stream format with LZ4, under another name until it is whole.

use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;

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
    /// Whether the partial file has to go when this is dropped.
    unfinished: bool,
}

impl Writer {
    pub(crate) fn new(partial: PathBuf, whole: PathBuf) -> Self {
        Self { partial, whole, inner: None, rows: 0, unfinished: false }
    }

    fn take(&mut self) -> Result<Inner> {
        self.inner
            .take()
            .ok_or_else(|| Fault::new(Code::Internal, "rows came before the names of the columns"))
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
}

#[async_trait]
impl ResultWriter for Writer {
    async fn finish(mut self: Box<Self>) -> Result<(u64, u64)> {
        let mut inner = self.take()?;
        let (partial, whole) = (self.partial.clone(), self.whole.clone());
        let bytes = blocking(move || {
            inner.finish().map_err(|error| failed("end a file", error))?;
            let buffer = inner.into_inner().map_err(|error| failed("end a file", error))?;
            let file = buffer
                .into_inner()
                .map_err(|error| failed("write to a file", error.into_error()))?;
            file.sync_data().map_err(|error| failed("make a file durable", error))?;
            let bytes = file.metadata().map_err(|error| failed("look at a file", error))?.len();
            std::fs::rename(&partial, &whole).map_err(|error| failed("rename a file", error))?;
            if let Some(folder) = whole.parent() {
                let folder =
                    File::open(folder).map_err(|error| failed("open the folder", error))?;
                folder.sync_all().map_err(|error| failed("make a name durable", error))?;
            }
            Ok(bytes)
        })
        .await?;
        self.unfinished = false;
        Ok((bytes, self.rows))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.unfinished {
            self.inner = None;
            // Should this fail, the sweep removes the file later.
            if let Err(fault) = remove(&self.partial) {
                tracing::warn!(%fault, "a half-written result stays for the sweep");
            }
        }
    }
}
