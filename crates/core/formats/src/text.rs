//! CSV and TSV, written straight from the columns.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use tessera_kernel::Result;

use crate::dates::{Moment, is_finite_date, is_finite_timestamp};
use crate::document::{Scalar, push_compact, scalar};
use crate::numbers::{push_f32, push_f64, push_integer};
use crate::pattern::Pattern;
use crate::python::{push_number, push_python};
use crate::values::{Cells, Column, not_finite, read_columns};
use crate::{DateStyle, Encoder, Options, Style};

/// Writes rows as lines of delimited fields. A field is quoted when it holds the delimiter, a quote
/// or a line break.
pub(crate) struct TextEncoder {
    schema: SchemaRef,
    delimiter: u8,
    style: Style,
    /// For dates and for dates with a time of day.
    patterns: Option<(Pattern, Pattern)>,
    escape_formulas: bool,
    scratch: Vec<u8>,
}

impl TextEncoder {
    pub(crate) fn new(schema: SchemaRef, options: &Options, delimiter: u8) -> Self {
        let patterns = match &options.dates {
            DateStyle::Iso => None,
            DateStyle::Pattern { date, datetime } => {
                Some((Pattern::parse(date), Pattern::parse(datetime)))
            }
        };
        Self {
            schema,
            delimiter,
            style: options.style,
            patterns,
            escape_formulas: options.escape_formulas,
            scratch: Vec::new(),
        }
    }

    fn push_cell(&mut self, out: &mut Vec<u8>, column: &Column, row: usize) {
        if column.is_null(row) {
            return;
        }
        match &column.cells {
            Cells::Integer(array) => push_integer(out, array.value(row)),
            Cells::Float(array) => self.push_float(out, array.value(row)),
            Cells::Single(array) => match array.value(row) {
                value if value.is_finite() => push_f32(out, value),
                value => self.push_float(out, f64::from(value)),
            },
            Cells::Decimal(array) => self.push_decimal(out, array.value(row)),
            Cells::Boolean(array) => {
                out.extend_from_slice(if array.value(row) { b"true" } else { b"false" });
            }
            Cells::Text(array) => self.push_text(out, array.value(row).as_bytes()),
            Cells::Document(array) => self.push_document(out, array.value(row)),
            Cells::Bytes(_) => self.push_scratch(out, true, |scratch, this| {
                column.push_plain(scratch, row, this.style);
            }),
            Cells::Date(_) | Cells::Time(_) | Cells::Timestamp(..) | Cells::Interval(_) => self
                .push_scratch(out, false, |scratch, this| {
                    this.push_moment(scratch, column, row);
                }),
        }
    }

    fn push_float(&self, out: &mut Vec<u8>, value: f64) {
        if value.is_finite() {
            push_f64(out, value);
        } else if self.style == Style::Exact {
            out.extend_from_slice(not_finite(value).as_bytes());
        }
    }

    fn push_decimal(&self, out: &mut Vec<u8>, text: &str) {
        match (self.style, text.parse::<f64>()) {
            (Style::Floating, Ok(value)) => self.push_float(out, value),
            _ => push_field(out, text.as_bytes(), self.delimiter),
        }
    }

    fn push_moment(&self, out: &mut Vec<u8>, column: &Column, row: usize) {
        match (&column.cells, &self.patterns) {
            (Cells::Date(array), Some((pattern, _))) if is_finite_date(array.value(row)) => {
                pattern.push(out, &Moment::from_days(i64::from(array.value(row))));
            }
            (Cells::Timestamp(array, _), Some((_, pattern)))
                if is_finite_timestamp(array.value(row)) =>
            {
                pattern.push(out, &Moment::from_micros(array.value(row)));
            }
            _ => column.push_plain(out, row, self.style),
        }
    }

