//! Reads dates the way people write them. Whatever is read is written back in one canonical form.

use std::sync::LazyLock;

use chrono::{FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use chrono_tz::Tz;
use regex::{Captures, Regex};

const WEEKDAY: &str = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}\.?,?\s+)?";
const ORDINAL: &str = "(?:st|nd|rd|th)?";
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

struct Patterns {
    dates: [Regex; 5],
    time: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let compile = |pattern: &str| {
        Regex::new(&format!("^(?i-u:{pattern})")).expect("the patterns are constant and tested")
    };
    Patterns {
        dates: [
            compile(r"(?<y>\d{4})[-/.](?<m>\d{1,2})[-/.](?<d>\d{1,2})"),
            compile(r"(?<y>\d{4})(?<m>\d{2})(?<d>\d{2})"),
            compile(r"(?<m>\d{1,2})[-/.](?<d>\d{1,2})[-/.](?<y>\d{4})"),
            compile(&format!(
                r"{WEEKDAY}(?<n>[a-z]{{3,9}})\.?\s+(?<d>\d{{1,2}}){ORDINAL},?\s+(?<y>\d{{4}})"
            )),
            compile(&format!(
                "{WEEKDAY}{}{}",
                format_args!(r"(?<d>\d{{1,2}}){ORDINAL}[\s-]+(?:of\s+)?"),
                r"(?<n>[a-z]{3,9})\.?,?[\s-]+(?<y>\d{4})",
            )),
        ],
        time: compile(concat!(
            r"(?:t|\s+(?:at\s+)?|,\s*)(?<h>\d{1,2})",
            r"(?::(?<m>\d{2})(?::(?<s>\d{2})(?:[.,](?<f>\d{1,9}))?)?)?",
            r"(?:\s*(?<half>[ap])m)?(?:\s*(?<zone>z|utc|gmt|[+-]\d{2}(?::?\d{2})?))?$",
        )),
    }
});

/// A date as it was read: local time of the query, or of the zone that was written with it.
pub(crate) struct Loose {
    date: NaiveDate,
    time: Option<NaiveTime>,
    offset: Option<FixedOffset>,
}

impl Loose {
    /// Day and time as they were written, whatever the offset.
    pub(crate) fn written(&self) -> NaiveDateTime {
        self.date.and_time(self.time.unwrap_or_default())
    }

    /// Day and time in `zone`. Midnight if no time was written.
    pub(crate) fn local(&self, zone: Tz) -> NaiveDateTime {
        let written = self.written();
        self.offset
            .and_then(|offset| offset.from_local_datetime(&written).single())
            .map_or(written, |moment| moment.with_timezone(&zone).naive_local())
    }
}

/// Reads a date, perhaps with a time and an offset. Everything must make sense to the last byte.
/// `3/4/2021` is the fourth of March; `13/4/2021` can only be the thirteenth of April.
pub(crate) fn parse(text: &str) -> Option<Loose> {
    let text = text.trim();
    if text.len() > 64 || !text.is_ascii() {
        return None;
    }
    PATTERNS.dates.iter().find_map(|pattern| {
        let found = pattern.captures(text)?;
        let date = date(&found)?;
        let rest = text.get(found.get(0)?.end()..)?;
        if rest.is_empty() {
            return Some(Loose { date, time: None, offset: None });
        }
        let (time, offset) = time(&PATTERNS.time.captures(rest)?)?;
        Some(Loose { date, time: Some(time), offset })
    })
}

fn number(found: &Captures<'_>, name: &str) -> Option<u32> {
    found.name(name)?.as_str().parse().ok()
}

fn date(found: &Captures<'_>) -> Option<NaiveDate> {
    let year = i32::try_from(number(found, "y")?).ok().filter(|year| *year > 0)?;
    let day = number(found, "d")?;
    let month = match found.name("n") {
        Some(name) => month(&name.as_str().to_ascii_lowercase())?,
        None => number(found, "m")?,
    };
    let day_first = found.name("n").is_none()
        && month > 12
        && found.name("m")?.start() < found.name("y")?.start();
    let (month, day) = if day_first { (day, month) } else { (month, day) };
    NaiveDate::from_ymd_opt(year, month, day)
}

