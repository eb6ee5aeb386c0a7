//! Evaluations that are due, and the outbox: each step is one transaction.

use async_trait::async_trait;
use tessera_bi::ports::OutboxRepo;
use tessera_bi::{
    AttemptOutcome, Delivery, DeliveryScope, DeliveryState, DueEvaluation, EvaluationOutcome,
    NewDelivery,
};
use tessera_kernel::ids::{ResultId, Uid};
use tessera_kernel::{Code, Fault, Page, PageRequest, Result, Timestamp};
use tokio::sync::Notify;

use crate::Store;
use crate::db::{Call, Row, Tx, call, call_each};
use crate::users::total;

/// Wakes those of this process who work off the outbox.
#[derive(Debug, Default)]
pub(crate) struct OutboxSignals {
    pub(crate) evaluations: Notify,
    pub(crate) deliveries: Notify,
}

/// Notes that alerts have to look at the result of a job.
pub(crate) async fn insert_evaluations(
    tx: Tx<'_>,
    job: i64,
    result: ResultId,
    scheduled: bool,
) -> Result<()> {
    tx.execute(call!("alert_evaluation_insert", job, result, scheduled)).await.map(drop)
}

fn read_due(row: &mut Row) -> Result<DueEvaluation> {
    Ok(DueEvaluation {
        id: row.take()?,
        alert: row.take()?,
        result: row.take()?,
        job: row.take()?,
        asked_at: row.take()?,
        query: row.take()?,
        participant: row.take()?,
        is_scheduled: row.take()?,
        attempts: row.take()?,
    })
}

/// Reads the columns of `{delivery d}`.
fn read_delivery(row: &mut Row) -> Result<Delivery> {
    Ok(Delivery {
        id: row.take()?,
        uid: row.take()?,
        alert: row.take()?,
        destination: row.take()?,
        user: row.take()?,
        state: DeliveryState::parse(&row.take::<String>()?)
            .ok_or_else(|| Fault::new(Code::Internal, "a stored delivery has an unknown state"))?,
        attempts: row.take()?,
        next_at: row.take()?,
        answer: row.take()?,
        notice: serde_json::from_str(&row.take::<String>()?)
            .map_err(|error| Fault::internal("a stored notice", error))?,
        created_at: row.take()?,
        finished_at: row.take()?,
    })
}

fn insert_delivery(outcome: &EvaluationOutcome, new: &NewDelivery) -> Result<Call> {
    let notice = serde_json::to_string(&new.notice)
        .map_err(|error| Fault::internal("a notice cannot be written as JSON", error))?;
    let receiver = match (new.destination, new.user) {
        (Some(id), _) => format!("destination:{id}"),
        (None, Some(id)) => format!("user:{id}"),
        (None, None) => {
            return Err(Fault::new(Code::Internal, "a delivery has no receiver"));
        }
    };
    Ok(call!(
        "alert_delivery_insert",
        new.notice.delivery,
        outcome.alert,
        new.destination,
        new.user,
        new.notice.at,
        notice,
        new.evaluation,
        receiver,
    ))
}

/// Locks the alert of an outcome, before anything else of it: whoever deletes an alert has it before
/// what hangs on it, too. `false` if the alert has another version.
async fn lock(tx: Tx<'_>, outcome: &EvaluationOutcome) -> Result<bool> {
    let version = tx.row(call_each!("alert_lock", outcome.alert)).await?;
    let version: Option<i64> = version.map(|mut row| row.take()).transpose()?;
    Ok(version == Some(outcome.version))
}

/// Stores the outcome for an alert that is locked.
async fn store(tx: Tx<'_>, outcome: &EvaluationOutcome) -> Result<()> {
    if let Some((state, at)) = outcome.change {
        let call = call!("alert_set_state", outcome.alert, outcome.version, state.as_str(), at);
        tx.execute(call).await?;
    }
    for new in &outcome.deliveries {
        tx.execute(insert_delivery(outcome, new)?).await?;
    }
    Ok(())
}

/// Undoes a transaction that came too late.
fn too_late() -> Fault {
    Fault::new(Code::Conflict, "the evaluation came too late")
}

fn unless_too_late(done: Result<()>) -> Result<bool> {
    match done {
        Ok(()) => Ok(true),
        Err(fault) if fault.code() == Code::Conflict => Ok(false),
        Err(fault) => Err(fault),
    }
}

