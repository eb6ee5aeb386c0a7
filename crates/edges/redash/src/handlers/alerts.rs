//! Alerts and their subscriptions.

use axum::extract::Path;
use serde_json::{Map, Value as Json, json};
use tessera_access::{
    Act, Authorized, CreateAlert, DeleteAlert, EvaluateAlert, ListAlerts, ReadAlert,
    SubscribeAlert, UnsubscribeAlert, UpdateAlert, Visible,
};
use tessera_bi::{AlertChange, AlertFilter, NewAlert, Subscription};
use tessera_kernel::ids::UserId;
use tessera_kernel::{Code, PageRequest, Result};

use crate::credential::Call;
use crate::errors::{Refusal, Worded, missing_field, not_owner};
use crate::map::{id, id_field, text_field, text_if};
use crate::wire::{self, AlertOut, Answer, SubscriptionOut};

/// This dialect has no pages of alerts.
const ALL: PageRequest = PageRequest { number: 1, size: u32::MAX as u64 };

/// The right to change an alert; who has it not is told so in the words for owners.
async fn own<A: Act>(call: &Call, act: A) -> Result<Authorized<A>, Refusal> {
    call.permit(act).await.worded(Code::Forbidden, not_owner)
}

pub(crate) async fn list(call: Call) -> Answer {
    let grant = call.permit(ListAlerts {}).await?;
    let nothing = Visible { everything: false, user: UserId(0), sources: Vec::new() };
    let filter = AlertFilter { visible: nothing, query: None, state: None };
    let bi = &call.state.bi;
    let alerts = bi.alerts.list(&grant, filter, ALL).await?;
    let out: Result<Vec<AlertOut<'_>>> =
        alerts.items.iter().map(|alert| AlertOut::new(bi, alert)).collect();
    wire::json(&out?)
}

pub(crate) async fn create(call: Call) -> Answer {
    let body = call.object()?;
    let options = body.get("options").cloned().ok_or_else(|| missing_field("options"))?;
    let name = text_field(&body, "name")?;
    let grant = call.permit(CreateAlert { query: id_field(&body, "query_id")? }).await?;
    let rearm = rearm(&body)?.flatten();
    let new = NewAlert { name, options, parameters: parameters(&body).flatten(), rearm };
    let bi = &call.state.bi;
    let alert = bi.alerts.create(&grant, new).await?;
    wire::json(&AlertOut::new(bi, &alert)?)
}

pub(crate) async fn get(Path(alert): Path<String>, call: Call) -> Answer {
    let grant = call.permit(ReadAlert { alert: id(&alert)? }).await?;
    let bi = &call.state.bi;
    let alert = bi.alerts.get(&grant).await?;
    wire::json(&AlertOut::new(bi, &alert)?)
}

pub(crate) async fn update(Path(alert): Path<String>, call: Call) -> Answer {
    let grant = own(&call, UpdateAlert { alert: id(&alert)? }).await?;
    let body = call.object()?;
    let query = match body.get("query_id") {
        None | Some(Json::Null) => None,
        Some(_) => {
            let query = id_field(&body, "query_id")?;
            // Only another query takes a right of its own.
            if grant.facts().query == Some(query) {
                None
            } else {
                Some(call.permit(CreateAlert { query }).await?)
            }
        }
    };
    let change = AlertChange {
        name: text_if(&body, "name")?,
        options: body.get("options").filter(|options| !options.is_null()).cloned(),
        parameters: parameters(&body),
        rearm: rearm(&body)?,
        muted: None,
    };
    let bi = &call.state.bi;
    let alert = bi.alerts.update(&grant, change, query.as_ref()).await?;
    wire::json(&AlertOut::new(bi, &alert)?)
}

pub(crate) async fn delete(Path(alert): Path<String>, call: Call) -> Answer {
    let grant = own(&call, DeleteAlert { alert: id(&alert)? }).await?;
    call.state.bi.alerts.delete(&grant).await?;
    wire::null()
}

pub(crate) async fn evaluate(Path(alert): Path<String>, call: Call) -> Answer {
    let grant = own(&call, EvaluateAlert { alert: id(&alert)? }).await?;
    call.state.bi.alerts.evaluate(&grant).await?;
    wire::null()
}

pub(crate) async fn mute(Path(alert): Path<String>, call: Call) -> Answer {
    set_muted(&alert, &call, true).await
}

pub(crate) async fn unmute(Path(alert): Path<String>, call: Call) -> Answer {
    set_muted(&alert, &call, false).await
}

async fn set_muted(alert: &str, call: &Call, muted: bool) -> Answer {
    let grant = own(call, UpdateAlert { alert: id(alert)? }).await?;
    let change = AlertChange { muted: Some(muted), ..AlertChange::default() };
    call.state.bi.alerts.update(&grant, change, None).await?;
    wire::null()
}

pub(crate) async fn subscriptions(Path(alert): Path<String>, call: Call) -> Answer {
    let grant = call.permit(ReadAlert { alert: id(&alert)? }).await?;
    let found = call.state.bi.alerts.subscriptions(&grant).await?;
    let views: Vec<_> = found.iter().map(|subscription| view(&call, subscription)).collect();
    let out = found.iter().zip(&views);
    let out = out.map(|(subscription, view)| SubscriptionOut::new(subscription, view.as_ref()));
    wire::json(&out.collect::<Vec<_>>())
}

pub(crate) async fn subscribe(Path(alert): Path<String>, call: Call) -> Answer {
    let grant = call.permit(SubscribeAlert { alert: id(&alert)? }).await?;
    let body = call.object()?;
    let destination = match body.get("destination_id") {
        None | Some(Json::Null) => None,
        Some(_) => Some(id_field(&body, "destination_id")?),
    };
    let subscription = call.state.bi.alerts.subscribe(&grant, destination).await?;
    let view = view(&call, &subscription);
    wire::json(&SubscriptionOut::new(&subscription, view.as_ref()))
}

pub(crate) async fn unsubscribe(
    Path((alert, subscription)): Path<(String, String)>,
    call: Call,
) -> Answer {
    let act = UnsubscribeAlert { subscription: id(&subscription)? };
    let grant = own(&call, act).await?;
    call.state.bi.alerts.unsubscribe(&grant, id(&alert)?).await?;
    wire::null()
}

fn view(call: &Call, subscription: &Subscription) -> Option<tessera_bi::DestinationView> {
    let destination = subscription.destination.clone()?;
    Some(call.state.bi.destinations.view(destination))
}

/// `rearm` if it is in the body; null is none.
fn rearm(body: &Map<String, Json>) -> Result<Option<Option<i64>>> {
    match body.get("rearm") {
        None => Ok(None),
        Some(Json::Null) => Ok(Some(None)),
        Some(_) => id_field(body, "rearm").map(|seconds: i64| Some(Some(seconds))),
    }
}

/// Our own member `parameters` if it is in the body; null is none.
fn parameters(body: &Map<String, Json>) -> Option<Option<Json>> {
    let values = body.get("parameters")?;
    Some(Some(values.clone()).filter(|values| !values.is_null() && *values != json!({})))
}
