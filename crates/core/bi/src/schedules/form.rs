//! A schedule as queries carry it: the JSON of Redash's clients, with a cron expression and a time
//! zone of our own beside it.

use chrono::{NaiveDate, NaiveTime, TimeDelta, TimeZone, Weekday};
use chrono_tz::Tz;
use tessera_kernel::{Fault, Result, Timestamp};

use super::cron::Expression;
use crate::Json;

/// Longest interval, in seconds: ten years.
const INTERVAL_SECONDS_MAX: i64 = 10 * 366 * DAY_SECONDS;
pub(super) const DAY_SECONDS: i64 = 24 * 3600;

const MEMBERS: [&str; 7] =
    ["interval", "time", "day_of_week", "until", "disabled", "cron", "time_zone"];

/// When a query runs.
#[derive(Debug, Clone)]
pub(super) enum Timing {
    /// Never: all members are null.
    Never,
    /// So many seconds after the last run.
    Every(TimeDelta),
    /// At a time of day, so many days after the day of the last run; on this day of the week.
    At { days: u64, time: NaiveTime, weekday: Option<Weekday> },
    /// As a cron expression says.
    Cron(Expression),
}

/// When a query runs by itself.
#[derive(Debug, Clone)]
pub struct Schedule {
    pub(super) timing: Timing,
    pub(super) zone: Tz,
    /// Whether `time_zone` was given.
    own_zone: bool,
    pub(super) until: Option<Timestamp>,
    disabled: bool,
}

impl Schedule {
    /// Reads a schedule: `interval` in seconds, `time` as `HH:MM`, `day_of_week` in English,
    /// `until` as a date on which it does not run any more, `disabled`, `cron`, `time_zone`.
    ///
    /// # Errors
    /// `Invalid` with the member that is wrong, as `schedule.interval`.
    pub fn read(json: &Json) -> Result<Self> {
        let Json::Object(members) = json else {
            return Err(Fault::invalid("schedule", "must be an object or null"));
        };
        if let Some(unknown) = members.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
            let detail = format!("is no member of a schedule; it has {}", MEMBERS.join(", "));
            return Err(Fault::invalid(format!("schedule.{unknown}"), detail));
        }
        let member = |name: &str| members.get(name).filter(|value| !value.is_null());
        let zone = member("time_zone").map(zone).transpose()?;
        let own_zone = zone.is_some();
        let zone = zone.unwrap_or(Tz::UTC);
        let interval = member("interval").map(interval).transpose()?;
        let time = member("time").map(time).transpose()?;
        let weekday = member("day_of_week").map(weekday).transpose()?;
        if weekday.is_some() && time.is_none() {
            return Err(Fault::invalid("schedule.day_of_week", "needs a time"));
        }
        let timing = match (member("cron"), interval, time) {
            (Some(_), Some(_), _) => {
                return Err(Fault::invalid("schedule.cron", "stands in the place of an interval"));
            }
            (Some(_), None, Some(_)) => {
                return Err(Fault::invalid("schedule.cron", "stands in the place of a time"));
            }
            (Some(Json::String(text)), None, None) => {
                Timing::Cron(Expression::read(text, "schedule.cron")?)
            }
            (Some(_), None, None) => {
                return Err(Fault::invalid("schedule.cron", "must be a text"));
            }
            (None, Some(seconds), None) => Timing::Every(TimeDelta::seconds(seconds)),
            (None, Some(seconds), Some(time)) => Timing::At {
                days: u64::try_from(seconds / DAY_SECONDS).unwrap_or(0).max(1),
                time,
                weekday,
            },
            (None, None, Some(_)) => {
                return Err(Fault::invalid("schedule.interval", "is missing beside a time"));
            }
            (None, None, None) => Timing::Never,
        };
        Ok(Self {
            timing,
            zone,
            own_zone,
            until: member("until").map(|value| until(value, zone)).transpose()?,
            disabled: member("disabled").map(flag).transpose()?.unwrap_or(false),
        })
    }

    /// Whether the query runs by itself at all.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !self.disabled && !matches!(self.timing, Timing::Never)
    }

    /// Whether somebody switched it off.
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        self.disabled
    }

    /// The time zone that it names.
    #[must_use]
    pub fn zone(&self) -> Option<Tz> {
        self.own_zone.then_some(self.zone)
    }

    /// The interval between two runs, if it is nothing but that.
    pub(super) fn interval(&self) -> Option<TimeDelta> {
        match self.timing {
            Timing::Every(interval) => Some(interval),
            Timing::Never | Timing::At { .. } | Timing::Cron(_) => None,
        }
    }
}

fn zone(value: &Json) -> Result<Tz> {
    value.as_str().and_then(|name| name.parse().ok()).ok_or_else(|| {
        let detail = "must be a name of the IANA time zone database, such as Europe/Berlin";
        Fault::invalid("schedule.time_zone", detail)
    })
}

