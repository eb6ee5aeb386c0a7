//! What every encoder does, and the choice of one.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use serde_json::Value;
use tempfile::SpooledTempFile;
use tessera_kernel::Result;

use crate::columnar::{ArrowEncoder, ParquetEncoder};
use crate::json::{JsonEncoder, Layout, push_cell};
use crate::names::unique_schema;
use crate::numbers::{fits_float, widen};
use crate::text::TextEncoder;
use crate::values::{Cells, Column};
use crate::xlsx::XlsxEncoder;
use crate::{Format, Options, Style};

/// Turns batches into the bytes of a file. Call [`begin`](Self::begin) once,
/// [`batch`](Self::batch) for every batch and [`finish`](Self::finish) once; each appends what is
/// ready to `out`, which the caller may empty in between. After a fault the file is of no use.
pub trait Encoder: Send {
    /// Appends what comes before all rows.
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<()>;

    /// Appends the rows of a batch.
    fn batch(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()>;

    /// Appends what comes after all rows.
    fn finish(&mut self, out: &mut Vec<u8>) -> Result<()>;

    /// The whole file, for formats that cannot be written front to back (XLSX): small ones are in
    /// memory, others in an unnamed temporary file. It stands at its first byte. Present after
    /// `finish`, once; such formats append nothing to `out`.
    fn take_file(&mut self) -> Option<SpooledTempFile> {
        None
    }
}

/// An encoder for a whole file. Column names that occur twice get numbers.
///
/// # Errors
/// When the format cannot hold such columns or the sheet name is not allowed.
pub fn encoder(format: Format, schema: SchemaRef, options: &Options) -> Result<Box<dyn Encoder>> {
    let schema = unique_schema(schema);
    Ok(match format {
        Format::Json => Box::new(JsonEncoder::new(schema, options.style, Layout::ARRAY)),
        Format::Ndjson => Box::new(JsonEncoder::new(schema, options.style, Layout::LINES)),
        Format::Csv => Box::new(TextEncoder::new(schema, options, b',')),
        Format::Tsv => Box::new(TextEncoder::new(schema, options, b'\t')),
        Format::Xlsx => Box::new(XlsxEncoder::new(schema, options)?),
        Format::Arrow => Box::new(ArrowEncoder::new(schema)?),
        Format::Parquet => Box::new(ParquetEncoder::new(&schema)?),
    })
}

/// An encoder for the rows alone, `{"a":1},{"a":2}`, to be put between the brackets of somebody
/// else's document. Begin and finish write nothing.
#[must_use]
pub fn json_rows(schema: SchemaRef, options: &Options) -> Box<dyn Encoder> {
    Box::new(JsonEncoder::new(unique_schema(schema), options.style, Layout::ROWS))
}

/// One cell as a JSON value; null when there is no such cell, or when its column is of a type that
/// no encoder writes. A number with more digits than [`Value`] keeps is given as a string.
#[must_use]
pub fn cell(batch: &RecordBatch, column: usize, row: usize, options: &Options) -> Value {
    if column >= batch.num_columns() || row >= batch.num_rows() {
        return Value::Null;
    }
    let field = batch.schema_ref().field(column);
    let Ok(column) = Column::read(field, batch.column(column)) else {
        return Value::Null;
    };
    if let Some(value) = finite_float(&column, row, options.style) {
        return Value::from(value);
    }
    let mut out = Vec::new();
    push_cell(&mut out, &column, row, options.style);
    let text = String::from_utf8_lossy(&out);
    if let (Cells::Decimal(_), Style::Exact) = (&column.cells, options.style) {
        return decimal_value(&text);
    }
    // a document that is nested deeper than a tree can be built for stays text
    serde_json::from_slice(&out).unwrap_or_else(|_| Value::String(text.into_owned()))
}

/// The float in a cell that is written as one. It is not read back from its digits, since the reader
/// of trees may be off by one in the last of them.
fn finite_float(column: &Column, row: usize, style: Style) -> Option<f64> {
    if column.is_null(row) {
        return None;
    }
    let value = match &column.cells {
        Cells::Float(array) => array.value(row),
        Cells::Single(array) => widen(array.value(row)),
        Cells::Decimal(array) if style == Style::Floating => array.value(row).parse().ok()?,
        _ => return None,
    };
    value.is_finite().then_some(value)
}

/// An exact decimal: a number if that keeps all its digits, else a string.
fn decimal_value(json: &str) -> Value {
    match serde_json::from_str::<Value>(json) {
        Ok(value) if value.is_i64() || value.is_u64() || fits_float(json) => value,
        Ok(Value::Number(_)) | Err(_) => Value::String(json.to_owned()),
        Ok(value) => value,
    }
}
