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
mod activities;
mod alerts;
mod attempts;
mod audit;
mod dashboards;
mod destinations;
mod facts;
mod filter;
mod groups;
mod imports;
mod jobs;
mod key_life;
mod keys;
mod limits;
mod mails;
mod objects;
mod once;
mod organisation;
mod outbox;
mod queries;
mod results;
mod schedules;
mod sealed;
mod search;
mod sessions;
mod signin;
mod snippets;
mod sources;
mod tags;
mod users;
mod visualizations;
mod workspaces;

pub use db::Engine;
pub use settings::StoreSettings;
pub use store::Store;
