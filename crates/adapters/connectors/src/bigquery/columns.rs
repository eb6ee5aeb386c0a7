//! Rows into Arrow: one builder for each column. Every scalar comes as a text.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BinaryBuilder, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder,
    StringBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field as ArrowField, Schema, SchemaRef, TimeUnit};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _};
use serde::Deserialize;
use serde_json::value::RawValue;
use tessera_kernel::{COLUMN_KIND, COLUMN_SOURCE_TYPE, Code, ColumnKind, Fault, Result};

use super::nested;
use crate::BATCH_BYTES_MAX;
use crate::google::{Row, plain};

/// 1970-01-01, in days since 0001-01-01.
const EPOCH_DAYS: i32 = 719_163;

/// A column, or a member of one, as the server describes it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Described {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    mode: Option<String>,
    #[serde(default)]
    pub(super) fields: Vec<Self>,
}

impl Described {
    pub(super) fn is_repeated(&self) -> bool {
        self.mode.as_deref() == Some("REPEATED")
    }
}

enum Builder {
    Integer(Int64Builder),
    Float(Float64Builder),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Moment(TimestampMicrosecondBuilder),
    Bytes(BinaryBuilder),
    Text(StringBuilder),
    /// A list or a structure, as JSON.
    Document(StringBuilder, Described),
}

/// The columns of one result.
pub(super) struct Columns {
    builders: Vec<Builder>,
    schema: SchemaRef,
    rows: usize,
    bytes: usize,
}

pub(super) fn malformed(kind: &str) -> Fault {
    let detail = format!("the server sent a value that does not have the form of {kind}");
    Fault::new(Code::SourceFailed, detail)
}

