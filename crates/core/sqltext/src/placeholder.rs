//! How a placeholder is written in each dialect, with the type that a literal in its place would have.

use std::borrow::Cow;

use crate::Dialect;
use crate::bind::Bind;
use crate::values::{Number, Scalar};

/// The type that a placeholder is given.
pub(crate) enum Cast<'a> {
    None,
    To(Cow<'static, str>),
    /// The one that the author wrote in front of the literal.
    Written(&'a str),
}

/// The placeholder with this number.
pub(crate) fn written(dialect: Dialect, number: usize, cast: &Cast<'_>) -> String {
    let plain = match dialect {
        Dialect::Postgres => format!("${number}"),
        Dialect::Sqlite | Dialect::Document(_) => return format!("?{number}"),
        Dialect::MySql | Dialect::Trino | Dialect::Snowflake => "?".to_owned(),
        Dialect::SqlServer => format!("@P{number}"),
        Dialect::ClickHouse => {
            let kind = if let Cast::To(kind) = cast { kind.as_ref() } else { "String" };
            format!("{{p{number}:{kind}}}")
        }
    };
    match cast {
        Cast::None => plain,
        Cast::To(_) if dialect == Dialect::ClickHouse => plain,
        Cast::To(kind) if dialect == Dialect::Postgres => format!("{plain}::{kind}"),
        Cast::To(kind) => format!("CAST({plain} AS {kind})"),
        Cast::Written(kind) => format!("CAST({plain} AS {})", dialect.cast_name(kind)),
    }
}

/// A number as a value.
pub(crate) fn number_bind(number: Number) -> Bind {
    match number {
        Number::Integer(value) => Bind::Integer(value),
        Number::Decimal(text) => Bind::Decimal(text),
    }
}

/// A value among code, and the type that its literal would have had.
pub(crate) fn typed(dialect: Dialect, scalar: &Scalar) -> (Bind, Cast<'static>) {
    match scalar {
        Scalar::Text(text) => (Bind::Untyped(text.clone()), Cast::None),
        Scalar::Number(number) => (number_bind(number.clone()), number_type(dialect, number)),
        Scalar::Boolean(value) => match dialect {
            Dialect::Postgres => (Bind::Untyped(value.to_string()), to("bool")),
            Dialect::ClickHouse => (Bind::Untyped(value.to_string()), to("Bool")),
            Dialect::Trino | Dialect::Snowflake => {
                (Bind::Untyped(value.to_string()), to("boolean"))
            }
            Dialect::Sqlite | Dialect::MySql | Dialect::SqlServer | Dialect::Document(_) => {
                (Bind::Integer((*value).into()), Cast::None)
            }
        },
        Scalar::Date(date) => {
            let cast = match dialect {
                Dialect::Sqlite | Dialect::Document(_) => Cast::None,
                Dialect::ClickHouse => to("Date32"),
                _ => to("date"),
            };
            (Bind::Date(*date), cast)
        }
        Scalar::Datetime { value, .. } => {
            let cast = match dialect {
                Dialect::Sqlite | Dialect::Document(_) => Cast::None,
                Dialect::Postgres => to("timestamp"),
                Dialect::Trino => to("timestamp(6)"),
                Dialect::MySql => to("datetime(6)"),
                Dialect::SqlServer => to("datetime2(6)"),
                Dialect::ClickHouse => to("DateTime64(6)"),
                Dialect::Snowflake => to("timestamp_ntz(6)"),
            };
            (Bind::Datetime(*value), cast)
        }
    }
}

fn to(kind: &'static str) -> Cast<'static> {
    Cast::To(Cow::Borrowed(kind))
}

/// What holds every digit; where a type cannot, a floating-point number, as for a literal.
fn number_type(dialect: Dialect, number: &Number) -> Cast<'static> {
    let text = match (dialect, number) {
        (Dialect::Sqlite | Dialect::Document(_), _) => return Cast::None,
        (Dialect::Postgres, Number::Integer(value)) => {
            return to(if i32::try_from(*value).is_ok() { "int4" } else { "int8" });
        }
        (Dialect::Postgres, Number::Decimal(_)) => return to("numeric"),
        (Dialect::ClickHouse, Number::Integer(_)) => return to("Int64"),
        (_, Number::Integer(_)) => return Cast::None,
        (_, Number::Decimal(text)) => text.trim_start_matches('-'),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (whole, fraction) = (whole.len(), fraction.len());
    let (digits, places, float) = match dialect {
        Dialect::MySql => (65, 30, "double"),
        Dialect::ClickHouse => (76, 76, "Float64"),
        Dialect::Trino => (38, 38, "double"),
        Dialect::Snowflake => (38, 37, "float"),
        _ => (38, 38, "float"),
    };
    let name = if dialect == Dialect::ClickHouse { "Decimal" } else { "decimal" };
    if whole + fraction > digits || fraction > places {
        return to(float);
    }
    Cast::To(Cow::Owned(format!("{name}({digits}, {fraction})")))
}
