//! Values in the binary form of one row after the other (`RowBinary`): little-endian, texts with
//! their lengths in front.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use chrono::{DateTime, NaiveDate, TimeDelta};
use serde_json::{Map, Value as Json};
use tessera_kernel::{Code, Fault, Result};

use super::types::Type;

/// Largest value that is read, in bytes: a longer one is a stream out of step.
const VALUE_BYTES_MAX: u64 = 1 << 30;

/// Bytes that have come, read from the front.
pub(super) struct Reader<'b> {
    bytes: &'b [u8],
    pub(super) at: usize,
}

/// `None` where not all bytes are there yet.
pub(super) type Partly<T> = Result<Option<T>>;

/// Takes the value, or leaves because it is not all there.
macro_rules! take {
    ($value:expr) => {
        match $value {
            Some(value) => value,
            None => return Ok(None),
        }
    };
}
pub(super) use take;

pub(super) fn malformed() -> Fault {
    Fault::new(Code::SourceFailed, "the answer does not have the form that was asked for")
}

impl<'b> Reader<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub(super) fn raw(&mut self, length: usize) -> Option<&'b [u8]> {
        let found = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(found)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.raw(N)?.try_into().ok()
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// A number of 7 bits in each byte.
    pub(super) fn length(&mut self) -> Partly<usize> {
        let mut number = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = take!(self.byte());
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                if number > VALUE_BYTES_MAX {
                    return Err(malformed());
                }
                return usize::try_from(number).map(Some).map_err(|_| malformed());
            }
        }
        Err(malformed())
    }

    pub(super) fn text(&mut self) -> Partly<&'b [u8]> {
        let length = take!(self.length()?);
        Ok(self.raw(length))
    }

    /// A whole number of up to 8 bytes.
    pub(super) fn signed(&mut self, bytes: usize) -> Option<i64> {
        Some(match bytes {
            1 => i64::from(i8::from_le_bytes(self.array()?)),
            2 => i64::from(i16::from_le_bytes(self.array()?)),
            4 => i64::from(i32::from_le_bytes(self.array()?)),
            _ => i64::from_le_bytes(self.array()?),
        })
    }

    pub(super) fn unsigned(&mut self, bytes: usize) -> Option<u64> {
        Some(match bytes {
            1 => u64::from(u8::from_le_bytes(self.array()?)),
            2 => u64::from(u16::from_le_bytes(self.array()?)),
            4 => u64::from(u32::from_le_bytes(self.array()?)),
            _ => u64::from_le_bytes(self.array()?),
        })
    }

    pub(super) fn single(&mut self) -> Option<f32> {
        self.array().map(f32::from_le_bytes)
    }

    pub(super) fn double(&mut self) -> Option<f64> {
        self.array().map(f64::from_le_bytes)
    }

    /// The digits of a whole number of any size.
    pub(super) fn digits(&mut self, bytes: usize, signed: bool) -> Option<String> {
        Some(match (bytes, signed) {
            (16, true) => i128::from_le_bytes(self.array()?).to_string(),
            (16, false) => u128::from_le_bytes(self.array()?).to_string(),
            (32, _) => wide(self.array()?, signed),
            (_, true) => self.signed(bytes)?.to_string(),
            (_, false) => self.unsigned(bytes)?.to_string(),
        })
    }

    pub(super) fn decimal(&mut self, bytes: usize, scale: u32) -> Option<String> {
        let digits = self.digits(bytes, true)?;
        Some(pointed(&digits, usize::try_from(scale).ok()?))
    }

    pub(super) fn uuid(&mut self) -> Option<String> {
        let (high, low) = (self.unsigned(8)?, self.unsigned(8)?);
        Some(uuid::Uuid::from_u64_pair(high, low).to_string())
    }
}

