//! What a text asks: `query=…`, and `start`, `end`, `step` for a range. Values are put in by the
//! rules of where they stand: within quotes, or as numbers and durations of their own.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use tessera_kernel::{Code, Fault, Result, Timestamp};
use tessera_sqltext::{Bind, Bound, Stretch};

/// What is asked of which part of the interface.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) path: &'static str,
    pub(super) pairs: Vec<(String, String)>,
}

/// What can stand beside the query.
const MEMBERS: [&str; 7] = ["query", "start", "end", "step", "time", "timeout", "limit"];

pub(super) fn question(bound: &Bound, now: Timestamp) -> Result<Question> {
    let text = bound.sql.trim();
    let whole = if text.starts_with("query=") { text.to_owned() } else { format!("query={text}") };
    // A text with blanks was not written for an address: its plus signs are plus signs.
    let plus_is_blank = !whole.contains([' ', '\n', '\t']);
    let mut pairs: Vec<(String, String)> = Vec::new();
    for member in members(&whole) {
        let (name, value) = member.split_once('=').unwrap_or((member, ""));
        let value = decoded(value, plus_is_blank)?;
        let value = match name {
            "query" => expression(bound, &value)?,
            "start" | "end" | "time" => moment(&bound.filled_text(&value), now)?,
            _ => bound.filled_text(&value),
        };
        pairs.push((name.to_owned(), value));
    }
    let has = |name: &str| pairs.iter().any(|(known, _)| known == name);
    if !has("step") {
        pairs.retain(|(name, _)| name != "start" && name != "end");
        return Ok(Question { path: "/api/v1/query", pairs });
    }
    if !has("start") {
        return Err(failed("a range needs 'start' beside 'step'"));
    }
    if !has("end") {
        pairs.push(("end".to_owned(), moment("now", now)?));
    }
    Ok(Question { path: "/api/v1/query_range", pairs })
}

/// The members of a text, which an ampersand within the query does not end.
fn members(text: &str) -> Vec<&str> {
    let mut members = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices('&') {
        let rest = text.get(at + 1..).unwrap_or_default();
        let named = MEMBERS
            .iter()
            .any(|name| rest.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')));
        if named {
            members.push(text.get(start..at).unwrap_or_default());
            start = at + 1;
        }
    }
    members.push(text.get(start..).unwrap_or_default());
    members
}

fn decoded(text: &str, plus_is_blank: bool) -> Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let code = match (first, after) {
            (b'%', [high, low, ..]) => std::str::from_utf8(&[*high, *low])
                .ok()
                .and_then(|code| u8::from_str_radix(code, 16).ok()),
            _ => None,
        };
        match (first, code) {
            (_, Some(code)) => {
                bytes.push(code);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'+', None) if plus_is_blank => bytes.push(b' '),
            (byte, None) => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).map_err(|_| failed("the text is not UTF-8 once it is decoded"))
}

/// Where the reading of an expression is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Code,
    Comment,
    /// Behind an opening quote; whether a backslash came right before.
    Quoted(char, bool),
}

impl State {
    fn after(self, c: char) -> Self {
        match (self, c) {
            (Self::Code, '"' | '\'' | '`') => Self::Quoted(c, false),
            (Self::Code, '#') => Self::Comment,
            (Self::Comment, '\n') => Self::Code,
            (Self::Quoted('`', _), '`') => Self::Code,
            (Self::Quoted('`', _), _) => self,
            (Self::Quoted(quote, true), _) => Self::Quoted(quote, false),
            (Self::Quoted(quote, false), '\\') => Self::Quoted(quote, true),
            (Self::Quoted(quote, false), c) if c == quote => Self::Code,
            _ => self,
        }
    }
}

/// An expression with its values.
fn expression(bound: &Bound, written: &str) -> Result<String> {
    let mut out = String::new();
    let mut state = State::Code;
    for stretch in bound.stretches(written) {
        match stretch {
            Stretch::Written(text) => {
                state = text.chars().fold(state, State::after);
                out.push_str(text);
            }
            Stretch::Value(bind) => match state {
                State::Comment => {}
                State::Quoted(_, true) => {
                    return Err(unbindable("take the backslash in front of it away"));
                }
                State::Quoted('`', false) => {
                    let text = bind.text();
                    if text.contains('`') {
                        return Err(unbindable("put it into \"…\" instead of `…`"));
                    }
                    out.push_str(&text);
                }
                State::Quoted(quote, false) => escaped(&bind.text(), quote, &mut out),
                State::Code => {
                    let text = bind.text();
                    let number = matches!(bind, Bind::Integer(_) | Bind::Decimal(_));
                    let glued = out.ends_with(|c: char| c.is_alphanumeric() || c == '_');
                    if glued || (!number && !is_duration(&text)) {
                        let fix = "put it into quotes, or declare it as a number or as an enum \
                                   whose options are what may stand there";
                        return Err(unbindable(fix));
                    }
                    out.push_str(&text);
                }
            },
        }
    }
    Ok(out)
}

