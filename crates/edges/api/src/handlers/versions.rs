//! Versions of queries, and the approval of one.

use axum::response::Response;
use tessera_access::{Action, ApproveQuery, ReadQueryHistory};
use tessera_bi::QueryText;
use tessera_kernel::Result;

use crate::call::Call;
use crate::map::parameters;
use crate::reply;
use crate::routes::{Route, Verb};
use crate::wire::versions::{ApprovedVersion, NewApproval, QueryVersion};

pub(crate) fn routes() -> Vec<Route> {
    let (all, one) = ("/v1/queries/{id}/versions", "/v1/queries/{id}/versions/{sub_id}");
    let (approval, history) = ("/v1/queries/{id}/approval", Action::QueriesHistory);
    let approve_action = Action::QueriesApprove;
    vec![
        Route::new(Verb::Get, all, history, "list_query_versions", "List versions", list)
            .about("Those that changed what runs: text, options, data source.")
            .lists::<QueryVersion>(),
        Route::new(Verb::Get, one, history, "read_query_version", "Read a version", get)
            .gives::<QueryVersion>(200),
        Route::new(
            Verb::Put,
            approval,
            approve_action,
            "approve_query",
            "Approve a version of a query",
            approve,
        )
        .about(
            "Keys for the approved version run it from now on, whatever is edited later. Takes the \
             query's owner with full access to its data source, or an administrator.",
        )
        .reads::<NewApproval>()
        .gives::<ApprovedVersion>(200),
        Route::new(
            Verb::Delete,
            approval,
            approve_action,
            "unapprove_query",
            "Take the approval of a query back",
            unapprove,
        )
        .about("Keys for the approved version run nothing until there is another one.")
        .empty(),
    ]
}

async fn list(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(ReadQueryHistory { query }).await?;
    let paging = call.paging()?;
    let found = call.bi().queries.versions(&grant, paging.request).await?;
    let view = |text: &QueryText| view(text, found.approved);
    let items = found.page.items.iter().map(view).collect::<Result<Vec<_>>>()?;
    reply::ok(&paging.view(tessera_kernel::Page { items, total: found.page.total }))
}

async fn get(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(ReadQueryHistory { query }).await?;
    let first = tessera_kernel::PageRequest { number: 1, size: 1 };
    let approved = call.bi().queries.versions(&grant, first).await?.approved;
    let number: i64 =
        call.segment(1).parse().map_err(|_| tessera_kernel::Fault::not_found("version"))?;
    let text = call.bi().queries.version(&grant, number).await?;
    reply::ok(&view(&text, approved)?)
}

async fn approve(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(ApproveQuery { query }).await?;
    let body: NewApproval = call.json()?;
    let version = call.bi().queries.approve(&grant, body.version).await?;
    reply::ok(&ApprovedVersion { version })
}

async fn unapprove(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(ApproveQuery { query }).await?;
    call.bi().queries.unapprove(&grant).await?;
    reply::no_content()
}

fn view(text: &QueryText, approved: Option<i64>) -> Result<QueryVersion> {
    Ok(QueryVersion {
        version: text.version,
        name: text.name.clone(),
        text: text.text.clone(),
        parameter_definitions: parameters::split(&text.options)?.0,
        source_id: text.source.map(|source| source.0),
        is_approved: approved == Some(text.version),
        created_by_id: text.created_by.map(|user| user.0),
        created_at: text.created_at,
    })
}
