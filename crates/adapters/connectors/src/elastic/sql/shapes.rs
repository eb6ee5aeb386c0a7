//! What a column can be, by what the server calls it, and which values fit that.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime};
use serde_json::Value as Json;

/// 1970-01-01, in days since 0001-01-01.
const EPOCH_DAYS: i32 = 719_163;

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Integer,
    /// Numbers with all their digits, as text.
    Decimal,
    Float,
    Boolean,
    Date,
    /// Days with times, without zone.
    Timestamp,
    /// Moments.
    Moment,
    Text,
    /// Any value, as JSON.
    Document,
}

/// What a column may be, the narrowest first; the last one takes every value. Fields may have lists
/// where a mapping names one value, and days are written in several ways.
pub(super) fn candidates(kind: &str) -> &'static [Shape] {
    use Shape::{Boolean, Date, Decimal, Document, Float, Integer, Moment, Text, Timestamp};
    match kind.to_ascii_lowercase().as_str() {
        "byte" | "short" | "integer" | "int" | "long" | "bigint" => &[Integer, Decimal, Document],
        "unsigned_long" => &[Decimal, Document],
        "half_float" | "scaled_float" | "float" | "double" | "real" => &[Float, Document],
        "boolean" => &[Boolean, Document],
        "date" => &[Date, Moment, Timestamp, Text, Document],
        "datetime" | "timestamp" | "date_nanos" => &[Moment, Timestamp, Text, Document],
        "object" | "nested" | "array" | "struct" => &[Document],
        _ => &[Text, Document],
    }
}

impl Shape {
    /// Whether a value can be kept without loss.
    pub(super) fn fits(self, cell: &Json) -> bool {
        match (self, cell) {
            (_, Json::Null) | (Self::Document, _) => true,
            (Self::Integer, _) => cell.is_i64(),
            (Self::Decimal, _) => cell.is_number(),
            (Self::Float, _) => float(cell).is_some(),
            (Self::Boolean, _) => cell.is_boolean(),
            (Self::Text, _) => !cell.is_array() && !cell.is_object(),
            (Self::Date, Json::String(text)) => date(text).is_some(),
            (Self::Timestamp, Json::String(text)) => timestamp(text).is_some(),
            (Self::Moment, Json::String(text)) => moment(text).is_some(),
            (Self::Date | Self::Timestamp | Self::Moment, _) => false,
        }
    }
}

/// A number, also one of those that JSON has not.
pub(super) fn float(cell: &Json) -> Option<f64> {
    match cell.as_str() {
        Some("NaN") => Some(f64::NAN),
        Some("Infinity") => Some(f64::INFINITY),
        Some("-Infinity") => Some(f64::NEG_INFINITY),
        Some(_) => None,
        None => cell.as_f64(),
    }
}

/// A day since 1970: on its own, or as its first moment.
pub(super) fn date(text: &str) -> Option<i32> {
    let day = match text.split_once('T') {
        None => text,
        Some((day, "00:00:00Z" | "00:00:00.000Z")) => day,
        Some(_) => return None,
    };
    Some(day.parse::<NaiveDate>().ok()?.num_days_from_ce() - EPOCH_DAYS)
}

/// A day and a time without zone, in microseconds since 1970.
pub(super) fn timestamp(text: &str) -> Option<i64> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros());
    }
    let text = text.replacen('T', " ", 1);
    let time = NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S%.f").ok()?.and_utc();
    micros(&time)
}

/// A moment, in microseconds since 1970.
pub(super) fn moment(text: &str) -> Option<i64> {
    micros(&DateTime::parse_from_rfc3339(text).ok()?.to_utc())
}

/// `None` if it is finer: such a text stays one.
fn micros(time: &DateTime<chrono::Utc>) -> Option<i64> {
    time.timestamp_subsec_nanos().is_multiple_of(1000).then(|| time.timestamp_micros())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_fits_if_nothing_of_it_is_lost() {
        for (shape, good, bad) in [
            (Shape::Integer, json!(-5), json!(5.5)),
            (Shape::Integer, json!(i64::MAX), json!(u64::MAX)),
            (Shape::Decimal, json!(u64::MAX), json!("5")),
            (Shape::Float, json!("NaN"), json!("5")),
            (Shape::Boolean, json!(true), json!(1)),
            (Shape::Text, json!("a"), json!(["a"])),
            (Shape::Date, json!("2020-02-29"), json!("2020-02-30")),
            (Shape::Date, json!("2020-02-29T00:00:00.000Z"), json!("2020-02-29T00:00:01.000Z")),
            (Shape::Date, json!("2020-02-29"), json!("2020-02-29 00:00:00")),
            (Shape::Timestamp, json!("2020-02-29 04:05:06.789"), json!("2020-02-29T04:05:06Z")),
            (Shape::Timestamp, json!("2020-02-29"), json!(1_582_934_400)),
            (Shape::Moment, json!("2020-02-29T04:05:06.789Z"), json!("2020-02-29 04:05:06")),
            (
                Shape::Moment,
                json!("2020-02-29T04:05:06.000001+02:00"),
                json!("2020-02-29T04:05:06.000000001Z"),
            ),
        ] {
            assert!(shape.fits(&good), "{shape:?} {good}");
            assert!(!shape.fits(&bad), "{shape:?} {bad}");
            assert!(shape.fits(&Json::Null));
            assert!(Shape::Document.fits(&bad));
        }
    }
}
