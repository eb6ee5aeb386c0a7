//! Rows into Arrow.

use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::{Column as Described, Value};
use tessera_kernel::{ColumnKind, Result};

use super::values;
use crate::batch::{self, Builder};

/// The character set of bytes that are no text.
const BINARY: u16 = 63;

/// How reading a result ended.
#[derive(PartialEq, Eq)]
pub(super) enum Pass {
    Done,
    /// There was no result.
    Nothing,
    /// A value did not fit its column, whose type is wider now.
    Again,
}

/// How values of a column come.
#[derive(PartialEq, Eq)]
pub(super) enum Form {
    Usual,
    /// Bits that are a number.
    Bits,
}

pub(super) type Columns = batch::Columns<Form>;

/// Columns of whole numbers beyond 64 bits with sign.
#[derive(Default)]
pub(super) struct Wide(Vec<usize>);

/// Columns as the server describes them.
pub(super) fn columns(described: &[Described], wide: &Wide) -> Columns {
    Columns::new(described.iter().enumerate().map(|(place, column)| {
        let kind = column.column_type();
        let bits = kind == ColumnType::MYSQL_TYPE_BIT;
        batch::Described {
            name: column.name_str().into_owned(),
            meaning: meaning(column, wide.0.contains(&place)),
            single: kind == ColumnType::MYSQL_TYPE_FLOAT,
            source_type: format!("mysql:{}", values::type_name(column)),
            own: if bits { Form::Bits } else { Form::Usual },
        }
    }))
}

/// Adds a row; `false` if a value does not fit, and the result has to be read anew.
pub(super) fn push(columns: &mut Columns, row: Vec<Value>, wide: &mut Wide) -> Result<bool> {
    let (mut fits, mut bytes) = (true, 0);
    for (place, (column, value)) in columns.each().zip(row).enumerate() {
        bytes += size(&value);
        if value == Value::NULL {
            column.builder.push_null();
        } else if !push_value(&mut column.builder, &column.own, value)? {
            wide.0.push(place);
            fits = false;
        }
    }
    columns.add_bytes(bytes);
    columns.end_row();
    Ok(fits)
}

/// About how many bytes a value takes.
fn size(value: &Value) -> usize {
    match value {
        Value::Bytes(bytes) => bytes.len(),
        _ => 8,
    }
}

fn meaning(column: &Described, wide: bool) -> ColumnKind {
    use ColumnType as T;
    match column.column_type() {
        T::MYSQL_TYPE_TINY
        | T::MYSQL_TYPE_SHORT
        | T::MYSQL_TYPE_LONG
        | T::MYSQL_TYPE_INT24
        | T::MYSQL_TYPE_LONGLONG
        | T::MYSQL_TYPE_YEAR
        | T::MYSQL_TYPE_BIT => match wide {
            true => ColumnKind::Decimal,
            false => ColumnKind::Integer,
        },
        T::MYSQL_TYPE_FLOAT | T::MYSQL_TYPE_DOUBLE => ColumnKind::Float,
        T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => ColumnKind::Decimal,
        T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => ColumnKind::Date,
        T::MYSQL_TYPE_DATETIME | T::MYSQL_TYPE_DATETIME2 => ColumnKind::Timestamp,
        T::MYSQL_TYPE_TIMESTAMP | T::MYSQL_TYPE_TIMESTAMP2 => ColumnKind::TimestampTz,
        // It may be negative, and longer than a day.
        T::MYSQL_TYPE_TIME | T::MYSQL_TYPE_TIME2 => ColumnKind::Other,
        T::MYSQL_TYPE_JSON => ColumnKind::Json,
        T::MYSQL_TYPE_NULL => ColumnKind::Text,
        kind => {
            let named = column.flags().intersects(ColumnFlags::ENUM_FLAG | ColumnFlags::SET_FLAG);
            let bytes = column.character_set() == BINARY && !named;
            match bytes || kind == T::MYSQL_TYPE_GEOMETRY {
                true => ColumnKind::Bytes,
                false => ColumnKind::Text,
            }
        }
    }
}

/// Adds a value; `false` if it is too large for the type.
fn push_value(builder: &mut Builder, form: &Form, value: Value) -> Result<bool> {
    match builder {
        Builder::Integer(out) => {
            let number = match form {
                Form::Usual => values::integer(value)?,
                Form::Bits => i64::try_from(values::bits(&value)?).ok(),
            };
            out.append_option(number);
            return Ok(number.is_some());
        }
        Builder::Single(out) => out.append_value(values::single(value)?),
        Builder::Double(out) => out.append_value(values::double(value)?),
        Builder::Date(out) => out.append_option(values::date(&value)?),
        Builder::Timestamp(out) => out.append_option(values::timestamp(&value)?),
        Builder::Bytes(out) => match value {
            Value::Bytes(bytes) => out.append_value(bytes),
            _ => return Err(values::malformed()),
        },
        Builder::Text(out) => match form {
            Form::Usual => values::text(value, out)?,
            Form::Bits => out.append_value(values::bits(&value)?.to_string()),
        },
        Builder::Boolean(_) | Builder::Time(_) | Builder::Interval(_) => {
            return Err(values::malformed());
        }
    }
    Ok(true)
}
