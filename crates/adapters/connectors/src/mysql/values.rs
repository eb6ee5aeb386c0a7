//! Values of both protocols: those of prepared statements come in binary form, those of others as
//! text.

use arrow_array::builder::StringBuilder;
use chrono::{Datelike as _, NaiveDate, NaiveTime};
use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::{Column, Value};
use tessera_kernel::{Code, Fault, Result};

/// 1970-01-01, in days since 0001-01-01.
const EPOCH_DAYS: i32 = 719_163;

pub(super) fn malformed() -> Fault {
    Fault::new(Code::Internal, "the server sent a value that does not have the form of its type")
}

/// The type as it is written in the source, without its length.
pub(super) fn type_name(column: &Column) -> String {
    let kind = format!("{:?}", column.column_type());
    let kind = kind.trim_start_matches("MYSQL_TYPE_").to_ascii_lowercase();
    let flags = column.flags();
    let binary = column.character_set() == 63;
    let kind = match (column.column_type(), binary) {
        _ if flags.contains(ColumnFlags::ENUM_FLAG) => "enum",
        _ if flags.contains(ColumnFlags::SET_FLAG) => "set",
        (ColumnType::MYSQL_TYPE_LONG, _) => "int",
        (ColumnType::MYSQL_TYPE_LONGLONG, _) => "bigint",
        (ColumnType::MYSQL_TYPE_SHORT, _) => "smallint",
        (ColumnType::MYSQL_TYPE_INT24, _) => "mediumint",
        (ColumnType::MYSQL_TYPE_TINY, _) => "tinyint",
        (ColumnType::MYSQL_TYPE_NEWDECIMAL, _) => "decimal",
        (ColumnType::MYSQL_TYPE_VAR_STRING, false) => "varchar",
        (ColumnType::MYSQL_TYPE_VAR_STRING, true) => "varbinary",
        (ColumnType::MYSQL_TYPE_STRING, false) => "char",
        (ColumnType::MYSQL_TYPE_STRING, true) => "binary",
        (ColumnType::MYSQL_TYPE_BLOB, false) => "text",
        _ => kind.as_str(),
    };
    let numeric = flags.contains(ColumnFlags::UNSIGNED_FLAG) && kind.ends_with("int");
    format!("{kind}{}", if numeric { " unsigned" } else { "" })
}

fn as_text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| malformed())
}

/// A whole number; `None` if it is beyond 64 bits with sign.
pub(super) fn integer(value: Value) -> Result<Option<i64>> {
    match value {
        Value::Int(number) => Ok(Some(number)),
        Value::UInt(number) => Ok(i64::try_from(number).ok()),
        Value::Bytes(bytes) => {
            let number: i128 = as_text(&bytes)?.parse().map_err(|_| malformed())?;
            Ok(i64::try_from(number).ok())
        }
        _ => Err(malformed()),
    }
}

/// Bits, the highest first.
pub(super) fn bits(value: &Value) -> Result<u64> {
    match value {
        Value::Bytes(bytes) if bytes.len() <= 8 => {
            Ok(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
        }
        _ => Err(malformed()),
    }
}

pub(super) fn single(value: Value) -> Result<f32> {
    match value {
        Value::Float(number) => Ok(number),
        Value::Bytes(bytes) => as_text(&bytes)?.parse().map_err(|_| malformed()),
        _ => Err(malformed()),
    }
}

pub(super) fn double(value: Value) -> Result<f64> {
    match value {
        Value::Double(number) => Ok(number),
        Value::Float(number) => Ok(f64::from(number)),
        Value::Bytes(bytes) => as_text(&bytes)?.parse().map_err(|_| malformed()),
        _ => Err(malformed()),
    }
}

/// Days since 1970; `None` for a day that there is not, such as `0000-00-00`.
pub(super) fn date(value: &Value) -> Result<Option<i32>> {
    Ok(moment(value)?.map(|(days, _)| days))
}

/// Microseconds since 1970; `None` for a day that there is not.
pub(super) fn timestamp(value: &Value) -> Result<Option<i64>> {
    Ok(moment(value)?.map(|(days, micros)| i64::from(days) * 86_400_000_000 + micros))
}

/// The day since 1970, and microseconds since its beginning.
fn moment(value: &Value) -> Result<Option<(i32, i64)>> {
    match value {
        Value::Date(year, month, day, hour, minute, second, micros) => {
            let date = NaiveDate::from_ymd_opt((*year).into(), (*month).into(), (*day).into());
            let seconds = (i64::from(*hour) * 60 + i64::from(*minute)) * 60 + i64::from(*second);
            let micros = seconds * 1_000_000 + i64::from(*micros);
            Ok(date.map(|date| (date.num_days_from_ce() - EPOCH_DAYS, micros)))
        }
        Value::Bytes(bytes) => {
            let text = as_text(bytes)?;
            let (day, time) = text.split_once(' ').unwrap_or((text, "00:00:00"));
            let Ok(date) = day.parse::<NaiveDate>() else { return Ok(None) };
            let time = NaiveTime::parse_from_str(time, "%H:%M:%S%.f").map_err(|_| malformed())?;
            let since = time.signed_duration_since(NaiveTime::MIN);
            let micros = since.num_microseconds().ok_or_else(malformed)?;
            Ok(Some((date.num_days_from_ce() - EPOCH_DAYS, micros)))
        }
        _ => Err(malformed()),
    }
}

/// Anything as text.
pub(super) fn text(value: Value, out: &mut StringBuilder) -> Result<()> {
    match value {
        Value::Bytes(bytes) => match std::str::from_utf8(&bytes) {
            Ok(text) => out.append_value(text),
            Err(_) => out.append_value(String::from_utf8_lossy(&bytes)),
        },
        Value::Int(number) => out.append_value(number.to_string()),
        Value::UInt(number) => out.append_value(number.to_string()),
        Value::Time(negative, days, hours, minutes, seconds, micros) => {
            let sign = if negative { "-" } else { "" };
            let hours = days * 24 + u32::from(hours);
            let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
            out.append_value(format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{fraction}"));
        }
        _ => return Err(malformed()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_moment_are_the_same() {
        let binary = Value::Date(2020, 2, 29, 4, 5, 6, 700_000);
        let text = Value::Bytes(b"2020-02-29 04:05:06.7".to_vec());
        let expected = Some(1_582_949_106_700_000);
        assert_eq!(timestamp(&binary).expect("is read"), expected);
        assert_eq!(timestamp(&text).expect("is read"), expected);
        assert_eq!(date(&Value::Bytes(b"1970-01-01".to_vec())).expect("is read"), Some(0));
        for nothing in [Value::Date(0, 0, 0, 0, 0, 0, 0), Value::Bytes(b"0000-00-00".to_vec())] {
            assert_eq!(date(&nothing).expect("is read"), None);
        }
    }

    #[test]
    fn bits_are_a_number() {
        assert_eq!(bits(&Value::Bytes(vec![1, 0])).expect("is read"), 256);
        assert_eq!(bits(&Value::Bytes(vec![255; 8])).expect("is read"), u64::MAX);
        assert!(bits(&Value::Bytes(vec![0; 9])).is_err());
    }
}
