//! Rows into Arrow: one builder for each column.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BinaryBuilder, Date32Builder, Float32Builder, Float64Builder, Int64Builder,
    StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::{Column as Described, Value};
use tessera_kernel::{COLUMN_KIND, COLUMN_SOURCE_TYPE, ColumnKind, Fault, Result};

use super::values;
use crate::BATCH_BYTES_MAX;

/// The character set of bytes that are no text.
const BINARY: u16 = 63;

/// How reading a result ended.
#[derive(PartialEq, Eq)]
pub(super) enum Pass {
    Done,
    /// There was no result.
    Nothing,
    /// A value did not fit its column, whose type is wider now.
    Again,
}

enum Builder {
    Integer(Int64Builder),
    /// Bits as a number.
    Bits(Int64Builder),
    Single(Float32Builder),
    Double(Float64Builder),
    Date(Date32Builder),
    Timestamp(TimestampMicrosecondBuilder),
    Bytes(BinaryBuilder),
    Text(StringBuilder),
    /// Bits as a number that is too large for others.
    BitsText(StringBuilder),
}

/// The columns of one result.
#[derive(Default)]
pub(super) struct Columns {
    builders: Vec<Builder>,
    schema: Option<SchemaRef>,
    /// Columns of whole numbers beyond 64 bits with sign.
    wide: Vec<usize>,
    rows: usize,
    bytes: usize,
}

impl Columns {
    /// Makes columns as the server describes them.
    pub(super) fn declare(&mut self, described: &[Described]) {
        (self.rows, self.bytes) = (0, 0);
        self.builders.clear();
        let mut fields = Vec::new();
        for (place, column) in described.iter().enumerate() {
            let wide = self.wide.contains(&place);
            let (meaning, physical, builder) = kind(column, wide);
            let source = format!("mysql:{}", values::type_name(column));
            fields.push(Field::new(column.name_str(), physical, true).with_metadata(
                HashMap::from([
                    (COLUMN_KIND.to_owned(), meaning.as_str().to_owned()),
                    (COLUMN_SOURCE_TYPE.to_owned(), source),
                ]),
            ));
            self.builders.push(builder);
        }
        self.schema = Some(Arc::new(Schema::new(fields)));
    }

    pub(super) fn schema(&self) -> SchemaRef {
        self.schema.as_ref().map_or_else(|| Arc::new(Schema::empty()), Arc::clone)
    }

    /// Rows since the last batch.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Whether they make a batch: so many rows, or so large ones.
    pub(super) fn is_full(&self, rows: usize) -> bool {
        self.rows >= rows || self.bytes >= BATCH_BYTES_MAX
    }

    /// Adds a row; `false` if a value does not fit, and the result has to be read anew.
    pub(super) fn push(&mut self, row: Vec<Value>) -> Result<bool> {
        let mut fits = true;
        for (place, (builder, value)) in self.builders.iter_mut().zip(row).enumerate() {
            self.bytes += size(&value);
            if !builder.push(value)? {
                self.wide.push(place);
                fits = false;
            }
        }
        self.rows += 1;
        Ok(fits)
    }

    pub(super) fn take(&mut self) -> Result<RecordBatch> {
        (self.rows, self.bytes) = (0, 0);
        let arrays = self.builders.iter_mut().map(Builder::finish).collect();
        RecordBatch::try_new(self.schema(), arrays)
            .map_err(|error| Fault::internal("rows do not fit their columns", error))
    }
}

/// About how many bytes a value takes.
fn size(value: &Value) -> usize {
    match value {
        Value::Bytes(bytes) => bytes.len(),
        _ => 8,
    }
}

