//! XLSX workbooks: one sheet of typed cells, written to temporary files in constant memory.

use std::io::{BufWriter, Seek, SeekFrom};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, Worksheet, XlsxError};
use tempfile::SpooledTempFile;
use tessera_kernel::{Code, Fault, Result};

use crate::document::{Scalar, scalar};
use crate::numbers::{fits_float, widen};
use crate::text::push_nested;
use crate::values::{Cells, Column, not_finite, read_columns};
use crate::{Encoder, Options, Style};

const MAX_ROWS: u32 = 1_048_576;
const MAX_COLUMNS: usize = 16_384;
const MAX_TEXT: usize = 32_767;
/// Files up to this size stay in memory.
const IN_MEMORY_BYTES: usize = 256 * 1024;
/// Whole numbers up to this are exact as 64-bit floats, which is what cells hold.
const MAX_EXACT_INTEGER: u64 = 1 << 53;

/// Writes a workbook. No cell is ever a formula, whatever its text begins with.
pub(crate) struct XlsxEncoder {
    schema: SchemaRef,
    style: Style,
    /// Gone when the file is finished.
    workbook: Option<Workbook>,
    next_row: u32,
    scratch: Vec<u8>,
    file: Option<SpooledTempFile>,
}

impl XlsxEncoder {
    pub(crate) fn new(schema: SchemaRef, options: &Options) -> Result<Self> {
        let columns = schema.fields().len();
        if columns > MAX_COLUMNS {
            return Err(Fault::new(
                Code::TooLarge,
                format!(
                    "the result has {columns} columns and xlsx holds at most {MAX_COLUMNS}; \
                     download it as csv or parquet"
                ),
            ));
        }
        let mut workbook = Workbook::new();
        // the same rows make the same file
        let created = ExcelDateTime::from_ymd(2000, 1, 1).map_err(broken)?;
        workbook.set_properties(&DocProperties::new().set_creation_datetime(&created));
        workbook
            .add_worksheet_with_constant_memory()
            .map_err(broken)?
            .set_name(&options.sheet_name)
            .map_err(|error| {
                let detail = "is not a name that a sheet may have: up to 31 characters, none of \
                              []:*?/\\, no apostrophe at either end";
                Fault::invalid("sheet_name", detail).with_source(error)
            })?;
        Ok(Self {
            schema,
            style: options.style,
            workbook: Some(workbook),
            next_row: 0,
            scratch: Vec::new(),
            file: None,
        })
    }
}

impl Encoder for XlsxEncoder {
    fn begin(&mut self, _out: &mut Vec<u8>) -> Result<()> {
        let sheet = sheet(self.workbook.as_mut())?;
        for (index, field) in self.schema.fields().iter().enumerate() {
            write_text(sheet, 0, column_number(index)?, field.name(), field.name())?;
        }
        self.next_row = 1;
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch, _out: &mut Vec<u8>) -> Result<()> {
        let columns = read_columns(&self.schema, batch)?;
        let sheet = sheet(self.workbook.as_mut())?;
        for row in 0..batch.num_rows() {
            if self.next_row >= MAX_ROWS {
                return Err(Fault::new(
                    Code::TooLarge,
                    format!(
                        "xlsx holds at most {MAX_ROWS} rows with the header; download the result \
                         as csv or parquet"
                    ),
                ));
            }
            for (index, column) in columns.iter().enumerate() {
                if column.is_null(row) {
                    continue;
                }
                let mut place = Place {
                    sheet: &mut *sheet,
                    row: self.next_row,
                    column: column_number(index)?,
                    name: self.schema.field(index).name(),
                    style: self.style,
                };
                place.write(column, row, &mut self.scratch)?;
            }
            self.next_row += 1;
        }
        Ok(())
    }

    fn finish(&mut self, _out: &mut Vec<u8>) -> Result<()> {
        let mut workbook = self.workbook.take().ok_or_else(finished)?;
        let mut writer = BufWriter::new(SpooledTempFile::new(IN_MEMORY_BYTES));
        workbook.save_to_writer(&mut writer).map_err(broken)?;
        let rewound = writer.into_inner().map_err(std::io::IntoInnerError::into_error).and_then(
            |mut file| {
                file.seek(SeekFrom::Start(0))?;
                Ok(file)
            },
        );
        self.file = Some(rewound.map_err(|error| {
            Fault::internal("the temporary file of the workbook cannot be written", error)
        })?);
        Ok(())
    }

