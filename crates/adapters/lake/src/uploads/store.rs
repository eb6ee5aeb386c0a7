//! The files of one data source: read, written as Parquet, listed, removed. What is known of a table
//! stands in its own file, so that there is nothing to keep in step.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use arrow_array::{RecordBatch, RecordBatchReader as _};
use arrow_schema::SchemaRef;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use serde_json::{Value as Json, json};
use tessera_bi::{NewFile, SourceFile};
use tessera_formats::read::{
    CsvOptions, ExcelOptions, JsonOptions, Sheet, Target, json_elements, read_csv, read_excel,
    read_json, read_ndjson,
};
use tessera_kernel::{Code, Fault, Result, Timestamp};

use super::{columns, failed};

/// The key of what is known of a table, in its file.
const ABOUT: &str = "tessera.file";
/// Rows of a batch.
const BATCH_ROWS: usize = 8192;
const WHOLE: &str = "parquet";
/// The ending of a file that is being written.
const PARTIAL: &str = "partial";
/// How long half a file stays that nobody touches: longer than any upload takes.
const UNFINISHED_KEPT: Duration = Duration::from_secs(24 * 3600);

/// A table and where it is.
pub(super) struct Stored {
    pub(super) path: PathBuf,
    pub(super) schema: SchemaRef,
    pub(super) file: SourceFile,
}

/// All tables of a folder, by name.
pub(super) fn list(folder: &Path) -> Result<Vec<Stored>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed("list the folder", error)),
    };
    let mut stored = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| failed("list the folder", error))?.path();
        if path.extension().is_some_and(|ending| ending == WHOLE) {
            match File::open(&path) {
                Ok(file) => stored.push(read_about(path, file)?),
                // Somebody else removed it meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(failed("open a table", error)),
            }
        }
    }
    stored.sort_by(|one, other| one.file.table.cmp(&other.file.table));
    Ok(stored)
}

fn read_about(path: PathBuf, file: File) -> Result<Stored> {
    let bytes = file.metadata().map_err(|error| failed("open a table", error))?.len();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .map_err(|error| failed("read a table", error))?;
    let about = reader.metadata().file_metadata();
    let known = about.key_value_metadata().into_iter().flatten();
    let text = known.filter(|entry| entry.key == ABOUT).find_map(|entry| entry.value.as_deref());
    let about_file: Json =
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let word = |name: &str| about_file.get(name).and_then(Json::as_str).unwrap_or_default();
    let table = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
    let file = SourceFile {
        table,
        file_name: word("file_name").to_owned(),
        bytes,
        rows: u64::try_from(about.num_rows()).unwrap_or(0),
        columns: columns::listed(reader.schema()),
        added_at: word("added_at").parse::<Timestamp>().unwrap_or_default(),
    };
    // What the file says about itself as a whole is not a part of the rows.
    let schema = columns::told(reader.schema());
    Ok(Stored { schema, path, file })
}

/// Bytes of all tables of all data sources.
pub(super) fn total(root: &Path) -> Result<u64> {
    let mut total = 0;
    for source in there(std::fs::read_dir(root))?.into_iter().flatten() {
        let source = source.map_err(|error| failed("measure the tables", error))?;
        for entry in there(std::fs::read_dir(source.path()))?.into_iter().flatten() {
            let entry = entry.map_err(|error| failed("measure the tables", error))?;
            total += there(entry.metadata())?.map_or(0, |known| known.len());
        }
    }
    Ok(total)
}

/// `None` for what is not there, or was removed by somebody else meanwhile.
fn there<T>(found: std::io::Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("measure the tables", error)),
    }
}

/// Removes what earlier processes began to write and never finished.
fn sweep(folder: &Path, now: SystemTime) -> Result<()> {
    let old = |at: SystemTime| now.duration_since(at).is_ok_and(|age| age > UNFINISHED_KEPT);
    for (path, modified) in crate::entries(folder, PARTIAL)? {
        if old(modified) {
            crate::remove(&path)?;
        }
    }
    Ok(())
}

/// Reads a file and keeps it as a table; one of the same name is replaced.
pub(super) fn add(folder: &Path, new: &NewFile, room: u64) -> Result<SourceFile> {
    std::fs::create_dir_all(folder).map_err(|error| failed("make the folder", error))?;
    sweep(folder, SystemTime::from(new.at))?;
    let whole = folder.join(format!("{}.{WHOLE}", new.table));
    let partial = folder.join(format!("{}.{}.{PARTIAL}", new.table, new.uid));
    let mut table = Table {
        partial: &partial,
        about: json!({ "file_name": new.file_name, "added_at": new.at.to_rfc3339() }).to_string(),
        room,
        schema: None,
        writer: None,
    };
    let written = read(new, &mut table).and_then(|()| table.finish());
    if let Err(fault) = written {
        let _gone = std::fs::remove_file(&partial);
        return Err(match fault.code() {
            Code::SourceFailed => Fault::invalid("file", fault.detail().to_owned()),
            _ => fault,
        });
    }
    std::fs::rename(&partial, &whole).map_err(|error| failed("name a table", error))?;
    let named = File::open(folder).and_then(|folder| folder.sync_all());
    named.map_err(|error| failed("make a name durable", error))?;
    let file = File::open(&whole).map_err(|error| failed("open a table", error))?;
    Ok(read_about(whole, file)?.file)
}

