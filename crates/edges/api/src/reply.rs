//! Answers: JSON that nobody stores on the way, with status, place and version.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use tessera_kernel::{Fault, Result};

/// JSON with a status. It may hold secrets, so no cache keeps it.
pub(crate) fn json<T: Serialize>(status: StatusCode, value: &T) -> Result<Response> {
    let body = serde_json::to_vec(value)
        .map_err(|error| Fault::internal("an answer cannot be written as JSON", error))?;
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    Ok((status, headers, body).into_response())
}

/// `200` with JSON.
pub(crate) fn ok<T: Serialize>(value: &T) -> Result<Response> {
    json(StatusCode::OK, value)
}

/// `201` with JSON and the place of the new object.
pub(crate) fn created<T: Serialize>(location: &str, value: &T) -> Result<Response> {
    let mut response = json(StatusCode::CREATED, value)?;
    put(&mut response, header::LOCATION, location);
    Ok(response)
}

/// `202` with JSON and the place to look for the outcome.
pub(crate) fn accepted<T: Serialize>(location: &str, value: &T) -> Result<Response> {
    let mut response = json(StatusCode::ACCEPTED, value)?;
    put(&mut response, header::LOCATION, location);
    Ok(response)
}

/// `204`.
pub(crate) fn no_content() -> Result<Response> {
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Adds the version of the object, for `If-Match`.
pub(crate) fn with_version(response: Result<Response>, version: i64) -> Result<Response> {
    let mut response = response?;
    put(&mut response, header::ETAG, &format!("\"{version}\""));
    Ok(response)
}

fn put(response: &mut Response, name: header::HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        response.headers_mut().insert(name, value);
    }
}
