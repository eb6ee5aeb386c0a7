//! What happens on each route: extract, ask the gate, one call, map the answer out.

pub(crate) mod api_keys;
pub(crate) mod graph;
pub(crate) mod groups;
pub(crate) mod memberships;
pub(crate) mod session;
pub(crate) mod shell;
pub(crate) mod system;
pub(crate) mod users;