fn read(new: &NewFile, table: &mut Table<'_>) -> Result<()> {
    let ending = new.file_name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let bytes = &new.bytes;
    let text = || {
        let text = std::str::from_utf8(bytes);
        let text = text.map_err(|error| Fault::invalid("file", error.to_string()))?;
        Ok::<_, Fault>(text.trim_start_matches('\u{feff}').trim())
    };
    match ending.as_str() {
        "csv" => read_csv(bytes, &CsvOptions::default(), BATCH_ROWS, table),
        "tsv" => {
            let options = CsvOptions { delimiter: b'\t', ..CsvOptions::default() };
            read_csv(bytes, &options, BATCH_ROWS, table)
        }
        "json" => read_json(&json_elements(text()?)?, &JsonOptions::default(), BATCH_ROWS, table),
        "ndjson" | "jsonl" => read_ndjson(text()?, BATCH_ROWS, table),
        "xlsx" | "xls" => {
            let sheet = new.sheet.clone().map_or(Sheet::Place(0), Sheet::Name);
            let options = ExcelOptions { sheet, ..ExcelOptions::default() };
            read_excel(bytes, &options, BATCH_ROWS, table)
        }
        "parquet" => read_parquet(bytes, table),
        _ => Err(Fault::invalid(
            "file_name",
            "must end in .csv, .tsv, .json, .ndjson, .jsonl, .parquet, .xlsx or .xls",
        )),
    }
}

fn read_parquet(bytes: &Bytes, table: &mut Table<'_>) -> Result<()> {
    let unreadable = |error: &dyn std::fmt::Display| Fault::invalid("file", error.to_string());
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes.clone())
        .map_err(|error| unreadable(&error))?
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|error| unreadable(&error))?;
    let schema = columns::told(&reader.schema());
    table.begin(std::sync::Arc::clone(&schema))?;
    for batch in reader {
        let batch = batch.map_err(|error| unreadable(&error))?;
        table.batch(columns::as_told(&schema, &batch)?)?;
    }
    Ok(())
}

/// Removes a table; `false` if there is none of that name.
pub(super) fn remove(folder: &Path, table: &str) -> Result<bool> {
    match std::fs::remove_file(folder.join(format!("{table}.{WHOLE}"))) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed("remove a table", error)),
    }
}

/// Removes all tables of a folder.
pub(super) fn remove_all(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(failed("remove the folder", error))
        }
        _ => Ok(()),
    }
}

/// A table that is being written.
struct Table<'t> {
    partial: &'t Path,
    about: String,
    /// Bytes that may be written.
    room: u64,
    schema: Option<SchemaRef>,
    writer: Option<ArrowWriter<File>>,
}

impl Target for Table<'_> {
    fn begin(&mut self, schema: SchemaRef) -> Result<()> {
        let file = File::create(self.partial).map_err(|error| failed("make a table", error))?;
        let level = ZstdLevel::try_new(3).map_err(|error| failed("compress a table", error))?;
        let about = KeyValue::new(ABOUT.to_owned(), self.about.clone());
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(Some(65_536))
            .set_key_value_metadata(Some(vec![about]))
            .build();
        let writer = ArrowWriter::try_new(file, std::sync::Arc::clone(&schema), Some(properties));
        self.writer = Some(writer.map_err(|error| failed("make a table", error))?);
        self.schema = Some(schema);
        Ok(())
    }

    fn batch(&mut self, batch: RecordBatch) -> Result<()> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        writer.write(&batch).map_err(|error| failed("write a table", error))?;
        let written = writer.bytes_written() + writer.in_progress_size();
        if u64::try_from(written).unwrap_or(u64::MAX) > self.room {
            return Err(no_room());
        }
        Ok(())
    }
}

impl Table<'_> {
    fn finish(self) -> Result<()> {
        let empty = self.schema.as_ref().is_none_or(|schema| schema.fields().is_empty());
        let (Some(writer), false) = (self.writer, empty) else {
            return Err(Fault::invalid("file", "has no columns"));
        };
        let file = writer.into_inner().map_err(|error| failed("finish a table", error))?;
        let known = file.metadata().map_err(|error| failed("finish a table", error))?;
        if known.len() > self.room {
            return Err(no_room());
        }
        file.sync_all().map_err(|error| failed("finish a table", error))
    }
}

fn no_room() -> Fault {
    let detail = "there is no room for more files (files.storage_bytes_max)";
    Fault::new(Code::TooLarge, detail).with_field("file")
}
