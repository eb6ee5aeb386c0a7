//! Writes files: each under another name until it is whole, and durable before it has its own.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use chrono::NaiveDate;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use tessera_kernel::{Code, Fault, Result};

use super::files::{self, PARTIAL, Segment};
use super::{columns, failed};

/// Processes that may write into one folder at the same time.
const WRITERS_MAX: u32 = 64;

/// Rows that are compressed together.
const GROUP_ROWS: usize = 65_536;

/// How files are compressed that stay.
pub(super) fn kept() -> Compression {
    Compression::ZSTD(ZstdLevel::default())
}

/// A process that writes, with a number that no other one has at the same time.
pub(super) struct Writer {
    /// The number.
    pub(super) number: u32,
    events: PathBuf,
    next: u64,
    /// Held as long as the number is taken.
    _lock: File,
}

impl Writer {
    /// Takes the lowest free number, and goes on where its last holder ended.
    pub(super) fn begin(root: &Path) -> Result<Self> {
        for number in 0..WRITERS_MAX {
            let lock = File::options()
                .create(true)
                .append(true)
                .open(root.join(format!("writer-{number}.lock")))
                .map_err(|error| failed("open the lock", error))?;
            match lock.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => continue,
                Err(TryLockError::Error(error)) => return Err(failed("take the lock", error)),
            }
            let events = root.join(files::EVENTS);
            let mut last = 0;
            for day in files::days(&events)? {
                let replaced = day.replaced.iter().map(|(segment, _)| segment);
                let own = day.segments.iter().chain(replaced).filter(|s| s.writer == number);
                last = own.map(|segment| segment.to).fold(last, u64::max);
            }
            return Ok(Self { number, events, next: last + 1, _lock: lock });
        }
        Err(Fault::new(Code::Unavailable, "too many processes write usage records in one folder"))
    }

    /// Writes records of a day.
    pub(super) fn append(&mut self, day: NaiveDate, batch: &RecordBatch) -> Result<()> {
        let number = self.next;
        // Not given twice, also if this fails.
        self.next += 1;
        let folder = self.events.join(day.to_string());
        // Not compressed: it is soon joined with others, and compressing a few records of many
        // columns takes longer than all the rest.
        let name = files::name(self.number, number, number);
        let mut file =
            Partial::create(&folder, &name, &columns::EVENTS, Compression::UNCOMPRESSED)?;
        file.write(batch)?;
        file.finish()
    }
}

/// Joins files into one that takes their place.
pub(super) fn join(folder: &Path, segments: &[Segment]) -> Result<()> {
    let (Some(first), Some(last)) = (segments.first(), segments.last()) else { return Ok(()) };
    let name = files::name(first.writer, first.from, last.to);
    let mut joined = Partial::create(folder, &name, &columns::EVENTS, kept())?;
    for segment in segments {
        let file = File::open(&segment.path).map_err(|error| failed("open a file", error))?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file)
            .and_then(ParquetRecordBatchReaderBuilder::build)
            .map_err(|error| failed("read a file", error))?;
        for batch in reader {
            joined.write(&batch.map_err(|error| failed("read a file", error))?)?;
        }
    }
    joined.finish()
}

/// A file that is not whole yet; removed when dropped before.
pub(super) struct Partial {
    writer: Option<ArrowWriter<File>>,
    partial: PathBuf,
    whole: PathBuf,
}

impl Partial {
    /// Begins a file in a folder, which is made if there is none.
    pub(super) fn create(
        folder: &Path,
        name: &str,
        schema: &SchemaRef,
        compression: Compression,
    ) -> Result<Self> {
        std::fs::create_dir_all(folder).map_err(|error| failed("make a folder", error))?;
        let whole = folder.join(name);
        let partial = whole.with_extension(PARTIAL);
        let file = File::create(&partial).map_err(|error| failed("make a file", error))?;
        let properties = WriterProperties::builder()
            .set_compression(compression)
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let writer = ArrowWriter::try_new(file, std::sync::Arc::clone(schema), Some(properties))
            .map_err(|error| failed("begin a file", error))?;
        Ok(Self { writer: Some(writer), partial, whole })
    }

    /// Adds rows.
    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        match &mut self.writer {
            Some(writer) => writer.write(batch).map_err(|error| failed("write to a file", error)),
            None => Err(Fault::new(Code::Internal, "a file of usage records has ended")),
        }
    }

    /// Makes the file durable and gives it its name.
    pub(super) fn finish(mut self) -> Result<()> {
        let writer = self
            .writer
            .take()
            .ok_or_else(|| Fault::new(Code::Internal, "a file of usage records has ended"))?;
        let file = writer.into_inner().map_err(|error| failed("end a file", error))?;
        file.sync_data().map_err(|error| failed("make a file durable", error))?;
        std::fs::rename(&self.partial, &self.whole).map_err(|error| failed("rename a file", error))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if self.writer.take().is_some()
            && let Err(error) = std::fs::remove_file(&self.partial)
        {
            tracing::warn!(%error, "half a file of usage records stays for the clean-up");
        }
    }
}
