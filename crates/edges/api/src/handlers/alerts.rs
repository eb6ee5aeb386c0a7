//! Alerts, who is told about them, and what was sent.

use axum::response::Response;
use serde_json::{Map, Value, json};
use tessera_access::{
    Action, CreateAlert, DeleteAlert, EvaluateAlert, ListAlerts, ReadAlert, ReadAlertDeliveries,
    SubscribeAlert, UnsubscribeAlert, UpdateAlert, Visible,
};
use tessera_bi::{AlertFilter, AlertState};
use tessera_kernel::ids::{DestinationId, QueryId, UserId};
use tessera_kernel::{Fault, Result};

use crate::call::Call;
use crate::map::alerts::{delivery, put_condition, put_text, subscription, view};
use crate::reply;
use crate::routes::{Param, Route, Verb};
use crate::wire::alerts::{Alert, AlertChange, Delivery, NewAlert, NewSubscription, Subscription};

const QUERY: Param = Param::new("query_id", "integer", "Only alerts on this query.");
const STATE: Param =
    Param::new("state", "string", "Only alerts that are `unknown`, `ok` or `triggered`.");

#[rustfmt::skip]
pub(crate) fn routes() -> Vec<Route> {
    let (all, one, mute) = ("/v1/alerts", "/v1/alerts/{id}", "/v1/alerts/{id}/mute");
    let subscriptions = "/v1/alerts/{id}/subscriptions";
    vec![
        Route::new(Verb::Get, all, Action::AlertsList, "list_alerts", "List alerts", list)
            .about("Those on queries that the caller may see.")
            .params(&[QUERY, STATE])
            .lists::<Alert>(),
        Route::new(Verb::Post, all, Action::AlertsCreate, "create_alert", "Make an alert", create)
            .about("Its condition is looked at after every run of the query that succeeds. Nobody is told before there is a subscription.")
            .reads::<NewAlert>()
            .creates()
            .gives::<Alert>(201),
        Route::new(Verb::Get, one, Action::AlertsRead, "read_alert", "Read an alert", get)
            .gives::<Alert>(200),
        Route::new(Verb::Patch, one, Action::AlertsUpdate, "update_alert", "Change an alert", update)
            .about("To move it to another query takes the right to make alerts there.")
            .reads::<AlertChange>()
            .gives::<Alert>(200),
        Route::new(Verb::Delete, one, Action::AlertsDelete, "delete_alert", "Delete an alert", delete)
            .about("Its subscriptions and deliveries go with it.")
            .empty(),
        Route::new(Verb::Put, mute, Action::AlertsUpdate, "mute_alert", "Mute an alert", mute_alert)
            .about("Its state goes on changing; nobody is told.")
            .gives::<Alert>(200),
        Route::new(Verb::Delete, mute, Action::AlertsUpdate, "unmute_alert", "Let an alert tell again", unmute)
            .gives::<Alert>(200),
        Route::new(Verb::Post, "/v1/alerts/{id}/evaluation", Action::AlertsEvaluate, "evaluate_alert", "Evaluate an alert now", evaluate)
            .about("Looks at the latest stored result, and tells all subscribers in any case.")
            .gives::<Alert>(200),
        Route::new(Verb::Get, subscriptions, Action::AlertsRead, "list_alert_subscriptions", "List who is told", list_subscriptions)
            .lists::<Subscription>(),
        Route::new(Verb::Post, subscriptions, Action::AlertsSubscribe, "subscribe_to_alert", "Subscribe to an alert", subscribe)
            .about("A destination, or the caller by mail. One that is told already stays as it is.")
            .reads::<NewSubscription>()
            .creates()
            .gives::<Subscription>(201),
        Route::new(Verb::Delete, "/v1/alerts/{id}/subscriptions/{sub_id}", Action::AlertsUnsubscribe, "unsubscribe_from_alert", "End a subscription", unsubscribe)
            .empty(),
        Route::new(Verb::Get, "/v1/alerts/{id}/deliveries", Action::AlertsDeliveries, "list_alert_deliveries", "List what was sent for an alert", deliveries)
            .about("Newest first.")
            .lists::<Delivery>(),
    ]
}

async fn list(call: Call) -> Result<Response> {
    let grant = call.permit(ListAlerts {}).await?;
    let states = [AlertState::Unknown, AlertState::Ok, AlertState::Triggered];
    let states = states.map(|state| (state.as_str(), Some(state)));
    let query = call.text("query_id").map(str::parse).transpose();
    let query = query.map_err(|_| Fault::invalid("query_id", "send the number of a query"))?;
    let filter = AlertFilter {
        visible: Visible { everything: false, user: UserId(0), sources: Vec::new() },
        query: query.map(QueryId),
        state: call.choice("state", &states, None)?,
    };
    let paging = call.paging()?;
    let page = call.bi().alerts.list(&grant, filter, paging.request).await?;
    reply::ok(&paging.view(page.map(|alert| view(&alert))))
}