impl Columns {
    pub(super) fn new(described: &[Described]) -> Self {
        let (mut builders, mut fields) = (Vec::new(), Vec::new());
        for column in described {
            let (meaning, physical, builder) = builder(column);
            let list = if column.is_repeated() { "[]" } else { "" };
            let source = format!("bigquery:{}{list}", column.kind);
            fields.push(ArrowField::new(&column.name, physical, true).with_metadata(
                HashMap::from([
                    (COLUMN_KIND.to_owned(), meaning.as_str().to_owned()),
                    (COLUMN_SOURCE_TYPE.to_owned(), source),
                ]),
            ));
            builders.push(builder);
        }
        Self { builders, schema: Arc::new(Schema::new(fields)), rows: 0, bytes: 0 }
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Rows since the last batch.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Whether they make a batch: so many rows, or so large ones.
    pub(super) fn is_full(&self, rows: usize) -> bool {
        self.rows >= rows || self.bytes >= BATCH_BYTES_MAX
    }

    pub(super) fn push(&mut self, row: &Row<'_>) -> Result<()> {
        if row.cells.len() != self.builders.len() {
            return Err(malformed("a row"));
        }
        for (builder, cell) in self.builders.iter_mut().zip(&row.cells) {
            match cell.value {
                Some(value) => {
                    self.bytes += value.get().len();
                    builder.push(value)?;
                }
                None => builder.push_null(),
            }
        }
        self.rows += 1;
        Ok(())
    }

    pub(super) fn take(&mut self) -> Result<RecordBatch> {
        (self.rows, self.bytes) = (0, 0);
        let arrays = self.builders.iter_mut().map(Builder::finish).collect();
        RecordBatch::try_new(self.schema(), arrays)
            .map_err(|error| Fault::internal("rows do not fit their columns", error))
    }
}

fn builder(column: &Described) -> (ColumnKind, DataType, Builder) {
    let text = |meaning| (meaning, DataType::Utf8, Builder::Text(StringBuilder::new()));
    let document = |meaning| {
        (meaning, DataType::Utf8, Builder::Document(StringBuilder::new(), column.clone()))
    };
    let micros = TimeUnit::Microsecond;
    if column.is_repeated() {
        return document(ColumnKind::Array);
    }
    match column.kind.as_str() {
        "INTEGER" | "INT64" => {
            (ColumnKind::Integer, DataType::Int64, Builder::Integer(Int64Builder::new()))
        }
        "FLOAT" | "FLOAT64" => {
            (ColumnKind::Float, DataType::Float64, Builder::Float(Float64Builder::new()))
        }
        "BOOLEAN" | "BOOL" => {
            (ColumnKind::Boolean, DataType::Boolean, Builder::Boolean(BooleanBuilder::new()))
        }
        "STRING" => text(ColumnKind::Text),
        "BYTES" => (ColumnKind::Bytes, DataType::Binary, Builder::Bytes(BinaryBuilder::new())),
        "NUMERIC" | "BIGNUMERIC" => text(ColumnKind::Decimal),
        "DATE" => (ColumnKind::Date, DataType::Date32, Builder::Date(Date32Builder::new())),
        "TIME" => (
            ColumnKind::Time,
            DataType::Time64(micros),
            Builder::Time(Time64MicrosecondBuilder::new()),
        ),
        "DATETIME" => (
            ColumnKind::Timestamp,
            DataType::Timestamp(micros, None),
            Builder::Timestamp(TimestampMicrosecondBuilder::new()),
        ),
        "TIMESTAMP" => (
            ColumnKind::TimestampTz,
            DataType::Timestamp(micros, Some("UTC".into())),
            Builder::Moment(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
        ),
        "JSON" => text(ColumnKind::Json),
        "RECORD" | "STRUCT" => document(ColumnKind::Json),
        // GEOGRAPHY, INTERVAL, RANGE and what may come: in the server's words.
        _ => text(ColumnKind::Other),
    }
}

impl Builder {
    fn push(&mut self, value: &RawValue) -> Result<()> {
        if let Self::Document(out, described) = self {
            let mut text = String::new();
            nested::write(described, value, &mut text)?;
            out.append_value(text);
            return Ok(());
        }
        let text = plain(value)?;
        match self {
            Self::Integer(out) => {
                out.append_value(text.parse().map_err(|_| malformed("an integer"))?);
            }
            Self::Float(out) => out.append_value(text.parse().map_err(|_| malformed("a number"))?),
            Self::Boolean(out) => out.append_value(truth(&text)?),
            Self::Date(out) => {
                let day: NaiveDate = text.parse().map_err(|_| malformed("a date"))?;
                out.append_value(day.num_days_from_ce() - EPOCH_DAYS);
            }
            Self::Time(out) => {
                let time: NaiveTime = text.parse().map_err(|_| malformed("a time"))?;
                let seconds = i64::from(time.num_seconds_from_midnight());
                out.append_value(seconds * 1_000_000 + i64::from(time.nanosecond() / 1000));
            }
            Self::Timestamp(out) => {
                let moment = text.replacen(' ', "T", 1).parse::<NaiveDateTime>();
                let moment = moment.map_err(|_| malformed("a date with time"))?;
                out.append_value(moment.and_utc().timestamp_micros());
            }
            Self::Moment(out) => out.append_value(micros(&text)?),
            Self::Bytes(out) => {
                let bytes = STANDARD.decode(text.as_bytes()).map_err(|_| malformed("bytes"))?;
                out.append_value(bytes);
            }
            Self::Text(out) => out.append_value(text),
            Self::Document(..) => {}
        }
        Ok(())
    }

    fn push_null(&mut self) {
        match self {
            Self::Integer(out) => out.append_null(),
            Self::Float(out) => out.append_null(),
            Self::Boolean(out) => out.append_null(),
            Self::Date(out) => out.append_null(),
            Self::Time(out) => out.append_null(),
            Self::Timestamp(out) | Self::Moment(out) => out.append_null(),
            Self::Bytes(out) => out.append_null(),
            Self::Text(out) | Self::Document(out, _) => out.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Integer(out) => ArrayBuilder::finish(out),
            Self::Float(out) => ArrayBuilder::finish(out),
            Self::Boolean(out) => ArrayBuilder::finish(out),
            Self::Date(out) => ArrayBuilder::finish(out),
            Self::Time(out) => ArrayBuilder::finish(out),
            Self::Timestamp(out) | Self::Moment(out) => ArrayBuilder::finish(out),
            Self::Bytes(out) => ArrayBuilder::finish(out),
            Self::Text(out) | Self::Document(out, _) => ArrayBuilder::finish(out),
        }
    }
}

pub(super) fn truth(text: &str) -> Result<bool> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(malformed("a truth value")),
    }
}

/// A moment in microseconds since 1970, as it is asked for (`formatOptions.useInt64Timestamp`).
pub(super) fn micros(text: &str) -> Result<i64> {
    text.parse().map_err(|_| malformed("a moment"))
}
