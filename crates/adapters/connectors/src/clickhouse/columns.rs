//! Rows into Arrow: one builder for each column, filled as bytes come.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, Date32Builder, Float32Builder, Float64Builder, Int64Builder,
    StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde_json::Value as Json;
use tessera_kernel::{COLUMN_KIND, COLUMN_SOURCE_TYPE, ColumnKind, Fault, Result};

use super::decode::{self, Partly, Reader, malformed, take};
use super::types::{Type, parse};
use crate::BATCH_BYTES_MAX;

enum Builder {
    Integer(Int64Builder),
    Single(Float32Builder),
    Double(Float64Builder),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Text(StringBuilder),
}

struct Column {
    kind: Type,
    nullable: bool,
    builder: Builder,
}

/// The columns of one result, and how far its bytes are read.
pub(super) struct Columns {
    columns: Vec<Column>,
    schema: SchemaRef,
    /// The column that the next bytes belong to.
    next: usize,
    rows: usize,
    bytes: usize,
}

/// Why reading paused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// There are enough rows for a batch.
    Full,
    /// More bytes have to come.
    Hungry,
    /// A number of this column does not fit.
    Wide(usize),
}

impl Columns {
    /// Reads the names and types of columns; those in `wide` hold numbers beyond 64 bits with sign.
    pub(super) fn head(from: &mut Reader<'_>, wide: &[usize]) -> Partly<Self> {
        let count = take!(from.length()?);
        let mut names = Vec::new();
        for _ in 0..count {
            names.push(decode::lossy(take!(from.text()?)));
        }
        let (mut columns, mut fields) = (Vec::new(), Vec::new());
        for (place, name) in names.iter().enumerate() {
            let written = decode::lossy(take!(from.text()?));
            let (kind, nullable) = match parse(&written, name)? {
                Type::Nullable(inner) => (*inner, true),
                kind => (kind, false),
            };
            let (meaning, physical, builder) = builder(&kind, wide.contains(&place));
            fields.push(Field::new(name, physical, true).with_metadata(HashMap::from([
                (COLUMN_KIND.to_owned(), meaning.as_str().to_owned()),
                (COLUMN_SOURCE_TYPE.to_owned(), format!("clickhouse:{written}")),
            ])));
            columns.push(Column { kind, nullable, builder });
        }
        let schema = Arc::new(Schema::new(fields));
        Ok(Some(Self { columns, schema, next: 0, rows: 0, bytes: 0 }))
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Rows since the last batch.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Whether the last row is whole.
    pub(super) fn is_whole(&self) -> bool {
        self.next == 0
    }

    /// Reads as many values as are all there.
    pub(super) fn read(&mut self, from: &mut Reader<'_>, batch_rows: usize) -> Result<Pause> {
        loop {
            if self.next == 0 && (self.rows >= batch_rows || self.bytes >= BATCH_BYTES_MAX) {
                return Ok(Pause::Full);
            }
            let place = self.next;
            let Some(column) = self.columns.get_mut(place) else { return Err(malformed()) };
            let begin = from.at;
            if from.is_empty() {
                return Ok(Pause::Hungry);
            }
            match column.read(from)? {
                Some(true) => {}
                Some(false) => return Ok(Pause::Wide(place)),
                None => {
                    from.at = begin;
                    return Ok(Pause::Hungry);
                }
            }
            self.bytes += from.at - begin;
            self.next += 1;
            if self.next == self.columns.len() {
                self.next = 0;
                self.rows += 1;
            }
        }
    }

    pub(super) fn take(&mut self) -> Result<RecordBatch> {
        (self.rows, self.bytes) = (0, 0);
        let arrays = self.columns.iter_mut().map(|column| column.builder.finish()).collect();
        RecordBatch::try_new(self.schema(), arrays)
            .map_err(|error| Fault::internal("rows do not fit their columns", error))
    }
}

fn builder(kind: &Type, wide: bool) -> (ColumnKind, DataType, Builder) {
    let text = |meaning| (meaning, DataType::Utf8, Builder::Text(StringBuilder::new()));
    match kind {
        Type::Int(..=8) | Type::UInt(..=4) => {
            (ColumnKind::Integer, DataType::Int64, Builder::Integer(Int64Builder::new()))
        }
        Type::UInt(8) if !wide => {
            (ColumnKind::Integer, DataType::Int64, Builder::Integer(Int64Builder::new()))
        }
        Type::Int(_) | Type::UInt(_) | Type::Decimal(..) => text(ColumnKind::Decimal),
        Type::Float32 => {
            (ColumnKind::Float, DataType::Float32, Builder::Single(Float32Builder::new()))
        }
        Type::Float64 => {
            (ColumnKind::Float, DataType::Float64, Builder::Double(Float64Builder::new()))
        }
        Type::Bool => {
            (ColumnKind::Boolean, DataType::Boolean, Builder::Boolean(BooleanBuilder::new()))
        }
        Type::Date | Type::Date32 => {
            (ColumnKind::Date, DataType::Date32, Builder::Date(Date32Builder::new()))
        }
        Type::DateTime | Type::DateTime64(..=6) => (
            ColumnKind::TimestampTz,
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Builder::Timestamp(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
        ),
        Type::Uuid => text(ColumnKind::Uuid),
        Type::Array(_) => text(ColumnKind::Array),
        Type::Map(..) | Type::Tuple(_) | Type::Json => text(ColumnKind::Json),
        Type::String | Type::FixedString(_) | Type::Enum(..) | Type::Nothing => {
            text(ColumnKind::Text)
        }
        Type::DateTime64(_)
        | Type::Time
        | Type::Time64(_)
        | Type::Ipv4
        | Type::Ipv6
        | Type::Nullable(_) => text(ColumnKind::Other),
    }
}

impl Column {
    /// Reads one value; `false` if it does not fit.
    fn read(&mut self, from: &mut Reader<'_>) -> Partly<bool> {
        if matches!(self.kind, Type::Nothing) && !self.nullable {
            // There is no such value.
            return Err(malformed());
        }
        if self.nullable && take!(from.byte()) != 0 {
            self.builder.push_null();
            return Ok(Some(true));
        }
        let kind = &self.kind;
        match &mut self.builder {
            Builder::Integer(out) => match kind {
                Type::Int(bytes) => out.append_value(take!(from.signed(*bytes))),
                Type::UInt(bytes) => match i64::try_from(take!(from.unsigned(*bytes))) {
                    Ok(number) => out.append_value(number),
                    Err(_) => return Ok(Some(false)),
                },
                _ => return Err(malformed()),
            },
            Builder::Single(out) => out.append_value(take!(from.single())),
            Builder::Double(out) => out.append_value(take!(from.double())),
            Builder::Boolean(out) => out.append_value(take!(from.byte()) != 0),
            Builder::Date(out) => {
                let days = match kind {
                    Type::Date => take!(from.unsigned(2)).try_into(),
                    _ => take!(from.signed(4)).try_into(),
                };
                out.append_value(days.map_err(|_| malformed())?);
            }
            Builder::Timestamp(out) => {
                let micros = match kind {
                    Type::DateTime => take!(from.unsigned(4)).checked_mul(1_000_000),
                    Type::DateTime64(scale) => {
                        let ticks = take!(from.signed(8));
                        out.append_value(
                            ticks.checked_mul(10_i64.pow(6 - scale)).ok_or_else(malformed)?,
                        );
                        return Ok(Some(true));
                    }
                    _ => return Err(malformed()),
                };
                let micros = micros.and_then(|micros| i64::try_from(micros).ok());
                out.append_value(micros.ok_or_else(malformed)?);
            }
            Builder::Text(out) => return text(kind, from, out),
        }
        Ok(Some(true))
    }
}

fn text(kind: &Type, from: &mut Reader<'_>, out: &mut StringBuilder) -> Partly<bool> {
    match kind {
        Type::String | Type::Json => {
            let bytes = take!(from.text()?);
            match std::str::from_utf8(bytes) {
                Ok(text) => out.append_value(text),
                Err(_) => out.append_value(decode::lossy(bytes)),
            }
        }
        Type::Int(bytes) => out.append_value(take!(from.digits(*bytes, true))),
        Type::UInt(bytes) => out.append_value(take!(from.digits(*bytes, false))),
        _ => match take!(decode::json(kind, from)?) {
            Json::String(text) => out.append_value(text),
            other => out.append_value(other.to_string()),
        },
    }
    Ok(Some(true))
}

impl Builder {
    fn push_null(&mut self) {
        match self {
            Self::Integer(out) => out.append_null(),
            Self::Single(out) => out.append_null(),
            Self::Double(out) => out.append_null(),
            Self::Boolean(out) => out.append_null(),
            Self::Date(out) => out.append_null(),
            Self::Timestamp(out) => out.append_null(),
            Self::Text(out) => out.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Integer(out) => ArrayBuilder::finish(out),
            Self::Single(out) => ArrayBuilder::finish(out),
            Self::Double(out) => ArrayBuilder::finish(out),
            Self::Boolean(out) => ArrayBuilder::finish(out),
            Self::Date(out) => ArrayBuilder::finish(out),
            // The zone is part of the builder's type, which `finish` keeps.
            Self::Timestamp(out) => ArrayBuilder::finish(out),
            Self::Text(out) => ArrayBuilder::finish(out),
        }
    }
}
