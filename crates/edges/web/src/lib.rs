//! Pages that the server writes itself for people who are signed in: keys, and pinned keys of
//! queries. They need no script, and ask the same services as `/v1`, with the same rights.
//!
//! `handlers` read a request, ask the gate, make core calls and hand what came of it to `views`,
//! which write HTML through `html!`. Entry points: [`router`], [`WebState`], [`route_table`].

#[macro_use]
mod html;

mod call;
mod controls;
mod fields;
mod handlers;
mod layout;
mod map;
mod refusal;
mod routes;
mod sent;
mod state;
mod times;
mod views;
mod words;

pub use routes::{route_table, router};
pub use state::WebState;
pub use tessera_httpkit::{Guard, RouteInfo};
