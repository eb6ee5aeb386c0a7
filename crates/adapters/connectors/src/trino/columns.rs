//! Rows of JSON into Arrow.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{Datelike as _, NaiveDate, NaiveDateTime};
use serde::Deserialize;
use serde_json::Value as Json;
use tessera_kernel::{Code, ColumnKind, Fault, Result};

use crate::batch::{self, Builder};

/// 1970-01-01, in days since 0001-01-01.
const EPOCH_DAYS: i32 = 719_163;

/// A column as the server describes it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Described {
    name: String,
    #[serde(rename = "type")]
    kind: String,
}

/// How texts of a column come.
#[derive(PartialEq, Eq)]
pub(super) enum Form {
    /// As texts.
    Text,
    /// As JSON, which is kept as it is.
    Document,
}

pub(super) type Columns = batch::Columns<Form>;

fn malformed(kind: &str) -> Fault {
    let detail = format!("the server sent a value that does not have the form of {kind}");
    Fault::new(Code::SourceFailed, detail)
}

pub(super) fn columns(described: &[Described]) -> Columns {
    Columns::new(described.iter().map(|column| {
        let kind = column.kind.to_ascii_lowercase();
        let (name, digits) = kind.split_once('(').unwrap_or((kind.as_str(), ""));
        // Finer than microseconds: kept as text.
        let digits = digits.split(')').next().and_then(|digits| digits.parse().ok());
        let fine = digits.unwrap_or(3) > 6;
        let meaning = match name {
            // Those with a zone keep it, in the words of the server.
            "timestamp" if fine || kind.contains("with time zone") => ColumnKind::Other,
            name => meaning(name),
        };
        let document = matches!(name, "array" | "map" | "row");
        batch::Described {
            name: column.name.clone(),
            meaning,
            single: name == "real",
            source_type: format!("trino:{}", column.kind),
            own: if document { Form::Document } else { Form::Text },
        }
    }))
}

fn meaning(name: &str) -> ColumnKind {
    match name {
        "tinyint" | "smallint" | "integer" | "bigint" => ColumnKind::Integer,
        "real" | "double" => ColumnKind::Float,
        "boolean" => ColumnKind::Boolean,
        "decimal" => ColumnKind::Decimal,
        "date" => ColumnKind::Date,
        "timestamp" => ColumnKind::Timestamp,
        "varbinary" => ColumnKind::Bytes,
        "varchar" | "char" | "unknown" => ColumnKind::Text,
        "uuid" => ColumnKind::Uuid,
        "array" => ColumnKind::Array,
        "json" | "map" | "row" => ColumnKind::Json,
        _ => ColumnKind::Other,
    }
}

pub(super) fn push(columns: &mut Columns, row: Vec<Json>) -> Result<()> {
    if row.len() != columns.width() {
        return Err(malformed("a row"));
    }
    for (column, cell) in columns.each().zip(row) {
        match cell {
            Json::Null => column.builder.push_null(),
            cell => push_value(&mut column.builder, &column.own, cell)?,
        }
    }
    columns.end_row();
    Ok(())
}

fn push_value(builder: &mut Builder, form: &Form, cell: Json) -> Result<()> {
    match builder {
        Builder::Integer(out) => {
            out.append_value(cell.as_i64().ok_or_else(|| malformed("an integer"))?);
        }
        Builder::Single(out) => {
            let number = float(&cell)?.to_string();
            out.append_value(number.parse().map_err(|_| malformed("a number"))?);
        }
        Builder::Double(out) => out.append_value(float(&cell)?),
        Builder::Boolean(out) => {
            out.append_value(cell.as_bool().ok_or_else(|| malformed("a truth value"))?);
        }
        Builder::Date(out) => {
            let day: Option<NaiveDate> = cell.as_str().and_then(|text| text.parse().ok());
            let day = day.ok_or_else(|| malformed("a date"))?;
            out.append_value(day.num_days_from_ce() - EPOCH_DAYS);
        }
        Builder::Timestamp(out) => {
            let text = cell.as_str().unwrap_or_default();
            let moment = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f");
            let moment = moment.map_err(|_| malformed("a timestamp"))?;
            out.append_value(moment.and_utc().timestamp_micros());
        }
        Builder::Bytes(out) => {
            let bytes = cell.as_str().and_then(|text| STANDARD.decode(text).ok());
            out.append_value(bytes.ok_or_else(|| malformed("bytes"))?);
        }
        Builder::Text(out) => match cell {
            Json::String(text) if *form == Form::Text => out.append_value(text),
            other => out.append_value(other.to_string()),
        },
        Builder::Time(_) | Builder::Interval(_) => return Err(malformed("its column")),
    }
    Ok(())
}

/// A number, also one of those that JSON has not.
fn float(cell: &Json) -> Result<f64> {
    match cell {
        Json::String(text) => match text.as_str() {
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            _ => Err(malformed("a number")),
        },
        _ => cell.as_f64().ok_or_else(|| malformed("a number")),
    }
}
