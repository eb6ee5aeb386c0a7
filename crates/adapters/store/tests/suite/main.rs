//! The guarantees of the store, checked on both engines with the same tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod access;
mod account_keys;
mod common;
mod dashboards;
mod engines;
mod jobs;
mod queries;
mod search;
mod sources;
