//! Tells the callers of a key that it ends soon: `Sunset` (RFC 8594) and `Deprecation` (RFC 9745).

use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, HeaderName, HeaderValue};

/// How many days before its end a key counts as deprecated.
const DEPRECATED_DAYS: i64 = 30;

/// Adds both headers.
pub(crate) fn announce(headers: &mut HeaderMap, end: DateTime<Utc>) {
    let since = end - TimeDelta::days(DEPRECATED_DAYS);
    let texts = [
        ("deprecation", format!("@{}", since.timestamp())),
        ("sunset", end.format("%a, %d %b %Y %H:%M:%S GMT").to_string()),
    ];
    for (name, text) in texts {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.entry(HeaderName::from_static(name)).or_insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_key_is_told_in_the_forms_of_both_documents() {
        let mut headers = HeaderMap::new();
        announce(&mut headers, DateTime::from_timestamp(1_800_000_000, 5).expect("a moment"));
        assert_eq!(headers["sunset"], "Fri, 15 Jan 2027 08:00:00 GMT");
        assert_eq!(headers["deprecation"], "@1797408000");
    }
}
