//! The columns of an answer: in the few physical types that results have, with what they mean.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{DataType, Field, IntervalUnit, Schema, SchemaRef, TimeUnit};
use tessera_kernel::{COLUMN_KIND, COLUMN_SOURCE_TYPE, Code, ColumnKind, Fault, Result};

/// How an answer is shown.
pub(crate) struct Shown {
    schema: SchemaRef,
}

impl Shown {
    /// For an answer with these columns, as SQLite has them: truth values are 1 and 0.
    pub(crate) fn new(answer: &Schema) -> Result<Self> {
        Self::of(answer, false)
    }

    /// The same with truth values.
    pub(crate) fn exact(answer: &Schema) -> Result<Self> {
        Self::of(answer, true)
    }

    fn of(answer: &Schema, truth: bool) -> Result<Self> {
        let fields: Result<Vec<Field>> =
            answer.fields().iter().map(|field| shown(field, truth)).collect();
        Ok(Self { schema: Arc::new(Schema::new(fields?)) })
    }

    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    pub(crate) fn batch(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let pairs = batch.columns().iter().zip(self.schema.fields());
        let columns: std::result::Result<Vec<_>, _> = pairs
            .map(|(column, field)| {
                if column.data_type() == field.data_type() {
                    Ok(Arc::clone(column))
                } else {
                    arrow_cast::cast(column, field.data_type())
                }
            })
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let whole = columns.and_then(|columns| {
            RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
        });
        whole.map_err(|error| Fault::new(Code::SourceFailed, error.to_string()))
    }
}

fn shown(field: &Field, truth: bool) -> Result<Field> {
    let known = field.metadata().get(COLUMN_KIND).and_then(|kind| ColumnKind::parse(kind));
    let (physical, kind) = match field.data_type() {
        DataType::Boolean if truth => (DataType::Boolean, ColumnKind::Boolean),
        _ => physical(field)?,
    };
    // What a column meant is still so if it has the type that such columns have.
    let kept = known.filter(|known| {
        *known == kind
            || physical == DataType::Utf8
                && matches!(
                    known,
                    ColumnKind::Decimal
                        | ColumnKind::Json
                        | ColumnKind::Array
                        | ColumnKind::Uuid
                        | ColumnKind::Other
                )
    });
    let source = match (kept, field.metadata().get(COLUMN_SOURCE_TYPE), field.data_type()) {
        (Some(_), Some(source), _) => source.clone(),
        (_, _, DataType::Boolean) if !truth => "results:boolean".to_owned(),
        _ => format!("results:{}", kept.unwrap_or(kind).as_str()),
    };
    let metadata = HashMap::from([
        (COLUMN_KIND.to_owned(), kept.unwrap_or(kind).as_str().to_owned()),
        (COLUMN_SOURCE_TYPE.to_owned(), source),
    ]);
    Ok(Field::new(field.name(), physical, true).with_metadata(metadata))
}

fn physical(field: &Field) -> Result<(DataType, ColumnKind)> {
    Ok(match field.data_type() {
        DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64 => (DataType::Int64, ColumnKind::Integer),
        DataType::Float16
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => (DataType::Float64, ColumnKind::Float),
        DataType::Null | DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            (DataType::Utf8, ColumnKind::Text)
        }
        DataType::Date32 | DataType::Date64 => (DataType::Date32, ColumnKind::Date),
        DataType::Time32(_) | DataType::Time64(_) => {
            (DataType::Time64(TimeUnit::Microsecond), ColumnKind::Time)
        }
        DataType::Timestamp(_, None) => {
            (DataType::Timestamp(TimeUnit::Microsecond, None), ColumnKind::Timestamp)
        }
        DataType::Timestamp(_, Some(_)) => (
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            ColumnKind::TimestampTz,
        ),
        DataType::Interval(_) | DataType::Duration(_) => {
            (DataType::Interval(IntervalUnit::MonthDayNano), ColumnKind::Interval)
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            (DataType::Binary, ColumnKind::Bytes)
        }
        other => {
            let detail =
                format!("the column {:?} has the type {other}; cast it to text", field.name());
            return Err(Fault::new(Code::Unsupported, detail));
        }
    })
}
