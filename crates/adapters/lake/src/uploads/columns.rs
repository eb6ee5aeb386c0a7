//! The meaning of columns that say nothing about it, by their physical types.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use tessera_bi::TableColumn;
use tessera_kernel::{COLUMN_KIND, COLUMN_SOURCE_TYPE, ColumnKind, Fault, Result};

/// The same columns, each with its kind.
pub(super) fn told(schema: &Schema) -> SchemaRef {
    let fields: Vec<Field> = schema.fields().iter().map(|field| tell(field)).collect();
    Arc::new(Schema::new(fields))
}

fn tell(field: &Field) -> Field {
    let mut metadata = field.metadata().clone();
    let kind = kind(field.data_type());
    let physical = match kind {
        ColumnKind::Other => DataType::Utf8,
        _ => field.data_type().clone(),
    };
    metadata.entry(COLUMN_KIND.to_owned()).or_insert_with(|| kind.as_str().to_owned());
    metadata
        .entry(COLUMN_SOURCE_TYPE.to_owned())
        .or_insert_with(|| format!("files:{}", word(field.data_type())));
    Field::new(field.name(), physical, true).with_metadata(metadata)
}

fn kind(physical: &DataType) -> ColumnKind {
    match physical {
        DataType::Boolean => ColumnKind::Boolean,
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32 => ColumnKind::Integer,
        DataType::UInt64
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => ColumnKind::Decimal,
        DataType::Float16 | DataType::Float32 | DataType::Float64 => ColumnKind::Float,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => {
            ColumnKind::Text
        }
        DataType::Dictionary(_, value) => kind(value),
        DataType::Date32 | DataType::Date64 => ColumnKind::Date,
        DataType::Time32(_) | DataType::Time64(_) => ColumnKind::Time,
        DataType::Timestamp(_, None) => ColumnKind::Timestamp,
        DataType::Timestamp(_, Some(_)) => ColumnKind::TimestampTz,
        DataType::Interval(_) => ColumnKind::Interval,
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => ColumnKind::Bytes,
        _ => ColumnKind::Other,
    }
}

/// A batch whose columns are told: those that only their own words describe become text.
pub(super) fn as_told(schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch> {
    let columns: Result<Vec<ArrayRef>> = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| {
            if field.data_type() == column.data_type() {
                Ok(Arc::clone(column))
            } else {
                text(column)
            }
        })
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns?, &options)
        .map_err(|error| Fault::internal("rows do not fit their columns", error))
}

fn text(column: &ArrayRef) -> Result<ArrayRef> {
    let options = FormatOptions::new().with_null("null");
    let unreadable = |error| Fault::internal("a column cannot be shown as text", error);
    let formatter = ArrayFormatter::try_new(column.as_ref(), &options).map_err(unreadable)?;
    let texts = (0..column.len())
        .map(|row| (!column.is_null(row)).then(|| formatter.value(row).to_string()));
    Ok(Arc::new(texts.collect::<arrow_array::StringArray>()))
}

/// Columns of a table, for people.
pub(super) fn listed(schema: &Schema) -> Vec<TableColumn> {
    let column = |field: &Arc<Field>| TableColumn {
        name: field.name().clone(),
        kind: word(field.data_type()).to_owned(),
    };
    schema.fields().iter().map(column).collect()
}

fn word(physical: &DataType) -> &'static str {
    match kind(physical) {
        ColumnKind::Boolean => "boolean",
        ColumnKind::Integer => "bigint",
        ColumnKind::Decimal => "numeric",
        ColumnKind::Float => "double precision",
        ColumnKind::Date => "date",
        ColumnKind::Time => "time",
        ColumnKind::Timestamp => "timestamp",
        ColumnKind::TimestampTz => "timestamp with time zone",
        ColumnKind::Interval => "interval",
        ColumnKind::Bytes => "bytea",
        _ => "text",
    }
}
