//! Moments in words: the day and time in UTC, and how far away that is.

use chrono::TimeDelta;
use tessera_kernel::Timestamp;

use crate::html::Html;

/// A moment as `2026-01-31 12:00 UTC`.
pub(crate) fn moment(at: Timestamp) -> Html {
    html!(
        "<time datetime=\"{}\">{} UTC</time>",
        at.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
        at.format("%Y-%m-%d %H:%M").to_string()
    )
}

/// How far away a moment is: `3 days ago`, `in 2 hours`, `just now`.
pub(crate) fn away(at: Timestamp, now: Timestamp) -> String {
    let (gap, future) = if at > now { (at - now, true) } else { (now - at, false) };
    let Some(length) = length(gap) else {
        return if future { "in less than a minute" } else { "just now" }.to_owned();
    };
    if future { format!("in {length}") } else { format!("{length} ago") }
}

fn length(gap: TimeDelta) -> Option<String> {
    // To the nearest one: what was asked for as 30 days is not 29 a second later.
    let days = (gap + TimeDelta::hours(12)).num_days();
    let hours = (gap + TimeDelta::minutes(30)).num_hours();
    let (count, unit) = match gap {
        gap if gap.num_days() >= 730 => (days / 365, "year"),
        _ if hours >= 24 => (days.max(1), "day"),
        gap if gap.num_minutes() >= 60 => (hours, "hour"),
        gap if gap.num_minutes() >= 1 => (gap.num_minutes(), "minute"),
        _ => return None,
    };
    Some(counted(count.unsigned_abs(), unit))
}

/// `1 day`, `2 days`.
pub(crate) fn counted(count: u64, unit: &str) -> String {
    format!("{} {unit}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// A number with its thousands apart: `10,000`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Seconds in the largest unit that fits: `5 minutes`, `90 seconds`.
pub(crate) fn seconds(seconds: u64) -> String {
    for (length, unit) in [(86_400, "day"), (3600, "hour"), (60, "minute")] {
        if seconds > 0 && seconds.is_multiple_of(length) {
            return counted(seconds / length, unit);
        }
    }
    counted(seconds, "second")
}

/// Bytes in the largest unit that fits: `5 MB`.
pub(crate) fn bytes(bytes: u64) -> String {
    for (size, unit) in [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")] {
        if bytes > 0 && bytes.is_multiple_of(size) {
            return format!("{} {unit}", grouped(bytes / size));
        }
    }
    counted(bytes, "byte")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_amounts_read_as_people_say_them() {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        let at = |seconds| away(now + TimeDelta::seconds(seconds), now);
        assert_eq!(at(0), "just now");
        assert_eq!(at(30), "in less than a minute");
        assert_eq!(at(-60), "1 minute ago");
        assert_eq!(at(2 * 3600 + 5), "in 2 hours");
        assert_eq!(at(-90 * 86_400), "90 days ago");
        assert_eq!(at(30 * 86_400 - 1), "in 30 days");
        assert_eq!((at(86_399), at(3599)), ("in 1 day".into(), "in 59 minutes".into()));
        assert_eq!(at(800 * 86_400), "in 2 years");
        assert_eq!((grouped(999), grouped(1_234_567)), ("999".into(), "1,234,567".into()));
        assert_eq!((seconds(300), seconds(90)), ("5 minutes".into(), "90 seconds".into()));
        assert_eq!((bytes(5_000_000), bytes(1)), ("5 MB".into(), "1 byte".into()));
    }
}
