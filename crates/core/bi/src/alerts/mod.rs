//! Alerts: conditions on results of queries, and what is told when they come true.

use tessera_access::{User, Visible};
use tessera_kernel::Timestamp;
use tessera_kernel::ids::{
    AlertId, DeliveryId, DestinationId, QueryId, ResultId, SubscriptionId, Uid, UserId,
};

use crate::{Destination, Json, QueryDetail};

/// A condition on the result of a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// The number.
    pub id: AlertId,
    /// The public identifier.
    pub uid: Uid,
    /// The name.
    pub name: String,
    /// The query whose results are looked at.
    pub query: QueryId,
    /// Whose it is.
    pub owner: UserId,
    /// `column`, `op`, `value`, `selector`, `muted`, `custom_subject`, `custom_body`, and what
    /// clients keep with them. A JSON object.
    pub options: Json,
    /// Values for the query's parameters; those that are not here have the query's defaults. A JSON
    /// object.
    pub parameters: Option<Json>,
    /// Seconds after which it tells again while it stays triggered; `None` and 0 are never.
    pub rearm: Option<i64>,
    /// What the last evaluation found.
    pub state: AlertState,
    /// When the state last changed, or was last told again.
    pub last_triggered_at: Option<Timestamp>,
    /// Counts changes and evaluations that changed something: an evaluation of what is not there any
    /// more has no effect.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Alert {
    /// Whether it tells nobody for now.
    #[must_use]
    pub fn is_muted(&self) -> bool {
        self.options.get("muted").and_then(Json::as_bool).unwrap_or(false)
    }
}

/// An alert with what is shown with it.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertDetail {
    /// The alert.
    pub alert: Alert,
    /// Whose it is.
    pub owner: User,
    /// Its query, without visualizations.
    pub query: QueryDetail,
}

/// Which alerts to list: by id.
#[derive(Debug, Clone, PartialEq)]
pub struct AlertFilter {
    /// What the caller may see: alerts on queries of these data sources, and the caller's own.
    pub visible: Visible,
    /// Only those on this query.
    pub query: Option<QueryId>,
    /// Only those in this state.
    pub state: Option<AlertState>,
}

/// Who is told about an alert: a destination, or somebody by mail.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// The number.
    pub id: SubscriptionId,
    /// The public identifier.
    pub uid: Uid,
    /// The alert.
    pub alert: AlertId,
    /// Who subscribed; who gets the mail if there is no destination.
    pub user: User,
    /// Where notices go.
    pub destination: Option<Destination>,
    /// When.
    pub created_at: Timestamp,
}

/// A finished run whose rows an alert has to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueEvaluation {
    /// Its number, to settle it by.
    pub id: i64,
    /// The alert.
    pub alert: AlertId,
    /// What the run gave.
    pub result: ResultId,
    /// The run.
    pub job: Uid,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// The saved query it ran; `None` for any other text.
    pub query: Option<QueryId>,
    /// Who asked for it first: [`Caller::participant`](tessera_access::Caller::participant).
    pub participant: Option<String>,
    /// Whether a schedule asked for it.
    pub is_scheduled: bool,
    /// How often its evaluation was begun.
    pub attempts: i64,
}

/// What an evaluation changes.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationOutcome {
    /// The alert.
    pub alert: AlertId,
    /// The version of the alert that was evaluated; of another one nothing is changed.
    pub version: i64,
    /// State and time to store; `None` if they stay.
    pub change: Option<(AlertState, Timestamp)>,
    /// What is to be sent.
    pub deliveries: Vec<NewDelivery>,
}

/// A notice to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDelivery {
    /// Where it goes; `None` for the mail address of `user`.
    pub destination: Option<DestinationId>,
    /// Who gets it by mail, if there is no destination.
    pub user: Option<UserId>,
    /// Names the evaluation: there is one delivery of it for each receiver.
    pub evaluation: Uid,
    /// What is told; its `delivery` is the identifier of the delivery.
    pub notice: AlertNotice,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is to be sent, or to be sent again.
    Pending,
    /// The receiver took it.
    Delivered,
    /// It was given up.
    Failed,
}

impl DeliveryState {
    /// The stable spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// Reads the spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Pending, Self::Delivered, Self::Failed]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}

/// One line of the delivery log.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The number.
    pub id: DeliveryId,
    /// The public identifier; receivers know the notice by it.
    pub uid: Uid,
    /// The alert.
    pub alert: AlertId,
    /// Where it goes; `None` for mail to `user`, and once the destination was deleted.
    pub destination: Option<DestinationId>,
    /// Who gets it by mail, if it was never for a destination.
    pub user: Option<UserId>,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was begun.
    pub attempts: i64,
    /// When it is tried next, while it is pending.
    pub next_at: Timestamp,
    /// What the receiver answered, or why it did not work.
    pub answer: Option<String>,
    /// What is told.
    pub notice: AlertNotice,
    /// When the alert was evaluated.
    pub created_at: Timestamp,
    /// When it became delivered or failed.
    pub finished_at: Option<Timestamp>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The receiver took it, with this answer.
    Delivered(String),
    /// To be tried again then, because of this.
    Again(Timestamp, String),
    /// Given up, because of this.
    Failed(String),
}

/// Which part of the delivery log: newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryScope {
    /// Of one alert.
    Alert(AlertId),
    /// To one destination.
    Destination(DestinationId),
}

mod condition;
mod deliver;
mod evaluate;
mod mustache;
mod notice;
mod rows;
mod service;
mod texts;

pub use condition::{Operator, RowSelector};
pub use notice::{AlertNotice, AlertState, ChannelType};
pub use service::{AlertChange, Alerts, NewAlert};