async fn create(call: Call) -> Result<Response> {
    let body: NewAlert = call.json()?;
    let grant = call.permit(CreateAlert { query: QueryId(body.query_id) }).await?;
    let mut options = Map::new();
    put_condition(&mut options, body.condition)?;
    put_text(&mut options, "custom_subject", body.subject);
    put_text(&mut options, "custom_body", body.body);
    if body.is_muted {
        options.insert("muted".to_owned(), json!(true));
    }
    let new = tessera_bi::NewAlert {
        name: body.name,
        options: Value::Object(options),
        parameters: body.parameters,
        rearm: body.rearm_seconds,
    };
    let alert = call.bi().alerts.create(&grant, new).await?;
    reply::created(&format!("/v1/alerts/{}", alert.alert.id), &view(&alert))
}

async fn get(call: Call) -> Result<Response> {
    let grant = call.permit(ReadAlert { alert: call.alert_id().await? }).await?;
    reply::ok(&view(&call.bi().alerts.get(&grant).await?))
}

async fn update(call: Call) -> Result<Response> {
    let alert = call.alert_id().await?;
    let grant = call.permit(UpdateAlert { alert }).await?;
    let body: AlertChange = call.json()?;
    let query = body.query_id.map(QueryId).filter(|query| grant.facts().query != Some(*query));
    let query = match query {
        Some(query) => Some(call.permit(CreateAlert { query }).await?),
        None => None,
    };
    let texts = body.condition.is_some() || body.subject.is_some() || body.body.is_some();
    let options = if texts {
        let reading = call.permit(ReadAlert { alert }).await?;
        let mut options = call.bi().alerts.get(&reading).await?.alert.options;
        if let Value::Object(options) = &mut options {
            if let Some(condition) = body.condition {
                put_condition(options, condition)?;
            }
            if let Some(subject) = body.subject {
                put_text(options, "custom_subject", subject);
            }
            if let Some(text) = body.body {
                put_text(options, "custom_body", text);
            }
        }
        Some(options)
    } else {
        None
    };
    let change = tessera_bi::AlertChange {
        name: body.name,
        options,
        parameters: body.parameters,
        rearm: body.rearm_seconds,
        muted: body.is_muted,
    };
    reply::ok(&view(&call.bi().alerts.update(&grant, change, query.as_ref()).await?))
}

async fn delete(call: Call) -> Result<Response> {
    let grant = call.permit(DeleteAlert { alert: call.alert_id().await? }).await?;
    call.bi().alerts.delete(&grant).await?;
    reply::no_content()
}

async fn mute_alert(call: Call) -> Result<Response> {
    set_muted(&call, true).await
}

async fn unmute(call: Call) -> Result<Response> {
    set_muted(&call, false).await
}

async fn set_muted(call: &Call, muted: bool) -> Result<Response> {
    let grant = call.permit(UpdateAlert { alert: call.alert_id().await? }).await?;
    let change =
        tessera_bi::AlertChange { muted: Some(muted), ..tessera_bi::AlertChange::default() };
    reply::ok(&view(&call.bi().alerts.update(&grant, change, None).await?))
}

async fn evaluate(call: Call) -> Result<Response> {
    let grant = call.permit(EvaluateAlert { alert: call.alert_id().await? }).await?;
    reply::ok(&view(&call.bi().alerts.evaluate(&grant).await?))
}

async fn list_subscriptions(call: Call) -> Result<Response> {
    let grant = call.permit(ReadAlert { alert: call.alert_id().await? }).await?;
    let found = call.bi().alerts.subscriptions(&grant).await?;
    reply::ok(&call.paging()?.cut(found.iter().map(subscription).collect()))
}

async fn subscribe(call: Call) -> Result<Response> {
    let grant = call.permit(SubscribeAlert { alert: call.alert_id().await? }).await?;
    let body: NewSubscription = call.json()?;
    let destination = body.destination_id.map(DestinationId);
    let made = call.bi().alerts.subscribe(&grant, destination).await?;
    let place = format!("/v1/alerts/{}/subscriptions/{}", made.alert, made.id);
    reply::created(&place, &subscription(&made))
}

async fn unsubscribe(call: Call) -> Result<Response> {
    let alert = call.alert_id().await?;
    let grant =
        call.permit(UnsubscribeAlert { subscription: call.subscription_id().await? }).await?;
    call.bi().alerts.unsubscribe(&grant, alert).await?;
    reply::no_content()
}

async fn deliveries(call: Call) -> Result<Response> {
    let grant = call.permit(ReadAlertDeliveries { alert: call.alert_id().await? }).await?;
    let paging = call.paging()?;
    let page = call.bi().alerts.deliveries(&grant, paging.request).await?;
    reply::ok(&paging.view(page.map(delivery)))
}
