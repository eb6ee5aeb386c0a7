//! The shapes of answers.

mod alerts;
mod dashboards;
mod events;
mod jobs;
mod organization;
mod queries;
mod queues;
mod results;
mod session;
mod snippets;
mod sources;
mod users;

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Serialize;
use tessera_kernel::{Fault, Timestamp};

use crate::errors::Refusal;

pub(crate) use alerts::{AlertOut, DestinationOut, SubscriptionOut, destination_type};
pub(crate) use dashboards::{DashboardOut, PublicDashboardOut, Sharing, WidgetOut};
pub(crate) use events::event;
pub(crate) use jobs::job;
pub(crate) use organization::{operators, organization};
pub(crate) use queries::{QueryOut, VisualizationOut};
pub(crate) use queues::{running_job, workers};
pub(crate) use results::{Delivery, Envelope, deliver};
pub(crate) use session::client_config;
pub(crate) use snippets::SnippetOut;
pub(crate) use sources::{SourceOut, source_type};
pub(crate) use users::{AVATAR, GroupOut, UserBrief, UserOut};

/// What a handler gives.
pub(crate) type Answer = Result<Response, Refusal>;

/// A page of a list.
#[derive(Debug, Serialize)]
pub(crate) struct PageOut<T> {
    pub(crate) count: u64,
    pub(crate) page: u64,
    pub(crate) page_size: u64,
    pub(crate) results: Vec<T>,
}

/// A JSON answer.
pub(crate) fn json<T: Serialize>(value: &T) -> Answer {
    let mut body = serde_json::to_vec(value)
        .map_err(|error| Fault::internal("an answer cannot be written as JSON", error))?;
    body.push(b'\n');
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], body).into_response())
}

/// The answer of what gives nothing back.
pub(crate) fn null() -> Answer {
    json(&())
}

/// A moment with milliseconds.
pub(crate) fn time(at: Timestamp) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
