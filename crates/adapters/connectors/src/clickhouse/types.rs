//! Types as ClickHouse writes them: `Array(Nullable(DateTime64(3, 'UTC')))`.

use tessera_kernel::{Code, Fault, Result};

/// Deepest nesting of types that is read.
const DEPTH_MAX: usize = 32;

/// A type, by how its values are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Type {
    /// Whole numbers of so many bytes.
    Int(usize),
    UInt(usize),
    Float32,
    Float64,
    Bool,
    String,
    FixedString(usize),
    /// Days in 2 bytes without, or 4 bytes with sign.
    Date,
    Date32,
    /// Seconds in 4 bytes.
    DateTime,
    /// 8 bytes; so many digits of a second.
    DateTime64(u32),
    /// Seconds in 4 bytes, and 8 bytes with so many digits of a second.
    Time,
    Time64(u32),
    /// Bytes, and digits after the point.
    Decimal(usize, u32),
    Uuid,
    Ipv4,
    Ipv6,
    /// Bytes, and the names of the numbers.
    Enum(usize, Vec<(i16, String)>),
    Json,
    Nothing,
    Nullable(Box<Type>),
    Array(Box<Type>),
    Map(Box<Type>, Box<Type>),
    /// Its elements with their names, if these have any.
    Tuple(Vec<(Option<String>, Type)>),
}

/// Reads a type; the fault names the column.
pub(super) fn parse(text: &str, column: &str) -> Result<Type> {
    read(text.trim(), 0).ok_or_else(|| {
        Fault::new(
            Code::Unsupported,
            format!("the column {column:?} has the type {text}; write toString({column}) instead"),
        )
    })
}

fn read(text: &str, depth: usize) -> Option<Type> {
    if depth > DEPTH_MAX {
        return None;
    }
    let (name, inside) = match text.split_once('(') {
        Some((name, rest)) => (name.trim(), Some(rest.strip_suffix(')')?)),
        None => (text, None),
    };
    let parts = || arguments(inside.unwrap_or_default());
    let number = |place: usize| parts().get(place).and_then(|part| part.parse::<u32>().ok());
    let inner = |place: usize| read(parts().get(place)?, depth + 1).map(Box::new);
    let point = || Type::Tuple(vec![(None, Type::Float64), (None, Type::Float64)]);
    let many =
        |inner: Type, times: usize| (0..times).fold(inner, |inner, _| Type::Array(Box::new(inner)));
    Some(match name {
        "Int8" => Type::Int(1),
        "Int16" => Type::Int(2),
        "Int32" => Type::Int(4),
        "Int64" => Type::Int(8),
        "Int128" => Type::Int(16),
        "Int256" => Type::Int(32),
        "UInt8" => Type::UInt(1),
        "UInt16" => Type::UInt(2),
        "UInt32" => Type::UInt(4),
        "UInt64" => Type::UInt(8),
        "UInt128" => Type::UInt(16),
        "UInt256" => Type::UInt(32),
        "Float32" => Type::Float32,
        "Float64" => Type::Float64,
        "Bool" => Type::Bool,
        "String" => Type::String,
        "FixedString" => Type::FixedString(usize::try_from(number(0)?).ok()?),
        "Date" => Type::Date,
        "Date32" => Type::Date32,
        "DateTime" => Type::DateTime,
        "DateTime64" => Type::DateTime64(number(0).filter(|digits| *digits <= 9)?),
        "Time" => Type::Time,
        "Time64" => Type::Time64(number(0).filter(|digits| *digits <= 9)?),
        "Decimal" => {
            let bytes = match number(0)? {
                ..=9 => 4,
                10..=18 => 8,
                19..=38 => 16,
                _ => 32,
            };
            Type::Decimal(bytes, number(1)?)
        }
        "UUID" => Type::Uuid,
        "IPv4" => Type::Ipv4,
        "IPv6" => Type::Ipv6,
        "Enum8" => Type::Enum(1, names(inside?)?),
        "Enum16" => Type::Enum(2, names(inside?)?),
        "JSON" => Type::Json,
        "Nothing" => Type::Nothing,
        "Nullable" => Type::Nullable(inner(0)?),
        "LowCardinality" => *inner(0)?,
        "SimpleAggregateFunction" => *inner(1)?,
        "Array" => Type::Array(inner(0)?),
        "Map" => Type::Map(inner(0)?, inner(1)?),
        "Tuple" => Type::Tuple(elements(inside?, depth)?),
        "Nested" => Type::Array(Box::new(Type::Tuple(elements(inside?, depth)?))),
        "Point" => point(),
        "Ring" | "LineString" => many(point(), 1),
        "Polygon" | "MultiLineString" => many(point(), 2),
        "MultiPolygon" => many(point(), 3),
        _ if name.starts_with("Interval") && inside.is_none() => Type::Int(8),
        _ => return None,
    })
}

