//! Date patterns of the kind `DD/MM/YY HH:mm`, read once and applied to many values.

use crate::dates::{Moment, push_year, two};
use crate::numbers::push_integer;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The tokens; of two that fit, the longer one comes first.
const TOKENS: [(&str, Token); 38] = [
    ("YYYY", Token::Year),
    ("YY", Token::YearOfCentury),
    ("Y", Token::Year),
    ("Q", Token::Quarter),
    ("MMMM", Token::MonthName),
    ("MMM", Token::MonthAbbreviation),
    ("MM", Token::Month),
    ("Mo", Token::MonthOrdinal),
    ("M", Token::MonthShort),
    ("DDDD", Token::DayOfYear),
    ("DDD", Token::DayOfYearShort),
    ("DD", Token::Day),
    ("Do", Token::DayOrdinal),
    ("D", Token::DayShort),
    ("dddd", Token::WeekdayName),
    ("ddd", Token::WeekdayAbbreviation),
    ("dd", Token::WeekdayLetters),
    ("d", Token::Weekday),
    ("E", Token::IsoWeekday),
    ("HH", Token::Hour),
    ("H", Token::HourShort),
    ("hh", Token::HourOfHalf),
    ("h", Token::HourOfHalfShort),
    ("mm", Token::Minute),
    ("m", Token::MinuteShort),
    ("ss", Token::Second),
    ("s", Token::SecondShort),
    ("SSSSSS", Token::Fraction(6)),
    ("SSSSS", Token::Fraction(5)),
    ("SSSS", Token::Fraction(4)),
    ("SSS", Token::Fraction(3)),
    ("SS", Token::Fraction(2)),
    ("S", Token::Fraction(1)),
    ("A", Token::HalfUpper),
    ("a", Token::HalfLower),
    ("ZZ", Token::OffsetBasic),
    ("Z", Token::Offset),
    ("X", Token::UnixSeconds),
];

#[derive(Debug, Clone, Copy)]
enum Token {
    Year,
    YearOfCentury,
    Quarter,
    MonthName,
    MonthAbbreviation,
    Month,
    MonthShort,
    MonthOrdinal,
    DayOfYear,
    DayOfYearShort,
    Day,
    DayShort,
    DayOrdinal,
    WeekdayName,
    WeekdayAbbreviation,
    WeekdayLetters,
    Weekday,
    IsoWeekday,
    Hour,
    HourShort,
    HourOfHalf,
    HourOfHalfShort,
    Minute,
    MinuteShort,
    Second,
    SecondShort,
    Fraction(usize),
    HalfUpper,
    HalfLower,
    Offset,
    OffsetBasic,
    UnixSeconds,
}

#[derive(Debug, Clone)]
enum Part {
    Literal(String),
    Token(Token),
}

/// A pattern, ready to use.
#[derive(Debug, Clone)]
pub(crate) struct Pattern(Vec<Part>);

