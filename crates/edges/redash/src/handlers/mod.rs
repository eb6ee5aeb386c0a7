//! What happens on each route: extract, ask the gate, one call, map the answer out.

pub(crate) mod accounts;
pub(crate) mod acl;
pub(crate) mod admin;
pub(crate) mod alerts;
pub(crate) mod dashboards;
pub(crate) mod destinations;
pub(crate) mod email;
pub(crate) mod events;
pub(crate) mod federation;
mod forms;
pub(crate) mod groups;
pub(crate) mod jobs;
pub(crate) mod organization;
pub(crate) mod pages;
pub(crate) mod queries;
pub(crate) mod query_lists;
pub(crate) mod results;
pub(crate) mod second_factor;
pub(crate) mod session;
pub(crate) mod shell;
pub(crate) mod snippets;
pub(crate) mod sources;
pub(crate) mod users;
pub(crate) mod visualizations;
pub(crate) mod widgets;

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

/// Sends the browser to another path of this server.
fn redirect(location: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(location) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    (StatusCode::FOUND, [(header::LOCATION, location)], axum::response::Html("")).into_response()
}