fn first_time(rows: Vec<Row>) -> Result<Option<Timestamp>> {
    rows.into_iter().next().map_or(Ok(None), |mut row| row.take())
}

#[async_trait]
impl OutboxRepo for Store {
    async fn claim_evaluation(
        &self,
        node: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<DueEvaluation>> {
        let claim = call_each!("alert_evaluation_claim", node, now, lease_until);
        let rows = self.db.write_rows_relaxed(claim).await?;
        rows.into_iter().next().as_mut().map(read_due).transpose()
    }

    async fn settle_evaluation(
        &self,
        id: i64,
        node: &str,
        outcome: Option<&EvaluationOutcome>,
    ) -> Result<bool> {
        let (node, outcome) = (node.to_owned(), outcome.cloned());
        let tells = outcome.as_ref().is_some_and(|outcome| !outcome.deliveries.is_empty());
        let done = self
            .db
            .write(move |tx| {
                Box::pin(async move {
                    if let Some(outcome) = &outcome
                        && !lock(tx, outcome).await?
                    {
                        return Err(too_late());
                    }
                    if tx.execute(call!("alert_evaluation_delete", id, node)).await? == 0 {
                        return Err(too_late());
                    }
                    match &outcome {
                        Some(outcome) => store(tx, outcome).await,
                        None => Ok(()),
                    }
                })
            })
            .await;
        let done = unless_too_late(done)?;
        if done && tells {
            self.outbox.deliveries.notify_one();
        }
        Ok(done)
    }

    async fn store_evaluation(&self, outcome: &EvaluationOutcome) -> Result<bool> {
        let outcome = outcome.clone();
        let done = self.db.write(move |tx| {
            Box::pin(async move {
                if !lock(tx, &outcome).await? {
                    return Err(too_late());
                }
                store(tx, &outcome).await
            })
        });
        let done = unless_too_late(done.await)?;
        if done {
            self.outbox.deliveries.notify_one();
        }
        Ok(done)
    }

    async fn next_evaluation_at(&self) -> Result<Option<Timestamp>> {
        first_time(self.db.rows(call!("alert_evaluation_next")).await?)
    }

    async fn wait_evaluations(&self) {
        self.outbox.evaluations.notified().await;
    }

    async fn claim_delivery(
        &self,
        node: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<Delivery>> {
        let claim = call_each!("alert_delivery_claim", node, now, lease_until);
        let rows = self.db.write_rows_relaxed(claim).await?;
        rows.into_iter().next().as_mut().map(read_delivery).transpose()
    }

    async fn settle_delivery(
        &self,
        uid: Uid,
        node: &str,
        outcome: &AttemptOutcome,
        at: Timestamp,
    ) -> Result<bool> {
        let (state, answer, next_at, finished_at) = match outcome {
            AttemptOutcome::Delivered(answer) => (DeliveryState::Delivered, answer, at, Some(at)),
            AttemptOutcome::Again(next, why) => (DeliveryState::Pending, why, *next, None),
            AttemptOutcome::Failed(why) => (DeliveryState::Failed, why, at, Some(at)),
        };
        let settle = call!(
            "alert_delivery_settle",
            uid,
            node,
            state.as_str(),
            answer,
            next_at,
            finished_at,
        );
        Ok(self.db.execute(settle).await? > 0)
    }

    async fn next_delivery_at(&self) -> Result<Option<Timestamp>> {
        first_time(self.db.rows(call!("alert_delivery_next")).await?)
    }

    async fn wait_deliveries(&self) {
        self.outbox.deliveries.notified().await;
    }

    async fn deliveries(&self, scope: DeliveryScope, page: PageRequest) -> Result<Page<Delivery>> {
        let (size, offset) = (page.size, page.offset());
        let calls = match scope {
            DeliveryScope::Alert(id) => [
                call!("alert_delivery_count_of_alert", id),
                call!("alert_delivery_list_of_alert", id, size, offset),
            ],
            DeliveryScope::Destination(id) => [
                call!("alert_delivery_count_of_destination", id),
                call!("alert_delivery_list_of_destination", id, size, offset),
            ],
        };
        let [count, rows] = self.db.batch(calls).await?;
        let items: Result<Vec<Delivery>> =
            rows.into_iter().map(|mut row| read_delivery(&mut row)).collect();
        Ok(Page { items: items?, total: total(count)? })
    }

    async fn purge_deliveries(&self, before: Timestamp) -> Result<u64> {
        self.db.execute(call!("alert_delivery_purge", before)).await
    }
}
