//! When a key ends, as forms ask for it: after some days, at the end of a day, or never.

use chrono::{Days, NaiveDate, TimeDelta};
use tessera_kernel::Timestamp;

use crate::controls::Errors;
use crate::fields::Fields;

/// The choices: what is sent, and what people read.
pub(crate) const CHOICES: [(&str, &str); 5] = [
    ("30", "In 30 days"),
    ("90", "In 90 days"),
    ("365", "In a year"),
    ("never", "Never"),
    ("day", "After the last day given"),
];
/// What is chosen if nobody says.
pub(crate) const USUAL: &str = "90";

/// The end that was asked for; `None` for never.
pub(crate) fn read(form: &Fields, now: Timestamp, errors: &mut Errors) -> Option<Timestamp> {
    let mut wrong = |text: &str| {
        errors.add("expires_at", text);
        None
    };
    match form.get("ends") {
        "never" => None,
        "day" => match NaiveDate::parse_from_str(form.get("ends_on"), "%Y-%m-%d") {
            Err(_) => wrong("Give the last day, such as 2027-01-31."),
            // The key works for the whole of that day.
            Ok(day) => match day.checked_add_days(Days::new(1)) {
                Some(next) => Some(next.and_time(chrono::NaiveTime::MIN).and_utc()),
                None => wrong("Give a day that is not so far away."),
            },
        },
        days => match days.parse::<u16>().ok().filter(|_| is_choice(days)) {
            Some(days) => Some(now + TimeDelta::days(days.into())),
            None => wrong("Choose when the key ends."),
        },
    }
}

fn is_choice(value: &str) -> bool {
    CHOICES.iter().any(|(known, _)| *known == value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_some_days_away_the_end_of_a_day_or_never() {
        let now: Timestamp = "2027-01-01T12:00:00Z".parse().unwrap();
        let read = |text: &str| {
            let mut errors = Errors::default();
            let end = read(&Fields::read(text.as_bytes()), now, &mut errors);
            (end.map(|end| end.to_rfc3339()), errors.is_empty())
        };
        let at = |text: &str| (Some(text.to_owned()), true);
        assert_eq!(read("ends=30"), at("2027-01-31T12:00:00+00:00"));
        assert_eq!(read("ends=day&ends_on=2027-01-31"), at("2027-02-01T00:00:00+00:00"));
        assert_eq!(read("ends=never"), (None, true));
        for bad in ["", "ends=31", "ends=day", "ends=day&ends_on=soon"] {
            assert_eq!(read(bad), (None, false), "{bad}");
        }
    }
}