    /// A JSON document or array: strings without their JSON quotes, null as nothing.
    fn push_document(&mut self, out: &mut Vec<u8>, text: &str) {
        match (scalar(text), self.style) {
            (Scalar::Null, _) => {}
            (Scalar::Text(text), _) => self.push_text(out, text.as_bytes()),
            (Scalar::Broken, _) => self.push_text(out, text.as_bytes()),
            (Scalar::Number(number), Style::Floating) => push_number(out, number),
            (Scalar::Number(number), Style::Exact) => out.extend_from_slice(number.as_bytes()),
            (Scalar::Boolean(value), Style::Floating) => {
                out.extend_from_slice(if value { b"True" } else { b"False" });
            }
            (Scalar::Boolean(value), Style::Exact) => {
                out.extend_from_slice(if value { b"true" } else { b"false" });
            }
            (Scalar::Nested, _) => self.push_scratch(out, true, |scratch, this| {
                push_nested(scratch, text, this.style);
            }),
        }
    }

    /// Appends a field that is written to a buffer first, to see whether it needs quotes.
    fn push_scratch(
        &mut self,
        out: &mut Vec<u8>,
        is_text: bool,
        write: impl FnOnce(&mut Vec<u8>, &Self),
    ) {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        write(&mut scratch, self);
        if is_text {
            self.push_text(out, &scratch);
        } else {
            push_field(out, &scratch, self.delimiter);
        }
        self.scratch = scratch;
    }

    /// Appends a field of text, which might look like a formula.
    fn push_text(&self, out: &mut Vec<u8>, text: &[u8]) {
        if !(self.escape_formulas && looks_like_formula(text)) {
            push_field(out, text, self.delimiter);
        } else if must_quote(text, self.delimiter) {
            out.extend_from_slice(b"\"'");
            push_doubled(out, text);
            out.push(b'"');
        } else {
            out.push(b'\'');
            out.extend_from_slice(text);
        }
    }

    /// Ends a line that began at `start`. A line with one field that is empty would be blank, which
    /// readers skip; so the field gets quotes.
    fn end_line(&self, out: &mut Vec<u8>, start: usize) {
        if out.len() == start && self.schema.fields().len() == 1 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(b"\r\n");
    }
}

impl Encoder for TextEncoder {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let start = out.len();
        for (index, field) in self.schema.fields().iter().enumerate() {
            if index > 0 {
                out.push(self.delimiter);
            }
            self.push_text(out, field.name().as_bytes());
        }
        self.end_line(out, start);
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        let columns = read_columns(&self.schema, batch)?;
        for row in 0..batch.num_rows() {
            let start = out.len();
            for (index, column) in columns.iter().enumerate() {
                if index > 0 {
                    out.push(self.delimiter);
                }
                self.push_cell(out, column, row);
            }
            self.end_line(out, start);
        }
        Ok(())
    }

    fn finish(&mut self, _out: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }
}

/// Appends a nested JSON document as text. It has been read before, so it is JSON; if not, it is
/// text as it is.
pub(crate) fn push_nested(out: &mut Vec<u8>, text: &str, style: Style) {
    let written = match style {
        Style::Exact => push_compact(out, text),
        Style::Floating => push_python(out, text),
    };
    if !written {
        out.extend_from_slice(text.as_bytes());
    }
}

/// Whether a spreadsheet program would take the text for a formula, also in full-width characters.
fn looks_like_formula(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r'))
        || ["＝", "＋", "－", "＠"].iter().any(|sign| text.starts_with(sign.as_bytes()))
}

fn must_quote(text: &[u8], delimiter: u8) -> bool {
    // no early exit, so that many bytes are tested at a time
    text.iter().fold(false, |found, byte| {
        found | (*byte == delimiter) | (*byte == b'"') | (*byte == b'\n') | (*byte == b'\r')
    })
}

/// Appends a field, in quotes if it needs them.
fn push_field(out: &mut Vec<u8>, text: &[u8], delimiter: u8) {
    if must_quote(text, delimiter) {
        out.push(b'"');
        push_doubled(out, text);
        out.push(b'"');
    } else {
        out.extend_from_slice(text);
    }
}

/// Appends text with its quotes doubled.
fn push_doubled(out: &mut Vec<u8>, text: &[u8]) {
    for (index, part) in text.split(|byte| *byte == b'"').enumerate() {
        if index > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(part);
    }
}
