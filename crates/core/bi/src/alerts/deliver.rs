//! The outbox: takes deliveries one by one, sends them, and decides about another attempt.

use std::time::Duration;

use serde_json::json;
use tessera_kernel::{Code, Fault, Result};

use super::evaluate::later;
use super::{Alerts, AttemptOutcome, Delivery};
use crate::Json;
use crate::service::Parts;

/// The kind of destination that mail to a subscriber takes.
const MAIL: &str = "email";
/// Longest answer that is kept, in characters.
const ANSWER_CHARACTERS_MAX: usize = 500;

impl Alerts {
    /// Takes the delivery that waits longest, for the runtime.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn claim_delivery(&self, node: &str) -> Result<Option<Delivery>> {
        let now = self.parts.clock.now();
        // Longer than an attempt may take, so that nobody else begins one meanwhile.
        let lease = self.parts.settings.delivery_time_limit.saturating_mul(2);
        self.parts.repos.claim_delivery(node, now, later(now, lease)).await
    }

    /// Sends a delivery that was taken, and stores how that ended, for the runtime.
    ///
    /// # Errors
    /// If storage fails: then it is sent again after the lease, with the same identifier.
    pub async fn deliver(&self, node: &str, delivery: &Delivery) -> Result<AttemptOutcome> {
        // What cannot even be begun, because a setting cannot be opened, is given up in the end, too:
        // else nothing more would come to that receiver.
        let outcome = match self.parts.attempt(delivery).await {
            Ok(outcome) => outcome,
            Err(fault) => {
                tracing::error!(delivery = %delivery.uid, %fault, "a notice could not be sent");
                self.parts.again(delivery, &fault)
            }
        };
        let now = self.parts.clock.now();
        self.parts.repos.settle_delivery(delivery.uid, node, &outcome, now).await?;
        Ok(outcome)
    }

    /// From when on something can be sent that is there now, for the runtime.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn next_delivery_in(&self) -> Result<Option<Duration>> {
        let at = self.parts.repos.next_delivery_at().await?;
        Ok(at.map(|at| self.until(at)))
    }

    /// Returns once there may be something to send, for the runtime.
    pub async fn wait_deliveries(&self) {
        self.parts.repos.wait_deliveries().await;
    }

    /// Removes old lines of the delivery log.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn purge(&self) -> Result<u64> {
        let age = chrono::TimeDelta::seconds(self.parts.settings.delivery_retention_seconds);
        self.parts.repos.purge_deliveries(self.parts.clock.now() - age).await
    }
}

impl Parts {
    async fn attempt(&self, delivery: &Delivery) -> Result<AttemptOutcome> {
        let Some((kind, options)) = self.receiver(delivery).await? else {
            return Ok(AttemptOutcome::Failed("there is no such receiver any more".to_owned()));
        };
        match self.send(&kind, &options, delivery).await {
            Ok(answer) => Ok(AttemptOutcome::Delivered(cut(&answer))),
            Err(fault) if fault.code() == Code::Unavailable => Ok(self.again(delivery, &fault)),
            Err(fault) => {
                if fault.code() == Code::Internal {
                    let cause = std::error::Error::source(&fault).map(ToString::to_string);
                    tracing::error!(delivery = %delivery.uid, %fault, cause, "a notice was not sent");
                }
                Ok(AttemptOutcome::Failed(cut(fault.detail())))
            }
        }
    }

    /// Another attempt after a while, or the end of them.
    fn again(&self, delivery: &Delivery, fault: &Fault) -> AttemptOutcome {
        let settings = &self.settings;
        if delivery.attempts >= settings.delivery_attempts_max {
            return AttemptOutcome::Failed(cut(fault.detail()));
        }
        let doublings = u32::try_from(delivery.attempts.clamp(1, 31) - 1).unwrap_or(30);
        let wait = settings.delivery_retry.saturating_mul(2_u32.saturating_pow(doublings));
        let at = later(self.clock.now(), wait.min(settings.delivery_retry_max));
        AttemptOutcome::Again(at, cut(fault.detail()))
    }

    async fn send(&self, kind: &str, options: &Json, delivery: &Delivery) -> Result<String> {
        let limit = self.settings.delivery_time_limit;
        let sending = self.channels()?.deliver(kind, options, &delivery.notice);
        tokio::time::timeout(limit, sending).await.unwrap_or_else(|_| {
            let detail =
                format!("no answer within {} s (alerts.delivery_seconds)", limit.as_secs());
            Err(Fault::new(Code::Unavailable, detail))
        })
    }

    /// The kind and the options of the receiver; `None` if it is gone, or shut out.
    async fn receiver(&self, delivery: &Delivery) -> Result<Option<(String, Json)>> {
        if let Some(id) = delivery.destination {
            let Some(destination) = self.repos.destination(id).await? else { return Ok(None) };
            let options = self.destination_options(&destination)?;
            return Ok(Some((destination.kind, Json::Object(options))));
        }
        let Some(id) = delivery.user else { return Ok(None) };
        // An attempt may come long after the evaluation.
        let query = self.repos.query(delivery.notice.query).await?;
        if let Some(query) = query
            && !self.may_be_told(id, &query).await?
        {
            return Ok(None);
        }
        let user = self.access.user(id).await?.filter(|user| user.disabled_at.is_none());
        Ok(user.map(|user| (MAIL.to_owned(), json!({ "addresses": user.email }))))
    }
}

fn cut(text: &str) -> String {
    text.chars().take(ANSWER_CHARACTERS_MAX).collect()
}
