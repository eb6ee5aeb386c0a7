//! The metadata store: users, keys, queries, dashboards and jobs in SQLite or PostgreSQL.
//!
//! The only crate with SQL for our own tables. Statements are in `sql/`, one file each, portable
//! unless there is a second file `*.pg.sql`; `db` is the one seam between them and the engines.
//! Entry point: [`Store`], which implements what `access` and `bi` ask of storage in their `ports`.

mod columns;
mod db;
mod settings;
mod store;

mod account_keys;
mod audit;
mod dashboards;
mod facts;
mod filter;
mod groups;
mod jobs;
mod key_life;
mod keys;
mod limits;
mod organisation;
mod queries;
mod results;
mod schedules;
mod sessions;
mod signin;
mod sources;
mod tags;
mod users;
mod visualizations;
mod workspaces;

pub use db::Engine;
pub use settings::StoreSettings;
pub use store::Store;
