//! Rows of JSON into Arrow: one builder for each column.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BinaryBuilder, BooleanBuilder, Date32Builder, Float32Builder, Float64Builder,
    Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{Datelike as _, NaiveDate, NaiveDateTime};
use serde::Deserialize;
use serde_json::Value as Json;
use tessera_kernel::{COLUMN_KIND, COLUMN_SOURCE_TYPE, Code, ColumnKind, Fault, Result};

/// 1970-01-01, in days since 0001-01-01.
const EPOCH_DAYS: i32 = 719_163;

/// A column as the server describes it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Described {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

enum Builder {
    Integer(Int64Builder),
    Single(Float32Builder),
    Double(Float64Builder),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Bytes(BinaryBuilder),
    Text(StringBuilder),
    Document(StringBuilder),
}

/// The columns of one result.
pub(super) struct Columns {
    builders: Vec<Builder>,
    schema: SchemaRef,
    rows: usize,
}

fn malformed(kind: &str) -> Fault {
    let detail = format!("the server sent a value that does not have the form of {kind}");
    Fault::new(Code::SourceFailed, detail)
}

impl Columns {
    pub(super) fn new(described: &[Described]) -> Self {
        let (mut builders, mut fields) = (Vec::new(), Vec::new());
        for column in described {
            let (meaning, physical, builder) = builder(&column.kind);
            fields.push(Field::new(&column.name, physical, true).with_metadata(HashMap::from([
                (COLUMN_KIND.to_owned(), meaning.as_str().to_owned()),
                (COLUMN_SOURCE_TYPE.to_owned(), format!("trino:{}", column.kind)),
            ])));
            builders.push(builder);
        }
        Self { builders, schema: Arc::new(Schema::new(fields)), rows: 0 }
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Rows since the last batch.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn push(&mut self, row: Vec<Json>) -> Result<()> {
        if row.len() != self.builders.len() {
            return Err(malformed("a row"));
        }
        for (builder, cell) in self.builders.iter_mut().zip(row) {
            builder.push(cell)?;
        }
        self.rows += 1;
        Ok(())
    }

    pub(super) fn take(&mut self) -> Result<RecordBatch> {
        self.rows = 0;
        let arrays = self.builders.iter_mut().map(Builder::finish).collect();
        RecordBatch::try_new(self.schema(), arrays)
            .map_err(|error| Fault::internal("rows do not fit their columns", error))
    }
}

fn builder(kind: &str) -> (ColumnKind, DataType, Builder) {
    let text = |meaning| (meaning, DataType::Utf8, Builder::Text(StringBuilder::new()));
    let document = |meaning| (meaning, DataType::Utf8, Builder::Document(StringBuilder::new()));
    let kind = kind.to_ascii_lowercase();
    let (name, digits) = kind.split_once('(').unwrap_or((kind.as_str(), ""));
    // Finer than microseconds: kept as text.
    let fine = digits.split(')').next().and_then(|digits| digits.parse().ok()).unwrap_or(3) > 6;
    match name {
        "tinyint" | "smallint" | "integer" | "bigint" => {
            (ColumnKind::Integer, DataType::Int64, Builder::Integer(Int64Builder::new()))
        }
        "real" => (ColumnKind::Float, DataType::Float32, Builder::Single(Float32Builder::new())),
        "double" => (ColumnKind::Float, DataType::Float64, Builder::Double(Float64Builder::new())),
        "boolean" => {
            (ColumnKind::Boolean, DataType::Boolean, Builder::Boolean(BooleanBuilder::new()))
        }
        "decimal" => text(ColumnKind::Decimal),
        "date" => (ColumnKind::Date, DataType::Date32, Builder::Date(Date32Builder::new())),
        // Those with a zone keep it, in the words of the server.
        "timestamp" if !fine && !kind.contains("with time zone") => (
            ColumnKind::Timestamp,
            DataType::Timestamp(TimeUnit::Microsecond, None),
            Builder::Timestamp(TimestampMicrosecondBuilder::new()),
        ),
        "varbinary" => (ColumnKind::Bytes, DataType::Binary, Builder::Bytes(BinaryBuilder::new())),
        "varchar" | "char" | "unknown" => text(ColumnKind::Text),
        "uuid" => text(ColumnKind::Uuid),
        "json" => text(ColumnKind::Json),
        "array" => document(ColumnKind::Array),
        "map" | "row" => document(ColumnKind::Json),
        _ => text(ColumnKind::Other),
    }
}

impl Builder {
    fn push(&mut self, cell: Json) -> Result<()> {
        if cell.is_null() {
            self.push_null();
            return Ok(());
        }
        match self {
            Self::Integer(out) => {
                out.append_value(cell.as_i64().ok_or_else(|| malformed("an integer"))?);
            }
            Self::Single(out) => {
                let number = float(&cell)?.to_string();
                out.append_value(number.parse().map_err(|_| malformed("a number"))?);
            }
            Self::Double(out) => out.append_value(float(&cell)?),
            Self::Boolean(out) => {
                out.append_value(cell.as_bool().ok_or_else(|| malformed("a truth value"))?);
            }
            Self::Date(out) => {
                let day: Option<NaiveDate> = cell.as_str().and_then(|text| text.parse().ok());
                let day = day.ok_or_else(|| malformed("a date"))?;
                out.append_value(day.num_days_from_ce() - EPOCH_DAYS);
            }
            Self::Timestamp(out) => {
                let text = cell.as_str().unwrap_or_default();
                let moment = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f");
                let moment = moment.map_err(|_| malformed("a timestamp"))?;
                out.append_value(moment.and_utc().timestamp_micros());
            }
            Self::Bytes(out) => {
                let bytes = cell.as_str().and_then(|text| STANDARD.decode(text).ok());
                out.append_value(bytes.ok_or_else(|| malformed("bytes"))?);
            }
            Self::Text(out) => match cell {
                Json::String(text) => out.append_value(text),
                other => out.append_value(other.to_string()),
            },
            Self::Document(out) => out.append_value(cell.to_string()),
        }
        Ok(())
    }

    fn push_null(&mut self) {
        match self {
            Self::Integer(out) => out.append_null(),
            Self::Single(out) => out.append_null(),
            Self::Double(out) => out.append_null(),
            Self::Boolean(out) => out.append_null(),
            Self::Date(out) => out.append_null(),
            Self::Timestamp(out) => out.append_null(),
            Self::Bytes(out) => out.append_null(),
            Self::Text(out) | Self::Document(out) => out.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Integer(out) => ArrayBuilder::finish(out),
            Self::Single(out) => ArrayBuilder::finish(out),
            Self::Double(out) => ArrayBuilder::finish(out),
            Self::Boolean(out) => ArrayBuilder::finish(out),
            Self::Date(out) => ArrayBuilder::finish(out),
            Self::Timestamp(out) => ArrayBuilder::finish(out),
            Self::Bytes(out) => ArrayBuilder::finish(out),
            Self::Text(out) | Self::Document(out) => ArrayBuilder::finish(out),
        }
    }
}

/// A number, also one of those that JSON has not.
fn float(cell: &Json) -> Result<f64> {
    match cell {
        Json::String(text) => match text.as_str() {
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            _ => Err(malformed("a number")),
        },
        _ => cell.as_f64().ok_or_else(|| malformed("a number")),
    }
}
