//! Lists of queries.

use axum::response::IntoResponse;
use http::{StatusCode, header};
use serde_json::json;
use tessera_access::ListQueries;
use tessera_bi::QueryScope;
use tessera_kernel::Page;

use crate::credential::Call;
use crate::errors::Refusal;
use crate::map::{Paging, query_filter};
use crate::quirks;
use crate::wire::{self, Answer, QueryOut};

const RECENT: u64 = 10;

/// Without those whose data source is gone, as clients count on; their owners find them among their
/// own.
pub(crate) async fn all(call: Call) -> Answer {
    if quirks::dashboard_key_lists_no_queries(&call.caller) {
        let paging = Paging::read(&call.query)?;
        let none = Page { items: Vec::<()>::new(), total: 0 };
        return wire::json(&paging.envelope(&none, |()| Ok(()))?);
    }
    list(&call, QueryScope::Runnable).await
}

pub(crate) async fn mine(call: Call) -> Answer {
    list(&call, QueryScope::Mine).await
}

pub(crate) async fn archived(call: Call) -> Answer {
    list(&call, QueryScope::Archived).await
}

pub(crate) async fn favorites(call: Call) -> Answer {
    list(&call, QueryScope::Favorites).await
}

async fn list(call: &Call, scope: QueryScope) -> Answer {
    let grant = call.permit(ListQueries {}).await?;
    let paging = Paging::read(&call.query)?;
    let filter = query_filter(&call.query, scope, grant.visible()?);
    let bi = &call.state.bi;
    let page = bi.queries.list(&grant, filter, paging.request()).await?;
    let listed = |listing| QueryOut::listed(bi, listing).map_err(Refusal::from);
    wire::json(&paging.envelope(&page, listed)?)
}

pub(crate) async fn recent(call: Call) -> Answer {
    let grant = call.permit(ListQueries {}).await?;
    let bi = &call.state.bi;
    let listings = bi.queries.recent(&grant, RECENT).await?;
    let out: Result<Vec<_>, _> =
        listings.iter().map(|listing| QueryOut::recent(bi, listing)).collect();
    wire::json(&out?)
}

/// An old address of the list.
pub(crate) async fn search(call: Call) -> Answer {
    call.permit(ListQueries {}).await?;
    let Some(text) = call.param("q").filter(|text| !text.is_empty()) else {
        return wire::json(&json!([]));
    };
    let drafts = if call.param("include_drafts").is_some() { "true" } else { "false" };
    let pairs = [("q", text), ("org_slug", "default"), ("drafts", drafts)];
    let query = serde_urlencoded::to_string(pairs)
        .map_err(|error| tessera_kernel::Fault::internal("cannot write an address", error))?;
    let location = format!("/api/queries?{query}");
    let headers = [(header::LOCATION, location), (header::CONTENT_TYPE, "application/json".into())];
    Ok((StatusCode::MOVED_PERMANENTLY, headers, "{}\n").into_response())
}

pub(crate) async fn tags(call: Call) -> Answer {
    let grant = call.permit(ListQueries {}).await?;
    let tags = call.state.bi.queries.tags(&grant).await?;
    let tags = tags.iter().map(|tag| json!({ "name": tag.name, "count": tag.count }));
    wire::json(&json!({ "tags": tags.collect::<Vec<_>>() }))
}