fn escaped(text: &str, quote: char, out: &mut String) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if c == quote => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
}

/// Numbers, each with a unit: `5m`, `1h30m`.
fn is_duration(text: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let after = rest.get(digits..).unwrap_or_default();
        let unit =
            ["ms", "s", "m", "h", "d", "w", "y"].iter().find(|unit| after.starts_with(**unit));
        match unit {
            Some(unit) if digits > 0 => rest = after.get(unit.len()..).unwrap_or_default(),
            _ => return false,
        }
    }
    !text.is_empty()
}

/// A moment in seconds since 1970: a number, a date with or without a time, or `now`.
fn moment(text: &str, now: Timestamp) -> Result<String> {
    let text = text.trim();
    if text.parse::<f64>().is_ok_and(f64::is_finite) {
        return Ok(text.to_owned());
    }
    if text == "now" {
        return Ok(now.timestamp().to_string());
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(seconds(at.timestamp_millis()));
    }
    for format in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"] {
        if let Ok(at) = NaiveDateTime::parse_from_str(text, format) {
            return Ok(seconds(at.and_utc().timestamp_millis()));
        }
    }
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Ok(seconds(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis()));
    }
    Err(failed(&format!("{text:?} is no moment: write a date, a number of seconds, or now")))
}

fn seconds(millis: i64) -> String {
    if millis % 1000 == 0 {
        return (millis / 1000).to_string();
    }
    format!("{}.{:03}", millis.div_euclid(1000), millis.rem_euclid(1000))
}

fn unbindable(fix: &str) -> Fault {
    let detail = format!("no value can be bound in the query: {fix}");
    Fault::new(Code::UnbindableParameter, detail)
}

fn failed(detail: &str) -> Fault {
    Fault::new(Code::SourceFailed, detail)
}

#[cfg(test)]
mod tests {
    use tessera_sqltext::{Dialect, Document};
    use tessera_sqltext::{Number, Scalar, Template, Value, Values, parse_parameters};

    use super::*;

    fn ask(text: &str, value: Scalar) -> Result<Question> {
        let template = Template::parse(text, Dialect::Document(Document::Address))?;
        let definitions = parse_parameters(&serde_json::json!([{"name": "v", "type": "text"}]))?;
        let bound = template.bind(&definitions, &Values::default().with("v", Value::One(value)))?;
        question(&bound, DateTime::UNIX_EPOCH)
    }

    fn query(text: &str, value: &str) -> Result<String> {
        ask(text, Scalar::Text(value.to_owned())).map(|mut asked| asked.pairs.remove(0).1)
    }

    #[test]
    fn texts_are_read_as_addresses_and_as_expressions() {
        let pairs = |text: &str| ask(text, Scalar::Text(String::new())).unwrap();
        let plain = pairs("sum(rate(a[5m])) + 1");
        assert_eq!(plain.path, "/api/v1/query");
        assert_eq!(plain.pairs, [("query".to_owned(), "sum(rate(a[5m])) + 1".to_owned())]);
        let coded = pairs("query=a%7Bb%3D%22c%22%7D+or+d&step=60s&start=2018-01-20T00:00:00.500Z");
        assert_eq!(coded.path, "/api/v1/query_range");
        let expected = [
            ("query", "a{b=\"c\"} or d"),
            ("step", "60s"),
            ("start", "1516406400.500"),
            ("end", "0"),
        ];
        assert_eq!(coded.pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(pairs("a{b=\"x&y\"}&time=7").pairs[0].1, "a{b=\"x&y\"}");
        assert!(ask("a&step=1m", Scalar::Text(String::new())).is_err());
    }

    #[test]
    fn a_value_stays_within_its_quotes() {
        for value in ["\"} or b{x=\"", "\\", "'", "\n", "&step=1s", "%22", "`", "{{ v }}", "+"] {
            let spelled = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let found = query("a{b=\"{{ v }}\"} # {{ v }}", value).unwrap();
            assert_eq!(found, format!("a{{b=\"{spelled}\"}} # "));
        }
        assert!(query("a{b=`{{ v }}`}", "x`").is_err());
        assert!(query("a{b=\"\\{{ v }}\"}", "x").is_err());
    }

    #[test]
    fn outside_of_quotes_only_numbers_and_durations_stand() {
        assert_eq!(query("rate(a[{{ v }}])", "1h30m").unwrap(), "rate(a[1h30m])");
        for value in ["1", "a", "5m] or b[5m", "", "1h 2"] {
            let fault = query("rate(a[{{ v }}])", value).unwrap_err();
            assert_eq!(fault.code(), Code::UnbindableParameter, "{value}");
        }
        assert!(query("a{{ v }}", "1h").is_err());
        let asked = ask("a > {{ v }}", Scalar::Number(Number::Integer(-5))).unwrap();
        assert_eq!(asked.pairs[0].1, "a > -5");
    }
}
