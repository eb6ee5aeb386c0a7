//! Values of requests as values of the type of a column.

use arrow_schema::{DataType, Field};
use chrono::{DateTime, NaiveDate, NaiveDateTime};
use datafusion::common::ScalarValue;
use datafusion::prelude::{Expr, lit};
use tessera_bi::Json;
use tessera_kernel::{ColumnKind, Fault, Result};

use super::columns::kind;

/// One value to compare a column with.
pub(super) fn operand(field: &Field, value: &Json, member: &str) -> Result<Expr> {
    let wrong = |what: &str| {
        let detail = format!("the column {:?} is compared with {what}", field.name());
        Fault::invalid(member, detail)
    };
    let text = value.as_str();
    Ok(match kind(field) {
        ColumnKind::Integer => {
            // A fraction is no mistake: nothing equals it, and much is greater.
            if let Some(whole) = value.as_i64().or_else(|| text?.trim().parse().ok()) {
                lit(whole)
            } else {
                lit(float(value).ok_or_else(|| wrong("numbers"))?)
            }
        }
        ColumnKind::Float | ColumnKind::Decimal => {
            lit(float(value).ok_or_else(|| wrong("numbers"))?)
        }
        ColumnKind::Boolean => match (value.as_bool(), text) {
            (Some(value), _) => lit(value),
            (None, Some("true")) => lit(true),
            (None, Some("false")) => lit(false),
            _ => return Err(wrong("true or false")),
        },
        ColumnKind::Date => {
            let what = "dates such as 2026-01-31";
            let moment = text.and_then(moment).ok_or_else(|| wrong(what))?;
            let days = moment.date().signed_duration_since(NaiveDate::default()).num_days();
            let days = i32::try_from(days).map_err(|_| wrong(what))?;
            lit(ScalarValue::Date32(Some(days)))
        }
        ColumnKind::Timestamp | ColumnKind::TimestampTz => {
            let moment = text.and_then(moment);
            let moment = moment.ok_or_else(|| wrong("times such as 2026-01-31T13:00:00Z"))?;
            let zone = match field.data_type() {
                DataType::Timestamp(_, zone) => zone.clone(),
                _ => None,
            };
            let micros = moment.and_utc().timestamp_micros();
            lit(ScalarValue::TimestampMicrosecond(Some(micros), zone))
        }
        ColumnKind::Time | ColumnKind::Interval | ColumnKind::Bytes => {
            return Err(wrong("null only, by is_null and not_null"));
        }
        ColumnKind::Text
        | ColumnKind::Json
        | ColumnKind::Array
        | ColumnKind::Uuid
        | ColumnKind::Other => lit(text.ok_or_else(|| wrong("texts"))?),
    })
}

/// A list of values.
pub(super) fn operands(field: &Field, value: &Json, member: &str) -> Result<Vec<Expr>> {
    let list = value.as_array().ok_or_else(|| Fault::invalid(member, "must be a list"))?;
    if list.len() > LIST_MAX {
        let detail = format!("has more than {LIST_MAX} values");
        return Err(Fault::invalid(member, detail));
    }
    let each = list.iter().enumerate();
    each.map(|(place, one)| operand(field, one, &format!("{member}[{place}]"))).collect()
}

/// Most values of a list.
const LIST_MAX: usize = 1000;

fn float(value: &Json) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A day, or a day and a time, in UTC if it has no zone of its own.
fn moment(text: &str) -> Option<NaiveDateTime> {
    let text = text.trim();
    if let Ok(day) = text.parse::<NaiveDate>() {
        return day.and_hms_opt(0, 0, 0);
    }
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.naive_utc());
    }
    let plain = text.replacen(' ', "T", 1);
    plain.parse().ok().or_else(|| NaiveDateTime::parse_from_str(&plain, "%Y-%m-%dT%H:%M").ok())
}
