//! Dates that depend on when the query runs, such as `d_last_7_days`.
//!
//! All are local times of the given zone. A week begins on Monday. Days, weeks, months and years
//! end at 23:59:59 of their last day. `last_hour` and its like begin that many hours ago;
//! `last_7_days` and longer begin at midnight, so many days, months or years ago; all these end
//! now.

use chrono::{Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};
use chrono_tz::Tz;
use tessera_kernel::Timestamp;

/// A single moment: `d_now` or `d_yesterday` (the same time of the day before).
pub(crate) fn moment(name: &str, now: Timestamp, zone: Tz, seconds: bool) -> Option<NaiveDateTime> {
    let local = local(now, zone, seconds);
    match name {
        "d_now" => Some(local),
        "d_yesterday" => local.checked_sub_days(Days::new(1)),
        _ => None,
    }
}

/// A range of moments.
pub(crate) fn range(
    name: &str,
    now: Timestamp,
    zone: Tz,
    seconds: bool,
) -> Option<(NaiveDateTime, NaiveDateTime)> {
    let until = local(now, zone, seconds);
    let today = until.date();
    let day = today.checked_sub_days(Days::new(1))?;
    let monday =
        today.checked_sub_days(Days::new(today.weekday().num_days_from_monday().into()))?;
    let month = today.with_day(1)?;
    let year = month.with_month(1)?;
    let ago = |start: NaiveDate| Some((start.and_time(NaiveTime::MIN), until));
    match name {
        "d_today" => whole(today, today),
        "d_yesterday" => whole(day, day),
        "d_this_week" => whole(monday, monday.checked_add_days(Days::new(6))?),
        "d_last_week" => {
            whole(monday.checked_sub_days(Days::new(7))?, monday.checked_sub_days(Days::new(1))?)
        }
        "d_this_month" => whole(month, month.checked_add_months(Months::new(1))?.pred_opt()?),
        "d_last_month" => whole(month.checked_sub_months(Months::new(1))?, month.pred_opt()?),
        "d_this_year" => whole(year, year.checked_add_months(Months::new(12))?.pred_opt()?),
        "d_last_year" => whole(year.checked_sub_months(Months::new(12))?, year.pred_opt()?),
        _ => {
            let (count, unit) = name.strip_prefix("d_last_").and_then(rolling)?;
            match unit {
                Unit::Hours => {
                    let start = now.checked_sub_signed(TimeDelta::hours(count.into()))?;
                    Some((self::local(start, zone, seconds), until))
                }
                Unit::Days => ago(today.checked_sub_days(Days::new(count.into()))?),
                Unit::Months => ago(today.checked_sub_months(Months::new(count))?),
            }
        }
    }
}

enum Unit {
    Hours,
    Days,
    Months,
}

fn rolling(name: &str) -> Option<(u32, Unit)> {
    Some(match name {
        "hour" => (1, Unit::Hours),
        "8_hours" => (8, Unit::Hours),
        "24_hours" => (24, Unit::Hours),
        "7_days" => (7, Unit::Days),
        "14_days" => (14, Unit::Days),
        "30_days" => (30, Unit::Days),
        "60_days" => (60, Unit::Days),
        "90_days" => (90, Unit::Days),
        "12_months" => (12, Unit::Months),
        "2_years" => (24, Unit::Months),
        "3_years" => (36, Unit::Months),
        "10_years" => (120, Unit::Months),
        _ => return None,
    })
}

fn whole(first: NaiveDate, last: NaiveDate) -> Option<(NaiveDateTime, NaiveDateTime)> {
    Some((first.and_hms_opt(0, 0, 0)?, last.and_hms_opt(23, 59, 59)?))
}

/// The local time, cut to what the parameter can show.
fn local(now: Timestamp, zone: Tz, seconds: bool) -> NaiveDateTime {
    let local = now.with_timezone(&zone).naive_local();
    let cut = local.with_nanosecond(0).unwrap_or(local);
    if seconds { cut } else { cut.with_second(0).unwrap_or(cut) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2024-03-31T22:30:45.5Z";

    fn text(name: &str) -> Option<String> {
        let (start, end) = range(name, NOW.parse().unwrap(), Tz::Europe__Berlin, true)?;
        Some(format!("{start} {end}"))
    }

    #[test]
    fn every_dynamic_range_has_its_bounds_in_the_zone_of_the_query() {
        // It is already Monday, the first of April there; clocks went forward the day before.
        for (name, expected) in [
            ("d_today", "2024-04-01 00:00:00 2024-04-01 23:59:59"),
            ("d_yesterday", "2024-03-31 00:00:00 2024-03-31 23:59:59"),
            ("d_this_week", "2024-04-01 00:00:00 2024-04-07 23:59:59"),
            ("d_last_week", "2024-03-25 00:00:00 2024-03-31 23:59:59"),
            ("d_this_month", "2024-04-01 00:00:00 2024-04-30 23:59:59"),
            ("d_last_month", "2024-03-01 00:00:00 2024-03-31 23:59:59"),
            ("d_this_year", "2024-01-01 00:00:00 2024-12-31 23:59:59"),
            ("d_last_year", "2023-01-01 00:00:00 2023-12-31 23:59:59"),
            ("d_last_hour", "2024-03-31 23:30:45 2024-04-01 00:30:45"),
            ("d_last_8_hours", "2024-03-31 16:30:45 2024-04-01 00:30:45"),
            ("d_last_24_hours", "2024-03-30 23:30:45 2024-04-01 00:30:45"),
            ("d_last_7_days", "2024-03-25 00:00:00 2024-04-01 00:30:45"),
            ("d_last_14_days", "2024-03-18 00:00:00 2024-04-01 00:30:45"),
            ("d_last_30_days", "2024-03-02 00:00:00 2024-04-01 00:30:45"),
            ("d_last_60_days", "2024-02-01 00:00:00 2024-04-01 00:30:45"),
            ("d_last_90_days", "2024-01-02 00:00:00 2024-04-01 00:30:45"),
            ("d_last_12_months", "2023-04-01 00:00:00 2024-04-01 00:30:45"),
            ("d_last_2_years", "2022-04-01 00:00:00 2024-04-01 00:30:45"),
            ("d_last_3_years", "2021-04-01 00:00:00 2024-04-01 00:30:45"),
            ("d_last_10_years", "2014-04-01 00:00:00 2024-04-01 00:30:45"),
        ] {
            assert_eq!(text(name).as_deref(), Some(expected), "{name}");
        }
        assert_eq!(text("d_next_week"), None);
    }

    #[test]
    fn dynamic_moments_are_cut_to_what_the_parameter_shows() {
        let at = |name, seconds| {
            moment(name, NOW.parse().unwrap(), Tz::Europe__Berlin, seconds).map(|at| at.to_string())
        };
        assert_eq!(at("d_now", true).as_deref(), Some("2024-04-01 00:30:45"));
        assert_eq!(at("d_now", false).as_deref(), Some("2024-04-01 00:30:00"));
        assert_eq!(at("d_yesterday", true).as_deref(), Some("2024-03-31 00:30:45"));
        assert_eq!(at("d_today", true), None);
    }
}
