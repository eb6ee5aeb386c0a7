//! The types of columns, found by their values, and the building of batches.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Float64Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde_json::Value as Json;
use tessera_kernel::{COLUMN_KIND, COLUMN_SOURCE_TYPE, ColumnKind, Fault, Result};

use super::{Cell, Each, Names, Target};

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Only NULL.
    Nothing,
    /// Truth values.
    Boolean,
    /// Whole numbers.
    Integer,
    /// Numbers.
    Real,
    /// Text.
    Text,
    /// Days with times.
    Timestamp,
    /// Of several kinds: each cell is a JSON value.
    Mixed,
}

/// Bytes of text after which a batch is passed on, however few rows it has.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Reads rows twice: once for the types of their columns, once for their values. `known` are the
/// shapes of the first columns, if those are known beforehand; then there is one pass only.
///
/// # Errors
/// Those of `scan` and `target`.
pub fn read_rows(
    source: &str,
    batch_rows: usize,
    known: Option<Vec<Shape>>,
    target: &mut dyn Target,
    scan: &dyn Fn(&mut Names, &mut Each<'_>) -> Result<()>,
) -> Result<()> {
    let mut names = Names::default();
    let shapes = match known {
        Some(shapes) => {
            // The names are there before the first row.
            let seen = scan(&mut names, &mut |_row| Err(stopped()));
            seen.or_else(|fault| if is_stopped(&fault) { Ok(()) } else { Err(fault) })?;
            shapes
        }
        None => {
            let mut shapes: Vec<Shape> = Vec::new();
            scan(&mut names, &mut |row| {
                target.check()?;
                for (place, cell) in &row {
                    if shapes.len() <= *place {
                        shapes.resize(place + 1, Shape::Nothing);
                    }
                    if let Some(shape) = shapes.get_mut(*place) {
                        *shape = shape.join(cell);
                    }
                }
                Ok(())
            })?;
            shapes
        }
    };
    let width = names.all().len();
    let shape = |place: usize| shapes.get(place).copied().unwrap_or(Shape::Nothing);
    let fields: Vec<Field> =
        names.all().iter().enumerate().map(|(at, name)| shape(at).field(name, source)).collect();
    let schema = Arc::new(Schema::new(fields));
    target.begin(Arc::clone(&schema))?;
    let mut batch = Batch {
        columns: (0..width).map(|place| Column::new(shape(place))).collect(),
        schema,
        rows: 0,
        bytes: 0,
    };
    scan(&mut names, &mut |row| {
        batch.push(row);
        if batch.rows >= batch_rows || batch.bytes >= BATCH_BYTES_MAX {
            target.batch(batch.take()?)?;
        }
        Ok(())
    })?;
    if batch.rows > 0 {
        target.batch(batch.take()?)?;
    }
    Ok(())
}

/// Ends a pass that has seen enough.
fn stopped() -> Fault {
    Fault::new(tessera_kernel::Code::Cancelled, "seen").with_reason(SEEN)
}

const SEEN: &str = "pass_ended";

fn is_stopped(fault: &Fault) -> bool {
    fault.reason() == Some(SEEN)
}

impl Shape {
    fn join(self, cell: &Cell<'_>) -> Self {
        let cell = match cell {
            Cell::Null => return self,
            Cell::Boolean(_) => Self::Boolean,
            Cell::Integer(_) => Self::Integer,
            Cell::Real(_) => Self::Real,
            Cell::Text(_) => Self::Text,
            Cell::Timestamp(_) => Self::Timestamp,
            Cell::Json(_) => Self::Mixed,
        };
        match (self, cell) {
            (Self::Nothing, cell) => cell,
            (one, other) if one == other => one,
            (Self::Integer, Self::Real) | (Self::Real, Self::Integer) => Self::Real,
            _ => Self::Mixed,
        }
    }

    fn field(self, name: &str, source: &str) -> Field {
        let (kind, physical, word) = match self {
            Self::Boolean => (ColumnKind::Boolean, DataType::Boolean, "boolean"),
            Self::Integer => (ColumnKind::Integer, DataType::Int64, "integer"),
            Self::Real => (ColumnKind::Float, DataType::Float64, "number"),
            Self::Text | Self::Nothing => (ColumnKind::Text, DataType::Utf8, "text"),
            Self::Timestamp => (
                ColumnKind::Timestamp,
                DataType::Timestamp(TimeUnit::Microsecond, None),
                "datetime",
            ),
            Self::Mixed => (ColumnKind::Json, DataType::Utf8, "any"),
        };
        Field::new(name, physical, true).with_metadata(HashMap::from([
            (COLUMN_KIND.to_owned(), kind.as_str().to_owned()),
            (COLUMN_SOURCE_TYPE.to_owned(), format!("{source}:{word}")),
        ]))
    }
}

/// The rows that make the next batch.
struct Batch {
    columns: Vec<Column>,
    schema: SchemaRef,
    rows: usize,
    bytes: usize,
}

impl Batch {
    fn push(&mut self, row: Vec<(usize, Cell<'_>)>) {
        for (place, cell) in row {
            if let Some(column) = self.columns.get_mut(place) {
                self.bytes += column.push(self.rows, cell);
            }
        }
        self.rows += 1;
    }

    fn take(&mut self) -> Result<RecordBatch> {
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let arrays = self.columns.iter_mut().map(|column| column.take(rows)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), arrays, &options)
            .map_err(|error| Fault::internal("rows do not fit their columns", error))
    }
}

/// The values of a column, and how many there are.
struct Column {
    length: usize,
    values: Values,
}

enum Values {
    Boolean(BooleanBuilder),
    Integer(Int64Builder),
    Real(Float64Builder),
    Text(StringBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Mixed(StringBuilder),
}

impl Column {
    fn new(shape: Shape) -> Self {
        let values = match shape {
            Shape::Boolean => Values::Boolean(BooleanBuilder::new()),
            Shape::Integer => Values::Integer(Int64Builder::new()),
            Shape::Real => Values::Real(Float64Builder::new()),
            Shape::Text | Shape::Nothing => Values::Text(StringBuilder::new()),
            Shape::Timestamp => Values::Timestamp(TimestampMicrosecondBuilder::new()),
            Shape::Mixed => Values::Mixed(StringBuilder::new()),
        };
        Self { length: 0, values }
    }

    fn pad(&mut self, length: usize) {
        let missing = length.saturating_sub(self.length);
        for _ in 0..missing {
            match &mut self.values {
                Values::Boolean(out) => out.append_null(),
                Values::Integer(out) => out.append_null(),
                Values::Real(out) => out.append_null(),
                Values::Text(out) | Values::Mixed(out) => out.append_null(),
                Values::Timestamp(out) => out.append_null(),
            }
        }
        self.length += missing;
    }

    /// Takes the value of a row, and says how many bytes it takes. Of several values for one row the
    /// first counts.
    #[expect(clippy::cast_precision_loss, reason = "as whoever wrote it beside fractions wanted")]
    fn push(&mut self, row: usize, cell: Cell<'_>) -> usize {
        self.pad(row);
        if self.length > row {
            return 0;
        }
        self.length += 1;
        match &mut self.values {
            Values::Boolean(out) => out.append_option(match cell {
                Cell::Boolean(value) => Some(value),
                _ => None,
            }),
            Values::Integer(out) => out.append_option(match cell {
                Cell::Integer(value) => Some(value),
                _ => None,
            }),
            Values::Real(out) => out.append_option(match cell {
                Cell::Real(value) => Some(value),
                Cell::Integer(value) => Some(value as f64),
                _ => None,
            }),
            Values::Timestamp(out) => out.append_option(match cell {
                Cell::Timestamp(value) => Some(value),
                _ => None,
            }),
            Values::Text(out) => match cell {
                Cell::Text(text) => {
                    out.append_value(&text);
                    return text.len();
                }
                _ => out.append_null(),
            },
            Values::Mixed(out) => {
                let text = match cell {
                    Cell::Null => None,
                    Cell::Boolean(value) => Some(value.to_string()),
                    Cell::Integer(value) => Some(value.to_string()),
                    Cell::Real(value) => Some(Json::from(value).to_string()),
                    Cell::Text(text) => Some(Json::from(text.as_ref()).to_string()),
                    Cell::Timestamp(micros) => Some(Json::from(micros).to_string()),
                    Cell::Json(text) => Some(text),
                };
                let bytes = text.as_ref().map_or(0, String::len);
                out.append_option(text);
                return bytes;
            }
        }
        size_of::<i64>()
    }

    fn take(&mut self, rows: usize) -> ArrayRef {
        self.pad(rows);
        self.length = 0;
        match &mut self.values {
            Values::Boolean(out) => Arc::new(out.finish()),
            Values::Integer(out) => Arc::new(out.finish()),
            Values::Real(out) => Arc::new(out.finish()),
            Values::Text(out) | Values::Mixed(out) => Arc::new(out.finish()),
            Values::Timestamp(out) => Arc::new(out.finish()),
        }
    }
}
