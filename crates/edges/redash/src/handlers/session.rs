//! What clients ask first: who am I, how is the server set up, how much is there.

use axum::response::{Html, IntoResponse, Response};
use serde_json::json;
use tessera_access::{ListAlerts, ListDashboards, ListQueries};
use tessera_access::{ListSources, ListUsers, ReadSession, UserFilter, UserOrder};
use tessera_bi::{AlertFilter, DashboardScope, QueryScope};
use tessera_httpkit::prefix::ORGANIZATION_SLUG;
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
    let messages: &[&str] = if user.email_verified { &[] } else { &["email-not-verified"] };
    let organization = call.state.kit.access.organization.settings().await?;
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
        "org_slug": ORGANIZATION_SLUG,
        "client_config": wire::client_config(
            &organization, &call.state.settings, &call.info.base_url, Some(user)
        ),
    }))
}

pub(crate) async fn config(visit: Visit) -> Answer {
    let user = visit.caller.user();
    let organization = visit.state.kit.access.organization.settings().await?;
    let settings = &visit.state.settings;
    wire::json(&json!({
        "org_slug": ORGANIZATION_SLUG,
        "client_config": wire::client_config(&organization, settings, &visit.info.base_url, user),
    }))
}

/// How many there are of each kind, as far as the caller sees them. No page of the web client shows
/// anything without this answer: what somebody may not list counts as nothing.
pub(crate) async fn organization_status(call: Call) -> Answer {
    call.permit(ReadSession {}).await?;
    let (access, bi) = (&call.state.kit.access, &call.state.bi);
    let one = PageRequest { number: 1, size: 1 };
    let users = match call.permit_if(ListUsers {}).await? {
        Some(grant) => {
            let filter = UserFilter::default();
            access.users.list(&grant, &filter, UserOrder::Name, false, one).await?.total
        }
        None => 0,
    };
    let sources = match call.permit_if(ListSources {}).await? {
        Some(grant) => bi.sources.list(&grant).await?.len(),
        None => 0,
    };
    let queries = match call.permit_if(ListQueries {}).await? {
        Some(grant) => {
            let filter = query_filter(&[], QueryScope::All, grant.visible()?);
            bi.queries.list(&grant, filter, one).await?.total
        }
        None => 0,
    };
    let dashboards = match call.permit_if(ListDashboards {}).await? {
        Some(grant) => {
            let filter = dashboard_filter(&[], DashboardScope::All, grant.visible()?);
            bi.dashboards.list(&grant, filter, one).await?.total
        }
        None => 0,
    };
    let alerts = match call.permit_if(ListAlerts {}).await? {
        Some(grant) => {
            let filter = AlertFilter { visible: grant.visible()?, query: None, state: None };
            bi.alerts.list(&grant, filter, one).await?.total
        }
        None => 0,
    };
    wire::json(&json!({ "object_counters": {
        "users": users,
        "alerts": alerts,
        "data_sources": sources,
        "queries": queries,
        "dashboards": dashboards,
    }}))
}
