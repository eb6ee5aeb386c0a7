//! Lists and structures as JSON texts. What JSON has no exact form for (decimals, moments) is a
//! string there; documents stay as they are written.

use std::fmt::Write as _;

use serde_json::Value as Json;
use serde_json::value::RawValue;
use tessera_kernel::Result;

use super::columns::{Described, malformed, micros, truth};
use crate::google::{Cell, Row, plain};

/// Writes a value of a column, which may be a list.
pub(super) fn write(described: &Described, value: &RawValue, out: &mut String) -> Result<()> {
    if !described.is_repeated() {
        return single(described, value, out);
    }
    let cells: Vec<Cell<'_>> =
        serde_json::from_str(value.get()).map_err(|_| malformed("a list"))?;
    out.push('[');
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        match cell.value {
            Some(value) => single(described, value, out)?,
            None => out.push_str("null"),
        }
    }
    out.push(']');
    Ok(())
}

fn single(described: &Described, value: &RawValue, out: &mut String) -> Result<()> {
    if described.is_structure() {
        return structure(described, value, out);
    }
    let text = plain(value)?;
    match described.kind.as_str() {
        "INTEGER" | "INT64" => {
            let number: i64 = text.parse().map_err(|_| malformed("an integer"))?;
            write!(out, "{number}").map_err(|_| malformed("an integer"))?;
        }
        "FLOAT" | "FLOAT64" => {
            let number: f64 = text.parse().map_err(|_| malformed("a number"))?;
            // Those that JSON has not are strings.
            match Json::from(number) {
                Json::Null => out.push_str(&Json::from(text.as_ref()).to_string()),
                number => out.push_str(&number.to_string()),
            }
        }
        "BOOLEAN" | "BOOL" => out.push_str(if truth(&text)? { "true" } else { "false" }),
        "TIMESTAMP" => {
            let moment = chrono::DateTime::from_timestamp_micros(micros(&text)?);
            let moment = moment.ok_or_else(|| malformed("a moment"))?;
            let written = moment.format("\"%Y-%m-%dT%H:%M:%S%.6fZ\"");
            write!(out, "{written}").map_err(|_| malformed("a moment"))?;
        }
        "JSON" => out.push_str(&text),
        _ => out.push_str(value.get()),
    }
    Ok(())
}

fn structure(described: &Described, value: &RawValue, out: &mut String) -> Result<()> {
    let row: Row<'_> = serde_json::from_str(value.get()).map_err(|_| malformed("a structure"))?;
    if row.cells.len() != described.fields.len() {
        return Err(malformed("a structure"));
    }
    out.push('{');
    for (place, (field, cell)) in described.fields.iter().zip(&row.cells).enumerate() {
        if place > 0 {
            out.push(',');
        }
        out.push_str(&Json::from(field.name.as_str()).to_string());
        out.push(':');
        match cell.value {
            Some(value) => write(field, value, out)?,
            None => out.push_str("null"),
        }
    }
    out.push('}');
    Ok(())
}
