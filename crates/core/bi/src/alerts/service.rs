//! What can be done with alerts and subscriptions.

use std::sync::Arc;

use serde_json::{Map, json};
use tessera_access::{
    Authorized, CreateAlert, DeleteAlert, EvaluateAlert, ListAlerts, ReadAlert,
    ReadAlertDeliveries, SubscribeAlert, UnsubscribeAlert, UpdateAlert,
};
use tessera_kernel::ids::{AlertId, DestinationId, SubscriptionId, Uid};
use tessera_kernel::{Code, Fault, Page, PageRequest, Result};

use super::{
    Alert, AlertDetail, AlertFilter, AlertState, Delivery, DeliveryScope, Subscription, texts,
};
use crate::Json;
use crate::queries::shown;
use crate::service::Parts;

/// Longest name of an alert, in characters.
const NAME_CHARACTERS_MAX: usize = 255;

/// How often something is tried again because an evaluation came in between.
const TRIES: usize = 5;

/// What a new alert is made of.
#[derive(Debug, Clone)]
pub struct NewAlert {
    /// The name.
    pub name: String,
    /// See [`Alert::options`].
    pub options: Json,
    /// See [`Alert::parameters`].
    pub parameters: Option<Json>,
    /// See [`Alert::rearm`].
    pub rearm: Option<i64>,
}

/// What to change; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct AlertChange {
    /// A new name.
    pub name: Option<String>,
    /// Options anew.
    pub options: Option<Json>,
    /// Parameters anew, or none.
    pub parameters: Option<Option<Json>>,
    /// Another time, or none.
    pub rearm: Option<Option<i64>>,
    /// Muted or not.
    pub muted: Option<bool>,
}

/// Alerts.
#[derive(Clone)]
pub struct Alerts {
    pub(super) parts: Arc<Parts>,
}

