//! Tessera's own HTTP interface, `/v1`: everything the core can do, as clean nouns.
//!
//! One table of routes ([`route_table`]) makes the router, the OpenAPI document and the list that
//! the security tests walk. A handler reads its input, asks the gate, calls one service of the core
//! and maps the answer; it decides nothing. Entry points: [`router`], [`openapi`], [`ApiState`].

mod call;
mod errors;
mod handlers;
mod idempotency;
mod input;
mod map;
mod openapi;
mod page;
mod reply;
mod resolve;
mod routes;
mod state;
mod wire;

/// Views of stored results as they are written in bodies and addresses, for other ways to ask.
pub mod views {
    pub use crate::map::views::{comparison, read};
}

pub use openapi::openapi;
pub use routes::{RouteInfo, route_table, router};
pub use state::{ApiSettings, ApiState};
