//! The Metabase dialect: keys, groups, users and sessions in the words and shapes that its clients
//! know. It translates and nothing else.
//!
//! `handlers` extract, ask the gate, make one call and map the answer out; `wire` are the shapes of
//! answers, `map` reads requests, `errors` words faults, `quirks` holds what only this dialect does.
//! Entry points: [`router`], [`answer_unknown`], [`MetabaseState`], [`route_table`].

mod credential;
mod errors;
mod handlers;
mod map;
mod quirks;
mod routes;
mod state;
mod wire;

pub use handlers::shell::answer_unknown;
pub use routes::{route_table, router};
pub use state::{MetabaseSettings, MetabaseState};
pub use tessera_httpkit::{Guard, RouteInfo};
