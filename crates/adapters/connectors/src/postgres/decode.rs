//! Values that are kept as text: exact decimals, JSON, arrays, ranges, identifiers, addresses.

use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta};
use serde_json::Value as Json;
use tessera_kernel::Result;
use tokio_postgres::types::{Kind, Type};

use super::network;
use super::values::{self, malformed};

/// The text of a value that came as text; `None` for one that has to be written.
pub(super) fn plain<'a>(kind: &Type, raw: &'a [u8]) -> Result<Option<&'a str>> {
    let text = match *kind {
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN | Type::XML => raw,
        Type::JSON => raw,
        // One byte tells the version of the form.
        Type::JSONB => raw.get(1..).ok_or_else(malformed)?,
        _ if matches!(kind.kind(), Kind::Enum(_)) => raw,
        _ => return Ok(None),
    };
    std::str::from_utf8(text).map(Some).map_err(|_| malformed())
}

/// Writes the text of any value that can be read here.
pub(super) fn write(kind: &Type, raw: &[u8], out: &mut String) -> Result<()> {
    if let Some(text) = plain(kind, raw)? {
        out.push_str(text);
        return Ok(());
    }
    match *kind {
        Type::NUMERIC => numeric(raw, out),
        Type::UUID => uuid(raw, out),
        Type::INET | Type::CIDR => network::address(raw, *kind == Type::CIDR, out),
        Type::MACADDR | Type::MACADDR8 => network::card(raw, out),
        Type::TIMETZ => time_with_zone(raw, out),
        Type::CHAR => {
            out.push(char::from(*raw.first().ok_or_else(malformed)?));
            Ok(())
        }
        _ => match kind.kind() {
            Kind::Array(_) => {
                let json = json(kind, raw)?;
                write!(out, "{json}").map_err(|_| malformed())
            }
            Kind::Range(inner) => range(inner, raw, out),
            Kind::Multirange(inner) => ranges(inner, raw, out),
            Kind::Domain(inner) => write(inner, raw, out),
            _ => {
                let Json::String(text) = json(kind, raw)? else {
                    return write!(out, "{}", json(kind, raw)?).map_err(|_| malformed());
                };
                out.push_str(&text);
                Ok(())
            }
        },
    }
}

/// A value as JSON, for elements of arrays.
fn json(kind: &Type, raw: &[u8]) -> Result<Json> {
    Ok(match *kind {
        Type::BOOL => Json::Bool(values::boolean(raw)?),
        Type::INT2 | Type::INT4 | Type::INT8 => Json::from(values::integer(raw)?),
        Type::OID => Json::from(values::u32(raw)?),
        Type::FLOAT4 => {
            let number = f32::from_bits(values::u32(raw)?);
            // By way of its shortest text, so that 0.1 does not become 0.10000000149.
            float(number.to_string().parse().unwrap_or(f64::from(number)))
        }
        Type::FLOAT8 => float(f64::from_bits(values::u64(raw)?)),
        Type::JSON | Type::JSONB => {
            let text = plain(kind, raw)?.ok_or_else(malformed)?;
            serde_json::from_str(text).map_err(|_| malformed())?
        }
        Type::BYTEA => Json::String(format!("\\x{}", hex::encode(raw))),
        Type::DATE => Json::String(date(values::date(raw)?)),
        Type::TIME => Json::String(time(values::i64(raw)?)),
        Type::TIMESTAMP => Json::String(timestamp(values::timestamp(raw)?, 'T', "")),
        Type::TIMESTAMPTZ => Json::String(timestamp(values::timestamp(raw)?, 'T', "Z")),
        Type::INTERVAL => Json::String(interval(raw)?),
        Type::NUMERIC => {
            let mut text = String::new();
            numeric(raw, &mut text)?;
            // Kept as text where a JSON number would lose digits.
            match text.parse::<f64>() {
                Ok(number) if number.to_string() == text => float(number),
                _ => Json::String(text),
            }
        }
        _ => match kind.kind() {
            Kind::Array(inner) => array(inner, raw)?,
            Kind::Domain(inner) => json(inner, raw)?,
            _ => {
                let mut text = String::new();
                write(kind, raw, &mut text)?;
                Json::String(text)
            }
        },
    })
}

fn float(number: f64) -> Json {
    match serde_json::Number::from_f64(number) {
        Some(number) => Json::Number(number),
        None if number.is_nan() => Json::String("NaN".to_owned()),
        None if number > 0.0 => Json::String("Infinity".to_owned()),
        None => Json::String("-Infinity".to_owned()),
    }
}

/// Reads numbers off the front of bytes.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count).ok_or_else(malformed)?;
        self.0 = tail;
        Ok(head)
    }

    fn i32(&mut self) -> Result<i32> {
        values::i32(self.take(4)?)
    }

    fn u16(&mut self) -> Result<u16> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    /// A value with its length in front; `None` for NULL.
    fn value(&mut self) -> Result<Option<&'a [u8]>> {
        match self.i32()? {
            -1 => Ok(None),
            length => self.take(usize::try_from(length).map_err(|_| malformed())?).map(Some),
        }
    }
}

