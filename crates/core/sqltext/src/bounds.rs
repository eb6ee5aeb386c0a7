//! Compares checked values with bounds that somebody wrote down: `{"min": "-90d", "max": 100}`.

use std::cmp::Ordering;

use chrono::{Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use serde_json::Value as Json;

use crate::resolve::Context;
use crate::values::{Number, Scalar};
use crate::{dates, dynamic};

impl Scalar {
    /// How the value stands to a bound. Dates may be relative to the context's moment: `-90d`,
    /// `+1h`, `0d`; units are `m` (minutes), `h`, `d`, `w`, `mo` (months) and `y`. A bound that is
    /// a bare day counts for all of that day. `None` if the two cannot be compared, which is
    /// nobody's permission.
    ///
    /// A text that no definition says anything of is compared only where its spelling leaves no
    /// doubt what a database will make of it: a plain number, or a day as `2026-01-31`.
    #[must_use]
    pub fn compare(&self, bound: &Json, context: &Context<'_>) -> Option<Ordering> {
        match self {
            Self::Number(number) => Some(number.compare(&number_of(bound)?)),
            Self::Date(date) => Some(date.cmp(&moment(bound, context)?.0.date())),
            Self::Datetime { value, .. } => {
                let (other, is_day) = moment(bound, context)?;
                Some(if is_day { value.date().cmp(&other.date()) } else { value.cmp(&other) })
            }
            Self::Text(text) => match Number::parse(text).filter(|number| number.text() == *text) {
                Some(number) => Some(number.compare(&number_of(bound)?)),
                None => Some(plain_day(text)?.cmp(&moment(bound, context)?.0.date())),
            },
            Self::Boolean(_) => None,
        }
    }

    /// Whether the value is the one that was written down.
    #[must_use]
    pub fn equals(&self, choice: &Json, context: &Context<'_>) -> bool {
        match (self, choice) {
            (Self::Text(text), Json::String(choice)) => text == choice,
            (Self::Text(text), Json::Number(choice)) => *text == choice.to_string(),
            (Self::Boolean(value), Json::Bool(choice)) => value == choice,
            (Self::Text(_) | Self::Boolean(_), _) => false,
            (Self::Datetime { value, .. }, choice) => {
                moment(choice, context).is_some_and(|(other, _)| *value == other)
            }
            (_, choice) => self.compare(choice, context) == Some(Ordering::Equal),
        }
    }
}

impl Number {
    /// How two numbers stand to each other, exactly.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Ordering {
        let (one, two) = (Digits::of(&self.text()), Digits::of(&other.text()));
        match (one.negative, two.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => one.magnitude(&two),
            (true, true) => two.magnitude(&one),
        }
    }
}

/// A number in plain notation, taken apart.
struct Digits {
    negative: bool,
    whole: String,
    fraction: String,
}

impl Digits {
    fn of(text: &str) -> Self {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let whole = whole.trim_start_matches('0').to_owned();
        let fraction = fraction.trim_end_matches('0').to_owned();
        let zero = whole.is_empty() && fraction.is_empty();
        Self { negative: negative && !zero, whole, fraction }
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        let longer = self.whole.len().cmp(&other.whole.len());
        longer
            .then_with(|| self.whole.cmp(&other.whole))
            .then_with(|| self.fraction.cmp(&other.fraction))
    }
}

fn number_of(bound: &Json) -> Option<Number> {
    match bound {
        Json::Number(number) => Number::parse(&number.to_string()),
        Json::String(text) => Number::parse(text),
        _ => None,
    }
}

fn plain_day(text: &str) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (day.format("%Y-%m-%d").to_string() == text).then_some(day)
}

/// A moment, and whether it stands for its whole day.
fn moment(bound: &Json, context: &Context<'_>) -> Option<(NaiveDateTime, bool)> {
    let text = bound.as_str()?;
    if let Some(moment) = relative(text, context) {
        return Some((moment, false));
    }
    if let Some(moment) = dynamic::moment(text, context.now, context.zone, true) {
        return Some((moment, false));
    }
    if let Some(day) = plain_day(text) {
        return Some((day.and_time(NaiveTime::MIN), true));
    }
    dates::parse(text).map(|loose| (loose.local(context.zone), false))
}

