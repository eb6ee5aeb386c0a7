//! Rows into Arrow.

use tessera_kernel::{Code, ColumnKind, Fault, Result};
use tiberius::time::Time;
use tiberius::{Column, ColumnData, ColumnType, Row};

use crate::batch::{self, Builder, Columns};

/// 1970-01-01, in days since 0001-01-01 counted from 0, and since 1900-01-01.
const EPOCH_DAYS: i32 = 719_162;
const EPOCH_DAYS_1900: i64 = 25_567;

const DAY_MICROS: i64 = 86_400_000_000;

fn malformed() -> Fault {
    Fault::new(Code::Internal, "the server sent a value that does not have the form of its type")
}

pub(super) fn columns(described: &[Column]) -> Columns {
    Columns::new(described.iter().map(|column| batch::Described {
        name: column.name().to_owned(),
        meaning: meaning(column.column_type()),
        single: false,
        source_type: format!("mssql:{:?}", column.column_type()).to_ascii_lowercase(),
        own: (),
    }))
}

pub(super) fn push(columns: &mut Columns, row: Row) -> Result<()> {
    let mut bytes = 0;
    for (column, cell) in columns.each().zip(row) {
        bytes += match &cell {
            ColumnData::String(Some(text)) => text.len(),
            ColumnData::Binary(Some(bytes)) => bytes.len(),
            _ => 8,
        };
        push_value(&mut column.builder, cell)?;
    }
    columns.add_bytes(bytes);
    columns.end_row();
    Ok(())
}

fn meaning(kind: ColumnType) -> ColumnKind {
    use ColumnType as T;
    match kind {
        T::Int1 | T::Int2 | T::Int4 | T::Int8 | T::Intn => ColumnKind::Integer,
        T::Bit | T::Bitn => ColumnKind::Boolean,
        // The driver reads money as a floating-point number.
        T::Float4 | T::Float8 | T::Floatn | T::Money | T::Money4 => ColumnKind::Float,
        T::Decimaln | T::Numericn => ColumnKind::Decimal,
        T::Daten => ColumnKind::Date,
        T::Datetime | T::Datetime4 | T::Datetimen | T::Datetime2 => ColumnKind::Timestamp,
        T::DatetimeOffsetn => ColumnKind::TimestampTz,
        T::BigVarBin | T::BigBinary | T::Image | T::Udt => ColumnKind::Bytes,
        T::Guid => ColumnKind::Uuid,
        T::Timen | T::Xml | T::SSVariant => ColumnKind::Other,
        T::Null | T::BigVarChar | T::BigChar | T::NVarchar | T::NChar | T::Text | T::NText => {
            ColumnKind::Text
        }
    }
}

/// Microseconds since the beginning of the day.
fn since_midnight(time: Time) -> Result<i64> {
    let ticks = i64::try_from(time.increments()).map_err(|_| malformed())?;
    let scale = u32::from(time.scale());
    // A tenth of a microsecond is the finest there is.
    if scale > 6 { Ok(ticks / 10_i64.pow(scale - 6)) } else { Ok(ticks * 10_i64.pow(6 - scale)) }
}

/// Microseconds since 1970.
fn moment(cell: &ColumnData<'_>) -> Result<Option<i64>> {
    let day = |days: u32| -> Result<i64> {
        Ok(i64::from(i32::try_from(days).map_err(|_| malformed())? - EPOCH_DAYS))
    };
    Ok(match cell {
        ColumnData::DateTime(found) => found.map(|time| {
            let days = i64::from(time.days()) - EPOCH_DAYS_1900;
            // Three-hundredths of a second, which are shown as milliseconds.
            let millis = (i64::from(time.seconds_fragments()) * 10 + 1) / 3;
            days * DAY_MICROS + millis * 1000
        }),
        ColumnData::SmallDateTime(found) => found.map(|time| {
            let days = i64::from(time.days()) - EPOCH_DAYS_1900;
            days * DAY_MICROS + i64::from(time.seconds_fragments()) * 60_000_000
        }),
        ColumnData::DateTime2(Some(time)) => {
            Some(day(time.date().days())? * DAY_MICROS + since_midnight(time.time())?)
        }
        // Its date and time are those of UTC.
        ColumnData::DateTimeOffset(Some(time)) => {
            let time = time.datetime2();
            Some(day(time.date().days())? * DAY_MICROS + since_midnight(time.time())?)
        }
        ColumnData::DateTime2(None) | ColumnData::DateTimeOffset(None) => None,
        ColumnData::Date(Some(date)) => Some(day(date.days())? * DAY_MICROS),
        _ => None,
    })
}