impl Alerts {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// The number of the alert with this identifier, to ask the gate about it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn resolve(&self, uid: Uid) -> Result<AlertId> {
        self.parts.repos.alert_id(uid).await?.ok_or_else(|| Fault::not_found("alert"))
    }

    /// The number of the subscription with this identifier, to ask the gate about it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn resolve_subscription(&self, uid: Uid) -> Result<SubscriptionId> {
        let found = self.parts.repos.subscription_id(uid).await?;
        found.ok_or_else(|| Fault::not_found("subscription"))
    }

    /// A page of the alerts the caller may see, by id. `filter.visible` is replaced by what the grant
    /// gives.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn list(
        &self,
        grant: &Authorized<ListAlerts>,
        mut filter: AlertFilter,
        page: PageRequest,
    ) -> Result<Page<AlertDetail>> {
        filter.visible = grant.visible()?;
        let found = self.parts.repos.alerts(&filter, page).await?;
        let caller = grant.caller();
        Ok(found.map(|found| AlertDetail { query: shown(caller, found.query.clone()), ..found }))
    }

    /// One alert.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn get(&self, grant: &Authorized<ReadAlert>) -> Result<AlertDetail> {
        self.detail(grant, grant.act().alert).await
    }

    /// Adds an alert, which nobody is told about yet.
    ///
    /// # Errors
    /// `Invalid` with the field that is wrong.
    pub async fn create(
        &self,
        grant: &Authorized<CreateAlert>,
        new: NewAlert,
    ) -> Result<AlertDetail> {
        let user = grant.user()?.id;
        let now = self.parts.clock.now();
        let alert = Alert {
            id: AlertId(0),
            uid: self.parts.random.uid(now),
            name: new.name.trim().to_owned(),
            query: grant.act().query,
            owner: user,
            options: new.options,
            parameters: new.parameters,
            rearm: new.rearm,
            state: AlertState::Unknown,
            last_triggered_at: None,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        self.check(&alert)?;
        let id = self.parts.repos.insert_alert(&alert).await?;
        self.detail(grant, id).await
    }

    /// Changes an alert. To move it to another query takes the right to make alerts there; its state
    /// is unknown then.
    ///
    /// # Errors
    /// `Invalid` with the field that is wrong.
    pub async fn update(
        &self,
        grant: &Authorized<UpdateAlert>,
        change: AlertChange,
        query: Option<&Authorized<CreateAlert>>,
    ) -> Result<AlertDetail> {
        let id = grant.act().alert;
        for _ in 0..TRIES {
            let mut alert = self.parts.require_alert(id).await?.alert;
            let before = alert.version;
            let change = change.clone();
            if let Some(name) = change.name {
                name.trim().clone_into(&mut alert.name);
            }
            if let Some(options) = change.options {
                alert.options = options;
            }
            if let Some(parameters) = change.parameters {
                alert.parameters = parameters;
            }
            if let Some(rearm) = change.rearm {
                alert.rearm = rearm;
            }
            if let (Some(muted), Json::Object(options)) = (change.muted, &mut alert.options) {
                options.insert("muted".to_owned(), json!(muted));
            }
            if let Some(query) = query.map(|grant| grant.act().query)
                && query != alert.query
            {
                alert.query = query;
                alert.state = AlertState::Unknown;
            }
            self.check(&alert)?;
            alert.version += 1;
            alert.updated_at = self.parts.clock.now();
            if self.parts.repos.update_alert(&alert, before).await? {
                return self.detail(grant, id).await;
            }
        }
        Err(busy())
    }

    /// Deletes an alert with its subscriptions; what waits to be sent goes with it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete(&self, grant: &Authorized<DeleteAlert>) -> Result<()> {
        self.parts.repos.delete_alert(grant.act().alert).await
    }

    /// Looks at the latest result now, and tells all subscribers what it means, muted or not.
    ///
    /// # Errors
    /// `Conflict` if the alert is evaluated or changed all the time.
    pub async fn evaluate(&self, grant: &Authorized<EvaluateAlert>) -> Result<AlertDetail> {
        let id = grant.act().alert;
        for _ in 0..TRIES {
            let outcome = self.parts.evaluate_now(id).await?;
            if self.parts.repos.store_evaluation(&outcome).await? {
                return self.detail(grant, id).await;
            }
        }
        Err(busy())
    }

    /// Who is told about an alert.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn subscriptions(&self, grant: &Authorized<ReadAlert>) -> Result<Vec<Subscription>> {
        self.parts.repos.subscriptions(grant.act().alert).await
    }

    /// Lets a destination be told, or the caller by mail. One that is told already stays as it is.
    ///
    /// # Errors
    /// `NotFound` for a destination that does not exist.
    pub async fn subscribe(
        &self,
        grant: &Authorized<SubscribeAlert>,
        destination: Option<DestinationId>,
    ) -> Result<Subscription> {
        let user = grant.user()?.id;
        let repos = &self.parts.repos;
        if let Some(id) = destination {
            repos.destination(id).await?.ok_or_else(|| Fault::not_found("destination"))?;
        }
        let now = self.parts.clock.now();
        let uid = self.parts.random.uid(now);
        let alert = grant.act().alert;
        let id = repos.insert_subscription(uid, alert, user, destination, now).await?;
        repos.subscription(id).await?.ok_or_else(|| Fault::not_found("subscription"))
    }

    /// Ends a subscription of an alert.
    ///
    /// # Errors
    /// `NotFound`, also for a subscription of another alert.
    pub async fn unsubscribe(
        &self,
        grant: &Authorized<UnsubscribeAlert>,
        alert: AlertId,
    ) -> Result<()> {
        let repos = &self.parts.repos;
        let found = repos.subscription(grant.act().subscription).await?;
        let found = found.filter(|found| found.alert == alert);
        let found = found.ok_or_else(|| Fault::not_found("subscription"))?;
        repos.delete_subscription(found.id).await
    }

    /// What was sent for an alert, newest first.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn deliveries(
        &self,
        grant: &Authorized<ReadAlertDeliveries>,
        page: PageRequest,
    ) -> Result<Page<Delivery>> {
        self.parts.repos.deliveries(DeliveryScope::Alert(grant.act().alert), page).await
    }

    async fn detail<A>(&self, grant: &Authorized<A>, id: AlertId) -> Result<AlertDetail> {
        let found = self.parts.require_alert(id).await?;
        let query = shown(grant.caller(), found.query);
        Ok(AlertDetail { query, ..found })
    }

    fn check(&self, alert: &Alert) -> Result<()> {
        if alert.name.is_empty() || alert.name.chars().count() > NAME_CHARACTERS_MAX {
            let detail = format!("must have 1 to {NAME_CHARACTERS_MAX} characters");
            return Err(Fault::invalid("name", detail));
        }
        if !alert.options.is_object() {
            return Err(Fault::invalid("options", "must be an object"));
        }
        let max = self.parts.settings.alert_text_bytes_max;
        if alert.options.to_string().len() > max {
            let detail = format!("have more than {max} bytes as JSON (alerts.text_bytes_max)");
            return Err(Fault::invalid("options", detail));
        }
        if alert.parameters.as_ref().is_some_and(|values| !values.is_object()) {
            return Err(Fault::invalid("parameters", "must be an object or null"));
        }
        if alert.rearm.is_some_and(|seconds| !(0..=i64::from(i32::MAX)).contains(&seconds)) {
            return Err(Fault::invalid("rearm", "must be a number of seconds, 0 or more, or null"));
        }
        texts::check(&alert.options)
    }
}

impl Parts {
    /// One alert.
    pub(super) async fn require_alert(&self, id: AlertId) -> Result<AlertDetail> {
        self.repos.alert(id, None).await?.ok_or_else(|| Fault::not_found("alert"))
    }
}

fn busy() -> Fault {
    Fault::new(Code::Conflict, "the alert is being evaluated; try again")
}

/// The members of parameters.
pub(super) fn members(parameters: Option<&Json>) -> Map<String, Json> {
    parameters.and_then(Json::as_object).cloned().unwrap_or_default()
}
