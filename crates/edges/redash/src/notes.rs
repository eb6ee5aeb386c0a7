//! Notes what people do through this dialect, as its own list of events shows it.

use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::Method;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tessera_bi::NewActivity;
use tessera_httpkit::RequestInfo;

use crate::{RedashState, ServerNotes};

/// Answers to what makes an object are smaller, in bytes.
const MADE_BYTES_MAX: usize = 1 << 20;

/// A route: its method, its path, and what it does to which kind of object.
type Noted = (&'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const CHANGES: [Noted; 55] = [
    ("POST", "/api/queries", "create", "query"),
    ("POST", "/api/queries/{id}", "edit", "query"),
    ("DELETE", "/api/queries/{id}", "archive", "query"),
    ("POST", "/api/queries/{id}/fork", "fork", "query"),
    ("POST", "/api/queries/{id}/favorite", "favorite", "query"),
    ("DELETE", "/api/queries/{id}/favorite", "unfavorite", "query"),
    ("POST", "/api/queries/{id}/regenerate_api_key", "regenerate_api_key", "query"),
    ("POST", "/api/queries/{id}/acl", "grant_permission", "query"),
    ("DELETE", "/api/queries/{id}/acl", "revoke_permission", "query"),
    ("POST", "/api/visualizations", "create", "visualization"),
    ("POST", "/api/visualizations/{id}", "edit", "visualization"),
    ("DELETE", "/api/visualizations/{id}", "delete", "visualization"),
    ("POST", "/api/dashboards", "create", "dashboard"),
    ("POST", "/api/dashboards/{id}", "edit", "dashboard"),
    ("DELETE", "/api/dashboards/{id}", "archive", "dashboard"),
    ("POST", "/api/dashboards/{id}/fork", "fork", "dashboard"),
    ("POST", "/api/dashboards/{id}/favorite", "favorite", "dashboard"),
    ("DELETE", "/api/dashboards/{id}/favorite", "unfavorite", "dashboard"),
    ("POST", "/api/dashboards/{id}/share", "activate_api_key", "dashboard"),
    ("DELETE", "/api/dashboards/{id}/share", "deactivate_api_key", "dashboard"),
    ("POST", "/api/dashboards/{id}/acl", "grant_permission", "dashboard"),
    ("DELETE", "/api/dashboards/{id}/acl", "revoke_permission", "dashboard"),
    ("POST", "/api/widgets", "create", "widget"),
    ("POST", "/api/widgets/{id}", "edit", "widget"),
    ("DELETE", "/api/widgets/{id}", "delete", "widget"),
    ("POST", "/api/data_sources", "create", "datasource"),
    ("POST", "/api/data_sources/{id}", "edit", "datasource"),
    ("DELETE", "/api/data_sources/{id}", "delete", "datasource"),
    ("POST", "/api/data_sources/{id}/test", "test", "datasource"),
    ("POST", "/api/data_sources/{id}/pause", "pause", "datasource"),
    ("DELETE", "/api/data_sources/{id}/pause", "resume", "datasource"),
    ("POST", "/api/users", "create", "user"),
    ("POST", "/api/users/{id}", "edit", "user"),
    ("DELETE", "/api/users/{id}", "delete", "user"),
    ("POST", "/api/users/{id}/disable", "disable", "user"),
    ("DELETE", "/api/users/{id}/disable", "enable", "user"),
    ("POST", "/api/users/{id}/regenerate_api_key", "regenerate_api_key", "user"),
    ("POST", "/api/groups", "create", "group"),
    ("POST", "/api/groups/{id}", "edit", "group"),
    ("DELETE", "/api/groups/{id}", "delete", "group"),
    ("POST", "/api/groups/{id}/members", "add_member", "group"),
    ("DELETE", "/api/groups/{id}/members/{sub_id}", "remove_member", "group"),
    ("POST", "/api/groups/{id}/data_sources", "add_data_source", "group"),
    ("POST", "/api/groups/{id}/data_sources/{sub_id}", "change_data_source_permission", "group"),
    ("DELETE", "/api/groups/{id}/data_sources/{sub_id}", "remove_data_source", "group"),
    ("POST", "/api/query_snippets", "create", "query_snippet"),
    ("POST", "/api/query_snippets/{id}", "edit", "query_snippet"),
    ("DELETE", "/api/query_snippets/{id}", "delete", "query_snippet"),
    ("POST", "/api/settings/organization", "edit", "settings"),
    ("POST", "/api/alerts", "create", "alert"),
    ("POST", "/api/alerts/{id}", "edit", "alert"),
    ("DELETE", "/api/alerts/{id}", "delete", "alert"),
    ("POST", "/api/destinations", "create", "destination"),
    ("POST", "/api/destinations/{id}", "edit", "destination"),
    ("DELETE", "/api/destinations/{id}", "delete", "destination"),
];

