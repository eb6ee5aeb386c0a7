//! How the limits of a key stand, as header fields; and what the bytes of answers are charged to.
//!
//! `RateLimit-Policy` and `RateLimit` are those of draft-ietf-httpapi-ratelimit-headers-11;
//! `X-RateLimit-*` is what older clients read, with the moment of reset in seconds since 1970.

use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tessera_access::terms::Unit;
use tessera_access::{LimitState, Meter};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STANDING: HeaderName = HeaderName::from_static("ratelimit");
const OLD_LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const OLD_REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const OLD_RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Tells the caller how its limits stand.
pub(crate) fn tell(response: &mut Response, limits: &[LimitState]) {
    if !limits.is_empty() {
        let status = response.status();
        set_headers(response.headers_mut(), status, limits);
    }
}

/// Whether the bytes of an answer are charged to something.
pub(crate) fn counts_bytes(meter: &Meter) -> bool {
    meter.counts(Unit::ContentBytes)
}

fn set_headers(headers: &mut HeaderMap, status: StatusCode, limits: &[LimitState]) {
    set(headers, POLICY, &list(limits, policy));
    // How many queries run is known to the store only, at the moment when one is to begin.
    let standing: Vec<LimitState> =
        limits.iter().filter(|limit| limit.unit != Unit::ConcurrentRequests).cloned().collect();
    if !standing.is_empty() {
        set(headers, STANDING, &list(&standing, stands));
    }
    let requests = limits.iter().filter(|limit| limit.unit == Unit::Requests);
    if let Some(tightest) = requests.min_by_key(|limit| (limit.remaining, limit.quota)) {
        headers.insert(OLD_LIMIT, tightest.quota.into());
        headers.insert(OLD_REMAINING, tightest.remaining.into());
        headers.insert(OLD_RESET, tightest.reset_at_seconds.into());
    }
    if status == StatusCode::TOO_MANY_REQUESTS && !headers.contains_key(header::RETRY_AFTER) {
        let used_up = standing.iter().filter(|limit| limit.remaining == 0);
        let wait = used_up.map(|limit| limit.reset_seconds).max().unwrap_or(1).max(1);
        headers.insert(header::RETRY_AFTER, wait.into());
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.insert(name, value);
    }
}

fn list(limits: &[LimitState], write: impl Fn(&LimitState) -> String) -> String {
    limits.iter().map(write).collect::<Vec<_>>().join(", ")
}

fn policy(limit: &LimitState) -> String {
    let mut text = format!("{};q={}", quoted(&limit.name), limit.quota);
    if limit.unit != Unit::Requests {
        text.push_str(&format!(";qu={}", quoted(limit.unit.as_str())));
    }
    if limit.window_seconds > 0 {
        text.push_str(&format!(";w={}", limit.window_seconds));
    }
    text
}

fn stands(limit: &LimitState) -> String {
    format!("{};r={};t={}", quoted(&limit.name), limit.remaining, limit.reset_seconds)
}

/// A string of RFC 9651: what it cannot hold is left out.
fn quoted(text: &str) -> String {
    let plain = text.chars().filter(|letter| (' '..='~').contains(letter));
    let escaped: String = plain
        .flat_map(|letter| {
            let escape = matches!(letter, '"' | '\\').then_some('\\');
            escape.into_iter().chain([letter])
        })
        .collect();
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(name: &str, unit: Unit, quota: u64, remaining: u64) -> LimitState {
        LimitState {
            name: name.to_owned(),
            unit,
            quota,
            window_seconds: if unit == Unit::ConcurrentRequests { 0 } else { 60 },
            remaining,
            reset_seconds: 30,
            reset_at_seconds: 1_800_000_030,
        }
    }

    fn written(status: StatusCode, limits: &[LimitState]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        set_headers(&mut headers, status, limits);
        headers
    }

    #[test]
    fn every_limit_is_told_in_the_form_of_the_draft() {
        let headers = written(
            StatusCode::OK,
            &[
                limit("burst", Unit::Requests, 60, 59),
                limit("daily", Unit::Rows, 1000, 10),
                limit("slots", Unit::ConcurrentRequests, 2, 2),
            ],
        );
        assert_eq!(
            headers["ratelimit-policy"],
            "\"burst\";q=60;w=60, \"daily\";q=1000;qu=\"rows\";w=60, \
             \"slots\";q=2;qu=\"concurrent-requests\""
        );
        assert_eq!(headers["ratelimit"], "\"burst\";r=59;t=30, \"daily\";r=10;t=30");
        assert!(!headers.contains_key("retry-after"));
    }

    #[test]
    fn old_clients_read_the_tightest_limit_of_requests() {
        let headers = written(
            StatusCode::OK,
            &[
                limit("wide", Unit::Requests, 1000, 900),
                limit("burst", Unit::Requests, 60, 59),
                limit("daily", Unit::Rows, 1000, 0),
            ],
        );
        assert_eq!(headers["x-ratelimit-limit"], "60");
        assert_eq!(headers["x-ratelimit-remaining"], "59");
        assert_eq!(headers["x-ratelimit-reset"], "1800000030");
    }

    #[test]
    fn a_refusal_tells_when_to_come_again() {
        let headers =
            written(StatusCode::TOO_MANY_REQUESTS, &[limit("burst", Unit::Requests, 60, 0)]);
        assert_eq!(headers["retry-after"], "30");
    }

    #[test]
    fn a_name_cannot_break_out_of_its_header() {
        assert_eq!(quoted("a\"b\\c\r\nd"), "\"a\\\"b\\\\cd\"");
    }
}
