//! Keys with terms: those of a query with values and ranges, and those below another key. The terms
//! are a language of their own, the same here, in tokens and in storage.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tessera_access::terms::{Caps, Conditions, Limit, Range, Terms};
use utoipa::ToSchema;

use super::keys::Key;

/// A new key of a query. What the key fixes, its holder cannot choose; what it leaves free, only
/// within the range.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPinnedKey {
    pub(crate) name: String,
    /// Values by parameter: `{"tenant": 5}`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) pinned: BTreeMap<String, Value>,
    /// Ranges by parameter: `{"from": {"min": "-90d"}, "country": {"enum": ["DE", "FR"]}}`. With at
    /// least one, every other parameter must be pinned or free as well.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) free: BTreeMap<String, Range>,
    /// `latest` (the default), `approved`, or the number of a version.
    #[schema(value_type = Option<String>)]
    pub(crate) version: Option<Value>,
    /// Values that the query reads as `{{ key.name }}`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) attributes: BTreeMap<String, Value>,
    /// `rows`, `bytes`, `max_age_floor` (seconds) and `formats` (such as `csv`).
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) caps: Caps,
    /// `ip_in`, `ip_not_in`, `origin`, `transport`, `dialects`, `proof`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) conditions: Conditions,
    /// Limits: `[{"name": "burst", "q": 60, "w": 60}]`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub(crate) limits: Vec<Limit>,
    /// Whether tokens may be made from it with its signing secret.
    #[serde(default)]
    pub(crate) attenuable: bool,
    /// Whether its holder may make keys below it.
    #[serde(default)]
    pub(crate) delegable: bool,
    pub(crate) not_before: Option<DateTime<Utc>>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

/// A new key below the one that asks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewChildKey {
    pub(crate) name: String,
    /// What it may do, within what the key above may: `grants`, `conditions`, `limits`, `pinned`,
    /// `free`, `attributes`, `caps`, `attenuable`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) terms: Terms,
    pub(crate) not_before: Option<DateTime<Utc>>,
    /// Not after that of the key above, which it is if none is given.
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

/// A key just made, with its text and signing secret: shown here and never again.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedBoundKey {
    pub(crate) key: Key,
    pub(crate) secret: String,
    /// What tokens are made with, `sig_…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signing_secret: Option<String>,
    /// Addresses that are ready to use, with the key in them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) urls: Option<KeyUrls>,
}

/// Addresses with a key in them.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyUrls {
    pub(crate) csv: String,
    pub(crate) json: String,
    /// For a frame in another page; the key's `conditions.origin` says in which.
    pub(crate) embed: Option<String>,
}
