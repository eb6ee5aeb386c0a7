//! Alerts, their subscriptions, and destinations.

use serde::Serialize;
use serde_json::{Value as Json, json};
use tessera_bi::{
    AlertDetail, Bi, ChannelType, DestinationSettings, DestinationView, Subscription,
};
use tessera_kernel::Result;

use super::{QueryOut, UserOut, time};
use crate::quirks;

/// An alert with its query and owner.
#[derive(Debug, Serialize)]
pub(crate) struct AlertOut<'a> {
    id: i64,
    name: &'a str,
    options: &'a Json,
    state: &'static str,
    last_triggered_at: Option<String>,
    updated_at: String,
    created_at: String,
    rearm: Option<i64>,
    query: QueryOut<'a>,
    user: UserOut<'a>,
}

impl<'a> AlertOut<'a> {
    pub(crate) fn new(bi: &Bi, detail: &'a AlertDetail) -> Result<Self> {
        let alert = &detail.alert;
        Ok(Self {
            id: alert.id.0,
            name: &alert.name,
            options: &alert.options,
            state: alert.state.as_str(),
            last_triggered_at: alert.last_triggered_at.map(time),
            updated_at: time(alert.updated_at),
            created_at: time(alert.created_at),
            rearm: alert.rearm,
            query: QueryOut::shown(bi, &detail.query)?,
            user: UserOut::new(&detail.owner),
        })
    }
}

/// Who is told about an alert.
#[derive(Debug, Serialize)]
pub(crate) struct SubscriptionOut<'a> {
    id: i64,
    user: UserOut<'a>,
    alert_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<DestinationOut<'a>>,
}

impl<'a> SubscriptionOut<'a> {
    /// A subscription; `view` is its destination with its kind.
    pub(crate) fn new(subscription: &'a Subscription, view: Option<&'a DestinationView>) -> Self {
        Self {
            id: subscription.id.0,
            user: UserOut::new(&subscription.user),
            alert_id: subscription.alert.0,
            destination: view.map(DestinationOut::brief),
        }
    }
}

/// A destination; only administrators see options.
#[derive(Debug, Serialize)]
pub(crate) struct DestinationOut<'a> {
    id: i64,
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    icon: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<Json>,
}

impl<'a> DestinationOut<'a> {
    /// What everybody may know.
    pub(crate) fn brief(view: &'a DestinationView) -> Self {
        let destination = &view.destination;
        Self {
            id: destination.id.0,
            name: &destination.name,
            kind: &destination.kind,
            icon: view.channel.as_ref().map_or(quirks::ICON_OF_UNKNOWN, |channel| channel.icon),
            options: None,
        }
    }

    /// With options; secrets are masked.
    pub(crate) fn full(settings: &'a DestinationSettings) -> Self {
        let mut options = settings.view.destination.options.clone();
        if let Json::Object(options) = &mut options {
            for secret in &settings.secrets {
                options.insert(secret.clone(), json!(quirks::MASK));
            }
        }
        Self { options: Some(options), ..Self::brief(&settings.view) }
    }
}

/// A kind of destination.
pub(crate) fn destination_type(channel: &ChannelType) -> Json {
    json!({
        "name": channel.title, "type": channel.kind, "icon": channel.icon,
        "configuration_schema": channel.schema,
    })
}