/// An array of any number of dimensions as nested lists.
fn array(inner: &Type, raw: &[u8]) -> Result<Json> {
    let mut reader = Reader(raw);
    let dimensions = reader.i32()?;
    let (_has_nulls, _element) = (reader.i32()?, reader.i32()?);
    let mut lengths = Vec::new();
    for _ in 0..dimensions {
        lengths.push(usize::try_from(reader.i32()?).map_err(|_| malformed())?);
        let _lower_bound = reader.i32()?;
    }
    if lengths.is_empty() {
        return Ok(Json::Array(Vec::new()));
    }
    nested(inner, &lengths, &mut reader)
}

fn nested(inner: &Type, lengths: &[usize], reader: &mut Reader<'_>) -> Result<Json> {
    let Some((length, rest)) = lengths.split_first() else {
        return match reader.value()? {
            Some(raw) => json(inner, raw),
            None => Ok(Json::Null),
        };
    };
    let items: Result<Vec<Json>> = (0..*length).map(|_| nested(inner, rest, reader)).collect();
    items.map(Json::Array)
}

/// Digits in groups of four, as the server keeps them, written out in full.
fn numeric(raw: &[u8], out: &mut String) -> Result<()> {
    let mut reader = Reader(raw);
    let count = usize::from(reader.u16()?);
    let weight = i32::from(reader.u16()?.cast_signed());
    let sign = reader.u16()?;
    let scale = usize::from(reader.u16()?);
    match sign {
        0x0000 => {}
        0x4000 => out.push('-'),
        0xC000 => return push(out, "NaN"),
        0xD000 => return push(out, "Infinity"),
        0xF000 => return push(out, "-Infinity"),
        _ => return Err(malformed()),
    }
    let groups: Result<Vec<u16>> = (0..count).map(|_| reader.u16()).collect();
    let groups = groups?;
    let group = |place: i32| -> u16 {
        usize::try_from(place).ok().and_then(|place| groups.get(place)).copied().unwrap_or(0)
    };
    if weight < 0 {
        out.push('0');
    } else {
        for place in 0..=weight {
            let digits = group(place);
            if place == 0 {
                write!(out, "{digits}").map_err(|_| malformed())?;
            } else {
                write!(out, "{digits:04}").map_err(|_| malformed())?;
            }
        }
    }
    if scale > 0 {
        out.push('.');
        let end = out.len() + scale;
        let mut place = weight + 1;
        while out.len() < end {
            write!(out, "{:04}", group(place)).map_err(|_| malformed())?;
            place += 1;
        }
        out.truncate(end);
    }
    Ok(())
}

fn push(out: &mut String, text: &str) -> Result<()> {
    out.push_str(text);
    Ok(())
}

fn uuid(raw: &[u8], out: &mut String) -> Result<()> {
    let uuid = uuid::Uuid::from_slice(raw).map_err(|_| malformed())?;
    write!(out, "{uuid}").map_err(|_| malformed())
}

/// A range as the server writes it: `[1,5)`, `(,5]`, `empty`.
fn range(inner: &Type, raw: &[u8], out: &mut String) -> Result<()> {
    const EMPTY: u8 = 0x01;
    const LOWER_INCLUSIVE: u8 = 0x02;
    const UPPER_INCLUSIVE: u8 = 0x04;
    const LOWER_INFINITE: u8 = 0x08;
    const UPPER_INFINITE: u8 = 0x10;
    let mut reader = Reader(raw);
    let flags = reader.take(1)?[0];
    if flags & EMPTY != 0 {
        return push(out, "empty");
    }
    out.push(if flags & LOWER_INCLUSIVE != 0 { '[' } else { '(' });
    if flags & LOWER_INFINITE == 0 {
        bound(inner, reader.value()?.ok_or_else(malformed)?, out)?;
    }
    out.push(',');
    if flags & UPPER_INFINITE == 0 {
        bound(inner, reader.value()?.ok_or_else(malformed)?, out)?;
    }
    out.push(if flags & UPPER_INCLUSIVE != 0 { ']' } else { ')' });
    Ok(())
}

/// Several ranges as the server writes them: `{[1,3),[5,7)}`.
fn ranges(inner: &Type, raw: &[u8], out: &mut String) -> Result<()> {
    let mut reader = Reader(raw);
    let count = reader.i32()?;
    out.push('{');
    for place in 0..count {
        if place > 0 {
            out.push(',');
        }
        range(inner, reader.value()?.ok_or_else(malformed)?, out)?;
    }
    out.push('}');
    Ok(())
}

/// Whether ranges of a type can be written here.
pub(super) fn writes_range_of(inner: &Type) -> bool {
    matches!(
        *inner,
        Type::INT4 | Type::INT8 | Type::NUMERIC | Type::DATE | Type::TIMESTAMP | Type::TIMESTAMPTZ
    )
}