/// What stands between commas, not counting those within brackets and quotes.
fn arguments(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start, mut quote, mut escaped) = (0_usize, 0, None, false);
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '`') => quote = Some(letter),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

/// The elements of a tuple: `UInt8, String`, or `a UInt8, b String`.
fn elements(text: &str, depth: usize) -> Option<Vec<(Option<String>, Type)>> {
    let element = |part: &str| {
        if let Some(kind) = read(part, depth + 1) {
            return Some((None, kind));
        }
        let (name, kind) = if let Some(rest) = part.strip_prefix('`') {
            let (name, kind) = rest.split_once('`')?;
            (name.to_owned(), kind)
        } else {
            let (name, kind) = part.split_once(' ')?;
            (name.to_owned(), kind)
        };
        Some((Some(name), read(kind.trim(), depth + 1)?))
    };
    arguments(text).into_iter().map(element).collect()
}

/// `'a' = 1, 'b' = 2`.
fn names(text: &str) -> Option<Vec<(i16, String)>> {
    let name = |part: &str| {
        let (name, number) = part.rsplit_once('=')?;
        let quoted = name.trim().strip_prefix('\'')?.strip_suffix('\'')?;
        let mut name = String::new();
        let mut letters = quoted.chars();
        while let Some(letter) = letters.next() {
            name.push(if letter == '\\' { letters.next()? } else { letter });
        }
        Some((number.trim().parse().ok()?, name))
    };
    arguments(text).into_iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_they_are_written() {
        let boxed = |kind: Type| Box::new(kind);
        for (text, expected) in [
            ("UInt64", Type::UInt(8)),
            ("Nullable(Decimal(38, 5))", Type::Nullable(boxed(Type::Decimal(16, 5)))),
            ("LowCardinality(Nullable(String))", Type::Nullable(boxed(Type::String))),
            ("DateTime64(3, 'Europe/Berlin')", Type::DateTime64(3)),
            ("DateTime('UTC')", Type::DateTime),
            ("SimpleAggregateFunction(sum, Int64)", Type::Int(8)),
            (
                "Map(String, Array(UInt8))",
                Type::Map(boxed(Type::String), boxed(Type::Array(boxed(Type::UInt(1))))),
            ),
            (
                "Tuple(a UInt8, `b c` Tuple(String, Float64))",
                Type::Tuple(vec![
                    (Some("a".to_owned()), Type::UInt(1)),
                    (
                        Some("b c".to_owned()),
                        Type::Tuple(vec![(None, Type::String), (None, Type::Float64)]),
                    ),
                ]),
            ),
            (
                "Enum8('a\\'=, (' = -1, 'b' = 2)",
                Type::Enum(1, vec![(-1, "a'=, (".to_owned()), (2, "b".to_owned())]),
            ),
            ("IntervalDay", Type::Int(8)),
        ] {
            assert_eq!(parse(text, "c").expect(text), expected, "{text}");
        }
        for text in ["Dynamic", "Variant(String, UInt8)", "AggregateFunction(sum, Int64)", "Array("]
        {
            assert_eq!(parse(text, "c").expect_err(text).code(), Code::Unsupported);
        }
    }
}
