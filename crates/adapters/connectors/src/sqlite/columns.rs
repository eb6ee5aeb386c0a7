//! The types of a result's columns. SQLite has types for values, not for columns: a column's type is
//! what its declaration and its first rows say, and is widened when a later value does not fit.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, BooleanBuilder, Float64Builder, Int64Builder, StringBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use rusqlite::Statement;
use rusqlite::types::Value as Cell;
use serde_json::Value as Json;
use tessera_kernel::{COLUMN_KIND, COLUMN_SOURCE_TYPE, ColumnKind, Fault, Result};

/// What the values of a column were so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shape {
    /// Only NULL.
    Nothing,
    Boolean,
    /// Whole numbers that floating point can hold too.
    Integer,
    /// Whole numbers, some of which it cannot.
    Large,
    Real,
    Text,
    Blob,
    /// Of several kinds: each cell is a JSON scalar.
    Mixed,
}

struct Column {
    name: String,
    declared: Option<String>,
    shape: Shape,
}

/// The columns of one result.
#[derive(Default)]
pub(super) struct Columns {
    columns: Vec<Column>,
}

impl Columns {
    /// Takes names and declared types of a statement; what was learnt in an earlier pass stays.
    pub(super) fn declare(&mut self, statement: &Statement<'_>) {
        if !self.columns.is_empty() {
            return;
        }
        self.columns = statement
            .columns()
            .iter()
            .map(|column| Column {
                name: column.name().to_owned(),
                declared: column.decl_type().map(str::to_owned),
                shape: Shape::Nothing,
            })
            .collect();
    }

    /// Decides the types by the first rows.
    pub(super) fn settle(&mut self, batch: &[Vec<Cell>]) {
        for (column, cells) in self.columns.iter_mut().zip(batch) {
            let seen = cells
                .iter()
                .fold(column.shape, |shape, cell| join(shape, column.declared.as_deref(), cell));
            column.shape = match seen {
                Shape::Nothing => by_declaration(column.declared.as_deref()),
                seen => seen,
            };
        }
    }

    /// Widens types for later rows; `true` if that changed anything.
    pub(super) fn widen(&mut self, batch: &[Vec<Cell>]) -> bool {
        let mut changed = false;
        for (column, cells) in self.columns.iter_mut().zip(batch) {
            let seen = cells
                .iter()
                .fold(column.shape, |shape, cell| join(shape, column.declared.as_deref(), cell));
            changed |= seen != column.shape;
            column.shape = seen;
        }
        changed
    }

    pub(super) fn schema(&self) -> SchemaRef {
        let fields: Vec<Field> = self.columns.iter().map(field).collect();
        Arc::new(Schema::new(fields))
    }

    /// Takes the cells into a batch and leaves the vectors empty.
    pub(super) fn batch(&self, cells: &mut [Vec<Cell>]) -> Result<RecordBatch> {
        let arrays: Vec<ArrayRef> = self
            .columns
            .iter()
            .zip(cells)
            .map(|(column, cells)| array(column.shape, &std::mem::take(cells)))
            .collect();
        RecordBatch::try_new(self.schema(), arrays)
            .map_err(|error| Fault::internal("rows do not fit their columns", error))
    }
}

fn field(column: &Column) -> Field {
    let (kind, physical) = match column.shape {
        Shape::Boolean => (ColumnKind::Boolean, DataType::Boolean),
        Shape::Integer | Shape::Large => (ColumnKind::Integer, DataType::Int64),
        Shape::Real => (ColumnKind::Float, DataType::Float64),
        Shape::Blob => (ColumnKind::Bytes, DataType::Binary),
        Shape::Mixed => (ColumnKind::Json, DataType::Utf8),
        Shape::Text | Shape::Nothing => (ColumnKind::Text, DataType::Utf8),
    };
    let stored = match column.shape {
        Shape::Boolean | Shape::Integer | Shape::Large => "INTEGER",
        Shape::Real => "REAL",
        Shape::Blob => "BLOB",
        Shape::Text => "TEXT",
        Shape::Nothing => "NULL",
        Shape::Mixed => "",
    };
    let source = column.declared.as_deref().unwrap_or(stored);
    Field::new(&column.name, physical, true).with_metadata(HashMap::from([
        (COLUMN_KIND.to_owned(), kind.as_str().to_owned()),
        (COLUMN_SOURCE_TYPE.to_owned(), format!("sqlite:{source}")),
    ]))
}

/// What a column of NULLs is by its declaration (SQLite's rules of affinity).
fn by_declaration(declared: Option<&str>) -> Shape {
    let Some(declared) = declared else { return Shape::Text };
    let declared = declared.to_ascii_uppercase();
    let has = |word: &str| declared.contains(word);
    if has("BOOL") {
        Shape::Boolean
    } else if has("INT") {
        Shape::Integer
    } else if has("REAL") || has("FLOA") || has("DOUB") || has("DEC") || has("NUM") {
        Shape::Real
    } else if has("BLOB") {
        Shape::Blob
    } else {
        Shape::Text
    }
}

