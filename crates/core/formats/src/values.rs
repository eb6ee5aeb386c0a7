//! A batch's columns, downcast once, and their values in plain text.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Float32Type, Float64Type, Int64Type, IntervalMonthDayNanoType,
    Time64MicrosecondType, TimestampMicrosecondType,
};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Float32Array, Float64Array,
    Int64Array, IntervalMonthDayNanoArray, RecordBatch, StringArray, Time64MicrosecondArray,
    TimestampMicrosecondArray,
};
use arrow_buffer::NullBuffer;
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{DataType, Field, IntervalUnit, Schema, TimeUnit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tessera_kernel::{COLUMN_KIND, Code, ColumnKind, Fault, Result};

use crate::Style;
use crate::dates::{
    Fraction, push_clock_interval, push_date, push_iso_interval, push_time, push_timestamp,
};

/// The values of a column.
pub(crate) enum Cells {
    Integer(Int64Array),
    Float(Float64Array),
    Single(Float32Array),
    Decimal(StringArray),
    Boolean(BooleanArray),
    Text(StringArray),
    Document(StringArray),
    Date(Date32Array),
    Time(Time64MicrosecondArray),
    Timestamp(TimestampMicrosecondArray, bool),
    Interval(IntervalMonthDayNanoArray),
    Bytes(BinaryArray),
}

/// A column of one batch.
pub(crate) struct Column {
    pub(crate) cells: Cells,
    nulls: Option<NullBuffer>,
}

impl Column {
    /// Whether the cell has no value.
    #[inline]
    pub(crate) fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// Reads a column; another physical type than that of its kind is converted.
    pub(crate) fn read(field: &Field, array: &ArrayRef) -> Result<Self> {
        let kind = kind_of(field);
        let wanted = physical_type(kind, array.data_type());
        let converted;
        let array = if *array.data_type() == wanted {
            array
        } else {
            let options = CastOptions { safe: false, ..CastOptions::default() };
            converted = cast_with_options(array, &wanted, &options).map_err(|error| {
                let (name, found) = (field.name(), array.data_type());
                let kind = kind.as_str();
                Fault::new(
                    Code::Unsupported,
                    format!("column `{name}` of type {found} cannot be written as {kind}"),
                )
                .with_source(error)
            })?;
            &converted
        };
        let cells = match kind {
            ColumnKind::Integer => Cells::Integer(array.as_primitive::<Int64Type>().clone()),
            ColumnKind::Float if wanted == DataType::Float32 => {
                Cells::Single(array.as_primitive::<Float32Type>().clone())
            }
            ColumnKind::Float => Cells::Float(array.as_primitive::<Float64Type>().clone()),
            ColumnKind::Decimal => Cells::Decimal(array.as_string::<i32>().clone()),
            ColumnKind::Boolean => Cells::Boolean(array.as_boolean().clone()),
            ColumnKind::Date => Cells::Date(array.as_primitive::<Date32Type>().clone()),
            ColumnKind::Time => Cells::Time(array.as_primitive::<Time64MicrosecondType>().clone()),
            ColumnKind::Timestamp | ColumnKind::TimestampTz => Cells::Timestamp(
                array.as_primitive::<TimestampMicrosecondType>().clone(),
                kind == ColumnKind::TimestampTz,
            ),
            ColumnKind::Interval => {
                Cells::Interval(array.as_primitive::<IntervalMonthDayNanoType>().clone())
            }
            ColumnKind::Json | ColumnKind::Array => {
                Cells::Document(array.as_string::<i32>().clone())
            }
            ColumnKind::Bytes => Cells::Bytes(array.as_binary::<i32>().clone()),
            ColumnKind::Text | ColumnKind::Uuid | ColumnKind::Other => {
                Cells::Text(array.as_string::<i32>().clone())
            }
        };
        Ok(Self { cells, nulls: array.nulls().cloned() })
    }

    /// Appends the text of a date, time, timestamp, interval or bytes; it needs no escapes in JSON.
    pub(crate) fn push_plain(&self, out: &mut Vec<u8>, row: usize, style: Style) {
        let fraction = match style {
            Style::Exact => Fraction::Micros,
            Style::Floating => Fraction::Millis,
        };
        match &self.cells {
            Cells::Date(array) => push_date(out, array.value(row)),
            Cells::Time(array) => push_time(out, array.value(row), fraction),
            Cells::Timestamp(array, utc) => push_timestamp(out, array.value(row), *utc, fraction),
            Cells::Interval(array) => {
                let span = array.value(row);
                let (months, days, nanos) = (span.months, span.days, span.nanoseconds);
                match style {
                    Style::Exact => push_iso_interval(out, months, days, nanos),
                    Style::Floating => push_clock_interval(out, months, days, nanos),
                }
            }
            Cells::Bytes(array) => match style {
                Style::Exact => {
                    let text = STANDARD.encode(array.value(row));
                    out.extend_from_slice(text.as_bytes());
                }
                Style::Floating => {
                    out.extend_from_slice(hex::encode(array.value(row)).as_bytes());
                }
            },
            Cells::Decimal(array) | Cells::Text(array) | Cells::Document(array) => {
                out.extend_from_slice(array.value(row).as_bytes());
            }
            Cells::Integer(_) | Cells::Float(_) | Cells::Single(_) | Cells::Boolean(_) => {}
        }
    }
}

/// Reads all columns of a batch; the fields are those the encoder was made for.
pub(crate) fn read_columns(schema: &Schema, batch: &RecordBatch) -> Result<Vec<Column>> {
    if schema.fields().len() != batch.num_columns() {
        return Err(Fault::new(
            Code::Internal,
            format!(
                "the batch has {} columns and the schema {}",
                batch.num_columns(),
                schema.fields().len()
            ),
        ));
    }
    schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, array)| Column::read(field, array))
        .collect()
}

