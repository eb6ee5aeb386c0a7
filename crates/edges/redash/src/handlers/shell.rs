//! What answers where no route does: the client's page, a way to sign in, or a plain no.

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, Uri, header};
use tessera_httpkit::{cookies, pages};
use tower::ServiceExt;

use super::redirect;
use crate::RedashState;
use crate::credential::Visit;
use crate::errors::{LOGIN, METHOD, NOT_FOUND, Refusal};

/// A path or method without a route.
pub(crate) async fn unmatched(visit: Visit) -> Response {
    match visit.parts.method {
        Method::GET | Method::HEAD => read(&visit),
        Method::OPTIONS => axum::response::Html("").into_response(),
        Method::POST | Method::DELETE if is_foreign_acl(visit.parts.uri.path()) => read(&visit),
        _ => Refusal::say(StatusCode::METHOD_NOT_ALLOWED, METHOD).into_response(),
    }
}

fn read(visit: &Visit) -> Response {
    let path = visit.parts.uri.path();
    let missing = || Refusal::say(StatusCode::NOT_FOUND, NOT_FOUND);
    if path.starts_with("/static/") {
        return missing().into_page().into_response();
    }
    if visit.caller.user().is_none() {
        return to_login(visit);
    }
    let is_acl = path.starts_with("/api/") && path.split('/').any(|segment| segment == "acl");
    if is_acl {
        return missing().into_response();
    }
    signed_in_page(path)
}

/// Whether a path is the access list of something that has none.
fn is_foreign_acl(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').collect();
    matches!(segments.as_slice(), ["", "api", kind, _, "acl"] if !["queries", "dashboards"].contains(kind))
}

/// The client's page.
pub(super) fn page() -> Response {
    placeholder("<p><a href=\"/logout\">Sign out</a></p>")
}

/// The client's page for somebody signed in, with the way to the pages that there are.
fn signed_in_page(path: &str) -> Response {
    let query = path.strip_prefix("/queries/").and_then(|rest| rest.split('/').next());
    let number: Option<i64> = query.and_then(|text| text.split('-').next()?.parse().ok());
    let pin = number.map_or_else(String::new, |number| {
        format!(
            "<p><a class=\"way\" href=\"/keys/pinned/new?query={number}\">Make a pinned key of \
             query {number}</a></p>"
        )
    });
    placeholder(&format!(
        "{pin}<p><a class=\"way\" href=\"/keys\">API keys</a></p>\
         <p><a href=\"/logout\">Sign out</a></p>"
    ))
}

fn placeholder(ways: &str) -> Response {
    let text = format!(
        "<p>The web interface is not part of this build. The API is ready: see \
         <code>/api/session</code>.</p>{ways}"
    );
    let mut response = pages::page(StatusCode::OK, "Tessera", &text);
    let headers = response.headers_mut();
    let inline = HeaderValue::from_static("inline; filename=index.html");
    headers.insert(header::CONTENT_DISPOSITION, inline);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, max-age=0"));
    response
}

/// Programs are told to sign in, people are sent there.
pub(super) fn to_login(visit: &Visit) -> Response {
    let uri = &visit.parts.uri;
    let requested = visit.parts.headers.get("x-requested-with");
    let is_script = requested.is_some_and(|value| value == "XMLHttpRequest");
    if is_script || uri.path().starts_with("/api/") {
        return Refusal::say(StatusCode::NOT_FOUND, LOGIN).into_response();
    }
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let target = tessera_httpkit::credential::redact(target);
    let next = format!("{}{target}", visit.info.base_url);
    let query = serde_urlencoded::to_string([("next", next)]).unwrap_or_default();
    redirect(&format!("/login?{query}"))
}

/// Pages, and what clients ask to renew it, set the proof against forged requests.
pub(crate) async fn give_csrf_token(
    State(state): State<RedashState>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let asks = matches!(*request.method(), Method::GET)
        && (!path.starts_with("/api/") || path == "/api/session")
        && !path.starts_with("/static/");
    let gives = asks && cookies::csrf_token(request.headers()).is_none();
    let mut response = next.run(request).await;
    if gives {
        let cookie = cookies::csrf_cookie(&state.kit.settings, &state.kit.new_csrf_token());
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Clients that put a slash at the end of the server's address ask for `//api/…`.
pub(crate) async fn collapse_slashes(
    State(routes): State<Router>,
    mut request: Request,
    next: Next,
) -> Response {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    if !target.starts_with("//") {
        return next.run(request).await;
    }
    let Ok(uri) = format!("/{}", target.trim_start_matches('/')).parse::<Uri>() else {
        return next.run(request).await;
    };
    *request.uri_mut() = uri;
    match routes.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

#[cfg(test)]
mod tests {
    use super::is_foreign_acl;

    #[test]
    fn access_lists_are_those_of_queries_and_dashboards() {
        assert!(is_foreign_acl("/api/widgets/1/acl") && is_foreign_acl("/api/x/y/acl"));
        for known in ["/api/queries/1/acl", "/api/dashboards/1/acl", "/api/acl", "/api/x/1/acl/y"] {
            assert!(!is_foreign_acl(known), "{known}");
        }
    }
}
