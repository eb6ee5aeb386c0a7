//! The shapes on the wire, one file for each noun. They never reach the core.

pub(crate) mod account_keys;
pub(crate) mod audit;
pub(crate) mod common;
pub(crate) mod dashboards;
pub(crate) mod groups;
pub(crate) mod jobs;
pub(crate) mod key_policy;
pub(crate) mod keys;
pub(crate) mod parameters;
pub(crate) mod pins;
pub(crate) mod problem;
pub(crate) mod queries;
pub(crate) mod results;
pub(crate) mod schedules;
pub(crate) mod secret_scanning;
pub(crate) mod service_accounts;
pub(crate) mod session;
pub(crate) mod sign_in;
pub(crate) mod sources;
pub(crate) mod system;
pub(crate) mod usage;
pub(crate) mod users;
pub(crate) mod versions;
pub(crate) mod visualizations;
pub(crate) mod workspaces;
