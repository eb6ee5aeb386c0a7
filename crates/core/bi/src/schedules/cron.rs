//! Cron expressions of five fields, in a time zone, across changes of daylight saving time.

use chrono::DateTime;
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use tessera_kernel::{Fault, Result, Timestamp};

/// Longest expression, in characters.
const CHARACTERS_MAX: usize = 200;

/// An expression that was read.
#[derive(Debug, Clone)]
pub(super) struct Expression(Box<Cron>);

impl Expression {
    /// Reads minute, hour, day of the month, month and day of the week.
    ///
    /// # Errors
    /// `Invalid` with `field`, and what is wrong with the expression.
    pub(super) fn read(text: &str, field: &str) -> Result<Self> {
        if text.chars().count() > CHARACTERS_MAX {
            let detail = format!("must have at most {CHARACTERS_MAX} characters");
            return Err(Fault::invalid(field, detail));
        }
        if text.split_whitespace().count() != 5 {
            return Err(Fault::invalid(
                field,
                "must have five fields: minute, hour, day of the month, month, day of the week, \
                 such as 0 7 * * 1-5",
            ));
        }
        let parser =
            CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser
            .parse(text)
            .map_err(|error| Fault::invalid(field, format!("is no cron expression: {error}")))?;
        let expression = Self(Box::new(cron));
        // 30 February can be written, and never comes.
        match expression.after(DateTime::UNIX_EPOCH, Tz::UTC) {
            Some(_) => Ok(expression),
            None => Err(Fault::invalid(field, "names moments that never come")),
        }
    }

    /// The first moment after `from`.
    pub(super) fn after(&self, from: Timestamp, zone: Tz) -> Option<Timestamp> {
        let from = from.with_timezone(&zone);
        self.0.find_next_occurrence(&from, false).ok().map(|found| found.to_utc())
    }

    /// The last moment at or before `until`.
    pub(super) fn at_or_before(&self, until: Timestamp, zone: Tz) -> Option<Timestamp> {
        let until = until.with_timezone(&zone);
        self.0.find_previous_occurrence(&until, true).ok().map(|found| found.to_utc())
    }
}