fn relative(text: &str, context: &Context<'_>) -> Option<NaiveDateTime> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => (-1, text.get(1..)?),
        b'+' => (1, text.get(1..)?),
        _ => (1, text),
    };
    let unit_at = rest.find(|letter: char| !letter.is_ascii_digit())?;
    let (digits, unit) = rest.split_at(unit_at);
    let count: u32 = digits.parse().ok()?;
    let now = context.now.with_timezone(&context.zone).naive_local().with_nanosecond(0)?;
    let (days, months) = match unit {
        "m" => return now.checked_add_signed(TimeDelta::minutes(sign * i64::from(count))),
        "h" => return now.checked_add_signed(TimeDelta::hours(sign * i64::from(count))),
        "d" => (u64::from(count), 0),
        "w" => (u64::from(count) * 7, 0),
        "mo" => (0, count),
        "y" => (0, count.checked_mul(12)?),
        _ => return None,
    };
    if sign < 0 {
        now.checked_sub_days(Days::new(days))?.checked_sub_months(Months::new(months))
    } else {
        now.checked_add_days(Days::new(days))?.checked_add_months(Months::new(months))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::json;

    use super::*;

    fn compare(value: &Scalar, bound: &Json) -> Option<Ordering> {
        let context = Context {
            now: "2026-03-31T22:30:45.5Z".parse().expect("a moment"),
            zone: chrono_tz::Europe::Berlin,
            dropdowns: &HashMap::new(),
        };
        value.compare(bound, &context)
    }

    fn number(text: &str) -> Scalar {
        Scalar::Number(Number::parse(text).expect("a number"))
    }

    fn date(text: &str) -> Scalar {
        Scalar::Date(text.parse().expect("a date"))
    }

    fn text(text: &str) -> Scalar {
        Scalar::Text(text.to_owned())
    }

    #[test]
    fn numbers_compare_by_value_and_exactly() {
        use Ordering::{Equal, Greater, Less};
        for (value, bound, expected) in [
            ("5", json!(5), Equal),
            ("5.0", json!(5), Equal),
            ("-0.5", json!(0), Less),
            ("10", json!(9), Greater),
            ("-10", json!(-9), Less),
            ("0.10", json!("0.1"), Equal),
            ("1e3", json!(999.5), Greater),
            ("9007199254740993", json!("9007199254740992"), Greater),
        ] {
            assert_eq!(compare(&number(value), &bound), Some(expected), "{value} {bound}");
        }
        assert_eq!(compare(&number("5"), &json!("five")), None);
    }

    #[test]
    fn relative_dates_count_from_now_in_the_zone() {
        use Ordering::{Equal, Greater, Less};
        // In Berlin it is 2026-04-01 00:30:45.
        for (value, bound, expected) in [
            ("2026-04-01", "0d", Equal),
            ("2026-03-31", "0d", Less),
            ("2026-01-01", "-90d", Equal),
            ("2025-12-31", "-90d", Less),
            ("2026-04-08", "+1w", Equal),
            ("2026-03-01", "-1mo", Equal),
            ("2025-04-02", "-1y", Greater),
            ("2026-02-28", "2026-02-28", Equal),
        ] {
            assert_eq!(compare(&date(value), &json!(bound)), Some(expected), "{value} {bound}");
        }
        assert_eq!(compare(&date("2026-04-01"), &json!("soon")), None);
        let value = "2026-03-31T23:59:00".parse().expect("a moment");
        let late = Scalar::Datetime { value, seconds: true };
        assert_eq!(compare(&late, &json!("2026-03-31")), Some(Equal), "a bare day is all of it");
        assert_eq!(compare(&late, &json!("-1h")), Some(Greater));
    }

    #[test]
    fn a_text_is_compared_only_where_its_spelling_is_plain() {
        use Ordering::{Equal, Less};
        assert_eq!(compare(&text("5"), &json!(7)), Some(Less));
        assert_eq!(compare(&text("2026-04-01"), &json!("0d")), Some(Equal));
        for odd in [" 5", "5e0", "+5", "05", "0x5", "5 or 1=1"] {
            assert_eq!(compare(&text(odd), &json!(7)), None, "{odd}");
        }
        for odd in ["04/01/2026", "2026-4-1", "2026-04-01 ", "yesterday"] {
            assert_eq!(compare(&text(odd), &json!("0d")), None, "{odd}");
        }
    }
}
