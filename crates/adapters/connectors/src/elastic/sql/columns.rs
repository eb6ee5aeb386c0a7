//! Rows of JSON into Arrow: one builder for each column.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::builder::{
    BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use serde_json::Value as Json;
use tessera_kernel::{COLUMN_KIND, COLUMN_SOURCE_TYPE, ColumnKind, Fault, Result};

use super::super::door::failed;
use super::ask::Described;
use super::shapes::{Shape, candidates, date, float, moment, timestamp};

/// The columns of one result.
pub(super) struct Columns {
    shapes: Vec<&'static [Shape]>,
    builders: Vec<Builder>,
    schema: SchemaRef,
    rows: usize,
}

/// Whether a row was taken.
pub(super) enum Taken {
    Whole,
    /// A column has to be wider, and all to be read anew.
    Misfit,
}

enum Builder {
    Integer(Int64Builder),
    Float(Float64Builder),
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    /// Days with times, or moments.
    Micros(TimestampMicrosecondBuilder, fn(&str) -> Option<i64>),
    Text(StringBuilder),
    Document(StringBuilder),
}

impl Columns {
    /// Columns that the first rows fit. `wider` says for each which of its candidates it is at least.
    pub(super) fn new(
        described: &[Described],
        first: &[Vec<Json>],
        wider: &mut Vec<usize>,
    ) -> Result<Self> {
        wider.resize(described.len(), 0);
        let shapes: Vec<_> = described.iter().map(|column| candidates(&column.kind)).collect();
        for row in first {
            fit(row, &shapes, wider)?;
        }
        let chosen = shapes.iter().zip(wider.iter()).map(|(shapes, place)| at(shapes, *place));
        let (mut builders, mut fields) = (Vec::new(), Vec::new());
        for (column, shape) in described.iter().zip(chosen) {
            let (meaning, physical, builder) = builder(shape);
            let field = Field::new(column.name(), physical, true);
            fields.push(field.with_metadata(HashMap::from([
                (COLUMN_KIND.to_owned(), meaning.as_str().to_owned()),
                (COLUMN_SOURCE_TYPE.to_owned(), format!("elasticsearch:{}", column.kind)),
            ])));
            builders.push(builder);
        }
        Ok(Self { shapes, builders, schema: Arc::new(Schema::new(fields)), rows: 0 })
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Rows since the last batch.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn push(&mut self, row: Vec<Json>, wider: &mut [usize]) -> Result<Taken> {
        if fit(&row, &self.shapes, wider)? {
            return Ok(Taken::Misfit);
        }
        for (builder, cell) in self.builders.iter_mut().zip(row) {
            builder.push(cell);
        }
        self.rows += 1;
        Ok(Taken::Whole)
    }

    pub(super) fn take(&mut self) -> Result<RecordBatch> {
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows));
        self.rows = 0;
        let arrays = self.builders.iter_mut().map(Builder::finish).collect();
        RecordBatch::try_new_with_options(self.schema(), arrays, &options)
            .map_err(|error| Fault::internal("rows do not fit their columns", error))
    }
}

fn at(shapes: &[Shape], place: usize) -> Shape {
    shapes.get(place).copied().unwrap_or(Shape::Document)
}

/// Makes columns as wide as a row needs them; tells whether one became wider.
fn fit(row: &[Json], shapes: &[&'static [Shape]], wider: &mut [usize]) -> Result<bool> {
    if row.len() != shapes.len() {
        return Err(failed("the server sent a row that does not have the form of its columns"));
    }
    let mut grown = false;
    for ((cell, shapes), place) in row.iter().zip(shapes).zip(wider) {
        while !at(shapes, *place).fits(cell) {
            *place += 1;
            grown = true;
        }
    }
    Ok(grown)
}

fn builder(shape: Shape) -> (ColumnKind, DataType, Builder) {
    let micros = |zone: Option<&str>, read| {
        let physical = DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
        let builder = TimestampMicrosecondBuilder::new().with_data_type(physical.clone());
        (physical, Builder::Micros(builder, read))
    };
    let text = |meaning| (meaning, DataType::Utf8, Builder::Text(StringBuilder::new()));
    match shape {
        Shape::Integer => {
            (ColumnKind::Integer, DataType::Int64, Builder::Integer(Int64Builder::new()))
        }
        Shape::Decimal => text(ColumnKind::Decimal),
        Shape::Float => {
            (ColumnKind::Float, DataType::Float64, Builder::Float(Float64Builder::new()))
        }
        Shape::Boolean => {
            (ColumnKind::Boolean, DataType::Boolean, Builder::Boolean(BooleanBuilder::new()))
        }
        Shape::Date => (ColumnKind::Date, DataType::Date32, Builder::Date(Date32Builder::new())),
        Shape::Timestamp => {
            let (physical, builder) = micros(None, timestamp);
            (ColumnKind::Timestamp, physical, builder)
        }
        Shape::Moment => {
            let (physical, builder) = micros(Some("UTC"), moment);
            (ColumnKind::TimestampTz, physical, builder)
        }
        Shape::Text => text(ColumnKind::Text),
        Shape::Document => {
            (ColumnKind::Json, DataType::Utf8, Builder::Document(StringBuilder::new()))
        }
    }
}

impl Builder {
    /// Takes a value that fits; NULL is what there is no value of.
    fn push(&mut self, cell: Json) {
        let text = || cell.as_str();
        match self {
            Self::Integer(out) => out.append_option(cell.as_i64()),
            Self::Float(out) => out.append_option(float(&cell)),
            Self::Boolean(out) => out.append_option(cell.as_bool()),
            Self::Date(out) => out.append_option(text().and_then(date)),
            Self::Micros(out, read) => out.append_option(text().and_then(*read)),
            Self::Text(out) | Self::Document(out) if cell.is_null() => out.append_null(),
            Self::Text(out) => match cell {
                Json::String(text) => out.append_value(text),
                other => out.append_value(other.to_string()),
            },
            Self::Document(out) => out.append_value(cell.to_string()),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Integer(out) => Arc::new(out.finish()),
            Self::Float(out) => Arc::new(out.finish()),
            Self::Boolean(out) => Arc::new(out.finish()),
            Self::Date(out) => Arc::new(out.finish()),
            Self::Micros(out, _) => Arc::new(out.finish()),
            Self::Text(out) | Self::Document(out) => Arc::new(out.finish()),
        }
    }
}
