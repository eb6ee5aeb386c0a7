//! What keys are, may, reach and did.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::keys::Key;

/// The key that was shown with the request. Nothing secret is in here.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeySelf {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    /// `usr`, `qry`, `dash`, `svc`, `ing`, `agt`.
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) hint: String,
    /// Whose it is: `user:7`, `query:42`, `dashboard:3`, `workspace:1`.
    pub(crate) owner: String,
    /// As whom it acts: `user:7`, `key:12`.
    pub(crate) acts_as: String,
    /// What it may do; without grants, all that its owner may.
    #[schema(value_type = Object)]
    pub(crate) terms: Value,
    /// The terms above it and in the token, none of which it can exceed; nearest last.
    #[schema(value_type = Vec<Object>)]
    pub(crate) narrowed_by: Vec<Value>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) not_before: Option<DateTime<Utc>>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
    pub(crate) last_used_at: Option<DateTime<Utc>>,
}

/// What one would like to do.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CanRequest {
    /// The name of the action, as in `/v1/actions`.
    pub(crate) action: String,
    /// `query:42`, `source:1`, `job:` and a `uid`; nothing or `*` for no object.
    #[serde(default)]
    pub(crate) resource: String,
    /// Values of parameters, by name.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) parameters: Map<String, Value>,
}

/// Whether one may, and why.
#[derive(Serialize, ToSchema)]
pub(crate) struct Verdict {
    pub(crate) allow: bool,
    /// Why not, as a stable word.
    pub(crate) reason: Option<String>,
    /// The rule that decides, in words.
    pub(crate) rule: String,
    /// What would be needed; empty if one may.
    pub(crate) needed: Vec<String>,
}

/// How many of a kind.
#[derive(Serialize, ToSchema)]
pub(crate) struct Share {
    pub(crate) used: usize,
    pub(crate) of: usize,
}

/// An object that a key reaches.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReachedObject {
    /// `query:42`.
    pub(crate) object: String,
    pub(crate) name: String,
    pub(crate) actions: Vec<String>,
    /// Of a data source on which any text can be run: its tables, as far as they were read before.
    pub(crate) tables: Option<Vec<String>>,
}

/// Everything that a key reaches now, wherever it is used from.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyReach {
    pub(crate) key_id: i64,
    pub(crate) actions: Vec<String>,
    pub(crate) objects: Vec<ReachedObject>,
    pub(crate) sources: Share,
    pub(crate) queries: Share,
    pub(crate) dashboards: Share,
    pub(crate) alerts: Share,
    /// Whether there are more objects than were looked at.
    pub(crate) is_truncated: bool,
}

/// What a key did in one hour.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsageHour {
    pub(crate) hour: DateTime<Utc>,
    /// Refused ones included.
    pub(crate) requests: u64,
    pub(crate) refused: u64,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) duration_ms: f64,
    pub(crate) duration_ms_max: f64,
}

/// How much a key was used.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyUsage {
    pub(crate) key_id: i64,
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
    pub(crate) requests: u64,
    pub(crate) refused: u64,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// Hours without a request are left out.
    pub(crate) hours: Vec<UsageHour>,
}

/// A refused request.
#[derive(Serialize, ToSchema)]
pub(crate) struct Refusal {
    pub(crate) at: DateTime<Utc>,
    pub(crate) request_id: String,
    /// Why, as a stable word.
    pub(crate) reason: String,
    pub(crate) action: Option<String>,
    pub(crate) object: String,
    pub(crate) method: String,
    pub(crate) route: String,
    pub(crate) status: u16,
    pub(crate) address: Option<String>,
    pub(crate) client: Option<String>,
}

/// Narrower terms from what was seen of a key.
#[derive(Serialize, ToSchema)]
pub(crate) struct Proposal {
    pub(crate) key_id: i64,
    pub(crate) from: DateTime<Utc>,
    pub(crate) to: DateTime<Utc>,
    pub(crate) requests: u64,
    pub(crate) refused: u64,
    pub(crate) first_at: Option<DateTime<Utc>>,
    pub(crate) last_at: Option<DateTime<Utc>>,
    pub(crate) actions: Share,
    pub(crate) queries: Share,
    pub(crate) sources: Share,
    /// Networks it was used from: /24 and /64.
    pub(crate) networks: Vec<String>,
    /// Formats in which it read rows.
    pub(crate) formats: Vec<String>,
    /// Terms for a successor that may do what was seen and nothing else; null if nothing was seen.
    #[schema(value_type = Option<Object>)]
    pub(crate) terms: Option<Value>,
    /// What could not be narrowed, and why.
    pub(crate) notes: Vec<String>,
}

/// A key that came in the address of a request.
#[derive(Serialize, ToSchema)]
pub(crate) struct SeenKey {
    pub(crate) key: Key,
    /// When it was last seen in an address.
    pub(crate) url_used_at: Option<DateTime<Utc>>,
}
