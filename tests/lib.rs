//! Tests through the real binary over HTTP; see `native`, `redash`, `security`, `clients`, `crash`.
//! What they share is here: servers on both metadata engines, a shop to ask, callers of every kind,
//! pinned keys. It must not need an edge: what does would be linked into every suite.

pub mod callers;
pub mod pins;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tessera_testkit::client::Client;
use tessera_testkit::postgres::Postgres;
use tessera_testkit::server::{Options, Server};

/// Where metadata is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

/// Both engines.
pub const ENGINES: [Engine; 2] = [Engine::Sqlite, Engine::Postgres];

/// Options for a server on an engine, with a database of its own.
///
/// # Errors
/// If PostgreSQL does not start.
pub fn options(engine: Engine) -> Result<Options> {
    let database_url = match engine {
        Engine::Sqlite => None,
        Engine::Postgres => {
            let server = Postgres::shared();
            Some(server.url(&server.create_database("metadata")?))
        }
    };
    Ok(Options { database_url, ..Options::default() })
}

/// A server with an administrator and two data sources: PostgreSQL and SQLite, with the same table
/// `orders (id, tenant, amount, note)`.
pub struct Shop {
    /// The server.
    pub server: Server,
    /// Its administrator.
    pub admin: Client,
    /// The data source of type `pg`.
    pub postgres: i64,
    /// The data source of type `sqlite`.
    pub sqlite: i64,
    _folder: tempfile::TempDir,
}

const ORDERS: &str =
    "create table orders (id integer, tenant integer, amount numeric(10, 2), note text);
    insert into orders values (1, 4, 10.50, 'a'), (2, 5, 99.99, 'it''s'), (3, 5, 5, null),
        (4, 6, 0, '多言語');";

impl Shop {
    /// Starts a server and sets it up.
    ///
    /// # Errors
    /// If something does not start or is refused.
    pub fn open(options: Options) -> Result<Self> {
        let (server, admin) = Server::set_up(options)?;
        let folder = tempfile::tempdir()?;
        let file = sqlite_file(folder.path())?;
        let database = Postgres::shared().create_database("orders")?;
        Postgres::shared().sql(&database, ORDERS)?;
        let add = |name: &str, kind: &str, options: Value| -> Result<i64> {
            let body = json!({ "name": name, "type": kind, "options": options });
            let made = admin.post("/api/data_sources", &body)?.ok()?;
            made["id"].as_i64().context("a data source has an id")
        };
        let postgres = add("PG", "pg", postgres_options(&database))?;
        let sqlite = add("Lite", "sqlite", json!({ "dbpath": file }))?;
        Ok(Self { server, admin, postgres, sqlite, _folder: folder })
    }

    /// Adds a query; returns it as the server shows it.
    ///
    /// # Errors
    /// If it is refused.
    pub fn query(&self, source: i64, text: &str, parameters: Value) -> Result<Value> {
        let body = json!({
            "name": "Query", "query": text, "data_source_id": source,
            "options": { "parameters": parameters },
        });
        self.admin.post("/api/queries", &body)?.ok()
    }

    /// Adds a user with a password of its own; returns its caller and number.
    ///
    /// # Errors
    /// If it is refused.
    pub fn user(&self, name: &str) -> Result<(Client, i64)> {
        let email = format!("{name}@example.com");
        let body = json!({ "name": name, "email": email });
        let made = self.admin.post("/api/users?no_invite=1", &body)?.ok()?;
        let id = made["id"].as_i64().context("a user has an id")?;
        let user = self.admin.get(&format!("/api/users/{id}"))?.ok()?;
        let key = user["api_key"].as_str().context("a user has a key")?;
        Ok((self.server.anonymous().with_key(key), id))
    }
}

/// The settings of a PostgreSQL data source on the shared server.
#[must_use]
pub fn postgres_options(database: &str) -> Value {
    let server = Postgres::shared();
    json!({
        "host": "127.0.0.1", "port": server.port(), "user": server.user(),
        "password": server.password(), "dbname": database,
    })
}

fn sqlite_file(folder: &Path) -> Result<PathBuf> {
    let file = folder.join("orders.sqlite");
    rusqlite::Connection::open(&file)?.execute_batch(ORDERS)?;
    Ok(file)
}

/// Every file below a folder.
///
/// # Errors
/// If a folder cannot be read.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}
