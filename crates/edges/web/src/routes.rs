//! Every route, with the action it takes: one table makes the router and the security matrix.

use axum::Router;
use axum::handler::Handler;
use axum::routing::MethodRouter;
use tessera_access::Action;
use tessera_httpkit::{Guard, RouteInfo};

use crate::WebState;
use crate::handlers::{keys, life, new_key, pins};

struct Route {
    info: RouteInfo,
    handler: MethodRouter<WebState>,
}

macro_rules! methods {
    ($($name:ident = $text:literal),*) => {$(
        fn $name<H, T>(path: &'static str, action: Action, handler: H) -> Route
        where
            H: Handler<T, WebState>,
            T: 'static,
        {
            Route {
                info: RouteInfo { method: $text, path, action: Guard::Action(action) },
                handler: axum::routing::$name(handler),
            }
        }
    )*};
}

methods!(get = "GET", post = "POST");

/// Every route with what it needs.
#[must_use]
pub fn route_table() -> Vec<RouteInfo> {
    table().into_iter().map(|route| route.info).collect()
}

/// The routes.
pub fn router(state: WebState) -> Router {
    table()
        .into_iter()
        .fold(Router::new(), |router, route| router.route(route.info.path, route.handler))
        .with_state(state)
}

#[rustfmt::skip]
fn table() -> Vec<Route> {
    use Action::{
        KeysCreate, KeysDisable, KeysList, KeysRead, KeysRestore, KeysRevoke, KeysRotate, QueriesPin,
    };
    vec![
        get("/keys", KeysList, keys::list),
        get("/keys/new", KeysCreate, new_key::form),
        post("/keys/new", KeysCreate, new_key::create),
        get("/keys/pinned/new", QueriesPin, pins::form),
        post("/keys/pinned/new", QueriesPin, pins::create),
        get("/keys/{id}", KeysRead, keys::get),
        post("/keys/{id}/rotate", KeysRotate, life::rotate),
        post("/keys/{id}/disable", KeysDisable, life::disable),
        post("/keys/{id}/enable", KeysDisable, life::enable),
        post("/keys/{id}/revoke", KeysRevoke, life::revoke),
        post("/keys/{id}/restore", KeysRestore, life::restore),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_route_is_in_the_table_once_and_below_one_place() {
        let table = route_table();
        let unique: HashSet<_> = table.iter().map(|route| (route.method, route.path)).collect();
        assert_eq!(unique.len(), table.len());
        assert!(table.iter().all(|route| route.path.split('/').nth(1) == Some("keys")));
    }
}
