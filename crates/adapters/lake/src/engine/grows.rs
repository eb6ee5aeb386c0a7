//! How long texts become: told by the lengths of what a function is given, before it makes anything.

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, ArrayRef};
use arrow_schema::DataType;
use datafusion::common::ScalarValue;
use datafusion::error::Result as SqlResult;
use datafusion::logical_expr::ColumnarValue;
use regex::Regex;

use super::allowance::{Allowance, Made};

/// Bytes of a letter at the most.
const LETTER_BYTES_MAX: u64 = 4;

/// What one byte of a pattern for dates becomes at the most.
const SHOWN_BYTES_MAX: u64 = 16;

/// How a function makes more than it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Grows {
    /// A text so many times.
    Times,
    /// So many letters.
    Letters,
    /// All texts one behind the other.
    Together,
    /// The same, with the first one between the others.
    Between,
    /// Twice as long.
    Doubled,
    /// A text with others in the places of some.
    Replaced,
    /// The same, where a pattern fits.
    Matched,
    /// What fits parts of a pattern, which may be parts of others.
    Captured,
    /// A value for each sign of a pattern.
    Shown,
}

impl Grows {
    /// What is made at the most. Where the lengths alone tell that it could be too much, the texts
    /// are looked at.
    pub(super) fn made(
        self,
        args: &[ColumnarValue],
        rows: usize,
        allowance: &Allowance,
    ) -> SqlResult<Made> {
        let is_one = args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if is_one { 1 } else { rows };
        let made = self.by_lengths(args, rows)?;
        if allowance.fits(made) {
            return Ok(made);
        }
        match self {
            Self::Replaced => replaced(args, rows),
            Self::Matched => matched(args, rows),
            _ => Ok(made),
        }
    }

    fn by_lengths(self, args: &[ColumnarValue], rows: usize) -> SqlResult<Made> {
        let given: Vec<Given<'_>> = args.iter().map(Given::of).collect();
        let numbers = match (self, args) {
            (Self::Times | Self::Letters, [_, number, ..]) => Some(number.to_array(rows)?),
            _ => None,
        };
        let numbers = numbers.as_ref().and_then(|array| array.as_primitive_opt::<Int64Type>());
        let number = |row: usize| match numbers {
            Some(numbers) if numbers.is_valid(row) => {
                u64::try_from(numbers.value(row)).unwrap_or(0)
            }
            _ => 0,
        };
        let mut made = Made::default();
        for row in 0..rows {
            let length = |place: usize| given.get(place).map_or(0, |given| given.length(row));
            let all = || given.iter().map(|given| given.length(row)).fold(0, u64::saturating_add);
            made.add(match self {
                Self::Times => length(0).saturating_mul(number(row)),
                Self::Letters => number(row).saturating_mul(LETTER_BYTES_MAX),
                Self::Together => all(),
                Self::Between => {
                    let gaps = given.len().saturating_sub(2) as u64;
                    all().saturating_add(length(0).saturating_mul(gaps))
                }
                Self::Doubled => length(0).saturating_mul(2),
                Self::Replaced => {
                    let places = length(0).checked_div(length(1)).unwrap_or(0);
                    length(0).saturating_add(places.saturating_mul(length(2)))
                }
                Self::Matched => {
                    let text = given.get(2).and_then(|given| given.text(row)).unwrap_or_default();
                    fitted(length(0), length(0) + 1, text)
                }
                Self::Captured => length(0).saturating_mul(length(1) + 1),
                Self::Shown => length(1).saturating_mul(SHOWN_BYTES_MAX),
            });
        }
        Ok(made)
    }
}

/// A text in which a pattern fits so many times, with another one in each place: as it is, and with
/// as much of the text as it names parts of the pattern. All that fits is in the text once.
fn fitted(length: u64, places: u64, instead: &str) -> u64 {
    let parts = instead.bytes().filter(|sign| matches!(sign, b'$' | b'\\')).count() as u64;
    let grown = places.saturating_mul(instead.len() as u64);
    length.saturating_add(grown).saturating_add(length.saturating_mul(parts))
}

/// What `replace` makes, by counting the places.
fn replaced(args: &[ColumnarValue], rows: usize) -> SqlResult<Made> {
    let given: Vec<Given<'_>> = args.iter().map(Given::of).collect();
    let mut made = Made::default();
    for row in 0..rows {
        let text = |place: usize| given.get(place).and_then(|given| given.text(row));
        let (Some(text), Some(from), Some(to)) = (text(0), text(1), text(2)) else { continue };
        let places = if from.is_empty() { 0 } else { text.matches(from).count() as u64 };
        let gone = places.saturating_mul(from.len() as u64);
        let put = places.saturating_mul(to.len() as u64);
        made.add((text.len() as u64).saturating_sub(gone).saturating_add(put));
    }
    Ok(made)
}

