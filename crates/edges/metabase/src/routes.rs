//! Every route, with the action it takes: one table makes the router and the security matrix.
//! Each path is served with a slash at its end as well.

use axum::Router;
use axum::handler::Handler;
use axum::routing::MethodRouter;
use tessera_access::Action;
use tessera_httpkit::{Guard, RouteInfo};

use crate::MetabaseState;
use crate::handlers::{api_keys, graph, groups, memberships, session, shell, system, users};

struct Route {
    info: RouteInfo,
    handler: MethodRouter<MetabaseState>,
}

macro_rules! methods {
    ($($name:ident = $text:literal),*) => {$(
        fn $name<H, T>(path: &'static str, action: Guard, handler: H) -> Route
        where
            H: Handler<T, MetabaseState>,
            T: 'static,
        {
            Route {
                info: RouteInfo { method: $text, path, action },
                handler: axum::routing::$name(handler),
            }
        }
    )*};
}

methods!(get = "GET", post = "POST", put = "PUT", delete = "DELETE");

const fn act(action: Action) -> Guard {
    Guard::Action(action)
}

const SIGN_IN: Guard = Guard::Public("how people and clients sign in");
const PROBE: Guard = Guard::Public("asked before signing in; tells nothing of the data");
/// The one path that is shared: the Redash dialect reads there.
const SHARED: &str = "/api/session";

/// Every route with what it needs.
#[must_use]
pub fn route_table() -> Vec<RouteInfo> {
    table().into_iter().map(|route| route.info).collect()
}

/// The routes, each also with a slash at its end.
pub fn router(state: MetabaseState) -> Router {
    let (shared, own): (Vec<Route>, Vec<Route>) =
        table().into_iter().partition(|route| route.info.path == SHARED);
    let own = collect(own).method_not_allowed_fallback(shell::no_method);
    own.merge(collect(shared)).with_state(state)
}

fn collect(routes: Vec<Route>) -> Router<MetabaseState> {
    routes.into_iter().fold(Router::new(), |router, route| {
        let slashed = format!("{}/", route.info.path);
        router.route(route.info.path, route.handler.clone()).route(&slashed, route.handler)
    })
}

#[rustfmt::skip]
fn table() -> Vec<Route> {
    use Action::{
        AccountKeysCreate, AccountKeysDelete, AccountKeysList, AccountKeysRegenerate,
        AccountKeysUpdate, AccountsAdminister, AccountsCreate, AccountsList, AccountsRead,
        AccountsUpdate, GroupsAdminister, GroupsOverview, SessionEnd, SessionRead,
    };
    vec![
        get("/api/health", PROBE, system::health),
        get("/api/session/properties", PROBE, system::properties),
        post(SHARED, SIGN_IN, session::create),
        delete(SHARED, act(SessionEnd), session::delete),
        get("/api/api-key", act(AccountKeysList), api_keys::list),
        post("/api/api-key", act(AccountKeysCreate), api_keys::create),
        get("/api/api-key/count", act(AccountKeysList), api_keys::count),
        put("/api/api-key/{id}", act(AccountKeysUpdate), api_keys::update),
        put("/api/api-key/{id}/regenerate", act(AccountKeysRegenerate), api_keys::regenerate),
        delete("/api/api-key/{id}", act(AccountKeysDelete), api_keys::delete),
        get("/api/permissions/group", act(GroupsOverview), groups::list),
        post("/api/permissions/group", act(GroupsAdminister), groups::create),
        get("/api/permissions/group/{id}", act(GroupsOverview), groups::get),
        put("/api/permissions/group/{id}", act(GroupsAdminister), groups::update),
        delete("/api/permissions/group/{id}", act(GroupsAdminister), groups::delete),
        get("/api/permissions/membership", act(GroupsOverview), memberships::list),
        post("/api/permissions/membership", act(GroupsAdminister), memberships::create),
        delete("/api/permissions/membership/{id}", act(GroupsAdminister), memberships::delete),
        put("/api/permissions/membership/{id}/clear", act(GroupsAdminister), memberships::clear),
        get("/api/permissions/graph", act(GroupsOverview), graph::get),
        put("/api/permissions/graph", act(GroupsAdminister), graph::update),
        get("/api/permissions/graph/db/{id}", act(GroupsOverview), graph::of_database),
        get("/api/permissions/graph/group/{id}", act(GroupsOverview), graph::of_group),
        get("/api/user", act(AccountsList), users::list),
        post("/api/user", act(AccountsCreate), users::create),
        get("/api/user/current", act(SessionRead), users::current),
        get("/api/user/{id}", act(AccountsRead), users::get),
        put("/api/user/{id}", act(AccountsUpdate), users::update),
        delete("/api/user/{id}", act(AccountsAdminister), users::delete),
        put("/api/user/{id}/reactivate", act(AccountsAdminister), users::reactivate),
        put("/api/user/{id}/password", act(AccountsUpdate), users::set_password),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_route_is_in_the_table_once() {
        let table = route_table();
        let unique: HashSet<_> = table.iter().map(|route| (route.method, route.path)).collect();
        assert_eq!(unique.len(), table.len());
        assert!(table.iter().all(|route| route.path.starts_with("/api/")));
    }
}
