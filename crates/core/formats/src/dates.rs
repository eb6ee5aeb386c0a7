//! Dates, times and spans as text, straight from the physical values.

use crate::numbers::push_integer;

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// How much of a fraction of a second is written. Both leave it out when it is zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fraction {
    /// Three digits; the rest is cut.
    Millis,
    /// Six digits.
    Micros,
}

/// A day and a time of day in the proleptic Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) year: i64,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
    pub(crate) micros: u32,
    /// Days since 1970-01-01.
    pub(crate) days: i64,
}

impl Moment {
    /// From days since 1970-01-01.
    pub(crate) fn from_days(days: i64) -> Self {
        Self::new(days, 0)
    }

    /// From microseconds since 1970-01-01T00:00.
    pub(crate) fn from_micros(micros: i64) -> Self {
        Self::new(micros.div_euclid(MICROS_PER_DAY), micros.rem_euclid(MICROS_PER_DAY))
    }

    fn new(days: i64, micros_of_day: i64) -> Self {
        let (year, month, day) = civil(days);
        let seconds = (micros_of_day / MICROS_PER_SECOND) as u32;
        Self {
            year,
            month,
            day,
            hour: seconds / 3600,
            minute: seconds / 60 % 60,
            second: seconds % 60,
            micros: (micros_of_day % MICROS_PER_SECOND) as u32,
            days,
        }
    }

    /// Seconds since 1970-01-01T00:00.
    pub(crate) fn unix_seconds(&self) -> i64 {
        self.days * 86_400
            + i64::from(self.hour * 3600)
            + i64::from(self.minute * 60)
            + i64::from(self.second)
    }
}

/// Year, month and day of a day count. Works on years that begin in March, so that the leap day is
/// the last one of its year, in cycles of 400 years (146,097 days).
fn civil(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468; // days since 0000-03-01
    let cycle = shifted.div_euclid(146_097);
    let of_cycle = shifted.rem_euclid(146_097) as u32;
    let year = (of_cycle - of_cycle / 1460 + of_cycle / 36_524 - of_cycle / 146_096) / 365;
    let of_year = of_cycle - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153; // 0 is March
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (i64::from(year) + cycle * 400 + i64::from(month <= 2), month, day)
}

/// Two digits.
pub(crate) fn two(value: u32) -> [u8; 2] {
    [b'0' + (value / 10) as u8, b'0' + (value % 10) as u8]
}

/// Appends a year: four digits, or a sign and at least six.
pub(crate) fn push_year(out: &mut Vec<u8>, year: i64) {
    if (0..=9999).contains(&year) {
        out.extend_from_slice(&two((year / 100) as u32));
        out.extend_from_slice(&two((year % 100) as u32));
    } else {
        let sign = if year < 0 { '-' } else { '+' };
        out.extend_from_slice(format!("{sign}{:06}", year.unsigned_abs()).as_bytes());
    }
}

fn push_day(out: &mut Vec<u8>, moment: &Moment) {
    push_year(out, moment.year);
    let ([m1, m2], [d1, d2]) = (two(moment.month), two(moment.day));
    out.extend_from_slice(&[b'-', m1, m2, b'-', d1, d2]);
}

fn push_clock(out: &mut Vec<u8>, seconds: u32, micros: u32, fraction: Fraction) {
    let ([h1, h2], [m1, m2]) = (two(seconds / 3600), two(seconds / 60 % 60));
    let [s1, s2] = two(seconds % 60);
    out.extend_from_slice(&[h1, h2, b':', m1, m2, b':', s1, s2]);
    if micros != 0 {
        let [a, b] = two(micros / 10_000);
        let [c, d] = two(micros / 100 % 100);
        let [e, f] = two(micros % 100);
        let digits = [b'.', a, b, c, d, e, f];
        out.extend_from_slice(match fraction {
            Fraction::Millis => &digits[..4],
            Fraction::Micros => &digits,
        });
    }
}

/// The word for an infinite date or timestamp.
fn infinity(negative: bool) -> &'static [u8] {
    if negative { b"-infinity" } else { b"infinity" }
}

/// Whether a date is a day and not an infinity.
pub(crate) fn is_finite_date(days: i32) -> bool {
    days != i32::MAX && days != i32::MIN
}

/// Whether a timestamp is a moment and not an infinity.
pub(crate) fn is_finite_timestamp(micros: i64) -> bool {
    micros != i64::MAX && micros != i64::MIN
}

/// Appends a date: `2020-02-03`.
pub(crate) fn push_date(out: &mut Vec<u8>, days: i32) {
    if is_finite_date(days) {
        push_day(out, &Moment::from_days(i64::from(days)));
    } else {
        out.extend_from_slice(infinity(days < 0));
    }
}

/// Appends a timestamp: `2020-02-03T04:05:06.789`, with `Z` behind it if it is a moment in UTC.
pub(crate) fn push_timestamp(out: &mut Vec<u8>, micros: i64, utc: bool, fraction: Fraction) {
    if !is_finite_timestamp(micros) {
        out.extend_from_slice(infinity(micros < 0));
        return;
    }
    let moment = Moment::from_micros(micros);
    push_day(out, &moment);
    out.push(b'T');
    let seconds = moment.hour * 3600 + moment.minute * 60 + moment.second;
    push_clock(out, seconds, moment.micros, fraction);
    if utc {
        out.push(b'Z');
    }
}

/// Appends a time of day: `04:05:06.700`.
pub(crate) fn push_time(out: &mut Vec<u8>, micros: i64, fraction: Fraction) {
    // 24:00:00 is a time of day in some databases, so the day is not wrapped
    let micros = micros.clamp(0, MICROS_PER_DAY);
    let seconds = (micros / MICROS_PER_SECOND) as u32;
    push_clock(out, seconds, (micros % MICROS_PER_SECOND) as u32, fraction);
}

