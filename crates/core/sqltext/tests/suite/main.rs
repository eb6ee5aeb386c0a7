//! What this crate guarantees, through its public interface.

mod bind_google;
mod bind_mysql;
mod bind_others;
mod bind_postgres;
mod bind_sqlite;
mod documents;
mod properties;
mod recorded;
mod resolve;
mod statements;
mod support;
