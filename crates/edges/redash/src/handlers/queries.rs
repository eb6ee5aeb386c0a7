//! Single queries.

use axum::extract::Path;
use http::StatusCode;
use serde_json::json;
use tessera_access::{
    ArchiveQuery, Authorized, CreateQuery, FavoriteQuery, ForkQuery, FormatStatement, ReadQuery,
    RegenerateQueryKey, UpdateQuery,
};
use tessera_bi::{DropdownOption, QueryDetail};
use tessera_kernel::ids::QueryId;
use tessera_kernel::{Code, Fault};

use crate::credential::Call;
use crate::errors::{Refusal, Worded, not_owner};
use crate::map::{as_id, id, id_field, new_query, query_change, text_field};
use crate::quirks;
use crate::wire::{self, Answer, QueryOut};

pub(crate) async fn create(call: Call) -> Answer {
    let body = call.object()?;
    let act = CreateQuery { source: id_field(&body, "data_source_id")? };
    let grant = call.permit(act).await?;
    let new = new_query(&body)?;
    let created = call.state.bi.queries.create(&grant, new).await;
    single(&call, &created.worded(Code::Invalid, field_words)?)
}

pub(crate) async fn get(Path(query): Path<String>, call: Call) -> Answer {
    let grant = call.permit(ReadQuery { query: id(&query)? }).await?;
    let bi = &call.state.bi;
    let detail = bi.queries.get(&grant).await?;
    let user = call.caller.user();
    let out = QueryOut::single(bi, &detail, user.is_some())?;
    wire::json(&out.with_can_edit(can_edit(&grant)))
}

pub(crate) async fn update(Path(query): Path<String>, call: Call) -> Answer {
    let grant = call.permit(UpdateQuery { query: id(&query)? }).await?;
    let body = call.object()?;
    let source = body.get("data_source_id").and_then(as_id).map(Into::into);
    let moved = source.filter(|source| grant.facts().source != Some(*source));
    let destination = match moved {
        Some(source) => Some(call.permit(CreateQuery { source }).await?),
        None => None,
    };
    let change = query_change(&body)?;
    let updated = call.state.bi.queries.update(&grant, change, destination.as_ref()).await;
    single(&call, &updated.worded(Code::Invalid, field_words)?)
}

pub(crate) async fn archive(Path(query): Path<String>, call: Call) -> Answer {
    let act = ArchiveQuery { query: id(&query)? };
    let grant = call.permit(act).await.worded(Code::Forbidden, not_owner)?;
    call.state.bi.queries.archive(&grant).await?;
    wire::null()
}

pub(crate) async fn fork(Path(query): Path<String>, call: Call) -> Answer {
    let grant = call.permit(ForkQuery { query: id(&query)? }).await?;
    let detail = call.state.bi.queries.fork(&grant).await?;
    single(&call, &detail)
}

pub(crate) async fn favorite(Path(query): Path<String>, call: Call) -> Answer {
    let grant = call.permit(FavoriteQuery { query: id(&query)? }).await?;
    call.state.bi.queries.set_favorite(&grant, true).await?;
    wire::null()
}

pub(crate) async fn unfavorite(Path(query): Path<String>, call: Call) -> Answer {
    let grant = call.permit(FavoriteQuery { query: id(&query)? }).await?;
    call.state.bi.queries.set_favorite(&grant, false).await?;
    wire::null()
}

pub(crate) async fn regenerate_key(Path(query): Path<String>, call: Call) -> Answer {
    let act = RegenerateQueryKey { query: id(&query)? };
    let grant = call.permit(act).await.worded(Code::Forbidden, not_owner)?;
    let detail = call.state.bi.queries.regenerate_key(&grant).await?;
    single(&call, &detail)
}

pub(crate) async fn dropdown(Path(query): Path<String>, call: Call) -> Answer {
    let grant = call.permit(ReadQuery { query: id(&query)? }).await?;
    quirks::dashboard_key_reads_dropdowns_of_parameters(&call.caller)?;
    let options = call.state.bi.results.dropdown(&grant).await;
    choices(&options.worded(Code::SourceMissing, detached)?)
}

pub(crate) async fn related_dropdown(
    Path((query, dropdown)): Path<(String, String)>,
    call: Call,
) -> Answer {
    let grant = call.permit(ReadQuery { query: id(&query)? }).await?;
    let dropdown: QueryId = id(&dropdown)?;
    let other = call.permit_if(ReadQuery { query: dropdown }).await?;
    let options = call.state.bi.queries.dropdown(&grant, dropdown, other.as_ref()).await;
    choices(&options.worded(Code::SourceMissing, detached)?)
}

pub(crate) async fn format(call: Call) -> Answer {
    call.permit(FormatStatement {}).await?;
    let text = text_field(&call.object()?, "query")?;
    let options = sqlformat::FormatOptions { uppercase: Some(true), ..Default::default() };
    let text = sqlformat::format(&text, &sqlformat::QueryParams::None, &options);
    wire::json(&json!({ "query": text }))
}

fn single(call: &Call, detail: &QueryDetail) -> Answer {
    let is_user = call.caller.user().is_some();
    wire::json(&QueryOut::single(&call.state.bi, detail, is_user)?)
}

fn can_edit(grant: &Authorized<ReadQuery>) -> bool {
    let facts = grant.facts();
    grant.caller().user().is_some_and(|user| {
        user.is_admin() || facts.owner == Some(user.id) || facts.editors.contains(&user.id)
    })
}

fn choices(options: &[DropdownOption]) -> Answer {
    let choice = |option: &DropdownOption| json!({ "name": option.name, "value": option.value });
    wire::json(&options.iter().map(choice).collect::<Vec<_>>())
}

fn field_words(fault: &Fault) -> Refusal {
    let text = match fault.field() {
        Some("options.parameters.queryId") => {
            "You are trying to associate a dropdown query that does not have a matching group. \
             Please verify the dropdown query id you are trying to associate with this query."
                .to_owned()
        }
        _ => crate::errors::sentence(fault),
    };
    Refusal::say(StatusCode::BAD_REQUEST, text)
}

fn detached(_fault: &Fault) -> Refusal {
    let text = "This query is detached from any data source. Please select a different query.";
    Refusal::say(StatusCode::BAD_REQUEST, text)
}
