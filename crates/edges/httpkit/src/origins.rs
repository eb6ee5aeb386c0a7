//! Pages of other origins: which may read an answer (CORS), and which may show one of our pages in
//! a frame. Both are told by the key that was shown, and never by the caller.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

/// Paths that programs call.
const CALLED: [&str; 2] = ["/api/", "/v1/"];
/// Paths of pages that may be shown in frames.
const FRAMED: [&str; 2] = ["/embed/", "/public/"];

/// The origin of the page that sent a request: told by the browser, or else where a link or frame
/// is opened from.
pub(crate) fn of(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    match text(header::ORIGIN) {
        Some(origin) => Some(origin.to_owned()),
        None => {
            let (scheme, rest) = text(header::REFERER)?.split_once("://")?;
            let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty())?;
            Some(format!("{scheme}://{host}"))
        }
    }
}

/// The answer to a browser that asks before it sends a request with a key in its headers. It is
/// asked without the key, so every origin is told yes, and the answer to the request itself decides
/// who reads it. Cookies never count.
pub(crate) fn preflight(request: &Request) -> Option<Response> {
    let headers = request.headers();
    let asks = request.method() == Method::OPTIONS
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
        && CALLED.iter().any(|path| request.uri().path().starts_with(path));
    let origin = headers.get(header::ORIGIN).filter(|_| asks)?.clone();
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let answer = response.headers_mut();
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    answer.insert(header::VARY, HeaderValue::from_static("Origin"));
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type, X-API-Key"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        answer.insert(name, HeaderValue::from_static(value));
    }
    Some(response)
}

/// Lets pages of the asking origin read the answer, if the key is for that origin.
pub(crate) fn allow(headers: &mut HeaderMap, path: &str, known: &[String], asking: Option<&str>) {
    if known.is_empty() || !CALLED.iter().any(|start| path.starts_with(start)) {
        return;
    }
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let good = asking.filter(|asking| known.iter().any(|origin| origin == asking));
    if let Some(origin) = good.and_then(|origin| HeaderValue::from_str(origin).ok()) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(
                "Content-Disposition, ETag, Location, RateLimit, RateLimit-Policy, Retry-After, \
                 X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id",
            ),
        );
    }
}

/// Lets pages of the asking origin read results, if the operator opened them to it.
pub(crate) fn allow_results(
    headers: &mut HeaderMap,
    path: &str,
    open: &[String],
    asking: Option<&str>,
) {
    if open.is_empty() || !is_result(path) {
        return;
    }
    // Every origin is told its own name, so that answers can be told apart and none goes to another.
    let everybody = open.iter().any(|origin| origin == "*");
    let named = asking.filter(|_| everybody).map(str::to_owned);
    allow(headers, path, named.as_ref().map_or(open, std::slice::from_ref), asking);
}

/// Whether a path gives rows: `/api/query_results…`, `/api/queries/<id>/results…`, `/v1/results/…`,
/// `/v1/queries/<id>/results…`.
fn is_result(path: &str) -> bool {
    let mut segments = path.split('/').skip(1);
    let is_results = |segment: Option<&str>| {
        segment.is_some_and(|text| text == "results" || text.starts_with("results."))
    };
    match (segments.next(), segments.next()) {
        (Some("api"), Some("query_results")) | (Some("v1"), Some("results")) => true,
        (Some("api" | "v1"), Some("queries")) => is_results(segments.nth(1)),
        _ => false,
    }
}

