//! What the table of an edge says of each of its routes; the security matrix reads it.

use tessera_access::Action;

/// What a caller needs for a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// The right to this action.
    Action(Action),
    /// Nothing, for the reason given.
    Public(&'static str),
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteInfo {
    /// The method.
    pub method: &'static str,
    /// The path, with `{parameters}`.
    pub path: &'static str,
    /// What a caller needs.
    pub action: Guard,
}