impl Pattern {
    /// Reads a pattern. Whatever is no token is taken as it is.
    pub(crate) fn parse(mut pattern: &str) -> Self {
        let mut parts: Vec<Part> = Vec::new();
        let mut literal = String::new();
        while let Some(first) = pattern.chars().next() {
            if let Some((quoted, rest)) =
                pattern.strip_prefix('[').and_then(|rest| rest.split_once(']'))
            {
                literal.push_str(quoted);
                pattern = rest;
            } else if let Some((name, token)) =
                TOKENS.iter().find(|(name, _)| pattern.starts_with(name))
            {
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                parts.push(Part::Token(*token));
                pattern = &pattern[name.len()..];
            } else {
                literal.push(first);
                pattern = &pattern[first.len_utf8()..];
            }
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Self(parts)
    }

    /// Appends the moment in this pattern.
    pub(crate) fn push(&self, out: &mut Vec<u8>, moment: &Moment) {
        for part in &self.0 {
            match part {
                Part::Literal(text) => out.extend_from_slice(text.as_bytes()),
                Part::Token(token) => push_token(out, *token, moment),
            }
        }
    }
}

fn push_token(out: &mut Vec<u8>, token: Token, moment: &Moment) {
    let short = |out: &mut Vec<u8>, value: u32| push_integer(out, i64::from(value));
    let month_name = MONTHS[moment.month as usize - 1];
    let weekday = (moment.days + 4).rem_euclid(7) as usize;
    let half_hour = if moment.hour.is_multiple_of(12) { 12 } else { moment.hour % 12 };
    match token {
        Token::Year => push_year(out, moment.year),
        Token::YearOfCentury => {
            out.extend_from_slice(&two(moment.year.rem_euclid(100) as u32));
        }
        Token::Quarter => short(out, (moment.month - 1) / 3 + 1),
        Token::MonthName => out.extend_from_slice(month_name.as_bytes()),
        Token::MonthAbbreviation => out.extend_from_slice(&month_name.as_bytes()[..3]),
        Token::Month => out.extend_from_slice(&two(moment.month)),
        Token::MonthShort => short(out, moment.month),
        Token::MonthOrdinal => push_ordinal(out, moment.month),
        Token::DayOfYear => out.extend_from_slice(format!("{:03}", day_of_year(moment)).as_bytes()),
        Token::DayOfYearShort => short(out, day_of_year(moment)),
        Token::Day => out.extend_from_slice(&two(moment.day)),
        Token::DayShort => short(out, moment.day),
        Token::DayOrdinal => push_ordinal(out, moment.day),
        Token::WeekdayName => out.extend_from_slice(WEEKDAYS[weekday].as_bytes()),
        Token::WeekdayAbbreviation => out.extend_from_slice(&WEEKDAYS[weekday].as_bytes()[..3]),
        Token::WeekdayLetters => out.extend_from_slice(&WEEKDAYS[weekday].as_bytes()[..2]),
        Token::Weekday => short(out, weekday as u32),
        Token::IsoWeekday => short(out, if weekday == 0 { 7 } else { weekday as u32 }),
        Token::Hour => out.extend_from_slice(&two(moment.hour)),
        Token::HourShort => short(out, moment.hour),
        Token::HourOfHalf => out.extend_from_slice(&two(half_hour)),
        Token::HourOfHalfShort => short(out, half_hour),
        Token::Minute => out.extend_from_slice(&two(moment.minute)),
        Token::MinuteShort => short(out, moment.minute),
        Token::Second => out.extend_from_slice(&two(moment.second)),
        Token::SecondShort => short(out, moment.second),
        Token::Fraction(digits) => {
            out.extend_from_slice(&format!("{:06}", moment.micros).as_bytes()[..digits]);
        }
        Token::HalfUpper => out.extend_from_slice(if moment.hour < 12 { b"AM" } else { b"PM" }),
        Token::HalfLower => out.extend_from_slice(if moment.hour < 12 { b"am" } else { b"pm" }),
        // all values are in UTC or have no zone
        Token::Offset => out.extend_from_slice(b"+00:00"),
        Token::OffsetBasic => out.extend_from_slice(b"+0000"),
        Token::UnixSeconds => push_integer(out, moment.unix_seconds()),
    }
}

fn day_of_year(moment: &Moment) -> u32 {
    let leap = moment.year % 4 == 0 && (moment.year % 100 != 0 || moment.year % 400 == 0);
    const BEFORE: [u32; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    BEFORE[moment.month as usize - 1] + moment.day + u32::from(leap && moment.month > 2)
}

fn push_ordinal(out: &mut Vec<u8>, value: u32) {
    push_integer(out, i64::from(value));
    let suffix: &[u8] = match (value % 10, value % 100) {
        (_, 11..=13) => b"th",
        (1, _) => b"st",
        (2, _) => b"nd",
        (3, _) => b"rd",
        _ => b"th",
    };
    out.extend_from_slice(suffix);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_replaced_and_the_rest_is_kept() {
        // 2020-02-03T16:05:06.789123
        let moment = Moment::from_micros(1_580_745_906_789_123);
        for (pattern, text) in [
            ("DD/MM/YY", "03/02/20"),
            ("DD/MM/YY HH:mm", "03/02/20 16:05"),
            ("YYYY-MM-DD HH:mm:ss", "2020-02-03 16:05:06"),
            ("YYYY-MM-DDTHH:mm:ss.SSSZ", "2020-02-03T16:05:06.789+00:00"),
            ("MMMM Do YYYY, h:mm:ss a", "February 3rd 2020, 4:05:06 pm"),
            ("ddd D MMM [at] hh A", "Mon 3 Feb at 04 PM"),
            ("DDDD Q E d X", "034 1 1 1 1580745906"),
            ("", ""),
            ("é[DD", "é[03"),
        ] {
            let mut out = Vec::new();
            Pattern::parse(pattern).push(&mut out, &moment);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
