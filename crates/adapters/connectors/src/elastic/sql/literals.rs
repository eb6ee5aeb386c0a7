//! Values for the two servers. Elasticsearch takes them beside the statement. OpenSearch does not: what
//! it calls parameters it pastes into the text, so they are written anew here as literals, by one rule
//! for each type; a text from a caller never goes into a statement as it came.

use serde_json::Value as Json;
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::Bind;

/// A placeholder for a value, which goes to the others. Only a number of rows can be no placeholder.
pub(super) fn parameter(
    bind: &Bind,
    before: Option<&str>,
    values: &mut Vec<Json>,
) -> Result<String> {
    if let (Bind::Integer(number), Some("limit" | "top")) = (bind, before) {
        return Ok(number.to_string());
    }
    values.push(match bind {
        Bind::Integer(number) => Json::from(*number),
        Bind::Decimal(text) => serde_json::from_str(plain(text)?)
            .map_err(|error| Fault::internal("a number is none", error))?,
        Bind::Text(text) | Bind::Untyped(text) => Json::from(text.as_str()),
        Bind::Date(date) => Json::from(date.to_string()),
        Bind::Datetime(time) => Json::from(time.format("%Y-%m-%dT%H:%M:%S%.f").to_string()),
    });
    Ok("?".to_owned())
}

/// A literal of OpenSearch.
pub(super) fn literal(bind: &Bind) -> Result<String> {
    Ok(match bind {
        Bind::Integer(number) => number.to_string(),
        Bind::Decimal(text) => plain(text)?.to_owned(),
        Bind::Text(text) | Bind::Untyped(text) => quoted(text)?,
        Bind::Date(date) => format!("DATE '{date}'"),
        Bind::Datetime(time) => format!("TIMESTAMP '{}'", time.format("%Y-%m-%d %H:%M:%S%.f")),
    })
}

/// A number in plain notation.
fn plain(text: &str) -> Result<&str> {
    if text.bytes().all(|byte| byte.is_ascii_digit() || b"-.".contains(&byte)) {
        return Ok(text);
    }
    Err(Fault::new(Code::Internal, "a number is not in plain notation"))
}

/// A text between quotes. Quotes and backslashes are doubled, which every version reads the same way.
fn quoted(text: &str) -> Result<String> {
    if text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
        let detail = "a value for this server cannot have control characters";
        return Err(Fault::new(Code::InvalidParameters, detail));
    }
    Ok(format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_anew_by_their_type() {
        let day: chrono::NaiveDate = "2020-01-02".parse().expect("a day");
        for (bind, expected) in [
            (Bind::Integer(-5), "-5"),
            (Bind::Decimal("-1.50".to_owned()), "-1.50"),
            (Bind::Untyped("it's \\' -- /* ?".to_owned()), "'it''s \\\\'' -- /* ?'"),
            (Bind::Date(day), "DATE '2020-01-02'"),
            (
                Bind::Datetime(day.and_hms_milli_opt(3, 4, 5, 6).expect("a time")),
                "TIMESTAMP '2020-01-02 03:04:05.006'",
            ),
        ] {
            assert_eq!(literal(&bind).expect("is written"), expected);
        }
        assert!(literal(&Bind::Untyped("a\u{1a}".to_owned())).is_err());
        assert!(literal(&Bind::Decimal("1 or 1".to_owned())).is_err());
    }
}
