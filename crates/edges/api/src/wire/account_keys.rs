//! Keys with accounts of their own, on the wire.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::groups::Group;
use super::keys::Key;
use super::service_accounts::ServiceAccount;

/// A key with a service account that nobody else uses.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountKey {
    pub(crate) key: Key,
    pub(crate) account: ServiceAccount,
    /// Its group besides the default one; the default one if it is in no other.
    pub(crate) group: Option<Group>,
    pub(crate) changed_at: DateTime<Utc>,
    pub(crate) changed_by_id: Option<i64>,
}

/// Such a key just made, with its text: shown here and never again.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedAccountKey {
    #[serde(flatten)]
    pub(crate) account_key: AccountKey,
    pub(crate) secret: String,
}

/// A new key with an account of its own.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccountKey {
    /// The name of the key and of its account; no two have the same.
    pub(crate) name: String,
    /// The group it joins besides the default one.
    pub(crate) group_id: i64,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountKeyChange {
    pub(crate) name: Option<String>,
    pub(crate) group_id: Option<i64>,
}
