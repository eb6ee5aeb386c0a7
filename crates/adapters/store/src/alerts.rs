//! Alerts and subscriptions.

use async_trait::async_trait;
use tessera_bi::ports::AlertRepo;
use tessera_bi::{Alert, AlertDetail, AlertFilter, AlertState, Subscription};
use tessera_kernel::ids::{AlertId, DestinationId, SubscriptionId, Uid, UserId};
use tessera_kernel::{Code, Fault, Page, PageRequest, Result, Timestamp};

use crate::db::{Call, Row, Tx, call};
use crate::destinations::read_destination;
use crate::filter::Filter;
use crate::queries::read_detail;
use crate::users::{read_user, total};
use crate::{Store, columns, search};

const JOINS: &str = "JOIN users o ON o.id = a.owner_id JOIN queries q ON q.id = a.query_id \
    JOIN users u ON u.id = q.owner_id LEFT JOIN users m ON m.id = q.modified_by \
    LEFT JOIN query_favorites f ON f.query_id = q.id AND f.user_id = $1 \
    LEFT JOIN results r ON r.id = q.latest_result LEFT JOIN keys k ON k.id = {query_key q}";

/// Reads the columns of `{alert a}`.
fn read_alert(row: &mut Row) -> Result<Alert> {
    Ok(Alert {
        id: row.take()?,
        uid: row.take()?,
        name: row.take()?,
        query: row.take()?,
        owner: row.take()?,
        options: row.take()?,
        parameters: row.take()?,
        rearm: row.take()?,
        state: AlertState::parse(&row.take::<String>()?)
            .ok_or_else(|| Fault::new(Code::Internal, "a stored alert has an unknown state"))?,
        last_triggered_at: row.take()?,
        version: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}

fn read_alert_detail(row: &mut Row) -> Result<AlertDetail> {
    Ok(AlertDetail { alert: read_alert(row)?, owner: read_user(row)?, query: read_detail(row)? })
}

fn read_subscription(row: &mut Row) -> Result<Subscription> {
    let (id, uid, alert, created_at) = (row.take()?, row.take()?, row.take()?, row.take()?);
    Ok(Subscription {
        id,
        uid,
        alert,
        user: read_user(row)?,
        destination: row.optional(columns::DESTINATION_WIDTH, read_destination)?,
        created_at,
    })
}

/// A statement that counts the list, and one that reads a page of it.
fn list(filter: &AlertFilter, page: PageRequest) -> [Call; 2] {
    let mut listed = Filter::default();
    let user = listed.bind(filter.visible.user);
    search::visible_alerts(&mut listed, &filter.visible, &user);
    if let Some(query) = filter.query {
        let query = listed.bind(query);
        listed.and(format!("a.query_id = {query}"));
    }
    if let Some(state) = filter.state {
        let state = listed.bind(state.as_str());
        listed.and(format!("a.state = {state}"));
    }
    let conditions = listed.text();
    let count = listed.call(format!("SELECT COUNT(*) FROM alerts a {JOINS} WHERE {conditions}"));
    let limit = listed.page(page);
    let rows = listed.call(format!(
        "SELECT {{alert a}}, {{user o}}, {{listing q}}, {{user m}} FROM alerts a {JOINS} \
         WHERE {conditions} ORDER BY a.id {limit}"
    ));
    [count, rows]
}

/// Adds an alert.
pub(crate) async fn insert(tx: Tx<'_>, alert: &Alert) -> Result<AlertId> {
    let call = call!(
        "alert_insert",
        alert.uid,
        &alert.name,
        alert.query,
        alert.owner,
        &alert.options,
        alert.parameters.as_ref(),
        alert.rearm,
        alert.state.as_str(),
        alert.last_triggered_at,
        alert.version,
        alert.created_at,
        alert.updated_at,
    );
    let id: AlertId = tx.one(call).await?.take()?;
    search::save_alert(tx, id.0, &alert.name, alert.templates()).await?;
    Ok(id)
}

/// Lets a user be told by mail, or a destination.
pub(crate) fn subscribe(
    uid: Uid,
    alert: AlertId,
    user: UserId,
    destination: Option<DestinationId>,
    at: Timestamp,
) -> Call {
    match destination {
        Some(id) => call!("subscription_insert_destination", uid, alert, user, id, at),
        None => call!("subscription_insert_user", uid, alert, user, at),
    }
}

#[async_trait]
impl AlertRepo for Store {
    async fn alert(&self, id: AlertId, user: Option<UserId>) -> Result<Option<AlertDetail>> {
        let row = self.db.row(call!("alert_get", id, user)).await?;
        row.map(|mut row| read_alert_detail(&mut row)).transpose()
    }

    async fn alert_id(&self, uid: Uid) -> Result<Option<AlertId>> {
        self.db.row(call!("alert_get_id", uid)).await?.map(|mut row| row.take()).transpose()
    }

    async fn alerts(&self, filter: &AlertFilter, page: PageRequest) -> Result<Page<AlertDetail>> {
        let [count, rows] = self.db.batch(list(filter, page)).await?;
        let items: Result<Vec<AlertDetail>> =
            rows.into_iter().map(|mut row| read_alert_detail(&mut row)).collect();
        Ok(Page { items: items?, total: total(count)? })
    }

    async fn insert_alert(&self, alert: &Alert) -> Result<AlertId> {
        let alert = alert.clone();
        self.db.write(move |tx| Box::pin(async move { insert(tx, &alert).await })).await
    }

    async fn update_alert(&self, alert: &Alert, expected: i64) -> Result<bool> {
        let call = call!(
            "alert_update",
            alert.id,
            expected,
            &alert.name,
            alert.query,
            &alert.options,
            alert.parameters.as_ref(),
            alert.rearm,
            alert.state.as_str(),
            alert.last_triggered_at,
            alert.version,
            alert.updated_at,
        );
        let alert = alert.clone();
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    if tx.execute(call).await? == 0 {
                        return Ok(false);
                    }
                    search::save_alert(tx, alert.id.0, &alert.name, alert.templates()).await?;
                    Ok(true)
                })
            })
            .await
    }

    async fn delete_alert(&self, id: AlertId) -> Result<()> {
        self.change("alert", call!("alert_delete", id)).await
    }

    async fn subscriptions(&self, alert: AlertId) -> Result<Vec<Subscription>> {
        let rows = self.db.rows(call!("subscription_list", alert)).await?;
        rows.into_iter().map(|mut row| read_subscription(&mut row)).collect()
    }

    async fn subscription(&self, id: SubscriptionId) -> Result<Option<Subscription>> {
        let row = self.db.row(call!("subscription_get", id)).await?;
        row.map(|mut row| read_subscription(&mut row)).transpose()
    }

    async fn subscription_id(&self, uid: Uid) -> Result<Option<SubscriptionId>> {
        self.db.row(call!("subscription_get_id", uid)).await?.map(|mut row| row.take()).transpose()
    }

    async fn insert_subscription(
        &self,
        uid: Uid,
        alert: AlertId,
        user: UserId,
        destination: Option<DestinationId>,
        at: Timestamp,
    ) -> Result<SubscriptionId> {
        let rows = self.db.write_rows(subscribe(uid, alert, user, destination, at)).await?;
        let row = rows.into_iter().next();
        row.ok_or_else(|| Fault::new(Code::Internal, "a statement gave no row back"))?.take()
    }

    async fn delete_subscription(&self, id: SubscriptionId) -> Result<()> {
        self.change("subscription", call!("subscription_delete", id)).await
    }
}
