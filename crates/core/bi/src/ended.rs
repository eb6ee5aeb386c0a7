//! Runs that end before they are done: what is said of them, the same in every connector.

use std::sync::Arc;
use std::time::Duration;

use tessera_kernel::{Code, Fault, Result};

use crate::ports::CancelSignal;

/// The setting that limits runs which no schedule began.
pub const TIME_LIMIT: &str = "runs.time_limit_seconds";

/// Somebody wanted the run to end.
#[must_use]
pub fn cancelled() -> Fault {
    Fault::new(Code::Cancelled, "the query was cancelled")
}

/// The run took longer than so many seconds, which a setting allows.
#[must_use]
pub fn too_long(seconds: u64, setting: &str) -> Fault {
    Fault::new(Code::TimedOut, format!("the query ran longer than {seconds} s ({setting})"))
}

/// Works until that is done, is cancelled, or takes longer than so many seconds. Then it is dropped.
///
/// # Errors
/// Those of the work; [`cancelled`]; [`too_long`].
pub async fn in_time<T>(
    seconds: u64,
    cancel: &Arc<dyn CancelSignal>,
    work: impl Future<Output = Result<T>> + Send,
) -> Result<T> {
    tokio::select! {
        () = cancel.cancelled() => Err(cancelled()),
        // On the heap: the state of a driver is large.
        done = tokio::time::timeout(Duration::from_secs(seconds), Box::pin(work)) => {
            done.unwrap_or_else(|_| Err(too_long(seconds, TIME_LIMIT)))
        }
    }
}
