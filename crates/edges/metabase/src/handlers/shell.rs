//! What answers clients of this dialect where nothing is served.

use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::errors::Refusal;
use crate::quirks;

/// A method that a path of this dialect does not have.
pub(crate) async fn no_method() -> Refusal {
    Refusal::no_endpoint()
}

/// A layer over all edges: requests below `/api/` that match no route, and carry a credential of
/// this dialect, get the words that its clients look for. Others are answered as before.
pub async fn answer_unknown(request: Request, next: Next) -> Response {
    let is_known = request
        .extensions()
        .get::<MatchedPath>()
        .is_some_and(|path| !path.as_str().starts_with("/{*"));
    let is_others = is_known
        || !request.uri().path().starts_with("/api/")
        || !quirks::is_own_client(request.headers());
    if is_others {
        return next.run(request).await;
    }
    Refusal::no_endpoint().into_response()
}