/// What `regexp_replace` makes, by counting the places. A pattern that is none is refused by the
/// function.
fn matched(args: &[ColumnarValue], rows: usize) -> SqlResult<Made> {
    let given: Vec<Given<'_>> = args.iter().map(Given::of).collect();
    let mut made = Made::default();
    let mut known: Option<(String, Option<Regex>)> = None;
    for row in 0..rows {
        let text = |place: usize| given.get(place).and_then(|given| given.text(row));
        let (Some(text), Some(pattern), Some(instead)) = (text(0), text(1), text(2)) else {
            continue;
        };
        let flags = given.get(3).and_then(|given| given.text(row)).unwrap_or_default();
        let places = if flags.contains('g') {
            let ours: String = flags.chars().filter(|flag| *flag != 'g').collect();
            let whole =
                if ours.is_empty() { pattern.to_owned() } else { format!("(?{ours}){pattern}") };
            if known.as_ref().is_none_or(|(known, _)| *known != whole) {
                let regex = Regex::new(&whole).ok();
                known = Some((whole, regex));
            }
            let regex = known.as_ref().and_then(|(_, regex)| regex.as_ref());
            regex.map_or(0, |regex| regex.find_iter(text).count() as u64)
        } else {
            1
        };
        made.add(fitted(text.len() as u64, places, instead));
    }
    Ok(made)
}

/// Values that a function is given.
enum Given<'a> {
    One(&'a ScalarValue),
    Many(&'a ArrayRef),
}

impl<'a> Given<'a> {
    fn of(value: &'a ColumnarValue) -> Self {
        match value {
            ColumnarValue::Scalar(value) => Self::One(value),
            ColumnarValue::Array(values) => Self::Many(values),
        }
    }

    /// The length of a text or of bytes; of others, none.
    fn length(&self, row: usize) -> u64 {
        match self {
            Self::One(ScalarValue::Binary(bytes) | ScalarValue::LargeBinary(bytes)) => {
                bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)
            }
            Self::One(value) => value.try_as_str().flatten().map_or(0, |text| text.len() as u64),
            Self::Many(values) => length(values, row),
        }
    }

    fn text(&self, row: usize) -> Option<&'a str> {
        match self {
            Self::One(value) => value.try_as_str().flatten(),
            Self::Many(values) if values.is_null(row) => None,
            Self::Many(values) => match values.data_type() {
                DataType::Utf8 => Some(values.as_string::<i32>().value(row)),
                DataType::LargeUtf8 => Some(values.as_string::<i64>().value(row)),
                DataType::Utf8View => Some(values.as_string_view().value(row)),
                _ => None,
            },
        }
    }
}

/// The length of a value: of a text, of bytes, or of all in a list; of others, none.
pub(super) fn length(values: &ArrayRef, row: usize) -> u64 {
    if values.is_null(row) {
        return 0;
    }
    match values.data_type() {
        DataType::Utf8 => values.as_string::<i32>().value(row).len() as u64,
        DataType::LargeUtf8 => values.as_string::<i64>().value(row).len() as u64,
        DataType::Utf8View => values.as_string_view().value(row).len() as u64,
        DataType::Binary => values.as_binary::<i32>().value(row).len() as u64,
        DataType::LargeBinary => values.as_binary::<i64>().value(row).len() as u64,
        DataType::List(_) => {
            let list = values.as_list::<i32>().value(row);
            (0..list.len()).map(|place| length(&list, place)).fold(0, u64::saturating_add)
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::StringArray;

    use super::*;

    fn one(text: &str) -> ColumnarValue {
        ColumnarValue::Scalar(ScalarValue::Utf8(Some(text.to_owned())))
    }

    fn many(texts: &[&str]) -> ColumnarValue {
        ColumnarValue::Array(Arc::new(StringArray::from(texts.to_vec())))
    }

    fn made(grows: Grows, args: &[ColumnarValue]) -> (u64, u64) {
        let allowance = Allowance::new(50, "a setting");
        let made = grows.made(args, 2, &allowance).expect("lengths");
        (made.longest, made.all)
    }

    #[test]
    fn lengths_are_told_before_anything_is_made() {
        assert_eq!(made(Grows::Together, &[many(&["ab", "c"]), one("de")]), (4, 7));
        assert_eq!(made(Grows::Between, &[one("--"), many(&["ab", "c"]), one("d")]), (7, 13));
        assert_eq!(made(Grows::Replaced, &[many(&["aa", "b"]), one("a"), one("xyz")]), (8, 12));
        let number = ColumnarValue::Scalar(ScalarValue::Int64(Some(20)));
        assert_eq!(made(Grows::Times, &[one("abc"), number.clone()]), (60, 60));
        assert_eq!(made(Grows::Letters, &[one("abc"), number]), (80, 80));
    }

    #[test]
    fn places_are_counted_where_lengths_alone_say_too_much() {
        let long = "x".repeat(40);
        let none = [many(&[&long, "y"]), one("z"), one("123")];
        assert_eq!(made(Grows::Replaced, &none), (40, 41), "it is not in there");
        let all = [one(&long), one("x"), one("123")];
        assert_eq!(made(Grows::Replaced, &all), (120, 120));
        let some = [one(&long), one("z"), one("123"), one("g")];
        assert_eq!(made(Grows::Matched, &some), (40, 40));
        let first = [one(&long), one("x"), one("123")];
        assert_eq!(made(Grows::Matched, &first), (43, 43), "only the first one");
        let whole = [one(&long), one("X+"), one("\\0$0"), one("gi")];
        assert_eq!(made(Grows::Matched, &whole), (124, 124), "no less than comes of it");
    }
}
