//! The trash: archived queries and dashboards, until somebody brings them back or an administrator
//! deletes them for good.

mod service;

pub use service::Trash;

/// What goes with an object that is deleted for good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TrashWeight {
    /// Visualizations of the query.
    pub visualizations: u64,
    /// Widgets: those of the dashboard, or those that show the query.
    pub widgets: u64,
    /// Alerts on the query.
    pub alerts: u64,
    /// Keys that open the object only.
    pub keys: u64,
    /// Stored results that no other query has.
    pub results: u64,
    /// Steps of its history.
    pub steps: u64,
}