fn bound(inner: &Type, raw: &[u8], out: &mut String) -> Result<()> {
    match *inner {
        // The server writes a blank between date and time, and quotes what has one.
        Type::TIMESTAMP | Type::TIMESTAMPTZ => {
            let zone = if *inner == Type::TIMESTAMPTZ { "+00" } else { "" };
            let text = timestamp(values::timestamp(raw)?, ' ', zone);
            let quote = if text.contains(' ') { "\"" } else { "" };
            write!(out, "{quote}{text}{quote}").map_err(|_| malformed())
        }
        Type::NUMERIC => numeric(raw, out),
        _ => match json(inner, raw)? {
            Json::String(text) => push(out, &text),
            other => write!(out, "{other}").map_err(|_| malformed()),
        },
    }
}

/// Time of day and zone as the server writes them: `04:05:06+02`.
fn time_with_zone(raw: &[u8], out: &mut String) -> Result<()> {
    let (head, west) = raw.split_at_checked(8).ok_or_else(malformed)?;
    out.push_str(&time(values::i64(head)?));
    // The server counts seconds to the west.
    let east = -i64::from(values::i32(west)?);
    let sign = if east < 0 { '-' } else { '+' };
    let (hours, minutes, seconds) = (east.abs() / 3600, east.abs() / 60 % 60, east.abs() % 60);
    write!(out, "{sign}{hours:02}").map_err(|_| malformed())?;
    if minutes != 0 || seconds != 0 {
        write!(out, ":{minutes:02}").map_err(|_| malformed())?;
    }
    if seconds != 0 {
        write!(out, ":{seconds:02}").map_err(|_| malformed())?;
    }
    Ok(())
}

fn date(days: i32) -> String {
    match days {
        i32::MAX => "infinity".to_owned(),
        i32::MIN => "-infinity".to_owned(),
        days => NaiveDate::default()
            .checked_add_signed(TimeDelta::days(i64::from(days)))
            .map_or_else(|| format!("day {days}"), |date| date.to_string()),
    }
}

fn time(micros: i64) -> String {
    if micros == 86_400_000_000 {
        return "24:00:00".to_owned();
    }
    let (seconds, rest) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    u32::try_from(seconds)
        .ok()
        .and_then(|seconds| NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0))
        .map_or_else(
            || micros.to_string(),
            |time| format!("{}{}", time.format("%H:%M:%S"), fraction(rest)),
        )
}

fn timestamp(micros: i64, between: char, zone: &str) -> String {
    match micros {
        i64::MAX => "infinity".to_owned(),
        i64::MIN => "-infinity".to_owned(),
        micros => DateTime::from_timestamp_micros(micros).map_or_else(
            || micros.to_string(),
            |moment| {
                let (date, time) = (moment.date_naive(), moment.format("%H:%M:%S"));
                let fraction = fraction(micros.rem_euclid(1_000_000));
                format!("{date}{between}{time}{fraction}{zone}")
            },
        ),
    }
}

/// A fraction of a second as the server writes it: without zeros at its end.
fn fraction(micros: i64) -> String {
    if micros == 0 {
        return String::new();
    }
    format!(".{}", format!("{micros:06}").trim_end_matches('0'))
}

/// ISO 8601: `P1M2DT3.5S`.
fn interval(raw: &[u8]) -> Result<String> {
    let micros = values::i64(raw.get(..8).ok_or_else(malformed)?)?;
    let days = values::i32(raw.get(8..12).ok_or_else(malformed)?)?;
    let months = values::i32(raw.get(12..).ok_or_else(malformed)?)?;
    let mut text = "P".to_owned();
    for (amount, unit) in [(months, 'M'), (days, 'D')] {
        if amount != 0 {
            write!(text, "{amount}{unit}").map_err(|_| malformed())?;
        }
    }
    if micros != 0 || text.len() == 1 {
        let sign = if micros < 0 { "-" } else { "" };
        let (seconds, rest) =
            (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
        write!(text, "T{sign}{seconds}").map_err(|_| malformed())?;
        text.push_str(&fraction(i64::try_from(rest).unwrap_or_default()));
        text.push('S');
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(groups: &[u16], weight: i16, sign: u16, scale: u16, expected: &str) {
        let count = u16::try_from(groups.len()).expect("few");
        let mut raw: Vec<u8> = Vec::new();
        for number in [count, weight.cast_unsigned(), sign, scale].iter().chain(groups) {
            raw.extend_from_slice(&number.to_be_bytes());
        }
        let mut text = String::new();
        numeric(&raw, &mut text).expect("well formed");
        assert_eq!(text, expected);
    }

    #[test]
    fn decimals_keep_every_digit() {
        check(&[], 0, 0, 0, "0");
        check(&[], 0, 0, 2, "0.00");
        check(&[1, 1000], 0, 0, 2, "1.10");
        check(&[100], 0, 0, 0, "100");
        check(&[1], 1, 0, 0, "10000");
        check(&[1], 2, 0x4000, 0, "-100000000");
        check(&[1234, 5678], -1, 0, 8, "0.12345678");
        check(&[5], -2, 0, 8, "0.00000005");
        check(
            &[1234, 5678, 9012, 3456, 7890, 1234, 5678, 9000],
            4,
            0,
            9,
            "12345678901234567890.123456789",
        );
        check(&[], 0, 0xC000, 0, "NaN");
        check(&[], 0, 0xF000, 0, "-Infinity");
    }
}
