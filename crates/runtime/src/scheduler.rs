//! Runs queries when their schedules say so: sleeps until the next moment, and wakes on changes.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tessera_kernel::{Result, Timestamp};

use crate::Shared;

/// How long it rests when storage fails.
const REST: Duration = Duration::from_secs(5);
/// Shortest sleep, so that a mistake does not become a busy loop.
const NAP: Duration = Duration::from_millis(20);

/// The scheduler of this process. Every process has one; storage decides who runs a moment.
pub(crate) async fn schedule(shared: Arc<Shared>) {
    let schedules = &shared.bi.schedules;
    until_closed(&shared, "schedules", || schedules.tick(), || schedules.wait_changed()).await;
}

/// Tells owners of failures.
pub(crate) async fn report(shared: Arc<Shared>) {
    let schedules = &shared.bi.schedules;
    until_closed(&shared, "reports of failures", || schedules.report(), std::future::pending).await;
}

/// Works, and sleeps until the moment that the work names, until something changes, or for a while:
/// clocks are set, and other processes may have died with what they were told.
async fn until_closed<W, C>(
    shared: &Shared,
    name: &'static str,
    work: impl Fn() -> W,
    changed: impl Fn() -> C,
) where
    W: Future<Output = Result<Option<Timestamp>>>,
    C: Future<Output = ()>,
{
    while !shared.closing.is_cancelled() {
        let longest = shared.settings.schedules_look;
        let sleep = match work().await {
            Ok(next) => next.map_or(longest, |next| {
                let wait = (next - shared.bi.jobs.now()).to_std().unwrap_or_default();
                wait.clamp(NAP, longest)
            }),
            Err(fault) => {
                tracing::error!(name, %fault, "it is tried again");
                REST
            }
        };
        tokio::select! {
            () = shared.closing.cancelled() => return,
            () = changed() => {}
            () = tokio::time::sleep(sleep) => {}
        }
    }
}