#[rustfmt::skip]
const READS: [Noted; 12] = [
    ("GET", "/api/queries", "list", "query"),
    ("GET", "/api/queries/{id}", "view", "query"),
    ("GET", "/api/queries/search", "search", "query"),
    ("GET", "/api/queries/favorites", "load_favorites", "query"),
    ("POST", "/api/queries/{id}/results", "execute", "query"),
    ("POST", "/api/queries/{id}/refresh", "execute", "query"),
    ("POST", "/api/query_results", "execute_query", "data_source"),
    ("GET", "/api/dashboards", "list", "dashboard"),
    ("GET", "/api/dashboards/{id}", "view", "dashboard"),
    ("GET", "/api/dashboards/favorites", "load_favorites", "dashboard"),
    ("GET", "/api/users", "list", "user"),
    ("GET", "/api/data_sources", "list", "datasource"),
];

/// What a route does, as far as it is noted.
fn noted(notes: ServerNotes, method: &Method, path: &str) -> Option<(&'static str, &'static str)> {
    let find = |table: &[Noted]| {
        let found = table.iter().find(|row| row.1 == path && row.0 == method.as_str());
        found.map(|row| (row.2, row.3))
    };
    match notes {
        ServerNotes::None => None,
        ServerNotes::Changes if method == Method::GET => None,
        ServerNotes::Changes => find(&CHANGES),
        ServerNotes::All => find(&CHANGES).or_else(|| find(&READS)),
    }
}

/// Notes what a request did, if it did.
pub(crate) async fn note(
    State(state): State<RedashState>,
    request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let found =
        route.and_then(|route| noted(state.settings.notes, request.method(), route.as_str()));
    let Some((action, kind)) = found else { return next.run(request).await };
    let info = request.extensions().get::<RequestInfo>().cloned().unwrap_or_default();
    let object = request.uri().path().split('/').nth(3).map(str::to_owned);
    let response = next.run(request).await;
    if !response.status().is_success() {
        return response;
    }
    let is_made = object.is_none() && response.body().size_hint().exact().is_some();
    let (response, object) =
        if is_made && action == "create" { made(response).await } else { (response, object) };
    let actor = info.ledger.read(|entry| entry.actor.clone()).unwrap_or_default();
    let user = actor.strip_prefix("user:").and_then(|id| id.parse::<i64>().ok());
    let context = state.kit.context(&info);
    let new = NewActivity {
        at: None,
        action: action.to_owned(),
        object_kind: kind.to_owned(),
        object,
        detail: json!({}),
    };
    state.bi.activity.note(user.map(Into::into), &actor, &context, new);
    response
}

/// The number of what was made; the answer goes on as it is.
async fn made(response: Response) -> (Response, Option<String>) {
    let (parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, MADE_BYTES_MAX).await else {
        return (Response::from_parts(parts, Body::empty()), None);
    };
    let id = id_in(&bytes);
    (Response::from_parts(parts, Body::from(bytes)), id)
}

fn id_in(bytes: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Made {
        id: i64,
    }
    serde_json::from_slice::<Made>(bytes).ok().map(|made| made.id.to_string())
}

/// The particulars of an event as clients show them.
pub(crate) fn details(action: &str, kind: &str, object: Option<&str>, more: &Json) -> Json {
    match (kind, action) {
        ("data_source", "execute_query") => {
            json!({ "query": more.get("query"), "data_source": object })
        }
        ("page", "view") => json!({ "page": object }),
        _ => json!({ "object_id": object, "object_type": kind }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_noted_and_reading_only_on_request() {
        let seen = |notes, method: Method, path| noted(notes, &method, path);
        let (changes, all) = (ServerNotes::Changes, ServerNotes::All);
        let edit = Some(("edit", "query"));
        assert_eq!(seen(changes, Method::POST, "/api/queries/{id}"), edit);
        assert_eq!(seen(changes, Method::GET, "/api/queries/{id}"), None);
        assert_eq!(seen(changes, Method::POST, "/api/queries/{id}/results"), None);
        assert_eq!(seen(all, Method::GET, "/api/queries/{id}"), Some(("view", "query")));
        assert_eq!(seen(ServerNotes::None, Method::POST, "/api/queries/{id}"), None);
    }

    #[test]
    fn the_number_of_what_was_made_is_in_the_answer() {
        assert_eq!(id_in(b"{\"id\":7,\"name\":\"x\"}\n").as_deref(), Some("7"));
        assert_eq!(id_in(b"null"), None);
    }
}