    fn take_file(&mut self) -> Option<SpooledTempFile> {
        self.file.take()
    }
}

fn finished() -> Fault {
    Fault::new(Code::Internal, "the workbook is finished and takes no more rows")
}

fn broken(error: XlsxError) -> Fault {
    Fault::internal("the workbook cannot be written", error)
}

fn sheet(workbook: Option<&mut Workbook>) -> Result<&mut Worksheet> {
    workbook.ok_or_else(finished)?.worksheet_from_index(0).map_err(broken)
}

fn column_number(index: usize) -> Result<u16> {
    u16::try_from(index).map_err(|error| Fault::internal("there are too many columns", error))
}

/// Writes text, or refuses it when a cell cannot hold it.
fn write_text(sheet: &mut Worksheet, row: u32, column: u16, name: &str, text: &str) -> Result<()> {
    // the limit counts UTF-16 units; there are never more of them than bytes
    if text.len() > MAX_TEXT && text.encode_utf16().count() > MAX_TEXT {
        return Err(Fault::new(
            Code::TooLarge,
            format!(
                "a text in column `{name}` is longer than the {MAX_TEXT} characters of an xlsx \
                 cell; download the result as csv or parquet"
            ),
        )
        .with_field(name));
    }
    sheet.write_string(row, column, text).map_err(broken)?;
    Ok(())
}

/// One cell to be written.
struct Place<'a> {
    sheet: &'a mut Worksheet,
    row: u32,
    column: u16,
    name: &'a str,
    style: Style,
}

impl Place<'_> {
    fn write(&mut self, column: &Column, row: usize, scratch: &mut Vec<u8>) -> Result<()> {
        match &column.cells {
            Cells::Integer(array) => self.integer(array.value(row)),
            Cells::Float(array) => self.float(array.value(row)),
            Cells::Single(array) => self.float(widen(array.value(row))),
            Cells::Decimal(array) => self.decimal(array.value(row)),
            Cells::Boolean(array) => self.boolean(array.value(row)),
            Cells::Text(array) => self.text(array.value(row)),
            Cells::Document(array) => self.document(array.value(row), scratch),
            Cells::Date(_)
            | Cells::Time(_)
            | Cells::Timestamp(..)
            | Cells::Interval(_)
            | Cells::Bytes(_) => {
                scratch.clear();
                column.push_plain(scratch, row, self.style);
                self.text(&String::from_utf8_lossy(scratch))
            }
        }
    }

    fn text(&mut self, text: &str) -> Result<()> {
        write_text(self.sheet, self.row, self.column, self.name, text)
    }

    fn boolean(&mut self, value: bool) -> Result<()> {
        self.sheet.write_boolean(self.row, self.column, value).map_err(broken)?;
        Ok(())
    }

    /// A whole number; one that a cell would round is text when nothing may be lost.
    fn integer(&mut self, value: i64) -> Result<()> {
        if self.style == Style::Exact && value.unsigned_abs() > MAX_EXACT_INTEGER {
            self.text(&value.to_string())
        } else {
            self.float(value as f64)
        }
    }

    fn float(&mut self, value: f64) -> Result<()> {
        let value = match self.style {
            _ if !value.is_finite() => {
                return match self.style {
                    Style::Exact => self.text(not_finite(value)),
                    Style::Floating => Ok(()),
                };
            }
            Style::Exact => value,
            Style::Floating => sixteen_digits(value),
        };
        self.sheet.write_number(self.row, self.column, value).map_err(broken)?;
        Ok(())
    }

    fn decimal(&mut self, text: &str) -> Result<()> {
        match text.parse::<f64>() {
            Ok(value) if self.style == Style::Floating || fits_float(text) => self.float(value),
            _ => self.text(text),
        }
    }

    fn document(&mut self, text: &str, scratch: &mut Vec<u8>) -> Result<()> {
        match scalar(text) {
            Scalar::Null => Ok(()),
            Scalar::Boolean(value) => self.boolean(value),
            Scalar::Number(number) => self.decimal(number),
            Scalar::Text(text) => self.text(&text),
            Scalar::Broken => self.text(text),
            Scalar::Nested => {
                scratch.clear();
                push_nested(scratch, text, self.style);
                self.text(&String::from_utf8_lossy(scratch))
            }
        }
    }
}

/// The nearest number with sixteen significant digits, as many as spreadsheet programs store.
fn sixteen_digits(value: f64) -> f64 {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return value;
    }
    format!("{value:.15e}").parse().unwrap_or(value)
}
