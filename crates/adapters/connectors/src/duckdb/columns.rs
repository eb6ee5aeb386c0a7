//! The columns of a result, in the types that results have.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow_array::builder::{Int64Builder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampSecondType,
    UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, RecordBatch, TimestampMicrosecondArray,
};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use tessera_kernel::{COLUMN_KIND, COLUMN_SOURCE_TYPE, Code, Fault, Result};

use super::cells;
use super::numbers;
use super::types::{Type, name};

/// The columns of one result.
pub(super) struct Columns {
    given: Vec<FieldRef>,
    kept: SchemaRef,
}

/// Rows, or the column that has a number beyond 64 bits for the first time.
pub(super) enum Read {
    Rows(RecordBatch),
    Wide(usize),
}

enum Array64 {
    Fits(ArrayRef),
    Wide,
}

impl Columns {
    /// Those that DuckDB names; the numbers of the columns in `wide` may be beyond 64 bits.
    pub(super) fn new(given: &Schema, wide: &BTreeSet<usize>) -> Self {
        let kept: Vec<Field> = given
            .fields()
            .iter()
            .enumerate()
            .map(|(place, field)| {
                let (kind, physical) = Type::of(field).kept(wide.contains(&place));
                Field::new(field.name(), physical, true).with_metadata(HashMap::from([
                    (COLUMN_KIND.to_owned(), kind.as_str().to_owned()),
                    (COLUMN_SOURCE_TYPE.to_owned(), format!("duckdb:{}", name(field))),
                ]))
            })
            .collect();
        Self { given: given.fields().to_vec(), kept: Arc::new(Schema::new(kept)) }
    }

    pub(super) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.kept)
    }

    /// Reads rows.
    pub(super) fn read(&self, batch: &RecordBatch) -> Result<Read> {
        let mut arrays = Vec::with_capacity(self.given.len());
        for (place, (field, array)) in self.given.iter().zip(batch.columns()).enumerate() {
            match kept(field, array, self.kept.field(place).data_type())? {
                Array64::Fits(array) => arrays.push(array),
                Array64::Wide => return Ok(Read::Wide(place)),
            }
        }
        RecordBatch::try_new(self.schema(), arrays)
            .map(Read::Rows)
            .map_err(|error| Fault::internal("rows do not fit their columns", error))
    }
}

fn kept(field: &Field, array: &ArrayRef, physical: &DataType) -> Result<Array64> {
    let kind = Type::of(field);
    Ok(Array64::Fits(match kind {
        Type::Unsigned | Type::Huge { .. } if *physical == DataType::Int64 => {
            return narrowed(kind, array);
        }
        Type::Boolean => {
            let rows =
                (0..array.len()).map(|row| array.is_valid(row).then(|| cells::is_true(array, row)));
            Arc::new(rows.collect::<BooleanArray>())
        }
        Type::Text
        | Type::Json
        | Type::Bytes
        | Type::Single
        | Type::Double
        | Type::Time
        | Type::Interval => Arc::clone(array),
        Type::Integer | Type::Enum => cast(array, physical)
            .map_err(|error| Fault::internal("reading a column of DuckDB", error))?,
        Type::Date => {
            let days = array.as_primitive::<Date32Type>();
            // Minus infinity has another place here.
            Arc::new(
                days.unary::<_, Date32Type>(|day| if day == -i32::MAX { i32::MIN } else { day }),
            ) as Arc<Date32Array>
        }
        Type::Timestamp(TimeUnit::Nanosecond) => texts(field, array)?,
        Type::Timestamp(_) | Type::TimestampTz => {
            let moments = moments(array)?;
            match physical {
                DataType::Timestamp(_, Some(zone)) => {
                    Arc::new(moments.with_timezone(Arc::clone(zone)))
                }
                _ => Arc::new(moments),
            }
        }
        _ => texts(field, array)?,
    }))
}

/// Numbers that may be beyond 64 bits with sign.
fn narrowed(kind: Type, array: &ArrayRef) -> Result<Array64> {
    let mut out = Int64Builder::with_capacity(array.len());
    for row in 0..array.len() {
        if array.is_null(row) {
            out.append_null();
            continue;
        }
        let number = match kind {
            Type::Huge { signed } => {
                let bytes = cells::sixteen(array, row)
                    .ok_or_else(|| Fault::new(Code::Internal, "a HUGEINT has 16 bytes"))?;
                numbers::narrow(bytes, signed)
            }
            _ => i64::try_from(array.as_primitive::<UInt64Type>().value(row)).ok(),
        };
        match number {
            Some(number) => out.append_value(number),
            None => return Ok(Array64::Wide),
        }
    }
    Ok(Array64::Fits(Arc::new(out.finish())))
}

/// Moments in microseconds; minus infinity has another place here.
fn moments(array: &ArrayRef) -> Result<TimestampMicrosecondArray> {
    let scaled = |factor: i64| {
        move |value: i64| match value {
            i64::MAX => Some(i64::MAX),
            value if value == -i64::MAX => Some(i64::MIN),
            value => value.checked_mul(factor),
        }
    };
    let read = |values: &arrow_array::PrimitiveArray<Int64Type>, factor: i64| {
        let scaled = scaled(factor);
        values.try_unary::<_, TimestampMicrosecondType, _>(|value| scaled(value).ok_or(()))
    };
    let (numbers, factor) = match array.data_type() {
        DataType::Timestamp(TimeUnit::Second, _) => {
            (array.as_primitive::<TimestampSecondType>().reinterpret_cast::<Int64Type>(), 1_000_000)
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => (
            array.as_primitive::<TimestampMillisecondType>().reinterpret_cast::<Int64Type>(),
            1_000,
        ),
        _ => (array.as_primitive::<TimestampMicrosecondType>().reinterpret_cast::<Int64Type>(), 1),
    };
    read(&numbers, factor).map_err(|()| {
        Fault::new(Code::SourceFailed, "a moment is out of range: cast it to VARCHAR")
    })
}

fn texts(field: &Field, array: &ArrayRef) -> Result<ArrayRef> {
    let mut out = StringBuilder::new();
    for row in 0..array.len() {
        if array.is_null(row) {
            out.append_null();
        } else {
            out.append_value(cells::text(field, array, row)?);
        }
    }
    Ok(Arc::new(out.finish()))
}