/// Digits with a point before the last `scale` of them.
fn decimal(value: i128, scale: u8) -> String {
    let scale = usize::from(scale);
    if scale == 0 {
        return value.to_string();
    }
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", value.unsigned_abs().to_string(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

/// A time of day with the digits that it has.
fn clock(time: Time) -> String {
    let per_second = 10_u64.pow(u32::from(time.scale()));
    let (whole, fraction) = (time.increments() / per_second, time.increments() % per_second);
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    let digits = usize::from(time.scale());
    let fraction = if digits == 0 { String::new() } else { format!(".{fraction:0digits$}") };
    format!("{hours:02}:{minutes:02}:{seconds:02}{fraction}")
}

fn push_value(builder: &mut Builder, cell: ColumnData<'static>) -> Result<()> {
    match builder {
        Builder::Integer(out) => out.append_option(match cell {
            ColumnData::U8(found) => found.map(i64::from),
            ColumnData::I16(found) => found.map(i64::from),
            ColumnData::I32(found) => found.map(i64::from),
            ColumnData::I64(found) => found,
            _ => return Err(malformed()),
        }),
        Builder::Double(out) => out.append_option(match cell {
            // By way of its shortest text, so that 0.1 does not become 0.10000000149.
            ColumnData::F32(found) => {
                found.map(|number| number.to_string().parse().unwrap_or(f64::from(number)))
            }
            ColumnData::F64(found) => found,
            _ => return Err(malformed()),
        }),
        Builder::Boolean(out) => out.append_option(match cell {
            ColumnData::Bit(found) => found,
            _ => return Err(malformed()),
        }),
        Builder::Date(out) => {
            let micros = moment(&cell)?;
            let days = micros.map(|micros| i32::try_from(micros.div_euclid(DAY_MICROS)));
            out.append_option(days.transpose().map_err(|_| malformed())?);
        }
        Builder::Timestamp(out) => out.append_option(moment(&cell)?),
        Builder::Bytes(out) => match cell {
            ColumnData::Binary(found) => out.append_option(found),
            _ => return Err(malformed()),
        },
        Builder::Text(out) => out.append_option(text(cell)?),
        Builder::Single(_) | Builder::Time(_) | Builder::Interval(_) => return Err(malformed()),
    }
    Ok(())
}

/// Anything as text: a column of variants has any of these.
fn text(cell: ColumnData<'static>) -> Result<Option<String>> {
    Ok(match cell {
        ColumnData::String(found) => found.map(std::borrow::Cow::into_owned),
        ColumnData::Numeric(found) => found.map(|number| decimal(number.value(), number.scale())),
        ColumnData::Guid(found) => found.map(|id| id.to_string()),
        ColumnData::Xml(found) => found.map(|xml| xml.to_string()),
        ColumnData::Time(found) => found.map(clock),
        ColumnData::U8(found) => found.map(|number| number.to_string()),
        ColumnData::I16(found) => found.map(|number| number.to_string()),
        ColumnData::I32(found) => found.map(|number| number.to_string()),
        ColumnData::I64(found) => found.map(|number| number.to_string()),
        ColumnData::F32(found) => found.map(|number| number.to_string()),
        ColumnData::F64(found) => found.map(|number| number.to_string()),
        ColumnData::Bit(found) => found.map(|truth| truth.to_string()),
        ColumnData::Binary(found) => found.map(|bytes| format!("0x{}", hex::encode(bytes))),
        other => moment(&other)?
            .and_then(chrono::DateTime::from_timestamp_micros)
            .map(|moment| moment.naive_utc().format("%Y-%m-%d %H:%M:%S%.6f").to_string()),
    })
}

#[cfg(test)]
mod tests {
    use tiberius::time::{Date, DateTime, DateTime2};

    use super::*;

    #[test]
    fn moments_are_counted_from_1970() {
        let time = Time::new(3 * 10_000_000 + 5_000_000, 7);
        let fine = ColumnData::DateTime2(Some(DateTime2::new(Date::new(719_162), time)));
        assert_eq!(moment(&fine).expect("is read"), Some(3_500_000));
        let coarse = ColumnData::DateTime(Some(DateTime::new(25_567, 1)));
        assert_eq!(moment(&coarse).expect("is read"), Some(3_000));
        assert_eq!(clock(Time::new(36_610_000_001, 7)), "01:01:01.0000001");
        assert_eq!(decimal(-5, 2), "-0.05");
    }
}