/// Appends a span in ISO 8601: `P1Y2M3DT4H5M6.5S`, every part with its own sign.
pub(crate) fn push_iso_interval(out: &mut Vec<u8>, months: i32, days: i32, nanos: i64) {
    out.push(b'P');
    let start = out.len();
    let part = |out: &mut Vec<u8>, value: i64, unit: u8| {
        if value != 0 {
            push_integer(out, value);
            out.push(unit);
        }
    };
    part(out, i64::from(months / 12), b'Y');
    part(out, i64::from(months % 12), b'M');
    part(out, i64::from(days), b'D');
    if nanos != 0 {
        out.push(b'T');
        let seconds = nanos / 1_000_000_000;
        part(out, seconds / 3600, b'H');
        part(out, seconds / 60 % 60, b'M');
        let (rest, fraction) = (seconds % 60, (nanos % 1_000_000_000).unsigned_abs());
        if fraction == 0 {
            part(out, rest, b'S');
        } else {
            if nanos < 0 {
                out.push(b'-');
            }
            let digits = format!("{}.{fraction:09}", rest.abs());
            out.extend_from_slice(digits.trim_end_matches('0').as_bytes());
            out.push(b'S');
        }
    }
    if out.len() == start {
        out.extend_from_slice(b"T0S");
    }
}

/// Appends a span as days and a clock that never runs backwards: `1 day, 2:00:00`,
/// `-1 day, 22:00:00`. A month counts 30 days and a year 365.
pub(crate) fn push_clock_interval(out: &mut Vec<u8>, months: i32, days: i32, nanos: i64) {
    let days = i64::from(months / 12) * 365 + i64::from(months % 12) * 30 + i64::from(days);
    let micros = nanos / 1000;
    let days = days + micros.div_euclid(MICROS_PER_DAY);
    let micros = micros.rem_euclid(MICROS_PER_DAY);
    if days != 0 {
        push_integer(out, days);
        out.extend_from_slice(if days.abs() == 1 { b" day, " } else { b" days, " });
    }
    let seconds = (micros / MICROS_PER_SECOND) as u32;
    push_integer(out, i64::from(seconds / 3600));
    let ([m1, m2], [s1, s2]) = (two(seconds / 60 % 60), two(seconds % 60));
    out.extend_from_slice(&[b':', m1, m2, b':', s1, s2]);
    let fraction = micros % MICROS_PER_SECOND;
    if fraction != 0 {
        out.extend_from_slice(format!(".{fraction:06}").as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn days_become_calendar_dates() {
        for (days, date) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (18_295, "2020-02-03"),
            (11_016, "2000-02-29"),
            (11_017, "2000-03-01"),
            (-25_508, "1900-03-01"),
            (-719_528, "0000-01-01"),
            (-719_529, "-000001-12-31"),
            (2_932_896, "9999-12-31"),
            (2_932_897, "+010000-01-01"),
            (i32::MAX, "infinity"),
            (i32::MIN, "-infinity"),
        ] {
            assert_eq!(text(|out| push_date(out, days)), date);
        }
    }

    #[test]
    fn fractions_are_written_unless_zero() {
        let base = 18_295 * MICROS_PER_DAY + (4 * 3600 + 5 * 60 + 6) * MICROS_PER_SECOND;
        let stamp = |micros, utc, fraction| text(|out| push_timestamp(out, micros, utc, fraction));
        assert_eq!(stamp(base, false, Fraction::Millis), "2020-02-03T04:05:06");
        assert_eq!(stamp(base + 789_123, false, Fraction::Millis), "2020-02-03T04:05:06.789");
        assert_eq!(stamp(base + 789_123, true, Fraction::Micros), "2020-02-03T04:05:06.789123Z");
        assert_eq!(stamp(base + 123, true, Fraction::Millis), "2020-02-03T04:05:06.000Z");
        assert_eq!(stamp(-1, false, Fraction::Micros), "1969-12-31T23:59:59.999999");
        assert_eq!(stamp(i64::MIN, true, Fraction::Micros), "-infinity");
        assert_eq!(text(|out| push_time(out, MICROS_PER_DAY, Fraction::Micros)), "24:00:00");
        assert_eq!(text(|out| push_time(out, 700_000, Fraction::Millis)), "00:00:00.700");
    }

    #[test]
    fn intervals_have_both_spellings() {
        const HOUR: i64 = 3_600_000_000_000;
        for (months, days, nanos, iso, clock) in [
            (0, 0, 0, "PT0S", "0:00:00"),
            (0, 1, 2 * HOUR, "P1DT2H", "1 day, 2:00:00"),
            (0, 0, 3 * HOUR / 2, "PT1H30M", "1:30:00"),
            (0, 0, -2 * HOUR, "PT-2H", "-1 day, 22:00:00"),
            (14, 3, 0, "P1Y2M3D", "428 days, 0:00:00"),
            (-1, 0, 0, "P-1M", "-30 days, 0:00:00"),
            (0, 0, 500_000_000, "PT0.5S", "0:00:00.500000"),
            (0, 0, -1_500_000_000, "PT-1.5S", "-1 day, 23:59:58.500000"),
            (0, 0, 30 * HOUR, "PT30H", "1 day, 6:00:00"),
        ] {
            assert_eq!(text(|out| push_iso_interval(out, months, days, nanos)), iso);
            assert_eq!(text(|out| push_clock_interval(out, months, days, nanos)), clock);
        }
    }
}
