//! The guarantees of the store, checked on both engines with the same tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod access;
mod account_keys;
mod audit;
mod common;
mod dashboards;
mod engines;
mod jobs;
mod key_life;
mod key_lives;
mod limits;
mod queries;
mod schedule_reports;
mod schedule_world;
mod schedules;
mod search;
mod signin;
mod sources;
mod versions;
