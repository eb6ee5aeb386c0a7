//! What each operation does, one file for each noun, with its rows of the table of routes.

pub(crate) mod attributes;
pub(crate) mod audit;
pub(crate) mod children;
pub(crate) mod dashboards;
pub(crate) mod editors;
pub(crate) mod groups;
pub(crate) mod invitations;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod pins;
pub(crate) mod queries;
pub(crate) mod results;
pub(crate) mod runs;
pub(crate) mod second_factor;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod setup;
pub(crate) mod sign_in;
pub(crate) mod sources;
pub(crate) mod system;
pub(crate) mod tags;
pub(crate) mod usage;
pub(crate) mod users;
pub(crate) mod versions;
pub(crate) mod visualizations;
pub(crate) mod widgets;
