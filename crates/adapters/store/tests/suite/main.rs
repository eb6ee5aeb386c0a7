//! The guarantees of the store, checked on both engines with the same tests.

mod access;
mod common;
mod dashboards;
mod engines;
mod jobs;
mod queries;
mod search;
mod sources;
