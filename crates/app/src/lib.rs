//! The composition root: settings, secrets, start and end of the server, and the command line.
//!
//! The only crate that knows every other one. Entry points: [`cli::run`] and [`server::serve`].

mod channels;
mod checkpoints;
pub mod cli;
pub mod compose;
pub mod config;
mod demo;
mod health;
mod import;
mod secrets;
pub mod server;
mod signin;
mod telemetry;

pub use health::ROUTES as HEALTH_ROUTES;
