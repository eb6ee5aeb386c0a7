//! Stops what DuckDB does, from another thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use adbc_core::CancelHandle;

/// Whether a run is to stop, and how DuckDB is told.
#[derive(Clone, Default)]
pub(super) struct Stop(Arc<Shared>);

#[derive(Default)]
struct Shared {
    asked: AtomicBool,
    handle: Mutex<Option<Box<dyn CancelHandle>>>,
}

impl Stop {
    /// Tells what runs: whatever this connection does.
    pub(super) fn watch(&self, handle: Box<dyn CancelHandle>) {
        *self.0.handle.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
    }

    /// Whether somebody asked to stop.
    pub(super) fn is_asked(&self) -> bool {
        self.0.asked.load(Ordering::SeqCst)
    }

    /// Asks to stop once the returned value is dropped, at the latest.
    pub(super) fn on_drop(&self) -> Stopping {
        Stopping(self.clone())
    }
}

/// Stops a run when it is dropped; that does nothing to a run that ended.
pub(super) struct Stopping(Stop);

impl Stopping {
    /// Stops it now. What DuckDB begins in the same moment may not notice: ask again.
    pub(super) fn stop(&self) {
        let shared = &self.0.0;
        shared.asked.store(true, Ordering::SeqCst);
        let handle = shared.handle.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(handle) = handle.as_ref()
            && let Err(error) = handle.try_cancel()
        {
            tracing::debug!(error = %error.message, "DuckDB was not told to stop");
        }
    }
}

impl Drop for Stopping {
    fn drop(&mut self) {
        self.stop();
    }
}