/// Clients send a number, and older ones a text of digits.
fn interval(value: &Json) -> Result<i64> {
    let seconds = match value {
        Json::Number(number) => number.as_i64(),
        Json::String(text) => text.parse().ok(),
        _ => None,
    };
    seconds.filter(|seconds| (1..=INTERVAL_SECONDS_MAX).contains(seconds)).ok_or_else(|| {
        let detail = format!("must be a number of seconds from 1 to {INTERVAL_SECONDS_MAX}");
        Fault::invalid("schedule.interval", detail)
    })
}

fn time(value: &Json) -> Result<NaiveTime> {
    value.as_str().and_then(|text| NaiveTime::parse_from_str(text, "%H:%M").ok()).ok_or_else(|| {
        Fault::invalid("schedule.time", "must be a time of day such as 00:15, in UTC by default")
    })
}

fn weekday(value: &Json) -> Result<Weekday> {
    const DAYS: [(&str, Weekday); 7] = [
        ("Monday", Weekday::Mon),
        ("Tuesday", Weekday::Tue),
        ("Wednesday", Weekday::Wed),
        ("Thursday", Weekday::Thu),
        ("Friday", Weekday::Fri),
        ("Saturday", Weekday::Sat),
        ("Sunday", Weekday::Sun),
    ];
    let found = DAYS.iter().find(|(name, _)| value.as_str() == Some(name));
    found.map(|(_, day)| *day).ok_or_else(|| {
        Fault::invalid("schedule.day_of_week", "must be a day of the week such as Monday")
    })
}

/// The beginning of that day: it does not run on it any more.
fn until(value: &Json, zone: Tz) -> Result<Timestamp> {
    let date = value.as_str().and_then(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok());
    date.and_then(|date| moment(date, NaiveTime::MIN, zone))
        .ok_or_else(|| Fault::invalid("schedule.until", "must be a date such as 2030-01-31"))
}

fn flag(value: &Json) -> Result<bool> {
    value.as_bool().ok_or_else(|| Fault::invalid("schedule.disabled", "must be true or false"))
}

/// The moment at which clocks in a zone show a date and a time: the first one, if they show it
/// twice; the first moment after it, if they skip it.
pub(super) fn moment(date: NaiveDate, time: NaiveTime, zone: Tz) -> Option<Timestamp> {
    const MINUTES_SKIPPED_MAX: i64 = 25 * 60;
    let local = date.and_time(time);
    (0..MINUTES_SKIPPED_MAX).find_map(|minutes| {
        let local = local.checked_add_signed(TimeDelta::minutes(minutes))?;
        zone.from_local_datetime(&local).earliest().map(|found| found.to_utc())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_wrong_is_named() {
        let refused = [
            (json!("daily"), "schedule"),
            (json!({ "intervall": 60 }), "schedule.intervall"),
            (json!({ "interval": 0 }), "schedule.interval"),
            (json!({ "interval": "soon" }), "schedule.interval"),
            (json!({ "interval": 1.5 }), "schedule.interval"),
            (json!({ "interval": 86400, "time": "24:00" }), "schedule.time"),
            (json!({ "time": "10:00" }), "schedule.interval"),
            (json!({ "interval": 604_800, "day_of_week": "Monday" }), "schedule.day_of_week"),
            (
                json!({ "interval": 604_800, "time": "01:00", "day_of_week": "Montag" }),
                "schedule.day_of_week",
            ),
            (json!({ "interval": 60, "until": "tomorrow" }), "schedule.until"),
            (json!({ "interval": 60, "disabled": 1 }), "schedule.disabled"),
            (json!({ "cron": "* * * *" }), "schedule.cron"),
            (json!({ "cron": "0 0 0 * * *" }), "schedule.cron"),
            (json!({ "cron": "61 * * * *" }), "schedule.cron"),
            (json!({ "cron": "0 0 30 2 *" }), "schedule.cron"),
            (json!({ "cron": "0 0 * * *", "interval": 60 }), "schedule.cron"),
            (json!({ "cron": "0 0 * * *", "time": "01:00" }), "schedule.cron"),
            (json!({ "cron": "0 0 * * *", "time_zone": "Mars/Olympus" }), "schedule.time_zone"),
        ];
        for (json, field) in refused {
            let fault = Schedule::read(&json).expect_err("refused");
            assert_eq!(fault.field(), Some(field), "{json}");
        }
    }

    #[test]
    fn nothing_but_nulls_is_no_schedule() {
        let nulls = json!({ "interval": null, "time": null, "day_of_week": null, "until": null });
        for json in [json!({}), nulls, json!({ "interval": 60, "disabled": true })] {
            assert!(!Schedule::read(&json).expect("read").is_active(), "{json}");
        }
        let text = json!({ "interval": "3600", "time": null });
        assert!(Schedule::read(&text).expect("read").is_active());
    }
}
