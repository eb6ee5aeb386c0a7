//! One contract for every engine, against real databases.
#![expect(clippy::disallowed_methods, reason = "tests wait for a real server")]

mod clickhouse;
mod contract;
mod door;
mod elastic;
mod encryption;
mod engines;
mod injection;
mod mssql;
mod mysql;
mod postgres;
mod postgres_family;
mod prometheus;
mod redshift_iam;
mod server;
mod snowflake;
mod sqlite;
mod trino;
mod web;
