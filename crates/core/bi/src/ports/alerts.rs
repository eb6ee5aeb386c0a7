//! What storage has to offer to alerts, destinations and the outbox.

use async_trait::async_trait;
use tessera_kernel::ids::{AlertId, DestinationId, SubscriptionId, Uid, UserId};
use tessera_kernel::{Page, PageRequest, Result, Timestamp};

use crate::{
    Alert, AlertDetail, AlertFilter, AttemptOutcome, Delivery, DeliveryScope, Destination,
    DueEvaluation, EvaluationOutcome, Subscription,
};

/// Alerts and subscriptions.
#[async_trait]
pub trait AlertRepo: Send + Sync {
    /// One alert with its query; favourites are those of `user`.
    async fn alert(&self, id: AlertId, user: Option<UserId>) -> Result<Option<AlertDetail>>;
    /// The number of the alert with this identifier.
    async fn alert_id(&self, uid: Uid) -> Result<Option<AlertId>>;
    /// A page of alerts by id.
    async fn alerts(&self, filter: &AlertFilter, page: PageRequest) -> Result<Page<AlertDetail>>;
    /// Adds an alert.
    async fn insert_alert(&self, alert: &Alert) -> Result<AlertId>;
    /// Writes an alert if its version is still `expected`; else `false`.
    async fn update_alert(&self, alert: &Alert, expected: i64) -> Result<bool>;
    /// Deletes an alert with its subscriptions and deliveries.
    async fn delete_alert(&self, id: AlertId) -> Result<()>;

    /// The subscriptions of an alert by id.
    async fn subscriptions(&self, alert: AlertId) -> Result<Vec<Subscription>>;
    /// One subscription.
    async fn subscription(&self, id: SubscriptionId) -> Result<Option<Subscription>>;
    /// The number of the subscription with this identifier.
    async fn subscription_id(&self, uid: Uid) -> Result<Option<SubscriptionId>>;
    /// Subscribes a user by mail, or a destination; one that is there already stays, and is given
    /// back.
    async fn insert_subscription(
        &self,
        uid: Uid,
        alert: AlertId,
        user: UserId,
        destination: Option<DestinationId>,
        at: Timestamp,
    ) -> Result<SubscriptionId>;
    /// Ends a subscription.
    async fn delete_subscription(&self, id: SubscriptionId) -> Result<()>;
}

/// Destinations of notices.
#[async_trait]
pub trait DestinationRepo: Send + Sync {
    /// All destinations by id.
    async fn destinations(&self) -> Result<Vec<Destination>>;
    /// One destination.
    async fn destination(&self, id: DestinationId) -> Result<Option<Destination>>;
    /// The number of the destination with this identifier.
    async fn destination_id(&self, uid: Uid) -> Result<Option<DestinationId>>;
    /// Adds a destination. `Duplicate` for a name that is taken.
    async fn insert_destination(&self, destination: &Destination) -> Result<DestinationId>;
    /// Writes a destination, if it was last changed at `seen`; else `false`. `Duplicate` for a name
    /// that is taken.
    async fn update_destination(&self, destination: &Destination, seen: Timestamp) -> Result<bool>;
    /// Deletes a destination with its subscriptions; what waits for it is given up.
    async fn delete_destination(&self, id: DestinationId, at: Timestamp) -> Result<()>;
}

/// Evaluations that are due, and the outbox.
///
/// When a job ends with a result, storage notes in the same transaction which alerts have to look at
/// it: those on the job's query, and those on every query whose latest result it becomes. An
/// evaluation is settled in one transaction with what it changes and what is to be sent, so that none
/// is lost and none counts twice.
#[async_trait]
pub trait OutboxRepo: Send + Sync {
    /// Gives the oldest due evaluation to `node` until `lease_until`. Those of one alert come in
    /// order: the next one only once the one before is settled.
    async fn claim_evaluation(
        &self,
        node: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<DueEvaluation>>;
    /// Settles an evaluation that `node` has, with its outcome, if there is one. `false`, and nothing
    /// is changed, if the evaluation is not `node`'s any more or the alert has another version.
    async fn settle_evaluation(
        &self,
        id: i64,
        node: &str,
        outcome: Option<&EvaluationOutcome>,
    ) -> Result<bool>;
    /// Stores the outcome of an evaluation that nothing was due for. `false`, and nothing is changed,
    /// if the alert has another version.
    async fn store_evaluation(&self, outcome: &EvaluationOutcome) -> Result<bool>;
    /// From when on an evaluation can be claimed that is there now; `None` if there is none.
    async fn next_evaluation_at(&self) -> Result<Option<Timestamp>>;
    /// Returns once there may be an evaluation that was not there before.
    async fn wait_evaluations(&self);

    /// Gives the delivery that waits longest to `node` until `lease_until`, and counts an attempt.
    /// Those of one alert to one receiver come in order.
    async fn claim_delivery(
        &self,
        node: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<Delivery>>;
    /// Stores how an attempt of `node` ended. `false` if the delivery is not `node`'s any more.
    async fn settle_delivery(
        &self,
        uid: Uid,
        node: &str,
        outcome: &AttemptOutcome,
        at: Timestamp,
    ) -> Result<bool>;
    /// From when on a delivery can be claimed that is there now; `None` if there is none.
    async fn next_delivery_at(&self) -> Result<Option<Timestamp>>;
    /// Returns once there may be a delivery that was not there before.
    async fn wait_deliveries(&self);
    /// A page of the delivery log, newest first.
    async fn deliveries(&self, scope: DeliveryScope, page: PageRequest) -> Result<Page<Delivery>>;
    /// Removes deliveries that ended before `before`.
    async fn purge_deliveries(&self, before: Timestamp) -> Result<u64>;
}