fn join(shape: Shape, declared: Option<&str>, cell: &Cell) -> Shape {
    let is = |shape: Shape| by_declaration(declared) == shape;
    let cell = match cell {
        Cell::Null => return shape,
        Cell::Integer(0 | 1) if is(Shape::Boolean) => Shape::Boolean,
        // A column declared for fractions has whole numbers without being one of them.
        Cell::Integer(number) if is(Shape::Real) && fits_float(*number) => Shape::Real,
        Cell::Integer(number) if fits_float(*number) => Shape::Integer,
        Cell::Integer(_) => Shape::Large,
        Cell::Real(_) => Shape::Real,
        Cell::Text(_) => Shape::Text,
        Cell::Blob(_) => Shape::Blob,
    };
    match (shape, cell) {
        (Shape::Nothing, cell) => cell,
        (shape, cell) if shape == cell => shape,
        (Shape::Boolean, Shape::Integer) | (Shape::Integer, Shape::Boolean) => Shape::Integer,
        (Shape::Boolean | Shape::Integer, Shape::Large)
        | (Shape::Large, Shape::Boolean | Shape::Integer) => Shape::Large,
        (Shape::Boolean | Shape::Integer, Shape::Real)
        | (Shape::Real, Shape::Boolean | Shape::Integer) => Shape::Real,
        _ => Shape::Mixed,
    }
}

/// Whether a whole number is the same as a floating-point one.
fn fits_float(number: i64) -> bool {
    number.unsigned_abs() <= 1 << 53
}

#[expect(clippy::cast_precision_loss, reason = "only numbers that fit come here")]
fn array(shape: Shape, cells: &[Cell]) -> ArrayRef {
    match shape {
        Shape::Boolean => {
            let mut out = BooleanBuilder::with_capacity(cells.len());
            for cell in cells {
                out.append_option(match cell {
                    Cell::Integer(number) => Some(*number != 0),
                    _ => None,
                });
            }
            Arc::new(out.finish())
        }
        Shape::Integer | Shape::Large => {
            let mut out = Int64Builder::with_capacity(cells.len());
            for cell in cells {
                out.append_option(match cell {
                    Cell::Integer(number) => Some(*number),
                    _ => None,
                });
            }
            Arc::new(out.finish())
        }
        Shape::Real => {
            let mut out = Float64Builder::with_capacity(cells.len());
            for cell in cells {
                out.append_option(match cell {
                    Cell::Real(number) => Some(*number),
                    Cell::Integer(number) => Some(*number as f64),
                    _ => None,
                });
            }
            Arc::new(out.finish())
        }
        Shape::Blob => {
            let mut out = BinaryBuilder::new();
            for cell in cells {
                out.append_option(match cell {
                    Cell::Blob(bytes) => Some(bytes),
                    _ => None,
                });
            }
            Arc::new(out.finish())
        }
        Shape::Text | Shape::Nothing => {
            let mut out = StringBuilder::new();
            for cell in cells {
                out.append_option(match cell {
                    Cell::Text(text) => Some(text),
                    _ => None,
                });
            }
            Arc::new(out.finish())
        }
        Shape::Mixed => {
            let mut out = StringBuilder::new();
            for cell in cells {
                out.append_option(scalar(cell));
            }
            Arc::new(out.finish())
        }
    }
}

/// A cell of a mixed column: a JSON scalar. Bytes are written in hexadecimal.
fn scalar(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Null => None,
        Cell::Integer(number) => Some(number.to_string()),
        Cell::Real(number) => Some(Json::from(*number).to_string()),
        Cell::Text(text) => Some(Json::from(text.as_str()).to_string()),
        Cell::Blob(bytes) => Some(Json::from(hex::encode(bytes)).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(declared: Option<&str>, cells: &[Cell], expected: Shape) {
        let mut columns = Columns {
            columns: vec![Column {
                name: "c".to_owned(),
                declared: declared.map(str::to_owned),
                shape: Shape::Nothing,
            }],
        };
        columns.settle(&[cells.to_vec()]);
        assert_eq!(columns.columns[0].shape, expected, "{declared:?} {cells:?}");
    }

    #[test]
    fn a_column_is_what_its_values_are() {
        use Cell::{Integer, Null, Real, Text};
        check(None, &[Null, Integer(1)], Shape::Integer);
        check(None, &[Real(1.5), Null], Shape::Real);
        check(None, &[Integer(1), Text("a".to_owned())], Shape::Mixed);
        check(None, &[Integer(1), Real(1.5)], Shape::Real);
        check(None, &[Integer(1 << 60), Real(1.5)], Shape::Mixed);
        check(None, &[Integer(1), Integer(1 << 60)], Shape::Large);
        check(None, &[Null], Shape::Text);
        check(Some("INTEGER"), &[Null], Shape::Integer);
        check(Some("BOOLEAN"), &[Integer(1), Integer(0)], Shape::Boolean);
        check(Some("BOOLEAN"), &[Integer(1), Integer(2)], Shape::Integer);
        check(Some("DECIMAL(10,2)"), &[Integer(2), Real(1.5)], Shape::Real);
        check(Some("REAL"), &[Real(1.5), Real(2.0)], Shape::Real);
    }
}
