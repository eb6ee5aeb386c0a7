//! Rows of texts into Arrow: one builder for each column.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, BinaryBuilder, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder,
    StringBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde::Deserialize;
use tessera_kernel::{COLUMN_KIND, COLUMN_SOURCE_TYPE, Code, ColumnKind, Fault, Result};

use crate::BATCH_BYTES_MAX;

/// A column as the server describes it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Described {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    scale: Option<u32>,
}

enum Builder {
    Integer(Int64Builder),
    Double(Float64Builder),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Bytes(BinaryBuilder),
    Text(StringBuilder),
}

/// The columns of one result.
pub(super) struct Columns {
    builders: Vec<Builder>,
    schema: SchemaRef,
    rows: usize,
    bytes: usize,
}

/// Columns whose values do not fit what was taken for them: those are read anew, as text.
#[derive(Default)]
pub(super) struct Wide(Vec<usize>);

fn malformed(kind: &str) -> Fault {
    let detail = format!("the server sent a value that does not have the form of {kind}");
    Fault::new(Code::SourceFailed, detail)
}

impl Columns {
    pub(super) fn new(described: &[Described], lower_case: bool, wide: &Wide) -> Self {
        let (mut builders, mut fields) = (Vec::new(), Vec::new());
        for (place, column) in described.iter().enumerate() {
            let (meaning, physical, builder) = builder(column, wide.0.contains(&place));
            let name = if lower_case { column.name.to_lowercase() } else { column.name.clone() };
            fields.push(Field::new(name, physical, true).with_metadata(HashMap::from([
                (COLUMN_KIND.to_owned(), meaning.as_str().to_owned()),
                (COLUMN_SOURCE_TYPE.to_owned(), format!("snowflake:{}", column.kind)),
            ])));
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

    /// Adds a row; `false` if a value does not fit, and the result has to be read anew.
    pub(super) fn push(&mut self, row: Vec<Option<String>>, wide: &mut Wide) -> Result<bool> {
        if row.len() != self.builders.len() {
            return Err(malformed("a row"));
        }
        let mut fits = true;
        for (place, (builder, cell)) in self.builders.iter_mut().zip(row).enumerate() {
            self.bytes += cell.as_ref().map_or(8, String::len);
            if !builder.push(cell)? {
                wide.0.push(place);
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

fn builder(column: &Described, wide: bool) -> (ColumnKind, DataType, Builder) {
    let text = |meaning| (meaning, DataType::Utf8, Builder::Text(StringBuilder::new()));
    let timestamp = |meaning, zone: Option<Arc<str>>| {
        let builder = TimestampMicrosecondBuilder::new().with_timezone_opt(zone.clone());
        let physical = DataType::Timestamp(TimeUnit::Microsecond, zone);
        (meaning, physical, Builder::Timestamp(builder))
    };
    match column.kind.to_ascii_uppercase().as_str() {
        // Whole numbers have 38 digits there unless somebody says otherwise.
        "FIXED" if column.scale.unwrap_or(0) == 0 && !wide => {
            (ColumnKind::Integer, DataType::Int64, Builder::Integer(Int64Builder::new()))
        }
        "FIXED" => text(ColumnKind::Decimal),
        "REAL" => (ColumnKind::Float, DataType::Float64, Builder::Double(Float64Builder::new())),
        "BOOLEAN" => {
            (ColumnKind::Boolean, DataType::Boolean, Builder::Boolean(BooleanBuilder::new()))
        }
        "DATE" => (ColumnKind::Date, DataType::Date32, Builder::Date(Date32Builder::new())),
        "TIME" => (
            ColumnKind::Time,
            DataType::Time64(TimeUnit::Microsecond),
            Builder::Time(Time64MicrosecondBuilder::new()),
        ),
        "TIMESTAMP_NTZ" => timestamp(ColumnKind::Timestamp, None),
        "TIMESTAMP_LTZ" | "TIMESTAMP_TZ" => {
            timestamp(ColumnKind::TimestampTz, Some(Arc::from("UTC")))
        }
        "BINARY" => (ColumnKind::Bytes, DataType::Binary, Builder::Bytes(BinaryBuilder::new())),
        "TEXT" => text(ColumnKind::Text),
        "VARIANT" | "OBJECT" | "MAP" => text(ColumnKind::Json),
        "ARRAY" | "VECTOR" => text(ColumnKind::Array),
        _ => text(ColumnKind::Other),
    }
}

impl Builder {
    /// Adds a value; `false` if it is larger than the column can hold.
    fn push(&mut self, cell: Option<String>) -> Result<bool> {
        let Some(cell) = cell else {
            self.push_null();
            return Ok(true);
        };
        match self {
            Self::Integer(out) => match cell.parse() {
                Ok(number) => out.append_value(number),
                Err(_) if is_whole(&cell) => {
                    out.append_null();
                    return Ok(false);
                }
                Err(_) => return Err(malformed("an integer")),
            },
            Self::Double(out) => out.append_value(float(&cell)?),
            Self::Boolean(out) => {
                let truth = match cell.as_str() {
                    "true" | "1" => true,
                    "false" | "0" => false,
                    _ => return Err(malformed("a truth value")),
                };
                out.append_value(truth);
            }
            Self::Date(out) => {
                out.append_value(cell.parse().map_err(|_| malformed("a date"))?);
            }
            Self::Time(out) => {
                out.append_value(micros(&cell).ok_or_else(|| malformed("a time"))?);
            }
            Self::Timestamp(out) => {
                // What follows the blank is the zone in which it was written.
                let moment = cell.split(' ').next().unwrap_or_default();
                out.append_value(micros(moment).ok_or_else(|| malformed("a timestamp"))?);
            }
            Self::Bytes(out) => {
                out.append_value(hex::decode(&cell).map_err(|_| malformed("bytes"))?);
            }
            Self::Text(out) => out.append_value(cell),
        }
        Ok(true)
    }

    fn push_null(&mut self) {
        match self {
            Self::Integer(out) => out.append_null(),
            Self::Double(out) => out.append_null(),
            Self::Boolean(out) => out.append_null(),
            Self::Date(out) => out.append_null(),
            Self::Time(out) => out.append_null(),
            Self::Timestamp(out) => out.append_null(),
            Self::Bytes(out) => out.append_null(),
            Self::Text(out) => out.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Integer(out) => ArrayBuilder::finish(out),
            Self::Double(out) => ArrayBuilder::finish(out),
            Self::Boolean(out) => ArrayBuilder::finish(out),
            Self::Date(out) => ArrayBuilder::finish(out),
            Self::Time(out) => ArrayBuilder::finish(out),
            Self::Timestamp(out) => ArrayBuilder::finish(out),
            Self::Bytes(out) => ArrayBuilder::finish(out),
            Self::Text(out) => ArrayBuilder::finish(out),
        }
    }
}

fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && are_digits(digits)
}

fn are_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn float(text: &str) -> Result<f64> {
    match text.to_ascii_lowercase().as_str() {
        "nan" => Ok(f64::NAN),
        "inf" | "infinity" => Ok(f64::INFINITY),
        "-inf" | "-infinity" => Ok(f64::NEG_INFINITY),
        _ => text.parse().map_err(|_| malformed("a number")),
    }
}

/// Seconds with up to nine places, in microseconds: what is finer is cut, as everywhere here.
fn micros(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    if !are_digits(whole) || !are_digits(places) {
        return None;
    }
    let nanos: i128 = format!("{places:0<9}").get(..9)?.parse().ok()?;
    let whole: i128 = whole.parse().ok()?;
    let all = (whole * 1_000_000_000 + nanos) * sign;
    i64::try_from(all.div_euclid(1000)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_exactly() {
        assert_eq!(micros("1611871777.123456789"), Some(1_611_871_777_123_456));
        assert_eq!(micros("0"), Some(0));
        assert_eq!(micros("-0.5"), Some(-500_000));
        assert_eq!(micros("-1.000001000"), Some(-1_000_001));
        assert_eq!(micros("253402300799.999999999"), Some(253_402_300_799_999_999));
        for odd in ["", "x", "1.x", "--1", "1e3"] {
            assert_eq!(micros(odd), None, "{odd}");
        }
    }
}
