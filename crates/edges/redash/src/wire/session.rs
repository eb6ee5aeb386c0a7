//! What the web client wants to know of the server.

use serde_json::{Value as Json, json};
use tessera_access::{OrganizationSettings, UserPrincipal};

const DASHBOARD_REFRESH_SECONDS: [u32; 7] = [60, 300, 600, 1800, 3600, 43200, 86400];

const QUERY_REFRESH_SECONDS: [u32; 21] = [
    60, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 18000, 21600, 25200, 28800, 32400, 36000,
    39600, 43200, 86400, 604_800, 1_209_600, 2_592_000,
];

/// Settings that clients go by. Who is not signed in is not told the version.
pub(crate) fn client_config(
    organization: &OrganizationSettings,
    version: &str,
    base_url: &str,
    user: Option<&UserPrincipal>,
) -> Json {
    let mut config = json!({
        "allowScriptsInUserInput": false,
        "showPermissionsControl": organization.feature_show_permissions_control,
        "hidePlotlyModeBar": organization.hide_plotly_mode_bar,
        "disablePublicUrls": organization.disable_public_urls,
        "multiByteSearchEnabled": organization.multi_byte_search_enabled,
        "allowCustomJSVisualizations": true,
        "autoPublishNamedQueries": true,
        "extendedAlertOptions": false,
        "mailSettingsMissing": false,
        "dashboardRefreshIntervals": DASHBOARD_REFRESH_SECONDS,
        "queryRefreshIntervals": QUERY_REFRESH_SECONDS,
        "googleLoginEnabled": false,
        "ldapLoginEnabled": false,
        "pageSize": 20,
        "pageSizeOptions": [5, 10, 20, 50, 100],
        "tableCellMaxJSONSize": 50000,
        "basePath": format!("{base_url}/"),
        "dateFormat": organization.date_format,
        "dateFormatList": formats(&["DD/MM/YY", "MM/DD/YY", "YYYY-MM-DD"], &organization.date_format),
        "timeFormatList": formats(&["HH:mm", "HH:mm:ss", "HH:mm:ss.SSS"], &organization.time_format),
        "dateTimeFormat": organization.datetime_format(),
        "integerFormat": organization.integer_format,
        "floatFormat": organization.float_format,
        "thousandsSeparator": organization.thousands_separator,
        "decimalSeparator": organization.decimal_separator,
        "nullValue": organization.null_value,
    });
    if let Some(user) = user {
        config["newVersionAvailable"] = json!(false);
        config["version"] = json!(version);
        if user.is_admin() {
            // There is no telemetry to consent to.
            config["showBeaconConsentMessage"] = json!(false);
        }
    }
    config
}

fn formats<'a>(usual: &[&'a str], own: &'a str) -> Vec<&'a str> {
    let mut formats = usual.to_vec();
    if !formats.contains(&own) {
        formats.push(own);
    }
    formats
}
