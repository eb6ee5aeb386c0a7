//! What all documents behind addresses are as connectors: one can be read, and nothing else.

use std::sync::Arc;

use async_trait::async_trait;
use tessera_bi::Table;
use tessera_bi::ended::in_time;
use tessera_bi::ports::{BatchSink, CancelSignal, Connector};
use tessera_kernel::Result;
use tessera_sqltext::Bound;

use super::no_tables;

/// One kind of documents.
#[async_trait]
pub(crate) trait Document: Send + Sync {
    /// Reads the document that a text names.
    async fn read(
        &self,
        bound: &Bound,
        run_seconds: u64,
        cancel: &Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()>;
}

/// The connector to documents of a kind.
pub(crate) struct Documents<D>(pub(crate) D);

#[async_trait]
impl<D: Document + 'static> Connector for Documents<D> {
    async fn run(
        &self,
        statement: &Bound,
        time_limit_seconds: u64,
        cancel: Arc<dyn CancelSignal>,
        sink: &mut dyn BatchSink,
    ) -> Result<()> {
        let reading = self.0.read(statement, time_limit_seconds, &cancel, sink);
        in_time(time_limit_seconds, &cancel, reading).await
    }

    /// There is nothing to connect to before a query names it.
    async fn test(&self) -> Result<()> {
        Ok(())
    }

    async fn tables(&self) -> Result<Vec<Table>> {
        Err(no_tables())
    }
}