/// A whole number of 256 bits.
fn wide(mut bytes: [u8; 32], signed: bool) -> String {
    let negative = signed && bytes[31] & 0x80 != 0;
    if negative {
        let mut carry = true;
        for byte in &mut bytes {
            let (flipped, over) = (!*byte).overflowing_add(u8::from(carry));
            (*byte, carry) = (flipped, over);
        }
    }
    let mut digits = Vec::new();
    while bytes.iter().any(|byte| *byte != 0) {
        let mut rest = 0_u16;
        for byte in bytes.iter_mut().rev() {
            let value = rest << 8 | u16::from(*byte);
            *byte = u8::try_from(value / 10).unwrap_or(u8::MAX);
            rest = value % 10;
        }
        digits.push(char::from(b'0' + u8::try_from(rest).unwrap_or(0)));
    }
    if digits.is_empty() {
        digits.push('0');
    }
    let sign = if negative { "-" } else { "" };
    sign.chars().chain(digits.into_iter().rev()).collect()
}

/// Digits with a point before the last `scale` of them.
fn pointed(digits: &str, scale: usize) -> String {
    if scale == 0 {
        return digits.to_owned();
    }
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    let padded = format!("{digits:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    format!("{sign}{whole}.{fraction}")
}

/// A moment with all digits of its second, in UTC.
pub(super) fn moment(ticks: i64, scale: u32) -> Result<String> {
    let per_second = 10_i64.pow(scale);
    let nanos = ticks.rem_euclid(per_second) * 10_i64.pow(9 - scale);
    let moment = DateTime::from_timestamp(
        ticks.div_euclid(per_second),
        u32::try_from(nanos).map_err(|_| malformed())?,
    );
    let moment = moment.ok_or_else(malformed)?.naive_utc();
    let digits = usize::try_from(scale).map_err(|_| malformed())?;
    let mut text = moment.format("%Y-%m-%d %H:%M:%S").to_string();
    if digits > 0 {
        let fraction = format!("{nanos:09}");
        write!(text, ".{}", &fraction[..digits]).map_err(|_| malformed())?;
    }
    Ok(text)
}

/// A span of time as `-12:34:56.789`.
pub(super) fn clock(ticks: i64, scale: u32) -> String {
    let per_second = 10_u64.pow(scale);
    let (whole, fraction) = (ticks.unsigned_abs() / per_second, ticks.unsigned_abs() % per_second);
    let sign = if ticks < 0 { "-" } else { "" };
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    let mut text = format!("{sign}{hours:02}:{minutes:02}:{seconds:02}");
    if scale > 0 {
        let digits = usize::try_from(scale).unwrap_or(9);
        text.push_str(&format!(".{fraction:0digits$}"));
    }
    text
}

pub(super) fn day(days: i64) -> Result<String> {
    let day = NaiveDate::default().checked_add_signed(TimeDelta::days(days));
    Ok(day.ok_or_else(malformed)?.to_string())
}

/// The name of a number.
pub(super) fn named(names: &[(i16, String)], number: i64) -> Result<&str> {
    let found = names.iter().find(|(known, _)| i64::from(*known) == number);
    found.map(|(_, name)| name.as_str()).ok_or_else(malformed)
}

pub(super) fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn float(number: f64) -> Json {
    match serde_json::Number::from_f64(number) {
        Some(number) => Json::Number(number),
        None if number.is_nan() => Json::from("NaN"),
        None if number > 0.0 => Json::from("Infinity"),
        None => Json::from("-Infinity"),
    }
}

/// Any value as JSON, for what is within others.
pub(super) fn json(kind: &Type, from: &mut Reader<'_>) -> Partly<Json> {
    Ok(Some(match kind {
        Type::Int(bytes @ ..=8) => Json::from(take!(from.signed(*bytes))),
        Type::UInt(bytes @ ..=8) => Json::from(take!(from.unsigned(*bytes))),
        Type::Int(bytes) => Json::from(take!(from.digits(*bytes, true))),
        Type::UInt(bytes) => Json::from(take!(from.digits(*bytes, false))),
        // By way of its shortest text, so that 0.1 does not become 0.10000000149.
        Type::Float32 => {
            let number = take!(from.single());
            float(number.to_string().parse().unwrap_or(f64::from(number)))
        }
        Type::Float64 => float(take!(from.double())),
        Type::Bool => Json::from(take!(from.byte()) != 0),
        Type::String => Json::from(lossy(take!(from.text()?))),
        Type::FixedString(length) => Json::from(lossy(take!(from.raw(*length)))),
        Type::Date => {
            let days = take!(from.unsigned(2));
            Json::from(day(i64::try_from(days).map_err(|_| malformed())?)?)
        }
        Type::Date32 => Json::from(day(take!(from.signed(4)))?),
        Type::DateTime => {
            let seconds = i64::try_from(take!(from.unsigned(4))).map_err(|_| malformed())?;
            Json::from(moment(seconds, 0)?)
        }
        Type::DateTime64(scale) => Json::from(moment(take!(from.signed(8)), *scale)?),
        Type::Time => Json::from(clock(take!(from.signed(4)), 0)),
        Type::Time64(scale) => Json::from(clock(take!(from.signed(8)), *scale)),
        Type::Decimal(bytes, scale) => Json::from(take!(from.decimal(*bytes, *scale))),
        Type::Uuid => Json::from(take!(from.uuid())),
        Type::Ipv4 => Json::from(take!(ipv4(from))),
        Type::Ipv6 => Json::from(take!(ipv6(from))),
        Type::Enum(bytes, names) => Json::from(named(names, take!(from.signed(*bytes)))?),
        Type::Json => serde_json::from_slice(take!(from.text()?)).map_err(|_| malformed())?,
        Type::Nothing => Json::Null,
        Type::Nullable(inner) => {
            if take!(from.byte()) == 0 {
                take!(json(inner, from)?)
            } else {
                Json::Null
            }
        }
        Type::Array(inner) => {
            let length = take!(from.length()?);
            let mut list = Vec::new();
            for _ in 0..length {
                list.push(take!(json(inner, from)?));
            }
            Json::Array(list)
        }
        Type::Map(key, value) => {
            let length = take!(from.length()?);
            let mut map = Map::new();
            for _ in 0..length {
                let key = match take!(json(key, from)?) {
                    Json::String(key) => key,
                    other => other.to_string(),
                };
                map.insert(key, take!(json(value, from)?));
            }
            Json::Object(map)
        }
        Type::Tuple(elements) => {
            let mut values = Vec::new();
            for (name, kind) in elements {
                values.push((name.clone(), take!(json(kind, from)?)));
            }
            if values.iter().all(|(name, _)| name.is_some()) {
                let named =
                    values.into_iter().map(|(name, value)| (name.unwrap_or_default(), value));
                Json::Object(named.collect())
            } else {
                Json::Array(values.into_iter().map(|(_, value)| value).collect())
            }
        }
    }))
}

pub(super) fn ipv4(from: &mut Reader<'_>) -> Option<String> {
    let number = u32::try_from(from.unsigned(4)?).ok()?;
    Some(Ipv4Addr::from(number).to_string())
}

pub(super) fn ipv6(from: &mut Reader<'_>) -> Option<String> {
    from.array::<16>().map(|bytes| Ipv6Addr::from(bytes).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_numbers_are_exact() {
        let mut one = [0; 32];
        one[0] = 1;
        assert_eq!(wide(one, true), "1");
        assert_eq!(wide([0; 32], true), "0");
        assert_eq!(wide([255; 32], true), "-1");
        assert_eq!(
            wide([255; 32], false),
            "115792089237316195423570985008687907853269984665640564039457584007913129639935"
        );
    }

    #[test]
    fn points_stand_where_the_scale_says() {
        for (digits, scale, expected) in
            [("5", 0, "5"), ("5", 2, "0.05"), ("-5", 1, "-0.5"), ("12345", 2, "123.45")]
        {
            assert_eq!(pointed(digits, scale), expected);
        }
        assert_eq!(moment(-1, 3).expect("is read"), "1969-12-31 23:59:59.999");
        assert_eq!(clock(-3_723_500, 3), "-01:02:03.500");
    }

    #[test]
    fn what_is_not_all_there_is_waited_for() {
        let kind = Type::Array(Box::new(Type::String));
        let whole = [2, 1, b'a', 2, b'b', b'c'];
        for length in 0..whole.len() {
            assert_eq!(json(&kind, &mut Reader::new(&whole[..length])).expect("no fault"), None);
        }
        let read = json(&kind, &mut Reader::new(&whole)).expect("is read");
        assert_eq!(read, Some(serde_json::json!(["a", "bc"])));
    }
}