fn kind(column: &Described, wide: bool) -> (ColumnKind, DataType, Builder) {
    use ColumnType as T;
    let text = |meaning| (meaning, DataType::Utf8, Builder::Text(StringBuilder::new()));
    let timestamp = |meaning, zone: Option<Arc<str>>| {
        let builder = TimestampMicrosecondBuilder::new().with_timezone_opt(zone.clone());
        let physical = DataType::Timestamp(TimeUnit::Microsecond, zone);
        (meaning, physical, Builder::Timestamp(builder))
    };
    match column.column_type() {
        T::MYSQL_TYPE_TINY
        | T::MYSQL_TYPE_SHORT
        | T::MYSQL_TYPE_LONG
        | T::MYSQL_TYPE_INT24
        | T::MYSQL_TYPE_LONGLONG
        | T::MYSQL_TYPE_YEAR => {
            if wide {
                return text(ColumnKind::Decimal);
            }
            (ColumnKind::Integer, DataType::Int64, Builder::Integer(Int64Builder::new()))
        }
        T::MYSQL_TYPE_BIT if wide => {
            (ColumnKind::Decimal, DataType::Utf8, Builder::BitsText(StringBuilder::new()))
        }
        T::MYSQL_TYPE_BIT => {
            (ColumnKind::Integer, DataType::Int64, Builder::Bits(Int64Builder::new()))
        }
        T::MYSQL_TYPE_FLOAT => {
            (ColumnKind::Float, DataType::Float32, Builder::Single(Float32Builder::new()))
        }
        T::MYSQL_TYPE_DOUBLE => {
            (ColumnKind::Float, DataType::Float64, Builder::Double(Float64Builder::new()))
        }
        T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => text(ColumnKind::Decimal),
        T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => {
            (ColumnKind::Date, DataType::Date32, Builder::Date(Date32Builder::new()))
        }
        T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_DATETIME2 => timestamp(ColumnKind::Timestamp, None),
        T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2 => {
            timestamp(ColumnKind::TimestampTz, Some("UTC".into()))
        }
        // It may be negative, and longer than a day.
        T::MYSQL_TYPE_TIME | T::MYSQL_TYPE_TIME2 => text(ColumnKind::Other),
        T::MYSQL_TYPE_JSON => text(ColumnKind::Json),
        T::MYSQL_TYPE_NULL => text(ColumnKind::Text),
        _ => {
            let named = column.flags().intersects(ColumnFlags::ENUM_FLAG | ColumnFlags::SET_FLAG);
            let geometry = column.column_type() == T::MYSQL_TYPE_GEOMETRY;
            if (column.character_set() == BINARY && !named) || geometry {
                (ColumnKind::Bytes, DataType::Binary, Builder::Bytes(BinaryBuilder::new()))
            } else {
                text(ColumnKind::Text)
            }
        }
    }
}

impl Builder {
    /// Adds a value; `false` if it is too large for the type.
    fn push(&mut self, value: Value) -> Result<bool> {
        if value == Value::NULL {
            self.push_null();
            return Ok(true);
        }
        match self {
            Self::Integer(out) => match values::integer(value)? {
                Some(number) => out.append_value(number),
                None => {
                    out.append_null();
                    return Ok(false);
                }
            },
            Self::Bits(out) => match i64::try_from(values::bits(&value)?) {
                Ok(number) => out.append_value(number),
                Err(_) => {
                    out.append_null();
                    return Ok(false);
                }
            },
            Self::Single(out) => out.append_value(values::single(value)?),
            Self::Double(out) => out.append_value(values::double(value)?),
            Self::Date(out) => out.append_option(values::date(&value)?),
            Self::Timestamp(out) => out.append_option(values::timestamp(&value)?),
            Self::Bytes(out) => match value {
                Value::Bytes(bytes) => out.append_value(bytes),
                _ => return Err(values::malformed()),
            },
            Self::Text(out) => values::text(value, out)?,
            Self::BitsText(out) => out.append_value(values::bits(&value)?.to_string()),
        }
        Ok(true)
    }

    fn push_null(&mut self) {
        match self {
            Self::Integer(out) | Self::Bits(out) => out.append_null(),
            Self::Single(out) => out.append_null(),
            Self::Double(out) => out.append_null(),
            Self::Date(out) => out.append_null(),
            Self::Timestamp(out) => out.append_null(),
            Self::Bytes(out) => out.append_null(),
            Self::Text(out) | Self::BitsText(out) => out.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Integer(out) | Self::Bits(out) => ArrayBuilder::finish(out),
            Self::Single(out) => ArrayBuilder::finish(out),
            Self::Double(out) => ArrayBuilder::finish(out),
            Self::Date(out) => ArrayBuilder::finish(out),
            // The zone is part of the builder's type, which `finish` keeps.
            Self::Timestamp(out) => ArrayBuilder::finish(out),
            Self::Bytes(out) => ArrayBuilder::finish(out),
            Self::Text(out) | Self::BitsText(out) => ArrayBuilder::finish(out),
        }
    }
}
