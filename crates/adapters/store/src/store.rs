//! The store as the rest of the program sees it.

use std::sync::Arc;

use async_trait::async_trait;
use tessera_bi::ports::StoreHealth;
use tessera_kernel::{Fault, Result};

use crate::db::{Call, Db, call};
use crate::outbox::OutboxSignals;
use crate::{Engine, StoreSettings};

/// The metadata store. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) db: Arc<Db>,
    schema_version: i64,
    /// Writers of the audit log wait for their turn here.
    pub(crate) audit_turns: Arc<tokio::sync::Mutex<()>>,
    /// Wakes those who work off the outbox.
    pub(crate) outbox: Arc<OutboxSignals>,
}

impl Store {
    /// Opens the store, or makes it, and brings its schema up to date.
    ///
    /// # Errors
    /// If it cannot be reached, or its schema is newer than this program.
    pub async fn open(settings: StoreSettings) -> Result<Self> {
        let (db, schema_version) = Db::open(&settings).await?;
        let store = Self {
            db: Arc::new(db),
            schema_version,
            audit_turns: Arc::default(),
            outbox: Arc::default(),
        };
        store.adopt_audit().await?;
        store.rebuild_search_index().await?;
        Ok(store)
    }

    /// Which engine keeps it.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.db.engine()
    }

    /// The version of its schema.
    #[must_use]
    pub fn schema_version(&self) -> i64 {
        self.schema_version
    }

    /// Lets running work end and closes all connections; later calls fail as unavailable.
    pub async fn close(&self) {
        self.db.close().await;
    }

    /// Runs a statement that must concern a record; `what` names it if it does not exist.
    pub(crate) async fn change(&self, what: &str, call: Call) -> Result<()> {
        if self.db.execute(call).await? == 0 { Err(Fault::not_found(what)) } else { Ok(()) }
    }
}

#[async_trait]
impl StoreHealth for Store {
    async fn ping(&self) -> Result<()> {
        self.db.row(call!("store_ping")).await.map(drop)
    }
}
