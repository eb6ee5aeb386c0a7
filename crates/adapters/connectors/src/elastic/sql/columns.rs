//! Rows of JSON into Arrow. Columns are as wide as their values need.

use serde_json::Value as Json;
use tessera_kernel::{ColumnKind, Result};

use super::super::door::failed;
use super::ask::Described;
use super::shapes::{Shape, candidates, date, float, moment, timestamp};
use crate::batch::{self, Builder, Column};

/// What a column may be, and what it is.
pub(super) struct Own {
    shapes: &'static [Shape],
    shape: Shape,
}

pub(super) type Columns = batch::Columns<Own>;

/// Whether a row was taken.
pub(super) enum Taken {
    Whole,
    /// A column has to be wider, and all to be read anew.
    Misfit,
}

/// Columns that the first rows fit. `wider` says for each which of its candidates it is at least.
pub(super) fn columns(
    described: &[Described],
    first: &[Vec<Json>],
    wider: &mut Vec<usize>,
) -> Result<Columns> {
    wider.resize(described.len(), 0);
    let shapes: Vec<_> = described.iter().map(|column| candidates(&column.kind)).collect();
    for row in first {
        fit(row, shapes.iter().copied(), wider)?;
    }
    let columns = described.iter().zip(shapes).zip(wider.iter());
    Ok(Columns::new(columns.map(|((column, shapes), place)| {
        let shape = at(shapes, *place);
        batch::Described {
            name: column.name().to_owned(),
            meaning: meaning(shape),
            single: false,
            source_type: format!("elasticsearch:{}", column.kind),
            own: Own { shapes, shape },
        }
    })))
}

fn meaning(shape: Shape) -> ColumnKind {
    match shape {
        Shape::Integer => ColumnKind::Integer,
        Shape::Decimal => ColumnKind::Decimal,
        Shape::Float => ColumnKind::Float,
        Shape::Boolean => ColumnKind::Boolean,
        Shape::Date => ColumnKind::Date,
        Shape::Timestamp => ColumnKind::Timestamp,
        Shape::Moment => ColumnKind::TimestampTz,
        Shape::Text => ColumnKind::Text,
        Shape::Document => ColumnKind::Json,
    }
}

pub(super) fn push(columns: &mut Columns, row: Vec<Json>, wider: &mut [usize]) -> Result<Taken> {
    if fit(&row, columns.each().map(|column| column.own.shapes), wider)? {
        return Ok(Taken::Misfit);
    }
    for (column, cell) in columns.each().zip(row) {
        push_value(column, cell);
    }
    columns.end_row();
    Ok(Taken::Whole)
}

fn at(shapes: &[Shape], place: usize) -> Shape {
    shapes.get(place).copied().unwrap_or(Shape::Document)
}

/// Makes columns as wide as a row needs them; tells whether one became wider.
fn fit(
    row: &[Json],
    shapes: impl Iterator<Item = &'static [Shape]>,
    wider: &mut [usize],
) -> Result<bool> {
    if row.len() != wider.len() {
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

/// Puts a value that fits; NULL is what there is no value of.
fn push_value(column: &mut Column<Own>, cell: Json) {
    let shape = column.own.shape;
    let text = || cell.as_str();
    match &mut column.builder {
        Builder::Integer(out) => out.append_option(cell.as_i64()),
        Builder::Double(out) => out.append_option(float(&cell)),
        Builder::Boolean(out) => out.append_option(cell.as_bool()),
        Builder::Date(out) => out.append_option(text().and_then(date)),
        Builder::Timestamp(out) => {
            let read = if shape == Shape::Moment { moment } else { timestamp };
            out.append_option(text().and_then(read));
        }
        Builder::Text(out) => match cell {
            Json::Null => out.append_null(),
            Json::String(text) if shape != Shape::Document => out.append_value(text),
            other => out.append_value(other.to_string()),
        },
        // No shape has them.
        other => other.push_null(),
    }
}
