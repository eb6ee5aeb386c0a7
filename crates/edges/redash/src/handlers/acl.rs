//! Editors of queries and dashboards. Of the types of access only `modify` means something here.

use std::future::Future;

use axum::extract::Path;
use http::StatusCode;
use serde_json::{Value as Json, json};
use tessera_access::ports::Facts;
use tessera_access::{Authorized, Object, ReadDashboard, ReadQuery, ShareEditing, User};
use tessera_kernel::ids::{DashboardId, QueryId, UserId};
use tessera_kernel::{Code, Result};

use crate::credential::Call;
use crate::errors::{Refusal, Worded, not_owner};
use crate::map::{id, id_field, text_field};
use crate::wire::{self, Answer, UserOut};

const MODIFY: &str = "modify";

pub(crate) async fn query_editors(Path(query): Path<String>, call: Call) -> Answer {
    let grant = call.permit(ReadQuery { query: id(&query)? }).await?;
    editors(&call, call.state.kit.access.query_editors(&grant)).await
}

pub(crate) async fn dashboard_editors(Path(dashboard): Path<String>, call: Call) -> Answer {
    let grant = call.permit(ReadDashboard { dashboard: id(&dashboard)? }).await?;
    editors(&call, call.state.kit.access.dashboard_editors(&grant)).await
}

pub(crate) async fn may_edit_query(
    Path((query, access_type)): Path<(String, String)>,
    call: Call,
) -> Answer {
    let grant = call.permit(ReadQuery { query: id(&query)? }).await?;
    may_edit(&call, grant.facts(), &access_type)
}

pub(crate) async fn may_edit_dashboard(
    Path((dashboard, access_type)): Path<(String, String)>,
    call: Call,
) -> Answer {
    let grant = call.permit(ReadDashboard { dashboard: id(&dashboard)? }).await?;
    may_edit(&call, grant.facts(), &access_type)
}

pub(crate) async fn grant_on_query(Path(query): Path<String>, call: Call) -> Answer {
    let query: QueryId = id(&query)?;
    let grantee = grant(&call, Object::Query(query)).await?;
    granted(&call, "queries", query.0, grantee)
}

pub(crate) async fn grant_on_dashboard(Path(dashboard): Path<String>, call: Call) -> Answer {
    let dashboard: DashboardId = id(&dashboard)?;
    let grantee = grant(&call, Object::Dashboard(dashboard)).await?;
    granted(&call, "dashboards", dashboard.0, grantee)
}

pub(crate) async fn revoke_on_query(Path(query): Path<String>, call: Call) -> Answer {
    revoke(&call, Object::Query(id(&query)?)).await
}

pub(crate) async fn revoke_on_dashboard(Path(dashboard): Path<String>, call: Call) -> Answer {
    revoke(&call, Object::Dashboard(id(&dashboard)?)).await
}

/// Who holds a key of a query or dashboard, which are given away, is told of no people.
async fn editors(call: &Call, users: impl Future<Output = Result<Vec<User>>>) -> Answer {
    let users = users.await?;
    if users.is_empty() || call.caller.user().is_none() {
        return wire::json(&json!({}));
    }
    let users: Vec<_> = users.iter().map(UserOut::new).collect();
    wire::json(&std::collections::BTreeMap::from([(MODIFY, users)]))
}

fn may_edit(call: &Call, facts: &Facts, access_type: &str) -> Answer {
    let user = call.caller.user();
    let granted = user.is_some_and(|user| facts.editors.contains(&user.id));
    wire::json(&json!({ "response": granted && access_type == MODIFY }))
}

async fn grant(call: &Call, object: Object) -> Result<UserId, Refusal> {
    let grant = share(call, object).await?;
    let body = call.object()?;
    match text_field(&body, "access_type")?.as_str() {
        MODIFY => {}
        "view" | "delete" => {
            let text = "Only the access type \"modify\" can be granted.";
            return Err(Refusal::say(StatusCode::BAD_REQUEST, text));
        }
        _ => return Err(Refusal::say(StatusCode::BAD_REQUEST, "Unknown access type.")),
    }
    let user: UserId = id_field(&body, "user_id")?;
    let set = call.state.kit.access.set_editor(&grant, user, true).await;
    // The object is there: it was looked at when the right was given.
    set.worded(Code::NotFound, |_| Refusal::say(StatusCode::BAD_REQUEST, "User not found."))?;
    Ok(user)
}

/// Taking away what nobody has is done at once; no type but `modify` was ever granted.
async fn revoke(call: &Call, object: Object) -> Answer {
    let grant = share(call, object).await?;
    let body = call.object()?;
    let user: UserId = id_field(&body, "user_id")?;
    if text_field(&body, "access_type")? == MODIFY {
        call.state.kit.access.set_editor(&grant, user, false).await?;
    }
    wire::null()
}

async fn share(call: &Call, object: Object) -> Result<Authorized<ShareEditing>, Refusal> {
    call.permit(ShareEditing { object }).await.worded(Code::Forbidden, not_owner)
}

/// A grant has no number of its own: that of the user tells it apart from others on the object.
fn granted(call: &Call, object_type: &str, object: i64, grantee: UserId) -> Answer {
    let grantor: Json = json!(call.caller.user().map(|user| user.id));
    wire::json(&json!({
        "id": grantee,
        "object_id": object,
        "object_type": object_type,
        "access_type": MODIFY,
        "grantor": grantor,
        "grantee": grantee,
    }))
}
