//! What the operator decides about the store.

use std::time::Duration;

/// Where the store is and how much it may use; the configuration of the binary fills it.
#[derive(Clone)]
pub struct StoreSettings {
    /// `sqlite:///path`, a plain path, or `postgres://user:password@host/database`.
    pub url: String,
    /// Threads that read a SQLite file.
    pub sqlite_readers: usize,
    /// Most connections to a PostgreSQL server.
    pub postgres_connections: usize,
    /// How long to wait for a locked file, or for a free connection.
    pub busy_timeout: Duration,
    /// How long to wait for a new connection to a server.
    pub connect_timeout: Duration,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            url: "tessera.db".to_owned(),
            sqlite_readers: 2,
            postgres_connections: 10,
            busy_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
        }
    }
}

impl std::fmt::Debug for StoreSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The address may hold a password.
        f.debug_struct("StoreSettings")
            .field("sqlite_readers", &self.sqlite_readers)
            .field("postgres_connections", &self.postgres_connections)
            .field("busy_timeout", &self.busy_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .finish_non_exhaustive()
    }
}
