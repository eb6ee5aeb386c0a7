//! Definitions of parameters.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// What a parameter `{{ name }}` of a text is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ParameterDefinition {
    pub(crate) name: String,
    /// The name to show.
    pub(crate) title: Option<String>,
    /// `text`, `text-pattern`, `number`, `enum`, `query`, `date`, `datetime-local`,
    /// `datetime-with-seconds`, `date-range`, `datetime-range`, `datetime-range-with-seconds`.
    pub(crate) r#type: String,
    /// The value where nobody gives one.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    pub(crate) default: Value,
    /// For `text-pattern`: the expression that matches the whole text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) regex: Option<String>,
    /// For `enum`: the words to choose from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) enum_options: Option<Vec<String>>,
    /// For `query`: the query whose result has the values to choose from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) query_id: Option<i64>,
    /// For `enum` and `query`: set if several values can be chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) multiple: Option<Multiple>,
}

/// How several values are written where they are shown.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Multiple {
    #[serde(default)]
    pub(crate) prefix: String,
    #[serde(default)]
    pub(crate) suffix: String,
    #[serde(default = "comma")]
    pub(crate) separator: String,
}

fn comma() -> String {
    ",".to_owned()
}

/// A value to choose from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DropdownOption {
    pub(crate) name: Value,
    pub(crate) value: String,
}

/// What the text of a query takes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueryTakes {
    /// The version that this is of.
    pub(crate) version: i64,
    /// The present version.
    pub(crate) current_version: i64,
    /// The approved version; null if there is none.
    pub(crate) approved_version: Option<i64>,
    /// In order of first appearance.
    pub(crate) parameters: Vec<TakenParameter>,
    /// Of whoever runs it, such as `key.tenant` and `user.tenant`.
    pub(crate) attributes: Vec<String>,
    /// Whether the caller may make keys for any version, and not for the approved one only.
    pub(crate) may_pin_any_version: bool,
}

/// A parameter that a text uses.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TakenParameter {
    pub(crate) name: String,
    /// Whether the text uses an end of it: `{{ name.start }}`.
    pub(crate) is_range: bool,
    /// Null for one that nothing is said about.
    pub(crate) definition: Option<ParameterDefinition>,
}
