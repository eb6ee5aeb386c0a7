//! Proof that a request with a session cookie was made by our own pages.

use http::request::Parts;
use http::{HeaderMap, Method, header};
use tessera_kernel::{Code, Fault, Result};

use crate::{RequestInfo, cookies};

/// Requests that only read need no proof.
fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Checks a request that is to act with a session.
pub(crate) fn check(parts: &Parts, info: &RequestInfo) -> Result<()> {
    if is_safe(&parts.method) {
        return Ok(());
    }
    check_origin(&parts.headers, info)?;
    let cookie = cookies::csrf_token(&parts.headers);
    // Programs that drive the web client spell it in another way than the client itself.
    let header = ["x-csrf-token", "x-csrftoken"].iter().find_map(|name| parts.headers.get(*name));
    let header = header.and_then(|value| value.to_str().ok());
    match (cookie, header) {
        (Some(cookie), Some(header)) if cookie == header => Ok(()),
        _ => Err(refused("the CSRF token is missing or incorrect")),
    }
}

/// Refuses what another site's page sent, unless it only reads.
pub(crate) fn check_unsafe_origin(parts: &Parts, info: &RequestInfo) -> Result<()> {
    if is_safe(&parts.method) { Ok(()) } else { check_origin(&parts.headers, info) }
}

/// Refuses what another site's page sent, as far as the browser tells.
///
/// `Sec-Fetch-Site` is the browser's own word, which no page can set: where it says `same-origin`,
/// the address that we know ourselves by does not count, since a proxy in front may have changed it.
pub(crate) fn check_origin(headers: &HeaderMap, info: &RequestInfo) -> Result<()> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    match headers.get("sec-fetch-site").map(|value| value.to_str().unwrap_or_default()) {
        Some("same-origin") => return Ok(()),
        None | Some("none") => {}
        Some(_) => return Err(refused("the request comes from another site (CSRF)")),
    }
    match text(header::ORIGIN) {
        Some(origin) if origin != info.base_url => {
            Err(refused("the request comes from another site (CSRF)"))
        }
        _ => Ok(()),
    }
}

fn refused(detail: &str) -> Fault {
    Fault::new(Code::CsrfFailed, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RequestFacts;

    fn parts(method: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().method(method).uri("/api/x");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).expect("a request").into_parts().0
    }

    #[track_caller]
    fn refuses(method: &str, headers: &[(&str, &str)]) -> bool {
        let base_url = "http://tessera.test".to_owned();
        let info = RequestInfo::from(RequestFacts { base_url, ..RequestFacts::default() });
        check(&parts(method, headers), &info).is_err()
    }

    #[test]
    fn an_unsafe_request_needs_the_token_twice_and_no_foreign_origin() {
        let cookie = ("cookie", "session=s; csrf_token=t");
        assert!(!refuses("POST", &[cookie, ("x-csrf-token", "t")]));
        assert!(!refuses("POST", &[cookie, ("x-csrftoken", "t")]));
        assert!(refuses("POST", &[cookie, ("x-csrf-token", "u"), ("x-csrftoken", "t")]));
        assert!(refuses("POST", &[cookie]));
        assert!(refuses("POST", &[("x-csrf-token", "t")]));
        assert!(refuses("POST", &[cookie, ("x-csrf-token", "u")]));
        assert!(refuses("POST", &[("cookie", "csrf_token="), ("x-csrf-token", "")]));
        let own = ("origin", "http://tessera.test");
        assert!(!refuses("DELETE", &[cookie, ("x-csrf-token", "t"), own]));
        for origin in ["http://evil.test", "null", "https://tessera.test"] {
            assert!(refuses("POST", &[cookie, ("x-csrf-token", "t"), ("origin", origin)]));
        }
        assert!(refuses(
            "POST",
            &[cookie, ("x-csrf-token", "t"), ("sec-fetch-site", "cross-site")]
        ));
        assert!(!refuses("GET", &[cookie, ("origin", "http://evil.test")]));
    }

    #[test]
    fn behind_a_proxy_that_changes_the_address_the_browser_says_where_a_request_comes_from() {
        let cookie = ("cookie", "session=s; csrf_token=t");
        let outside = ("origin", "http://outside.test");
        let sent = |site: &'static str| {
            let site = ("sec-fetch-site", site);
            refuses("POST", &[cookie, ("x-csrf-token", "t"), outside, site])
        };
        assert!(!sent("same-origin"));
        assert!(sent("same-site") && sent("cross-site") && sent("none") && sent(""));
        let only = [cookie, outside, ("sec-fetch-site", "same-origin")];
        assert!(refuses("POST", &only), "the token is asked for all the same");
    }
}
