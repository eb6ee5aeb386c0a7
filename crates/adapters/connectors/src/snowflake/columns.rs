//! Rows of texts into Arrow.

use serde::Deserialize;
use tessera_kernel::{Code, ColumnKind, Fault, Result};

use crate::batch::{self, Builder, Columns};

/// A column as the server describes it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Described {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    scale: Option<u32>,
}

/// Columns whose values do not fit what was taken for them: those are read anew, as text.
#[derive(Default)]
pub(super) struct Wide(Vec<usize>);

fn malformed(kind: &str) -> Fault {
    let detail = format!("the server sent a value that does not have the form of {kind}");
    Fault::new(Code::SourceFailed, detail)
}

/// Columns for a result, in capitals or not; those in `wide` hold numbers beyond 64 bits.
pub(super) fn columns(described: &[Described], lower_case: bool, wide: &Wide) -> Columns {
    Columns::new(described.iter().enumerate().map(|(place, column)| batch::Described {
        name: if lower_case { column.name.to_lowercase() } else { column.name.clone() },
        meaning: meaning(column, wide.0.contains(&place)),
        single: false,
        source_type: format!("snowflake:{}", column.kind),
        own: (),
    }))
}

/// Adds a row; `false` if a value does not fit, and the result has to be read anew.
pub(super) fn push(
    columns: &mut Columns,
    row: Vec<Option<String>>,
    wide: &mut Wide,
) -> Result<bool> {
    if row.len() != columns.width() {
        return Err(malformed("a row"));
    }
    let (mut fits, mut bytes) = (true, 0);
    for (place, (column, cell)) in columns.each().zip(row).enumerate() {
        let Some(cell) = cell else {
            column.builder.push_null();
            continue;
        };
        bytes += cell.len();
        if !push_value(&mut column.builder, cell)? {
            wide.0.push(place);
            fits = false;
        }
    }
    columns.add_bytes(bytes);
    columns.end_row();
    Ok(fits)
}

fn meaning(column: &Described, wide: bool) -> ColumnKind {
    match column.kind.to_ascii_uppercase().as_str() {
        // Whole numbers have 38 digits there unless somebody says otherwise.
        "FIXED" if column.scale.unwrap_or(0) == 0 && !wide => ColumnKind::Integer,
        "FIXED" => ColumnKind::Decimal,
        "REAL" => ColumnKind::Float,
        "BOOLEAN" => ColumnKind::Boolean,
        "DATE" => ColumnKind::Date,
        "TIME" => ColumnKind::Time,
        "TIMESTAMP_NTZ" => ColumnKind::Timestamp,
        "TIMESTAMP_LTZ" | "TIMESTAMP_TZ" => ColumnKind::TimestampTz,
        "BINARY" => ColumnKind::Bytes,
        "TEXT" => ColumnKind::Text,
        "VARIANT" | "OBJECT" | "MAP" => ColumnKind::Json,
        "ARRAY" | "VECTOR" => ColumnKind::Array,
        _ => ColumnKind::Other,
    }
}

/// Adds a value; `false` if it is larger than the column can hold.
fn push_value(builder: &mut Builder, cell: String) -> Result<bool> {
    match builder {
        Builder::Integer(out) => match cell.parse() {
            Ok(number) => out.append_value(number),
            Err(_) if is_whole(&cell) => {
                out.append_null();
                return Ok(false);
            }
            Err(_) => return Err(malformed("an integer")),
        },
        Builder::Double(out) => out.append_value(float(&cell)?),
        Builder::Boolean(out) => {
            let truth = match cell.as_str() {
                "true" | "1" => true,
                "false" | "0" => false,
                _ => return Err(malformed("a truth value")),
            };
            out.append_value(truth);
        }
        Builder::Date(out) => out.append_value(cell.parse().map_err(|_| malformed("a date"))?),
        Builder::Time(out) => out.append_value(micros(&cell).ok_or_else(|| malformed("a time"))?),
        Builder::Timestamp(out) => {
            // What follows the blank is the zone in which it was written.
            let moment = cell.split(' ').next().unwrap_or_default();
            out.append_value(micros(moment).ok_or_else(|| malformed("a timestamp"))?);
        }
        Builder::Bytes(out) => {
            out.append_value(hex::decode(&cell).map_err(|_| malformed("bytes"))?);
        }
        Builder::Text(out) => out.append_value(cell),
        Builder::Single(_) | Builder::Interval(_) => return Err(malformed("its column")),
    }
    Ok(true)
}

fn is_whole(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && are_digits(digits)
}

fn are_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn float(text: &str) -> Result<f64> {
    match text.to_ascii_lowercase().as_str() {
        "nan" => Ok(f64::NAN),
        "inf" | "infinity" => Ok(f64::INFINITY),
        "-inf" | "-infinity" => Ok(f64::NEG_INFINITY),
        _ => text.parse().map_err(|_| malformed("a number")),
    }
}

/// Seconds with up to nine places, in microseconds: what is finer is cut, as everywhere here.
fn micros(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    if !are_digits(whole) || !are_digits(places) {
        return None;
    }
    let nanos: i128 = format!("{places:0<9}").get(..9)?.parse().ok()?;
    let whole: i128 = whole.parse().ok()?;
    let all = (whole * 1_000_000_000 + nanos) * sign;
    i64::try_from(all.div_euclid(1000)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_read_exactly() {
        assert_eq!(micros("1611871777.123456789"), Some(1_611_871_777_123_456));
        assert_eq!(micros("0"), Some(0));
        assert_eq!(micros("-0.5"), Some(-500_000));
        assert_eq!(micros("-1.000001000"), Some(-1_000_001));
        assert_eq!(micros("253402300799.999999999"), Some(253_402_300_799_999_999));
        for odd in ["", "x", "1.x", "--1", "1e3"] {
            assert_eq!(micros(odd), None, "{odd}");
        }
    }
}
