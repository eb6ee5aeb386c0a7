//! One contract for every engine, against real databases.
#![expect(clippy::disallowed_methods, reason = "tests wait for a real server")]

mod contract;
mod elastic;
mod engines;
mod injection;
mod postgres;
mod prometheus;
mod server;
mod sqlite;
mod web;
