//! One value as text: in the form of DuckDB where it stands alone, as JSON where it is part of another.

use std::fmt::Write as _;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int64Type, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType, UInt8Type, UInt16Type, UInt32Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_cast::cast;
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, Field, TimeUnit};
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeDelta};
use tessera_kernel::{Fault, Result};

use super::numbers;
use super::types::Type;

/// A value that is not NULL, as plain text.
pub(super) fn text(field: &Field, array: &dyn Array, row: usize) -> Result<String> {
    let kind = Type::of(field);
    let found = match kind {
        Type::Integer | Type::Unsigned | Type::Unknown => Some(displayed(array, row)?),
        Type::Boolean => Some(is_true(array, row).to_string()),
        Type::Huge { signed } => sixteen(array, row).map(|bytes| numbers::huge(bytes, signed)),
        Type::BigNum => numbers::bignum(array.as_binary::<i32>().value(row)),
        Type::Bits => numbers::bits(array.as_binary::<i32>().value(row)),
        Type::Single => {
            Some(float(f64::from(array.as_primitive::<Float32Type>().value(row)), || {
                array.as_primitive::<Float32Type>().value(row).to_string()
            }))
        }
        Type::Double => {
            let value = array.as_primitive::<Float64Type>().value(row);
            Some(float(value, || value.to_string()))
        }
        Type::Decimal => Some(array.as_primitive::<Decimal128Type>().value_as_string(row)),
        Type::Text | Type::Json => Some(array.as_string::<i32>().value(row).to_owned()),
        Type::Enum => member(array, row),
        Type::Bytes => Some(format!("\\x{}", hex::encode(array.as_binary::<i32>().value(row)))),
        Type::Date => Some(day(array.as_primitive::<Date32Type>().value(row))),
        Type::Time => Some(numbers::time(array.as_primitive::<Time64MicrosecondType>().value(row))),
        Type::TimeNs => {
            Some(numbers::time_ns(array.as_primitive::<Time64NanosecondType>().value(row)))
        }
        Type::TimeTz => {
            array.as_fixed_size_binary().value(row).try_into().ok().map(numbers::time_tz)
        }
        Type::Timestamp(unit) => Some(moment(array, row, unit)),
        Type::TimestampTz => {
            let text = moment(array, row, TimeUnit::Microsecond);
            Some(if text.ends_with("infinity") { text } else { format!("{text}+00") })
        }
        Type::Uuid => sixteen(array, row).map(|bytes| uuid::Uuid::from_bytes(bytes).to_string()),
        Type::Interval => Some(displayed(array, row)?),
        Type::List | Type::Struct | Type::Map | Type::Union => {
            let mut out = String::new();
            json(field, array, row, &mut out)?;
            Some(out)
        }
    };
    found.ok_or_else(|| Fault::internal("reading a value of DuckDB", kind_of(field)))
}

fn kind_of(field: &Field) -> std::io::Error {
    std::io::Error::other(format!("{} has an unknown form", field.data_type()))
}

/// A value, NULL too, as JSON.
pub(super) fn json(field: &Field, array: &dyn Array, row: usize, out: &mut String) -> Result<()> {
    if array.is_null(row) {
        out.push_str("null");
        return Ok(());
    }
    match Type::of(field) {
        Type::Boolean
        | Type::Integer
        | Type::Unsigned
        | Type::Huge { .. }
        | Type::BigNum
        | Type::Decimal
        | Type::Json => out.push_str(&text(field, array, row)?),
        Type::Single | Type::Double => {
            let written = text(field, array, row)?;
            // JSON has no other numbers.
            if written.ends_with(|last: char| last.is_ascii_digit()) {
                out.push_str(&written);
            } else {
                quote(&written, out)?;
            }
        }
        Type::List => list(field, array, row, out)?,
        Type::Struct => members(field, array, row, out)?,
        Type::Map => entries(array, row, out)?,
        Type::Union => union(array, row, out)?,
        _ => quote(&text(field, array, row)?, out)?,
    }
    Ok(())
}

fn list(field: &Field, array: &dyn Array, row: usize, out: &mut String) -> Result<()> {
    let (item, values): (&Field, ArrayRef) = match field.data_type() {
        DataType::List(item) => (item, array.as_list::<i32>().value(row)),
        DataType::FixedSizeList(item, _) => (item, array.as_fixed_size_list().value(row)),
        _ => return Err(Fault::internal("reading a list of DuckDB", kind_of(field))),
    };
    out.push('[');
    for place in 0..values.len() {
        if place > 0 {
            out.push(',');
        }
        json(item, &values, place, out)?;
    }
    out.push(']');
    Ok(())
}

/// A `STRUCT`; one without names is a list.
fn members(field: &Field, array: &dyn Array, row: usize, out: &mut String) -> Result<()> {
    let DataType::Struct(fields) = field.data_type() else {
        return Err(Fault::internal("reading a STRUCT of DuckDB", kind_of(field)));
    };
    let named = fields.iter().any(|field| !field.name().is_empty());
    out.push(if named { '{' } else { '[' });
    for (place, (field, values)) in fields.iter().zip(array.as_struct().columns()).enumerate() {
        if place > 0 {
            out.push(',');
        }
        if named {
            quote(field.name(), out)?;
            out.push(':');
        }
        json(field, values, row, out)?;
    }
    out.push(if named { '}' } else { ']' });
    Ok(())
}

