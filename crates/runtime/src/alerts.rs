//! Alerts: evaluates what results mean for them, and works off the outbox. Both sleep until they are
//! woken or something is due.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tessera_bi::AttemptOutcome;
use tessera_kernel::Result;

use crate::Shared;

/// How long to rest when storage fails.
const REST: Duration = Duration::from_secs(1);

/// Evaluates, until the runtime closes.
pub(crate) async fn evaluate(shared: Arc<Shared>) {
    let alerts = &shared.bi.alerts;
    let lease = shared.settings.lease;
    while !shared.closing.is_cancelled() {
        let due = match alerts.evaluate_next(&shared.node, lease).await {
            Ok(true) => continue,
            Ok(false) => next(&shared, alerts.next_evaluation_in().await, "evaluation"),
            Err(fault) => {
                tracing::error!(%fault, "an alert was not evaluated; it is tried again");
                REST
            }
        };
        tokio::select! {
            () = shared.closing.cancelled() => return,
            () = alerts.wait_evaluations() => {}
            () = tokio::time::sleep(due) => {}
        }
    }
}

/// Sends, several notices at the same time, until the runtime closes; then those that are on their
/// way come to their end.
pub(crate) async fn deliver(shared: Arc<Shared>) {
    let alerts = &shared.bi.alerts;
    let mut sending = FuturesUnordered::new();
    // Whether storage may have something to send.
    let mut look = true;
    loop {
        let closing = shared.closing.is_cancelled();
        if closing && sending.is_empty() {
            return;
        }
        let mut due = shared.settings.outbox_poll;
        while look && !closing && sending.len() < shared.settings.senders {
            match alerts.claim_delivery(&shared.node).await {
                Ok(Some(delivery)) => {
                    let shared = Arc::clone(&shared);
                    sending.push(async move {
                        let done = shared.bi.alerts.deliver(&shared.node, &delivery).await;
                        note(&delivery.uid.to_string(), done);
                    });
                }
                Ok(None) => {
                    look = false;
                    due = next(&shared, alerts.next_delivery_in().await, "delivery");
                }
                Err(fault) => {
                    tracing::error!(%fault, "no notice could be taken; it is tried again");
                    due = REST;
                    break;
                }
            }
        }
        tokio::select! {
            // What comes next for the same receiver may be sent now.
            Some(()) = sending.next() => look = true,
            () = alerts.wait_deliveries(), if !closing => look = true,
            () = tokio::time::sleep(due), if !closing => look = true,
            () = shared.closing.cancelled(), if !closing => {}
        }
    }
}

/// How long to sleep: until something is due, at the longest as long as another node's work may go
/// unnoticed.
fn next(shared: &Shared, due: Result<Option<Duration>>, what: &'static str) -> Duration {
    let poll = shared.settings.outbox_poll;
    match due {
        Ok(None) => poll,
        // Not less than a moment: what is due and cannot be taken belongs to somebody else.
        Ok(Some(due)) => due.clamp(Duration::from_millis(100), poll),
        Err(fault) => {
            tracing::error!(what, %fault, "what is due next is not known");
            REST
        }
    }
}

fn note(delivery: &str, done: Result<AttemptOutcome>) {
    let outcome = match done {
        Ok(AttemptOutcome::Delivered(_)) => "delivered",
        Ok(AttemptOutcome::Again(at, why)) => {
            tracing::info!(delivery, %at, why, "a notice was not taken; it is sent again");
            "retried"
        }
        Ok(AttemptOutcome::Failed(why)) => {
            tracing::warn!(delivery, why, "a notice was given up");
            "failed"
        }
        Err(fault) => {
            tracing::error!(delivery, %fault, "how an attempt ended was not stored");
            "unknown"
        }
    };
    metrics::counter!("tessera_alert_deliveries_total", "outcome" => outcome).increment(1);
}
