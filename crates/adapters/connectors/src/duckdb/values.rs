//! Values of placeholders, as the row of Arrow that DuckDB takes.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::ArrowError;
use chrono::NaiveDate;
use tessera_sqltext::Bind;

/// One row, with a column for each placeholder. Texts get their type from where they stand, as
/// literals do: that is what DuckDB does with every text that is bound.
pub(super) fn row(binds: &[Bind]) -> Result<RecordBatch, ArrowError> {
    let columns = binds.iter().enumerate().map(|(place, bind)| {
        let number = place + 1;
        (number.to_string(), column(bind), false)
    });
    RecordBatch::try_from_iter_with_nullable(columns)
}

fn column(bind: &Bind) -> ArrayRef {
    match bind {
        Bind::Integer(number) => Arc::new(Int64Array::from(vec![*number])),
        Bind::Decimal(text) | Bind::Text(text) | Bind::Untyped(text) => {
            Arc::new(StringArray::from(vec![text.as_str()]))
        }
        Bind::Date(date) => {
            let days = date.signed_duration_since(NaiveDate::default()).num_days();
            // A day of the calendar that is known here is within 32 bits.
            Arc::new(Date32Array::from(vec![i32::try_from(days).unwrap_or(i32::MAX)]))
        }
        Bind::Datetime(time) => {
            let moment = time.and_utc().timestamp_micros();
            Arc::new(TimestampMicrosecondArray::from(vec![moment]))
        }
    }
}
