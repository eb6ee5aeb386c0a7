//! For questions of our own, which nobody cancels.

use async_trait::async_trait;
use tessera_bi::ports::CancelSignal;

/// A signal that nobody gives.
pub(crate) struct Never;

#[async_trait]
impl CancelSignal for Never {
    async fn cancelled(&self) {
        std::future::pending().await
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}
