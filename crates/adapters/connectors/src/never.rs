//! For questions of our own, which nobody cancels.

use std::sync::Arc;

use async_trait::async_trait;
use tessera_bi::ports::CancelSignal;

/// A signal that nobody gives.
pub(crate) struct Never;

impl Never {
    pub(crate) fn signal() -> Arc<dyn CancelSignal> {
        Arc::new(Self)
    }
}

#[async_trait]
impl CancelSignal for Never {
    async fn cancelled(&self) {
        std::future::pending().await
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}
