//! The interface about itself: its document, actions, kinds of problems; and the queues.

use std::str::FromStr as _;
use std::sync::OnceLock;

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{StatusCode, header};
use tessera_access::{Action, Need, ReadQueues};
use tessera_httpkit::pages;
use tessera_kernel::{Code, Fault, Result};

use crate::call::Call;
use crate::errors;
use crate::openapi::openapi;
use crate::reply;
use crate::routes::{Access, Route, Verb};
use crate::wire::system::{ActionInfo, ProblemKind, Queues};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Verb::Get,
            "/v1/openapi.json",
            Access::Public("public: the document is the same for everybody"),
            "read_openapi",
            "This document",
            document,
        )
        .file(vec!["application/json"]),
        Route::new(
            Verb::Get,
            "/v1/actions",
            Access::Public("public: the registry is the same for everybody"),
            "list_actions",
            "List the actions that rights are made of",
            actions,
        )
        .lists::<ActionInfo>(),
        Route::new(
            Verb::Get,
            "/v1/problems/{id}",
            Access::Public("public: explains the type of a problem document"),
            "read_problem_kind",
            "Explain a kind of problem",
            problem,
        )
        .about("As JSON, or as a page for a browser.")
        .gives::<ProblemKind>(200),
        Route::new(
            Verb::Get,
            "/v1/system/queues",
            Action::SystemJobs,
            "read_queues",
            "How many jobs wait and run",
            queues,
        )
        .gives::<Queues>(200),
    ]
}

async fn document(_call: Call) -> Result<Response> {
    static DOCUMENT: OnceLock<Bytes> = OnceLock::new();
    let bytes = match DOCUMENT.get() {
        Some(bytes) => bytes.clone(),
        None => {
            let made = serde_json::to_vec(&openapi())
                .map_err(|error| Fault::internal("the document cannot be written", error))?;
            DOCUMENT.get_or_init(|| made.into()).clone()
        }
    };
    Ok(([(header::CONTENT_TYPE, "application/json")], bytes).into_response())
}

async fn actions(call: Call) -> Result<Response> {
    let info = |action: &Action| ActionInfo {
        name: action.as_str(),
        need: need(action.need()),
        permissions: action.words(),
        is_audited: action.is_audited(),
    };
    reply::ok(&call.paging()?.cut(Action::ALL.iter().map(info).collect()))
}

const fn need(need: Need) -> &'static str {
    match need {
        Need::Nothing => "nothing",
        Need::Admin => "admin",
        Need::OneselfOrAdmin => "oneself_or_admin",
        Need::SourceView => "source_view",
        Need::SourceFull => "source_full",
        Need::Editor => "editor",
        Need::Owner => "owner",
        Need::Participant => "participant",
        Need::MemberOrAdmin => "member_or_admin",
        Need::Workspace => "workspace",
    }
}

async fn problem(call: Call) -> Result<Response> {
    let (code, kind) = match Code::from_str(call.segment(0)) {
        Ok(code) => (code.as_str(), errors::kind(code)),
        Err(()) if call.segment(0) == errors::METHOD_NOT_ALLOWED => {
            (errors::METHOD_NOT_ALLOWED, errors::method_kind())
        }
        Err(()) if call.segment(0) == errors::SECOND_FACTOR_REQUIRED => {
            (errors::SECOND_FACTOR_REQUIRED, errors::factor_kind())
        }
        Err(()) => return Err(Fault::not_found("kind of problem")),
    };
    let accept = call.parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("text/html")) {
        let body = format!(
            "<p>{}</p><p>Code <code>{code}</code>, status {}.</p>",
            pages::escape(kind.remedy),
            kind.status.as_u16()
        );
        return Ok(pages::page(StatusCode::OK, kind.title, &body));
    }
    reply::ok(&ProblemKind {
        code,
        status: kind.status.as_u16(),
        title: kind.title,
        remedy: kind.remedy,
    })
}

async fn queues(call: Call) -> Result<Response> {
    let grant = call.permit(ReadQueues {}).await?;
    let (queued, running) = call.bi().jobs.counts(&grant).await?;
    let (scheduled_queued, scheduled_running) = call.bi().schedules.counts(&grant).await?;
    reply::ok(&Queues { queued, running, scheduled_queued, scheduled_running })
}