/// Lets pages of the key's origins show the answer in a frame.
pub(crate) fn frame(headers: &mut HeaderMap, path: &str, known: &[String]) {
    if known.is_empty() || !FRAMED.iter().any(|start| path.starts_with(start)) {
        return;
    }
    let policy = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|value| value.to_str().ok());
    let told = format!("frame-ancestors {}", known.join(" "));
    let policy = policy.unwrap_or_default().replace("frame-ancestors 'none'", &told);
    if let Ok(policy) = HeaderValue::from_str(&policy)
        && policy.to_str().is_ok_and(|policy| policy.contains(&told))
    {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        // The older header knows no list of origins.
        headers.remove(header::X_FRAME_OPTIONS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<String> {
        vec!["https://acme.example".to_owned()]
    }

    #[test]
    fn only_the_origin_of_the_key_reads_the_answer() {
        let allowed = |path: &str, known: &[String], asking: Option<&str>| {
            let mut headers = HeaderMap::new();
            allow(&mut headers, path, known, asking);
            assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
            let value = headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
            value.map(|value| value.to_str().expect("text").to_owned())
        };
        let acme = Some("https://acme.example");
        assert_eq!(allowed("/api/x", &known(), acme).as_deref(), acme);
        assert_eq!(allowed("/api/x", &known(), Some("https://evil.example")), None);
        assert_eq!(allowed("/api/x", &known(), None), None);
        assert_eq!(allowed("/api/x", &[], acme), None);
        assert_eq!(allowed("/login", &known(), acme), None);
    }

    #[test]
    fn results_open_to_the_origins_of_the_operator_and_nothing_else_does() {
        let allowed = |path: &str, open: &[&str], asking: Option<&str>| {
            let open: Vec<String> = open.iter().map(|&origin| origin.to_owned()).collect();
            let mut headers = HeaderMap::new();
            allow_results(&mut headers, path, &open, asking);
            assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS));
            let value = headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
            value.map(|value| value.to_str().expect("text").to_owned())
        };
        let acme = Some("https://acme.example");
        for path in [
            "/api/query_results",
            "/api/query_results/7.csv",
            "/api/queries/1/results",
            "/api/queries/1/results.csv",
            "/api/queries/1/results/7.json",
            "/v1/results/7",
        ] {
            assert_eq!(allowed(path, &["https://acme.example"], acme).as_deref(), acme, "{path}");
            assert_eq!(allowed(path, &["*"], acme).as_deref(), acme, "{path}");
            assert_eq!(allowed(path, &["https://other.example"], acme), None, "{path}");
            assert_eq!(allowed(path, &[], acme), None, "{path}");
            assert_eq!(allowed(path, &["*"], None), None, "{path}");
        }
        for path in ["/api/queries/1", "/api/session", "/api/queries/1/resultset", "/login"] {
            assert_eq!(allowed(path, &["*"], acme), None, "{path}");
        }
    }

    #[test]
    fn only_pages_for_frames_open_to_the_origin_of_the_key() {
        let framed = |path: &str, known: &[String]| {
            let mut headers = HeaderMap::new();
            let policy = "default-src 'none'; frame-ancestors 'none'";
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
            headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
            frame(&mut headers, path, known);
            let policy =
                headers[header::CONTENT_SECURITY_POLICY].to_str().expect("text").to_owned();
            (policy, headers.contains_key(header::X_FRAME_OPTIONS))
        };
        let open = "default-src 'none'; frame-ancestors https://acme.example".to_owned();
        assert_eq!(framed("/embed/query/1/visualization/2", &known()), (open, false));
        let closed = "default-src 'none'; frame-ancestors 'none'".to_owned();
        assert_eq!(framed("/embed/query/1/visualization/2", &[]), (closed.clone(), true));
        assert_eq!(framed("/login", &known()), (closed, true));
    }

    #[test]
    fn the_origin_is_that_of_the_page_or_of_where_it_was_opened_from() {
        let mut headers = HeaderMap::new();
        assert_eq!(of(&headers), None);
        headers.insert(header::REFERER, HeaderValue::from_static("https://acme.example:8443/a?b"));
        assert_eq!(of(&headers).as_deref(), Some("https://acme.example:8443"));
        headers.insert(header::ORIGIN, HeaderValue::from_static("null"));
        assert_eq!(of(&headers).as_deref(), Some("null"));
    }
}
