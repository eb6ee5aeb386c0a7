//! The signal that stops a run, as connectors see it.

use async_trait::async_trait;
use tessera_bi::ports::CancelSignal;
use tokio_util::sync::CancellationToken;

/// A token of the runtime behind the core's port.
pub(crate) struct Stop(pub(crate) CancellationToken);

#[async_trait]
impl CancelSignal for Stop {
    async fn cancelled(&self) {
        self.0.cancelled().await;
    }

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}
