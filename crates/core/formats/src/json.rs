//! JSON and NDJSON, written straight from the columns.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use tessera_kernel::Result;

use crate::document::push_compact;
use crate::numbers::{is_json_number, push_f32, push_f64, push_integer};
use crate::values::{Cells, Column, not_finite, read_columns};
use crate::{Encoder, Style};

/// What stands around the rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    open: &'static [u8],
    between: &'static [u8],
    after: &'static [u8],
    close: &'static [u8],
}

impl Layout {
    /// One array.
    pub(crate) const ARRAY: Self = Self { open: b"[", between: b",", after: b"", close: b"]" };
    /// One line per row.
    pub(crate) const LINES: Self = Self { open: b"", between: b"", after: b"\n", close: b"" };
    /// Rows separated by commas.
    pub(crate) const ROWS: Self = Self { open: b"", between: b",", after: b"", close: b"" };
}

/// Writes rows as objects.
pub(crate) struct JsonEncoder {
    schema: SchemaRef,
    style: Style,
    layout: Layout,
    /// What stands before each value: a comma but for the first, the name, a colon.
    keys: Vec<Vec<u8>>,
    first: bool,
}

impl JsonEncoder {
    pub(crate) fn new(schema: SchemaRef, style: Style, layout: Layout) -> Self {
        let keys = schema
            .fields()
            .iter()
            .enumerate()
            .map(|(index, field)| {
                let mut key = if index == 0 { Vec::new() } else { b",".to_vec() };
                push_string(&mut key, field.name());
                key.push(b':');
                key
            })
            .collect();
        Self { schema, style, layout, keys, first: true }
    }
}

impl Encoder for JsonEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(self.layout.open);
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        let columns = read_columns(&self.schema, batch)?;
        for row in 0..batch.num_rows() {
            if !std::mem::take(&mut self.first) {
                out.extend_from_slice(self.layout.between);
            }
            out.push(b'{');
            for (key, column) in self.keys.iter().zip(&columns) {
                out.extend_from_slice(key);
                push_cell(out, column, row, self.style);
            }
            out.push(b'}');
            out.extend_from_slice(self.layout.after);
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<()> {
        out.extend_from_slice(self.layout.close);
        Ok(())
    }
}

/// Appends a cell as JSON.
#[inline]
pub(crate) fn push_cell(out: &mut Vec<u8>, column: &Column, row: usize, style: Style) {
    if column.is_null(row) {
        out.extend_from_slice(b"null");
        return;
    }
    match &column.cells {
        Cells::Integer(array) => push_integer(out, array.value(row)),
        Cells::Float(array) => match array.value(row) {
            value if value.is_finite() => push_f64(out, value),
            value => push_not_finite(out, value, style),
        },
        Cells::Single(array) => match array.value(row) {
            value if value.is_finite() => push_f32(out, value),
            value => push_not_finite(out, f64::from(value), style),
        },
        Cells::Decimal(array) => push_decimal(out, array.value(row), style),
        Cells::Boolean(array) => {
            out.extend_from_slice(if array.value(row) { b"true" } else { b"false" });
        }
        Cells::Text(array) => push_string(out, array.value(row)),
        Cells::Document(array) => {
            if !push_compact(out, array.value(row)) {
                push_string(out, array.value(row));
            }
        }
        Cells::Date(_)
        | Cells::Time(_)
        | Cells::Timestamp(..)
        | Cells::Interval(_)
        | Cells::Bytes(_) => {
            out.push(b'"');
            column.push_plain(out, row, style);
            out.push(b'"');
        }
    }
}

fn push_not_finite(out: &mut Vec<u8>, value: f64, style: Style) {
    match style {
        Style::Exact => push_string(out, not_finite(value)),
        Style::Floating => out.extend_from_slice(b"null"),
    }
}

fn push_decimal(out: &mut Vec<u8>, text: &str, style: Style) {
    match style {
        Style::Exact if is_json_number(text.as_bytes()) => out.extend_from_slice(text.as_bytes()),
        Style::Exact => push_string(out, text),
        Style::Floating => match text.parse::<f64>() {
            Ok(value) if value.is_finite() => push_f64(out, value),
            Ok(value) => push_not_finite(out, value, style),
            Err(_) => push_string(out, text),
        },
    }
}

/// Whether a byte cannot stand in a JSON string as it is.
const fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Appends a JSON string.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    // no early exit, so that the test of all bytes is done many at a time
    if bytes.iter().fold(false, |found, byte| found | needs_escape(*byte)) {
        push_escaped(out, bytes);
    } else {
        out.extend_from_slice(bytes);
    }
    out.push(b'"');
}

fn push_escaped(out: &mut Vec<u8>, mut bytes: &[u8]) {
    while let Some(at) = bytes.iter().position(|byte| needs_escape(*byte)) {
        out.extend_from_slice(&bytes[..at]);
        match bytes[at] {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            byte => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
            }
        }
        bytes = &bytes[at + 1..];
    }
    out.extend_from_slice(bytes);
}