/// The word for a float that is not finite.
pub(crate) fn not_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// The kind of a column: from its metadata, or else what its physical type suggests.
fn kind_of(field: &Field) -> ColumnKind {
    if let Some(kind) = field.metadata().get(COLUMN_KIND).and_then(|text| ColumnKind::parse(text)) {
        return kind;
    }
    match field.data_type() {
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32 => ColumnKind::Integer,
        DataType::Float16 | DataType::Float32 | DataType::Float64 => ColumnKind::Float,
        DataType::UInt64
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => ColumnKind::Decimal,
        DataType::Boolean => ColumnKind::Boolean,
        DataType::Date32 | DataType::Date64 => ColumnKind::Date,
        DataType::Time32(_) | DataType::Time64(_) => ColumnKind::Time,
        DataType::Timestamp(_, None) => ColumnKind::Timestamp,
        DataType::Timestamp(_, Some(_)) => ColumnKind::TimestampTz,
        DataType::Interval(_) | DataType::Duration(_) => ColumnKind::Interval,
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => ColumnKind::Bytes,
        _ => ColumnKind::Other,
    }
}

/// The physical type that the values of a kind are read from.
fn physical_type(kind: ColumnKind, found: &DataType) -> DataType {
    match kind {
        ColumnKind::Integer => DataType::Int64,
        ColumnKind::Float => match found {
            DataType::Float16 | DataType::Float32 => DataType::Float32,
            _ => DataType::Float64,
        },
        ColumnKind::Boolean => DataType::Boolean,
        ColumnKind::Date => DataType::Date32,
        ColumnKind::Time => DataType::Time64(TimeUnit::Microsecond),
        ColumnKind::Timestamp | ColumnKind::TimestampTz => match found {
            // the zone does not change the stored moment
            DataType::Timestamp(_, zone) => {
                DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
            }
            _ => DataType::Timestamp(TimeUnit::Microsecond, None),
        },
        ColumnKind::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
        ColumnKind::Bytes => DataType::Binary,
        ColumnKind::Decimal
        | ColumnKind::Text
        | ColumnKind::Json
        | ColumnKind::Array
        | ColumnKind::Uuid
        | ColumnKind::Other => DataType::Utf8,
    }
}
