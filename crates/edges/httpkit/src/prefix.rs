//! Serving below the short name of the organisation: `/default/api/queries`. The name is taken off
//! before anything else sees the request; links, redirects and pages get it back.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, Uri, header};
use tower::ServiceExt;

/// The short name of the organisation.
pub const ORGANIZATION_SLUG: &str = "default";

/// The same with its slash, as it stands in front of paths.
const PREFIX: &str = "/default";

/// Largest page that is written anew, in bytes; ours are far smaller.
const PAGE_BYTES_MAX: u64 = 1 << 20;

/// What stands in pages for the place that relative links begin at.
const BASE: &str = "<base href=\"/\"";

/// That a request came below the short name.
#[derive(Debug, Clone, Copy)]
struct Prefixed;

/// What stands in front of the paths that a caller sees: the short name with its slash, or nothing.
#[must_use]
pub fn of(request: &Request) -> &'static str {
    if request.extensions().get::<Prefixed>().is_some() { PREFIX } else { "" }
}

/// The routes below the short name. Without it only these first segments of paths are known; any
/// other one is the name of an organisation that is not here.
pub fn below_slug(app: Router, roots: impl IntoIterator<Item = String>) -> Router {
    let roots: Arc<BTreeSet<String>> = Arc::new(roots.into_iter().collect());
    let serve = move |request: Request| {
        let (app, roots) = (app.clone(), Arc::clone(&roots));
        async move { answer(app, &roots, request).await }
    };
    Router::new().fallback_service(tower::service_fn(move |request: Request| {
        let answer = serve(request);
        async move { Ok::<Response, Infallible>(answer.await) }
    }))
}

async fn answer(app: Router, roots: &BTreeSet<String>, mut request: Request) -> Response {
    let path = request.uri().path();
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    if first.is_empty() {
        let place = format!("{PREFIX}/");
        return (StatusCode::FOUND, [(header::LOCATION, place)]).into_response();
    }
    if first != ORGANIZATION_SLUG {
        if roots.contains(first) {
            return served(app, request).await;
        }
        let text = "{\"message\":\"there is no such organization\"}\n";
        let kind = [(header::CONTENT_TYPE, "application/json")];
        return (StatusCode::NOT_FOUND, kind, text).into_response();
    }
    let Some(inner) = without_slug(request.uri()) else {
        return (StatusCode::BAD_REQUEST, "the path cannot be read\n").into_response();
    };
    *request.uri_mut() = inner;
    request.extensions_mut().insert(Prefixed);
    with_slug(served(app, request).await).await
}

async fn served(app: Router, request: Request) -> Response {
    match app.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn without_slug(uri: &Uri) -> Option<Uri> {
    let target = uri.path_and_query()?.as_str().trim_start_matches('/');
    let rest = target.strip_prefix(ORGANIZATION_SLUG)?;
    let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    rest.parse().ok()
}

/// Puts the short name in front of places and into pages.
async fn with_slug(mut response: Response) -> Response {
    let place = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    if let Some(place) = place
        && place.starts_with('/')
        && !place.starts_with("//")
        && !place.starts_with(PREFIX)
        && let Ok(value) = HeaderValue::from_str(&format!("{PREFIX}{place}"))
    {
        response.headers_mut().insert(header::LOCATION, value);
    }
    // Cookies of a part of the site are for that part as browsers see it.
    for cookie in response.headers_mut().iter_mut() {
        if cookie.0 == header::SET_COOKIE
            && let Ok(text) = cookie.1.to_str()
            && let Ok(moved) =
                HeaderValue::from_str(&text.replace("Path=/oauth", "Path=/default/oauth"))
        {
            *cookie.1 = moved;
        }
    }
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_page = kind.is_some_and(|kind| kind.starts_with("text/html"))
        && !response.headers().contains_key(header::CONTENT_ENCODING);
    let size = response.body().size_hint().exact();
    if !is_page || size.is_none_or(|size| size == 0 || size > PAGE_BYTES_MAX) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::try_from(PAGE_BYTES_MAX).unwrap_or(usize::MAX)).await
    else {
        return crate::layer::failed();
    };
    let Ok(page) = std::str::from_utf8(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    let based = page
        .replacen(BASE, &format!("<base href=\"{PREFIX}/\""), 1)
        .replace("action=\"/", &format!("action=\"{PREFIX}/"))
        .replace("href=\"/oauth/", &format!("href=\"{PREFIX}/oauth/"))
        .replace("href=\"/logout", &format!("href=\"{PREFIX}/logout"))
        .replace("href=\"/forgot", &format!("href=\"{PREFIX}/forgot"))
        .replace("href=\"/login", &format!("href=\"{PREFIX}/login"))
        .replace("href=\"/keys", &format!("href=\"{PREFIX}/keys"));
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(based))
}

#[cfg(test)]
mod tests {
    use axum::routing::get;

    use super::*;

    fn app() -> Router {
        let page = || async { axum::response::Html("<base href=\"/\"><a href=\"/login?next=/\">") };
        let inner = Router::new()
            .route("/", get(page))
            .route("/api/x", get(|request: Request| async move { of(&request).to_owned() }))
            .route("/away", get(|| async { [(header::LOCATION, "/login?next=1")] }));
        below_slug(inner, ["api".to_owned()])
    }

    async fn get_text(path: &str) -> (StatusCode, Option<String>, String) {
        let request = Request::builder().uri(path).body(Body::empty()).expect("good");
        let response = app().oneshot(request).await.expect("infallible");
        let status = response.status();
        let place = response.headers().get(header::LOCATION);
        let place = place.map(|value| value.to_str().expect("text").to_owned());
        let bytes = to_bytes(response.into_body(), 10_000).await.expect("a body");
        (status, place, String::from_utf8(bytes.to_vec()).expect("text"))
    }

    #[tokio::test]
    async fn the_slug_is_taken_off_and_comes_back_in_links() {
        assert_eq!(get_text("/default/api/x?a=b").await.2, "/default");
        assert_eq!(get_text("/api/x").await.2, "");
        let away = get_text("/default/away").await;
        assert_eq!(away.1.as_deref(), Some("/default/login?next=1"));
        let page = get_text("/default").await.2;
        assert_eq!(page, "<base href=\"/default/\"><a href=\"/default/login?next=/\">");
    }

    #[tokio::test]
    async fn another_slug_is_not_found_and_the_root_leads_to_ours() {
        assert_eq!(get_text("/other/api/x").await.0, StatusCode::NOT_FOUND);
        assert_eq!(get_text("/away").await.0, StatusCode::NOT_FOUND);
        assert_eq!(get_text("/").await.1.as_deref(), Some("/default/"));
    }
}
