//! The columns of a stored result as views name, compare and show them.

use arrow_schema::{DataType, Field, Schema};
use datafusion::common::Column;
use datafusion::prelude::{Expr, cast};
use tessera_kernel::{COLUMN_KIND, ColumnKind, Fault, Result};

use super::super::table::ROW;

/// A column by its name, whatever is in it.
pub(super) fn column(name: &str) -> Expr {
    Expr::Column(Column::new_unqualified(name))
}

/// The columns that a view can name.
pub(super) struct Columns<'a>(pub(super) &'a Schema);

impl<'a> Columns<'a> {
    /// All but the number of the row.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a Field> + use<'a> {
        self.0.fields().iter().map(AsRef::as_ref).filter(|field: &&Field| field.name() != ROW)
    }

    /// The column of a name; a fault says which member of the request named another.
    pub(super) fn field(&self, name: &str, member: &str) -> Result<&'a Field> {
        self.all().find(|field| field.name() == name).ok_or_else(|| {
            let names: Vec<&str> = self.all().map(|field| field.name().as_str()).collect();
            let detail = format!("there is no column {name:?}; it has {}", names.join(", "));
            Fault::invalid(member, detail)
        })
    }
}

/// What the values of a column are.
pub(super) fn kind(field: &Field) -> ColumnKind {
    let known = field.metadata().get(COLUMN_KIND).and_then(|kind| ColumnKind::parse(kind));
    known.unwrap_or(match field.data_type() {
        DataType::Int64 => ColumnKind::Integer,
        DataType::Float32 | DataType::Float64 => ColumnKind::Float,
        DataType::Boolean => ColumnKind::Boolean,
        DataType::Date32 => ColumnKind::Date,
        DataType::Timestamp(_, None) => ColumnKind::Timestamp,
        DataType::Timestamp(_, Some(_)) => ColumnKind::TimestampTz,
        _ => ColumnKind::Text,
    })
}

/// A column as it is compared and counted: decimals are numbers, not texts.
pub(super) fn comparable(field: &Field) -> Expr {
    match kind(field) {
        ColumnKind::Decimal => cast(column(field.name()), DataType::Float64),
        _ => column(field.name()),
    }
}
