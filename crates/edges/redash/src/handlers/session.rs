//! What clients ask first: who am I, how is the server set up, how much is there.

use axum::response::{Html, IntoResponse, Response};
use serde_json::json;
use tessera_access::{ListDashboards, ListQueries};
use tessera_access::{ListSources, ListUsers, ReadSession, UserFilter, UserOrder};
use tessera_bi::{DashboardScope, QueryScope};
use tessera_kernel::PageRequest;

use crate::credential::{Call, Visit};
use crate::map::{dashboard_filter, query_filter};
use crate::wire::{self, AVATAR, Answer};

pub(crate) async fn ping() -> Response {
    Html("PONG.").into_response()
}

pub(crate) async fn session(call: Call) -> Answer {
    let grant = call.permit(ReadSession {}).await?;
    let user = grant.user()?;
    let own = call.state.kit.access.users.own(&grant).await?;
    let messages: &[&str] = if own.email_verified { &[] } else { &["email-not-verified"] };
    wire::json(&json!({
        "user": {
            "profile_image_url": AVATAR,
            "id": user.id,
            "name": user.name,
            "email": user.email,
            "groups": user.groups,
            "permissions": user.permissions,
        },
        "messages": messages,
        "org_slug": "default",
        "client_config":
            wire::client_config(&call.state.settings, &call.info.base_url, Some(user)),
    }))
}

pub(crate) async fn config(visit: Visit) -> Answer {
    let user = visit.caller.user();
    wire::json(&json!({
        "org_slug": "default",
        "client_config": wire::client_config(&visit.state.settings, &visit.info.base_url, user),
    }))
}

/// How many there are of each kind, as far as the caller sees them.
pub(crate) async fn organization_status(call: Call) -> Answer {
    let (access, bi) = (&call.state.kit.access, &call.state.bi);
    let one = PageRequest { number: 1, size: 1 };
    let grant = call.permit(ListUsers {}).await?;
    let filter = UserFilter::default();
    let users = access.users.list(&grant, &filter, UserOrder::Name, false, one).await?.total;
    let sources = bi.sources.list(&call.permit(ListSources {}).await?).await?.len();
    let grant = call.permit(ListQueries {}).await?;
    let filter = query_filter(&[], QueryScope::All, grant.visible()?);
    let queries = bi.queries.list(&grant, filter, one).await?.total;
    let grant = call.permit(ListDashboards {}).await?;
    let filter = dashboard_filter(&[], DashboardScope::All, grant.visible()?);
    let dashboards = bi.dashboards.list(&grant, filter, one).await?.total;
    wire::json(&json!({ "object_counters": {
        "users": users,
        // None can be made through this server yet.
        "alerts": 0,
        "data_sources": sources,
        "queries": queries,
        "dashboards": dashboards,
    }}))
}
