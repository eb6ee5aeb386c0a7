//! Alerts on the wire: a condition with names of its own around the core's options.

use serde_json::{Map, Value, json};
use tessera_access::User;
use tessera_bi as core;
use tessera_bi::{AlertDetail, DeliveryState, Operator, RowSelector};
use tessera_kernel::{Fault, Result};

use super::destinations::brief;
use crate::wire::alerts::{Alert, Condition, Delivery, Subscription};
use crate::wire::common::Person;

fn person(user: &User) -> Person {
    Person { id: user.id.0, uid: user.uid, name: user.name.clone() }
}

pub(crate) fn view(detail: &AlertDetail) -> Alert {
    let alert = &detail.alert;
    let text = |name: &str| alert.options.get(name).and_then(Value::as_str).map(str::to_owned);
    Alert {
        id: alert.id.0,
        uid: alert.uid,
        name: alert.name.clone(),
        query_id: alert.query.0,
        query_name: detail.query.listing.query.name.clone(),
        owner: person(&detail.owner),
        condition: condition(&alert.options),
        subject: text("custom_subject"),
        body: text("custom_body").or_else(|| text("template")),
        parameters: alert.parameters.clone(),
        rearm_seconds: alert.rearm.filter(|seconds| *seconds > 0),
        is_muted: alert.is_muted(),
        state: alert.state.as_str(),
        last_triggered_at: alert.last_triggered_at,
        created_at: alert.created_at,
        updated_at: alert.updated_at,
    }
}

fn condition(options: &Value) -> Option<Condition> {
    let text = |name: &str| options.get(name).and_then(Value::as_str);
    let selector = match options.get("selector") {
        None | Some(Value::Null) => RowSelector::First,
        Some(selector) => RowSelector::parse(selector.as_str()?)?,
    };
    Some(Condition {
        column: text("column")?.to_owned(),
        operator: Operator::parse(text("op")?)?.as_str().to_owned(),
        threshold: options.get("value").filter(|value| !value.is_null())?.clone(),
        selector: selector.as_str().to_owned(),
    })
}

/// Writes a condition into options.
pub(crate) fn put_condition(options: &mut Map<String, Value>, condition: Condition) -> Result<()> {
    let operator = Operator::parse(&condition.operator).ok_or_else(|| {
        let known: Vec<_> = Operator::ALL.iter().map(|known| known.as_str()).collect();
        Fault::invalid("condition.operator", format!("send one of {}", known.join(", ")))
    })?;
    let selector = RowSelector::parse(&condition.selector)
        .ok_or_else(|| Fault::invalid("condition.selector", "send one of first, min, max"))?;
    if condition.column.is_empty() {
        return Err(Fault::invalid("condition.column", "name a column"));
    }
    let threshold = condition.threshold;
    if !(threshold.is_number() || threshold.is_string() || threshold.is_boolean()) {
        return Err(Fault::invalid("condition.threshold", "send a number or a text"));
    }
    options.insert("column".to_owned(), json!(condition.column));
    options.insert("op".to_owned(), json!(operator.as_str()));
    options.insert("value".to_owned(), threshold);
    options.insert("selector".to_owned(), json!(selector.as_str()));
    Ok(())
}

/// Writes the subject or the body into options, or takes it out.
pub(crate) fn put_text(options: &mut Map<String, Value>, name: &str, text: Option<String>) {
    if name == "custom_body" {
        options.shift_remove("template");
    }
    match text {
        Some(text) => options.insert(name.to_owned(), json!(text)),
        None => options.shift_remove(name),
    };
}

pub(crate) fn subscription(subscription: &core::Subscription) -> Subscription {
    Subscription {
        id: subscription.id.0,
        uid: subscription.uid,
        alert_id: subscription.alert.0,
        user: person(&subscription.user),
        destination: subscription.destination.as_ref().map(brief),
        created_at: subscription.created_at,
    }
}

pub(crate) fn delivery(delivery: core::Delivery) -> Delivery {
    let pending = delivery.state == DeliveryState::Pending;
    Delivery {
        id: delivery.id.0,
        uid: delivery.uid,
        alert_id: delivery.alert.0,
        alert_name: delivery.notice.name,
        alert_state: delivery.notice.state.as_str(),
        destination_id: delivery.destination.map(|id| id.0),
        user_id: delivery.user.map(|id| id.0),
        state: delivery.state.as_str(),
        attempts: delivery.attempts,
        next_at: pending.then_some(delivery.next_at),
        answer: delivery.answer,
        subject: delivery.notice.subject,
        value: delivery.notice.value,
        created_at: delivery.created_at,
        finished_at: delivery.finished_at,
    }
}
