//! The organisation's policy of keys.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::common::present;

/// What happens to keys that a partner for secret scanning has found.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LeakRule {
    Revoke,
    Notify,
}

/// What the organisation demands of keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeyPolicy {
    /// How long a new key works if nobody says; zero for no end.
    pub(crate) default_lifetime_days: u32,
    /// The longest time that a new key may work; zero for any.
    pub(crate) lifetime_days_max: u32,
    /// After how many days without use a key is switched off; zero for never.
    pub(crate) unused_days_max: u32,
    /// For how many days a revoked key can be brought back.
    pub(crate) restore_days: u32,
    /// Keys that may do one of these actions, such as `statements.run` or `sources.*`, need approval.
    pub(crate) approval_actions: Vec<String>,
    /// Keys of these kinds need approval.
    pub(crate) approval_kinds: Vec<String>,
    /// Whether keys of administrators need the approval of another one as well.
    pub(crate) four_eyes: bool,
    /// Whether the recoverable key of a user may make and manage keys as its owner may.
    pub(crate) recoverable_keys_manage_keys: bool,
    pub(crate) leaked_keys: LeakRule,
}

/// What to change; what is left out stays, null goes back to the settings of the server.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyPolicyChange {
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    pub(crate) default_lifetime_days: Option<Option<u32>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    pub(crate) lifetime_days_max: Option<Option<u32>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    pub(crate) unused_days_max: Option<Option<u32>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    pub(crate) restore_days: Option<Option<u32>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub(crate) approval_actions: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<String>>)]
    pub(crate) approval_kinds: Option<Option<Vec<String>>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    pub(crate) four_eyes: Option<Option<bool>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    pub(crate) recoverable_keys_manage_keys: Option<Option<bool>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<LeakRule>)]
    pub(crate) leaked_keys: Option<Option<LeakRule>>,
}
