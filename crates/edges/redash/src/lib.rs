//! The Redash dialect: its routes, words and shapes over the core. It translates and nothing else.
//!
//! `handlers` extract, ask the gate, make one call and map the answer out; `wire` are the shapes of
//! answers, `map` reads requests, `errors` words faults, `quirks` holds what only this dialect does.
//! Entry points: [`router`], [`RedashState`], [`route_table`].

mod credential;
mod errors;
mod handlers;
mod map;
mod notes;
mod quirks;
mod ranges;
mod routes;
mod state;
mod wire;

pub use routes::{route_table, router, routes};
pub use state::{ClientSettings, NodeFacts, RedashSettings, RedashState, ServerNotes, TokenFacts};
pub use tessera_httpkit::{Guard, RouteInfo};
