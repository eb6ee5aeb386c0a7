//! The guarantees of the store, checked on both engines with the same tests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod access;
mod account_keys;
mod alerts;
mod attempts;
mod audit;
mod common;
mod dashboards;
mod engines;
mod imports;
mod jobs;
mod key_life;
mod key_lives;
mod limits;
mod mails;
mod once;
mod organisation;
mod queries;
mod schedule_reports;
mod schedule_world;
mod schedules;
mod search;
mod search_alerts;
mod signin;
mod sources;
mod trash;
mod versions;
