//! From the core's words to the wire and back, one file for each noun.

pub(crate) mod access;
pub(crate) mod alerts;
pub(crate) mod audit;
pub(crate) mod dashboards;
pub(crate) mod destinations;
pub(crate) mod history;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod parameters;
pub(crate) mod pins;
pub(crate) mod queries;
pub(crate) mod results;
pub(crate) mod schedules;
pub(crate) mod sources;
pub(crate) mod statements;
pub(crate) mod usage;
pub(crate) mod views;
pub(crate) mod visualizations;
