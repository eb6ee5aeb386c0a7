//! Which credential a request carries, and how.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use tessera_access::{Credential, Transport};
use tessera_kernel::Secret;

/// The name of the key in an address.
pub const QUERY_NAME: &str = "api_key";

/// The key that a request carries: the one in its address, even if empty, else the one in its
/// headers.
#[must_use]
pub fn key_of(headers: &HeaderMap, query: Option<&str>) -> Option<Credential> {
    if let Some(text) = in_query(query) {
        return Some(Credential { secret: Secret::new(text), transport: Transport::Url });
    }
    let text = in_authorization(headers)
        .or_else(|| Some(headers.get("x-api-key")?.to_str().ok()?.trim().to_owned()))?;
    Some(Credential { secret: Secret::new(text), transport: Transport::Header })
}

/// `Key k`, `Bearer k`, or the bare key. Other schemes are not ours. `Bearer` is written in any case
/// (RFC 9110); `Key` is no registered scheme, and Redash knows it in this spelling only.
fn in_authorization(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    match text.split_once(' ') {
        None => Some(text.to_owned()),
        Some((scheme, key)) if scheme == "Key" || scheme.eq_ignore_ascii_case("bearer") => {
            Some(key.trim().to_owned())
        }
        Some(_) => Some(String::new()),
    }
}

fn in_query(query: Option<&str>) -> Option<String> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query?).ok()?;
    pairs.into_iter().find(|(name, _)| name == QUERY_NAME).map(|(_, value)| value)
}

/// Paths that end with a credential.
const LINKS: [&str; 5] =
    ["/invite/", "/reset/", "/verify/", "/public/dashboards/", "/api/dashboards/public/"];

/// The address of a request with the credentials in it taken out, for records.
#[must_use]
pub fn redact(path_and_query: &str) -> String {
    let (path, query) = match path_and_query.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path_and_query, None),
    };
    let link = LINKS.iter().find(|link| path.starts_with(**link));
    let path = link.map_or_else(|| path.to_owned(), |link| format!("{link}-"));
    let Some(query) = query else { return path };
    let secret = [QUERY_NAME, "setup_token", "token", "code", "state"];
    let parts: Vec<String> = query
        .split('&')
        .map(|part| match part.split_once('=') {
            Some((name, _)) if secret.contains(&name) => format!("{name}=-"),
            _ => part.to_owned(),
        })
        .collect();
    format!("{path}?{}", parts.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: Option<&str>, query: Option<&str>, expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, header.parse().expect("a header value"));
        }
        let found = key_of(&headers, query);
        assert_eq!(found.as_ref().map(|found| found.secret.expose()), expected);
    }

    #[test]
    fn a_key_is_found_wherever_clients_put_it() {
        check(Some("Key abc"), None, Some("abc"));
        check(Some("Bearer abc"), None, Some("abc"));
        check(Some("bearer abc"), None, Some("abc"));
        check(Some("abc"), None, Some("abc"));
        check(None, Some("x=1&api_key=abc"), Some("abc"));
        check(None, Some("x=1"), None);
        check(None, None, None);
    }

    #[test]
    fn the_key_in_the_address_wins_even_if_it_is_bad_or_empty() {
        check(Some("Key abc"), Some("api_key=bad"), Some("bad"));
        check(Some("Key abc"), Some("api_key="), Some(""));
    }

    #[test]
    fn another_scheme_is_a_bad_key_and_not_no_key() {
        check(Some("Basic dTpw"), None, Some(""));
        check(Some("key abc"), None, Some(""));
    }

    #[test]
    fn records_do_not_show_keys() {
        assert_eq!(redact("/api/x?a=1&api_key=abc&b=2"), "/api/x?a=1&api_key=-&b=2");
        assert_eq!(redact("/setup?setup_token=abc"), "/setup?setup_token=-");
        assert_eq!(redact("/api/x"), "/api/x");
        assert_eq!(redact("/invite/abc"), "/invite/-");
        assert_eq!(redact("/reset/abc?x=1"), "/reset/-?x=1");
        assert_eq!(
            redact("/oauth/oidc/callback?code=a&state=b"),
            "/oauth/oidc/callback?code=-&state=-"
        );
    }
}