fn month(name: &str) -> Option<u32> {
    let index = MONTHS.iter().position(|month| {
        *month == name || month.get(..3) == Some(name) || name == "sept" && *month == "september"
    })?;
    u32::try_from(index + 1).ok()
}

fn time(found: &Captures<'_>) -> Option<(NaiveTime, Option<FixedOffset>)> {
    let mut hour = number(found, "h")?;
    if let Some(half) = found.name("half") {
        if !(1..=12).contains(&hour) {
            return None;
        }
        hour = hour % 12 + if half.as_str().eq_ignore_ascii_case("p") { 12 } else { 0 };
    } else if found.name("m").is_none() {
        return None;
    }
    let fraction = found.name("f").map_or("0", |fraction| fraction.as_str());
    // Databases keep microseconds.
    let micros = format!("{fraction:0<9}").get(..6)?.parse().ok()?;
    let time = NaiveTime::from_hms_micro_opt(
        hour,
        number(found, "m").unwrap_or(0),
        number(found, "s").unwrap_or(0),
        micros,
    )?;
    let offset = match found.name("zone").map(|zone| zone.as_str()) {
        None => None,
        Some(zone) if zone.starts_with(['+', '-']) => {
            let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
            let hours: i32 = digits.get(..2)?.parse().ok()?;
            let minutes: i32 =
                digits.get(2..).filter(|rest| !rest.is_empty()).unwrap_or("0").parse().ok()?;
            let seconds = (hours * 60 + minutes) * 60;
            Some(FixedOffset::east_opt(if zone.starts_with('-') { -seconds } else { seconds })?)
        }
        Some(_) => FixedOffset::east_opt(0),
    };
    Some((time, offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        parse(text)
            .map(|loose| loose.local(Tz::Europe__Berlin).format("%Y-%m-%d %H:%M:%S%.f").to_string())
    }

    #[test]
    fn dates_are_read_as_people_write_them() {
        for text in [
            "2021-02-03",
            "2021/2/3",
            "2021.02.03",
            "20210203",
            "Feb 3 2021",
            "feb 3, 2021",
            "February 3rd, 2021",
            "Wed, Feb 3 2021",
            "3 Feb 2021",
            "3-Feb-2021",
            "Wednesday 3 of February, 2021",
            "02/03/2021",
            " 2021-02-03 ",
            "2021-02-03 00:00",
            "2021-02-03T00:00:00",
            "2021-02-03 12am",
        ] {
            assert_eq!(read(text).as_deref(), Some("2021-02-03 00:00:00"), "{text}");
        }
        assert_eq!(read("23/02/2021").as_deref(), Some("2021-02-23 00:00:00"));
    }

    #[test]
    fn times_and_offsets_are_read() {
        for (text, expected) in [
            ("2021-02-03 04:05", "2021-02-03 04:05:00"),
            ("2021-02-03T04:05:06", "2021-02-03 04:05:06"),
            ("2021-02-03 04:05:06.789", "2021-02-03 04:05:06.789"),
            ("2021-02-03 04:05:06.7891239", "2021-02-03 04:05:06.789123"),
            ("2021-02-03T04:05:06Z", "2021-02-03 05:05:06"),
            ("2021-02-03 04:05 +0300", "2021-02-03 02:05:00"),
            ("2021-02-03 04:05-05:30", "2021-02-03 10:35:00"),
            ("Feb 3 2021 at 4:05 PM", "2021-02-03 16:05:00"),
            ("3 Feb 2021, 4pm", "2021-02-03 16:00:00"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_to_the_last_byte_is_refused() {
        for text in [
            "",
            "x",
            "nodate",
            "2021",
            "2021-02",
            "10:00",
            "Feb 2021",
            "2021-02-30",
            "2021-13-01",
            "13/13/2021",
            "2020-01-01' --",
            "2020-01-01;",
            "'2020-01-01'",
            "2020-01-01','",
            "' and '2020-01-01",
            "2020-01-01 or 1=1",
            "2020-01-01 25:00",
            "2020-01-01 10",
            "2020-01-01 13pm",
            "0000-01-01",
            "2020-01-01\u{2019}",
            "2020-01-01 10:00:00 +99:99",
            "202001011",
            "Foo 3 2021",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
