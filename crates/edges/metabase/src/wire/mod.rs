//! The shapes of answers.

pub(crate) mod graph;
mod groups;
mod keys;
mod session;
mod users;

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Serialize;
use tessera_kernel::{Fault, Timestamp};

use crate::errors::Refusal;

pub(crate) use groups::{GroupDetail, GroupOut, GroupTag, MemberOut, MembershipOut};
pub(crate) use keys::KeyOut;
pub(crate) use session::properties;
pub(crate) use users::{ListOut, UserBrief, UserOut};

/// What a handler gives.
pub(crate) type Answer = Result<Response, Refusal>;

/// A JSON answer.
pub(crate) fn json<T: Serialize>(value: &T) -> Answer {
    let body = serde_json::to_vec(value)
        .map_err(|error| Fault::internal("an answer cannot be written as JSON", error))?;
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, "application/json;charset=utf-8")], body)
        .into_response())
}

/// The answer of what gives nothing back.
pub(crate) fn nothing() -> Answer {
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A moment with milliseconds.
fn time(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
