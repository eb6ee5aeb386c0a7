//! Editors of queries and dashboards. Of the types of access only `modify` means something here.

use std::future::Future;

use axum::extract::Path;
use http::StatusCode;
use serde_json::{Value as Json, json};
use tessera_access::ports::Facts;
use tessera_access::{Object, ReadDashboard, ReadQuery, ShareEditing, User};
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
    let grantee = set(&call, Object::Query(query), true).await?;
    granted(&call, "queries", query.0, grantee)
}

pub(crate) async fn grant_on_dashboard(Path(dashboard): Path<String>, call: Call) -> Answer {
    let dashboard: DashboardId = id(&dashboard)?;
    let grantee = set(&call, Object::Dashboard(dashboard), true).await?;
    granted(&call, "dashboards", dashboard.0, grantee)
}

pub(crate) async fn revoke_on_query(Path(query): Path<String>, call: Call) -> Answer {
    set(&call, Object::Query(id(&query)?), false).await?;
    wire::null()
}

pub(crate) async fn revoke_on_dashboard(Path(dashboard): Path<String>, call: Call) -> Answer {
    set(&call, Object::Dashboard(id(&dashboard)?), false).await?;
    wire::null()
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

async fn set(call: &Call, object: Object, is_granted: bool) -> Result<UserId, Refusal> {
    let act = ShareEditing { object };
    let grant = call.permit(act).await.worded(Code::Forbidden, not_owner)?;
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
    call.state.kit.access.set_editor(&grant, user, is_granted).await?;
    Ok(user)
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
