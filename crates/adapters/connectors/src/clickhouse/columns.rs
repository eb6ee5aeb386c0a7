//! Rows into Arrow, as bytes come.

use arrow_array::RecordBatch;
use arrow_array::builder::StringBuilder;
use arrow_schema::SchemaRef;
use serde_json::Value as Json;
use tessera_kernel::{ColumnKind, Result};

use super::decode::{self, Partly, Reader, malformed, take};
use super::types::{Type, parse};
use crate::batch::{self, Builder, Described};

/// The type of a column, and whether it has NULL.
struct Form {
    kind: Type,
    nullable: bool,
}

/// The columns of one result, and how far its bytes are read.
pub(super) struct Columns {
    columns: batch::Columns<Form>,
    /// The column that the next bytes belong to.
    next: usize,
}

/// Why reading paused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// There are enough rows for a batch.
    Full,
    /// More bytes have to come.
    Hungry,
    /// A number of this column does not fit.
    Wide(usize),
}

impl Columns {
    /// Reads the names and types of columns; those in `wide` hold numbers beyond 64 bits with sign.
    pub(super) fn head(from: &mut Reader<'_>, wide: &[usize]) -> Partly<Self> {
        let count = take!(from.length()?);
        let mut names = Vec::new();
        for _ in 0..count {
            names.push(decode::lossy(take!(from.text()?)));
        }
        let mut described = Vec::new();
        for (place, name) in names.into_iter().enumerate() {
            let written = decode::lossy(take!(from.text()?));
            let (kind, nullable) = match parse(&written, &name)? {
                Type::Nullable(inner) => (*inner, true),
                kind => (kind, false),
            };
            described.push(Described {
                name,
                meaning: meaning(&kind, wide.contains(&place)),
                single: matches!(kind, Type::Float32),
                source_type: format!("clickhouse:{written}"),
                own: Form { kind, nullable },
            });
        }
        Ok(Some(Self { columns: batch::Columns::new(described), next: 0 }))
    }

    pub(super) fn schema(&self) -> SchemaRef {
        self.columns.schema()
    }

    /// Rows since the last batch.
    pub(super) fn rows(&self) -> usize {
        self.columns.rows()
    }

    /// Whether the last row is whole.
    pub(super) fn is_whole(&self) -> bool {
        self.next == 0
    }

    /// Reads as many values as are all there.
    pub(super) fn read(&mut self, from: &mut Reader<'_>, batch_rows: usize) -> Result<Pause> {
        loop {
            if self.next == 0 && self.columns.is_full(batch_rows) {
                return Ok(Pause::Full);
            }
            let place = self.next;
            let Some(column) = self.columns.at(place) else { return Err(malformed()) };
            let begin = from.at;
            if from.is_empty() {
                return Ok(Pause::Hungry);
            }
            match read(column, from)? {
                Some(true) => {}
                Some(false) => return Ok(Pause::Wide(place)),
                None => {
                    from.at = begin;
                    return Ok(Pause::Hungry);
                }
            }
            self.columns.add_bytes(from.at - begin);
            self.next += 1;
            if self.next == self.columns.width() {
                self.next = 0;
                self.columns.end_row();
            }
        }
    }

    pub(super) fn take(&mut self) -> Result<RecordBatch> {
        self.columns.take()
    }
}

fn meaning(kind: &Type, wide: bool) -> ColumnKind {
    match kind {
        Type::Int(..=8) | Type::UInt(..=4) => ColumnKind::Integer,
        Type::UInt(8) if !wide => ColumnKind::Integer,
        Type::Int(_) | Type::UInt(_) | Type::Decimal(..) => ColumnKind::Decimal,
        Type::Float32 | Type::Float64 => ColumnKind::Float,
        Type::Bool => ColumnKind::Boolean,
        Type::Date | Type::Date32 => ColumnKind::Date,
        Type::DateTime | Type::DateTime64(..=6) => ColumnKind::TimestampTz,
        Type::Uuid => ColumnKind::Uuid,
        Type::Array(_) => ColumnKind::Array,
        Type::Map(..) | Type::Tuple(_) | Type::Json => ColumnKind::Json,
        Type::String | Type::FixedString(_) | Type::Enum(..) | Type::Nothing => ColumnKind::Text,
        Type::DateTime64(_)
        | Type::Time
        | Type::Time64(_)
        | Type::Ipv4
        | Type::Ipv6
        | Type::Nullable(_) => ColumnKind::Other,
    }
}

/// Reads one value; `false` if it does not fit.
fn read(column: &mut batch::Column<Form>, from: &mut Reader<'_>) -> Partly<bool> {
    let Form { kind, nullable } = &column.own;
    if matches!(kind, Type::Nothing) && !nullable {
        // There is no such value.
        return Err(malformed());
    }
    if *nullable && take!(from.byte()) != 0 {
        column.builder.push_null();
        return Ok(Some(true));
    }
    match &mut column.builder {
        Builder::Integer(out) => match kind {
            Type::Int(bytes) => out.append_value(take!(from.signed(*bytes))),
            Type::UInt(bytes) => match i64::try_from(take!(from.unsigned(*bytes))) {
                Ok(number) => out.append_value(number),
                Err(_) => return Ok(Some(false)),
            },
            _ => return Err(malformed()),
        },
        Builder::Single(out) => out.append_value(take!(from.single())),
        Builder::Double(out) => out.append_value(take!(from.double())),
        Builder::Boolean(out) => out.append_value(take!(from.byte()) != 0),
        Builder::Date(out) => {
            let days = match kind {
                Type::Date => take!(from.unsigned(2)).try_into(),
                _ => take!(from.signed(4)).try_into(),
            };
            out.append_value(days.map_err(|_| malformed())?);
        }
        Builder::Timestamp(out) => {
            let micros = match kind {
                Type::DateTime => take!(from.unsigned(4)).checked_mul(1_000_000),
                Type::DateTime64(scale) => {
                    let ticks = take!(from.signed(8));
                    out.append_value(
                        ticks.checked_mul(10_i64.pow(6 - scale)).ok_or_else(malformed)?,
                    );
                    return Ok(Some(true));
                }
                _ => return Err(malformed()),
            };
            let micros = micros.and_then(|micros| i64::try_from(micros).ok());
            out.append_value(micros.ok_or_else(malformed)?);
        }
        Builder::Text(out) => return text(kind, from, out),
        Builder::Time(_) | Builder::Interval(_) | Builder::Bytes(_) => return Err(malformed()),
    }
    Ok(Some(true))
}

fn text(kind: &Type, from: &mut Reader<'_>, out: &mut StringBuilder) -> Partly<bool> {
    match kind {
        Type::String | Type::Json => {
            let bytes = take!(from.text()?);
            match std::str::from_utf8(bytes) {
                Ok(text) => out.append_value(text),
                Err(_) => out.append_value(decode::lossy(bytes)),
            }
        }
        Type::Int(bytes) => out.append_value(take!(from.digits(*bytes, true))),
        Type::UInt(bytes) => out.append_value(take!(from.digits(*bytes, false))),
        _ => match take!(decode::json(kind, from)?) {
            Json::String(text) => out.append_value(text),
            other => out.append_value(other.to_string()),
        },
    }
    Ok(Some(true))
}
