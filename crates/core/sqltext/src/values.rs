//! Values that have been checked and have a type.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime, Timelike};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

/// An exact number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Number {
    /// A whole number.
    Integer(i64),
    /// Any other number, in plain notation: `-12.50`, without exponent or superfluous zeros in
    /// front.
    Decimal(String),
}

/// More digits than this are no number that anybody means.
const DIGITS_MAX: usize = 400;

impl Number {
    /// Reads a finite decimal number; blanks around it do not matter.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, text.get(1..)?),
            b'+' => (false, text.get(1..)?),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent_of(exponent)?)),
            None => (unsigned, None),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() + fraction.len() == 0
            || whole.len() + fraction.len() > DIGITS_MAX
            || !all_digits(whole)
            || !all_digits(fraction)
        {
            return None;
        }
        let (whole, fraction) = shift(whole, fraction, exponent.unwrap_or(0));
        let whole = whole.trim_start_matches('0');
        let whole = if whole.is_empty() { "0" } else { whole };
        let zero = whole == "0" && fraction.bytes().all(|byte| byte == b'0');
        let sign = if negative && !zero { "-" } else { "" };
        if fraction.is_empty() {
            let plain = format!("{sign}{whole}");
            return Some(match plain.parse() {
                Ok(integer) if exponent.is_none() => Self::Integer(integer),
                _ => Self::Decimal(plain),
            });
        }
        Some(Self::Decimal(format!("{sign}{whole}.{fraction}")))
    }

    /// The number as text, in plain notation.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Integer(value) => value.to_string(),
            Self::Decimal(text) => text.clone(),
        }
    }
}

/// Exponents beyond those of a double-precision number are refused.
fn exponent_of(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|exponent| (-330..=308).contains(exponent))
}

/// Moves the decimal point.
fn shift(whole: &str, fraction: &str, exponent: i32) -> (String, String) {
    let by = usize::try_from(exponent.unsigned_abs()).unwrap_or(0);
    if exponent >= 0 {
        let padded = format!("{fraction}{}", "0".repeat(by.saturating_sub(fraction.len())));
        let (moved, rest) = padded.split_at(by.min(padded.len()));
        (format!("{whole}{moved}"), rest.to_owned())
    } else {
        let padded = format!("{}{whole}", "0".repeat(by.saturating_sub(whole.len())));
        let (rest, moved) = padded.split_at(padded.len() - by);
        (rest.to_owned(), format!("{moved}{fraction}"))
    }
}

/// A single value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum Scalar {
    /// Text.
    Text(String),
    /// An exact number.
    Number(Number),
    /// A truth value; only where no definition says what is expected.
    Boolean(bool),
    /// A day.
    Date(NaiveDate),
    /// A day and a time of day, in the zone of the query.
    Datetime {
        /// Day and time.
        value: NaiveDateTime,
        /// Whether its text has seconds.
        seconds: bool,
    },
}

impl Scalar {
    /// A moment whose text has seconds if the parameter asks for them or they matter.
    pub(crate) fn datetime(value: NaiveDateTime, seconds: bool) -> Self {
        let seconds = seconds || value.second() != 0 || value.nanosecond() != 0;
        Self::Datetime { value, seconds }
    }

    /// The canonical text: `2021-02-03`, `2021-02-03 04:05`, `2021-02-03 04:05:06`, `-1.50`.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.text(),
            Self::Boolean(value) => value.to_string(),
            Self::Date(date) => date.format("%Y-%m-%d").to_string(),
            Self::Datetime { value, seconds: true } => {
                value.format("%Y-%m-%d %H:%M:%S%.f").to_string()
            }
            Self::Datetime { value, seconds: false } => value.format("%Y-%m-%d %H:%M").to_string(),
        }
    }
}

/// The value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// One value.
    One(Scalar),
    /// Any number of values.
    Many(Vec<Scalar>),
    /// From one value to another.
    Range {
        /// `x.start`
        start: Scalar,
        /// `x.end`
        end: Scalar,
    },
}

/// Checked values by the name of their parameter. They are stored with a job and bound later.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Values(BTreeMap<String, Value>);

impl Values {
    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// One value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The same with one more value, or with another one of that name.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: Value) -> Self {
        self.0.insert(name.into(), value);
        self
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// JSON that is equal exactly if the values are: names sorted, every value with its type.
    #[must_use]
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).expect("texts, numbers and dates have a JSON form")
    }

    /// Feeds the canonical form, with its length in front, to a digest.
    pub fn digest_into(&self, digest: &mut Sha256) {
        let canonical = self.canonical();
        digest.update(u64::try_from(canonical.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(canonical.as_bytes());
    }
}

impl Value {
    /// The value of an attribute: text, a number or a truth value; `None` for anything else.
    #[must_use]
    pub fn attribute(value: &Json) -> Option<Self> {
        Some(Self::One(match value {
            Json::String(text) => Scalar::Text(text.clone()),
            Json::Number(number) => Scalar::Number(Number::parse(&number.to_string())?),
            Json::Bool(value) => Scalar::Boolean(*value),
            _ => return None,
        }))
    }

    /// Its parts: one, each of many, or both ends.
    #[must_use]
    pub fn scalars(&self) -> Vec<&Scalar> {
        match self {
            Self::One(scalar) => vec![scalar],
            Self::Many(scalars) => scalars.iter().collect(),
            Self::Range { start, end } => vec![start, end],
        }
    }
}

impl FromIterator<(String, Value)> for Values {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_kept_exactly_in_plain_notation() {
        let text = |input: &str| Number::parse(input).map(|number| number.text());
        for (input, plain) in [
            ("7", "7"),
            (" 7 ", "7"),
            ("+007", "7"),
            ("-0", "0"),
            ("7.5", "7.5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-0.0", "0.0"),
            ("1.10", "1.10"),
            ("1e3", "1000"),
            ("1.25E+1", "12.5"),
            ("-125e-2", "-1.25"),
            ("5e-3", "0.005"),
            ("9223372036854775808", "9223372036854775808"),
            ("0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
        ] {
            assert_eq!(text(input).as_deref(), Some(plain), "{input}");
        }
    }

    #[test]
    fn what_is_no_finite_decimal_number_is_refused() {
        for input in [
            "", " ", "-", ".", "e5", "1e", "1e+", "5 or 1=1", "inf", "-inf", "nan", "NaN",
            "infinity", "1_000", "1,000", "0x10", "1e999", "1e-999", "--1", "+-1", "1;", "1'", "١",
            "1 2", "1e2.5",
        ] {
            assert_eq!(Number::parse(input), None, "{input}");
        }
    }
}
