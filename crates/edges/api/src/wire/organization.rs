//! Settings of the organisation.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::common::present;

/// What the organisation decides for itself.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Organization {
    /// Whether people may sign in with passwords.
    pub(crate) auth_password_login_enabled: bool,
    /// How dates are written, in moment.js tokens.
    pub(crate) date_format: String,
    /// How times of day are written, in moment.js tokens.
    pub(crate) time_format: String,
    /// How clients show whole numbers, in numeral.js tokens.
    pub(crate) integer_format: String,
    /// How clients show fractions, in numeral.js tokens.
    pub(crate) float_format: String,
    /// What stands between thousands.
    pub(crate) thousands_separator: String,
    /// What stands before the fraction.
    pub(crate) decimal_separator: String,
    /// What clients show where there is no value.
    pub(crate) null_value: String,
    /// Whether dates in CSV and TSV files of the Redash dialect are written as ISO 8601.
    pub(crate) iso_dates_in_files: bool,
    /// Whether search also finds parts of words.
    pub(crate) multi_byte_search_enabled: bool,
    /// Whether clients offer to share editing.
    pub(crate) feature_show_permissions_control: bool,
    /// Whether owners are told by mail of scheduled runs that failed.
    pub(crate) send_email_on_failed_scheduled_queries: bool,
    /// Whether clients hide the buttons of charts.
    pub(crate) hide_plotly_mode_bar: bool,
    /// Whether public links of dashboards do not work.
    pub(crate) disable_public_urls: bool,
    /// What was answered to the question about reports of usage; this server sends none.
    pub(crate) beacon_consent: Option<bool>,
}

/// What to change; what is left out stays, null goes back to the settings of the server.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganizationChange {
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    pub(crate) auth_password_login_enabled: Option<Option<bool>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) date_format: Option<Option<String>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) time_format: Option<Option<String>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) integer_format: Option<Option<String>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) float_format: Option<Option<String>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) thousands_separator: Option<Option<String>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) decimal_separator: Option<Option<String>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) null_value: Option<Option<String>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    pub(crate) iso_dates_in_files: Option<Option<bool>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    pub(crate) multi_byte_search_enabled: Option<Option<bool>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    pub(crate) feature_show_permissions_control: Option<Option<bool>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    pub(crate) send_email_on_failed_scheduled_queries: Option<Option<bool>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    pub(crate) hide_plotly_mode_bar: Option<Option<bool>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    pub(crate) disable_public_urls: Option<Option<bool>>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<bool>)]
    pub(crate) beacon_consent: Option<Option<bool>>,
}
