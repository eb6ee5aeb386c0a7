//! One contract for every engine, against real databases.
#![expect(clippy::disallowed_methods, reason = "tests wait for a real server")]

mod aws_es;
mod bigquery;
mod bigquery_server;
mod clickhouse;
mod contract;
mod door;
mod duckdb;
mod duckdb_types;
mod elastic;
mod elastic_sql;
mod encryption;
mod engines;
mod google;
mod injection;
mod mssql;
mod mysql;
mod postgres;
mod postgres_family;
mod prometheus;
mod redshift_iam;
mod server;
mod snowflake;
mod spreadsheets;
mod sqlite;
mod trino;
mod web;
