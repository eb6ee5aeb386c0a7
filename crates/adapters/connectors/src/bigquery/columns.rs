//! Rows into Arrow. Every scalar comes as a text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _};
use serde::Deserialize;
use serde_json::value::RawValue;
use tessera_kernel::{Code, ColumnKind, Fault, Result};

use super::nested;
use crate::batch::{self, Builder};
use crate::google::{Row, plain};

/// 1970-01-01, in days since 0001-01-01.
const EPOCH_DAYS: i32 = 719_163;

/// A column, or a member of one, as the server describes it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Described {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    mode: Option<String>,
    #[serde(default)]
    pub(super) fields: Vec<Self>,
}

impl Described {
    pub(super) fn is_repeated(&self) -> bool {
        self.mode.as_deref() == Some("REPEATED")
    }

    pub(super) fn is_structure(&self) -> bool {
        matches!(self.kind.as_str(), "RECORD" | "STRUCT")
    }

    fn meaning(&self) -> ColumnKind {
        match self.kind.as_str() {
            _ if self.is_repeated() => ColumnKind::Array,
            "INTEGER" | "INT64" => ColumnKind::Integer,
            "FLOAT" | "FLOAT64" => ColumnKind::Float,
            "BOOLEAN" | "BOOL" => ColumnKind::Boolean,
            "STRING" => ColumnKind::Text,
            "BYTES" => ColumnKind::Bytes,
            "NUMERIC" | "BIGNUMERIC" => ColumnKind::Decimal,
            "DATE" => ColumnKind::Date,
            "TIME" => ColumnKind::Time,
            "DATETIME" => ColumnKind::Timestamp,
            "TIMESTAMP" => ColumnKind::TimestampTz,
            "JSON" | "RECORD" | "STRUCT" => ColumnKind::Json,
            // GEOGRAPHY, INTERVAL, RANGE and what may come: in the server's words.
            _ => ColumnKind::Other,
        }
    }
}

/// How the values of a column come.
pub(super) enum Form {
    Plain,
    /// As whole microseconds.
    Moment,
    /// As a list or a structure, which becomes JSON.
    Nested(Described),
}

pub(super) type Columns = batch::Columns<Form>;

pub(super) fn malformed(kind: &str) -> Fault {
    let detail = format!("the server sent a value that does not have the form of {kind}");
    Fault::new(Code::SourceFailed, detail)
}

pub(super) fn columns(described: &[Described]) -> Columns {
    Columns::new(described.iter().map(|column| {
        let list = if column.is_repeated() { "[]" } else { "" };
        let own = match column.meaning() {
            _ if column.is_repeated() || column.is_structure() => Form::Nested(column.clone()),
            ColumnKind::TimestampTz => Form::Moment,
            _ => Form::Plain,
        };
        batch::Described {
            name: column.name.clone(),
            meaning: column.meaning(),
            single: false,
            source_type: format!("bigquery:{}{list}", column.kind),
            own,
        }
    }))
}

pub(super) fn push(columns: &mut Columns, row: &Row<'_>) -> Result<()> {
    if row.cells.len() != columns.width() {
        return Err(malformed("a row"));
    }
    let mut bytes = 0;
    for (column, cell) in columns.each().zip(&row.cells) {
        match cell.value {
            Some(value) => {
                bytes += value.get().len();
                push_value(&mut column.builder, &column.own, value)?;
            }
            None => column.builder.push_null(),
        }
    }
    columns.add_bytes(bytes);
    columns.end_row();
    Ok(())
}

fn push_value(builder: &mut Builder, form: &Form, value: &RawValue) -> Result<()> {
    if let (Builder::Text(out), Form::Nested(described)) = (&mut *builder, form) {
        let mut text = String::new();
        nested::write(described, value, &mut text)?;
        out.append_value(text);
        return Ok(());
    }
    let text = plain(value)?;
    match builder {
        Builder::Integer(out) => {
            out.append_value(text.parse().map_err(|_| malformed("an integer"))?);
        }
        Builder::Double(out) => out.append_value(text.parse().map_err(|_| malformed("a number"))?),
        Builder::Boolean(out) => out.append_value(truth(&text)?),
        Builder::Date(out) => {
            let day: NaiveDate = text.parse().map_err(|_| malformed("a date"))?;
            out.append_value(day.num_days_from_ce() - EPOCH_DAYS);
        }
        Builder::Time(out) => {
            let time: NaiveTime = text.parse().map_err(|_| malformed("a time"))?;
            let seconds = i64::from(time.num_seconds_from_midnight());
            out.append_value(seconds * 1_000_000 + i64::from(time.nanosecond() / 1000));
        }
        Builder::Timestamp(out) if matches!(form, Form::Moment) => {
            out.append_value(micros(&text)?);
        }
        Builder::Timestamp(out) => {
            let time = text.replacen(' ', "T", 1).parse::<NaiveDateTime>();
            let time = time.map_err(|_| malformed("a date with time"))?;
            out.append_value(time.and_utc().timestamp_micros());
        }
        Builder::Bytes(out) => {
            let bytes = STANDARD.decode(text.as_bytes()).map_err(|_| malformed("bytes"))?;
            out.append_value(bytes);
        }
        Builder::Text(out) => out.append_value(text),
        Builder::Single(_) | Builder::Interval(_) => return Err(malformed("its column")),
    }
    Ok(())
}

pub(super) fn truth(text: &str) -> Result<bool> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(malformed("a truth value")),
    }
}

/// A moment in microseconds since 1970, as it is asked for (`formatOptions.useInt64Timestamp`).
pub(super) fn micros(text: &str) -> Result<i64> {
    text.parse().map_err(|_| malformed("a moment"))
}