/// A `MAP`, whose keys become texts.
fn entries(array: &dyn Array, row: usize, out: &mut String) -> Result<()> {
    let map = array.as_map();
    let entries = map.value(row);
    let (keys, values) = (entries.column(0), entries.column(1));
    let fields = entries.fields();
    out.push('{');
    for place in 0..entries.len() {
        if place > 0 {
            out.push(',');
        }
        quote(&text(&fields[0], keys, place)?, out)?;
        out.push(':');
        json(&fields[1], values, place, out)?;
    }
    out.push('}');
    Ok(())
}

/// A `UNION`, with the name of the member that it is.
fn union(array: &dyn Array, row: usize, out: &mut String) -> Result<()> {
    let union = array.as_union();
    let member = union.type_id(row);
    let DataType::Union(fields, _) = array.data_type() else { return Ok(()) };
    let Some((_, field)) = fields.iter().find(|(number, _)| *number == member) else {
        out.push_str("null");
        return Ok(());
    };
    out.push('{');
    quote(field.name(), out)?;
    out.push(':');
    json(field, union.child(member), union.value_offset(row), out)?;
    out.push('}');
    Ok(())
}

fn quote(text: &str, out: &mut String) -> Result<()> {
    let quoted = serde_json::to_string(text)
        .map_err(|error| Fault::internal("writing a text as JSON", error))?;
    out.push_str(&quoted);
    Ok(())
}

/// A truth value, which comes as a byte.
pub(super) fn is_true(array: &dyn Array, row: usize) -> bool {
    match array.data_type() {
        DataType::Boolean => array.as_boolean().value(row),
        _ => array.as_primitive::<arrow_array::types::Int8Type>().value(row) != 0,
    }
}

/// Sixteen bytes.
pub(super) fn sixteen(array: &dyn Array, row: usize) -> Option<[u8; 16]> {
    array.as_fixed_size_binary().value(row).try_into().ok()
}

/// The text of an enum's member.
fn member(array: &dyn Array, row: usize) -> Option<String> {
    let dictionary = array.as_any_dictionary_opt()?;
    let keys = dictionary.keys();
    let key = match keys.data_type() {
        DataType::UInt8 => usize::from(keys.as_primitive::<UInt8Type>().value(row)),
        DataType::UInt16 => usize::from(keys.as_primitive::<UInt16Type>().value(row)),
        DataType::UInt32 => usize::try_from(keys.as_primitive::<UInt32Type>().value(row)).ok()?,
        _ => {
            let wide = cast(keys, &DataType::Int64).ok()?;
            usize::try_from(wide.as_primitive::<Int64Type>().value(row)).ok()?
        }
    };
    let names = dictionary.values().as_string_opt::<i32>()?;
    (key < names.len()).then(|| names.value(key).to_owned())
}

fn displayed(array: &dyn Array, row: usize) -> Result<String> {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array, &options)
        .map_err(|error| Fault::internal("writing a value of DuckDB", error))?;
    formatter
        .value(row)
        .try_to_string()
        .map_err(|error| Fault::internal("writing a value of DuckDB", error))
}

fn float(value: f64, finite: impl Fn() -> String) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
    } else {
        finite()
    }
}

/// A day; the ends of the range are infinite.
fn day(days: i32) -> String {
    match days {
        i32::MAX => "infinity".to_owned(),
        days if days == -i32::MAX => "-infinity".to_owned(),
        days => match NaiveDate::default().checked_add_signed(TimeDelta::days(days.into())) {
            Some(date) => date.to_string(),
            None => format!("{days} days since 1970-01-01"),
        },
    }
}

/// A day and a time; the ends of the range are infinite.
fn moment(array: &dyn Array, row: usize, unit: TimeUnit) -> String {
    let (value, found): (i64, Option<NaiveDateTime>) = match unit {
        TimeUnit::Second => {
            let value = array.as_primitive::<TimestampSecondType>().value(row);
            (value, DateTime::from_timestamp(value, 0).map(|time| time.naive_utc()))
        }
        TimeUnit::Millisecond => {
            let value = array.as_primitive::<TimestampMillisecondType>().value(row);
            (value, DateTime::from_timestamp_millis(value).map(|time| time.naive_utc()))
        }
        TimeUnit::Microsecond => {
            let value = array.as_primitive::<TimestampMicrosecondType>().value(row);
            (value, DateTime::from_timestamp_micros(value).map(|time| time.naive_utc()))
        }
        TimeUnit::Nanosecond => {
            let value = array.as_primitive::<TimestampNanosecondType>().value(row);
            (value, Some(DateTime::from_timestamp_nanos(value).naive_utc()))
        }
    };
    if value == i64::MAX {
        return "infinity".to_owned();
    }
    if value == -i64::MAX {
        return "-infinity".to_owned();
    }
    let mut text = String::new();
    let _written = match found {
        Some(time) => write!(text, "{}", time.format("%Y-%m-%d %H:%M:%S%.f")),
        None => write!(text, "{value}"),
    };
    text
}
