//! Alerts, their subscriptions and deliveries.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::common::{Person, present};
use super::destinations::DestinationBrief;

/// When an alert is triggered.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AlertCondition)]
pub(crate) struct Condition {
    /// The column whose value is compared.
    pub(crate) column: String,
    /// `>`, `>=`, `<`, `<=`, `==` or `!=`. Texts and truth values have the last two only.
    pub(crate) operator: String,
    /// What it is compared with: a number or a text.
    #[schema(value_type = Value)]
    pub(crate) threshold: Value,
    /// `first`, `min` or `max`: which row's value.
    #[serde(default = "first")]
    pub(crate) selector: String,
}

fn first() -> String {
    "first".to_owned()
}

/// A condition on the result of a query.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alert {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    pub(crate) name: String,
    pub(crate) query_id: i64,
    pub(crate) query_name: String,
    pub(crate) owner: Person,
    /// Null if its options are no condition: then its state is unknown.
    pub(crate) condition: Option<Condition>,
    /// Its own subject of notices, with placeholders.
    pub(crate) subject: Option<String>,
    /// Its own body of notices, with placeholders.
    pub(crate) body: Option<String>,
    /// Values for the query's parameters; the query's defaults for all others.
    #[schema(value_type = Option<Object>)]
    pub(crate) parameters: Option<Value>,
    /// Seconds after which it tells again while it stays triggered; null for never.
    pub(crate) rearm_seconds: Option<i64>,
    pub(crate) is_muted: bool,
    /// `unknown`, `ok` or `triggered`.
    pub(crate) state: &'static str,
    /// When the state last changed, or was last told again.
    pub(crate) last_triggered_at: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A new alert.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAlert {
    pub(crate) name: String,
    pub(crate) query_id: i64,
    pub(crate) condition: Condition,
    pub(crate) subject: Option<String>,
    pub(crate) body: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub(crate) parameters: Option<Value>,
    pub(crate) rearm_seconds: Option<i64>,
    #[serde(default)]
    pub(crate) is_muted: bool,
}

/// What to change; what is left out stays, null takes away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertChange {
    pub(crate) name: Option<String>,
    pub(crate) query_id: Option<i64>,
    pub(crate) condition: Option<Condition>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(crate) subject: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub(crate) body: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Object>)]
    pub(crate) parameters: Option<Option<Value>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>)]
    pub(crate) rearm_seconds: Option<Option<i64>>,
    pub(crate) is_muted: Option<bool>,
}

/// Who is told about an alert.
#[derive(Serialize, ToSchema)]
#[schema(as = AlertSubscription)]
pub(crate) struct Subscription {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    pub(crate) alert_id: i64,
    /// Who subscribed; who gets mail if there is no destination.
    pub(crate) user: Person,
    pub(crate) destination: Option<DestinationBrief>,
    pub(crate) created_at: DateTime<Utc>,
}

/// A new subscription.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewAlertSubscription)]
pub(crate) struct NewSubscription {
    /// Where notices go; left out for mail to oneself.
    pub(crate) destination_id: Option<i64>,
}

/// One notice, and how it went.
#[derive(Serialize, ToSchema)]
pub(crate) struct Delivery {
    pub(crate) id: i64,
    /// The receiver knows the notice by it: the same for every attempt.
    pub(crate) uid: Uuid,
    pub(crate) alert_id: i64,
    pub(crate) alert_name: String,
    /// The state that it tells.
    pub(crate) alert_state: &'static str,
    pub(crate) destination_id: Option<i64>,
    /// Who gets it by mail, if it is not for a destination.
    pub(crate) user_id: Option<i64>,
    /// `pending`, `delivered` or `failed`.
    pub(crate) state: &'static str,
    pub(crate) attempts: i64,
    /// When it is tried next; null once it is over.
    pub(crate) next_at: Option<DateTime<Utc>>,
    /// What the receiver answered, or why it did not work.
    pub(crate) answer: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) finished_at: Option<DateTime<Utc>>,
}
