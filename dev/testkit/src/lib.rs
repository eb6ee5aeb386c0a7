//! What tests and benchmarks share: the real binary, callers, and real services.
//!
//! Nothing here knows the inside of the server: it is started as a process and spoken to over HTTP.
//! Entry points: [`server::Server`], [`client::Client`], [`postgres::Postgres`],
//! [`smtp::Smtp`].

#![expect(clippy::disallowed_methods, reason = "tests wait for processes in real time")]

pub mod certificates;
pub mod client;
mod daemon;
pub mod mariadb;
pub mod postgres;
pub mod receiver;
pub mod server;
pub mod smtp;
