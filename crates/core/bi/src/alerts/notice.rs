//! What a destination is told about an alert.

use serde::{Deserialize, Serialize};
use tessera_kernel::Timestamp;
use tessera_kernel::ids::{AlertId, QueryId, Uid, UserId};

use crate::{Json, form};

/// Whether the condition of an alert holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertState {
    /// It has not been evaluated, or could not be.
    Unknown,
    /// It does not hold.
    Ok,
    /// It holds.
    Triggered,
}

impl AlertState {
    /// The stable spelling.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Ok => "ok",
            Self::Triggered => "triggered",
        }
    }

    /// Reads the spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Unknown, Self::Ok, Self::Triggered].into_iter().find(|state| state.as_str() == text)
    }
}

/// One notice to one destination. All that it takes to write any kind of message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertNotice {
    /// The same for every attempt to deliver it, and for nothing else.
    pub delivery: Uid,
    /// When the alert was evaluated.
    pub at: Timestamp,
    /// The alert.
    pub alert: AlertId,
    /// Its name.
    pub name: String,
    /// Its options as its author wrote them: `column`, `op`, `value`, `selector`, …
    pub options: Json,
    /// Its new state.
    pub state: AlertState,
    /// Seconds after which it may tell again, as its author wrote them; none and 0 are never.
    pub rearm: Option<i64>,
    /// When it was last triggered.
    pub last_triggered_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Whose it is.
    pub user: UserId,
    /// The query.
    pub query: QueryId,
    /// The query's name.
    pub query_name: String,
    /// The alert's own subject with its placeholders filled in, if it has one.
    pub subject: Option<String>,
    /// The alert's own body with its placeholders filled in, if it has one.
    pub body: Option<String>,
    /// The value that was compared, as text.
    pub value: Option<String>,
    /// Where people reach this server, without a slash at the end.
    pub base_url: String,
    /// Facts of the run whose result was looked at: what for, by whom, which job. Empty if the alert
    /// was evaluated without a run.
    pub metadata: Json,
}

/// A kind of destination.
#[derive(Debug, Clone, PartialEq)]
pub struct ChannelType {
    /// The stable name, `webhook`.
    pub kind: &'static str,
    /// What people read, `Webhook`.
    pub title: &'static str,
    /// The name of its icon.
    pub icon: &'static str,
    /// Its options as a JSON schema; [`secrets`](Self::secrets) are sealed and never shown.
    pub schema: Json,
}

impl ChannelType {
    /// The names of options that are sealed and never shown: those that `secret` names (a list, or
    /// a single text), and those whose own schema says `writeOnly`.
    #[must_use]
    pub fn secrets(&self) -> Vec<&str> {
        form::secret_names(&self.schema)
    }
}
