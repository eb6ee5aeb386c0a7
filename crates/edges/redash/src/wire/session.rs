//! What the web client wants to know of the server.

use serde_json::{Value as Json, json};
use tessera_access::{OrganizationSettings, UserPrincipal};

use crate::RedashSettings;

/// Settings that clients go by. Who is not signed in is not told the version.
pub(crate) fn client_config(
    organization: &OrganizationSettings,
    settings: &RedashSettings,
    base_url: &str,
    user: Option<&UserPrincipal>,
) -> Json {
    let client = &settings.client;
    let mut config = json!({
        "allowScriptsInUserInput": false,
        "showPermissionsControl": organization.feature_show_permissions_control,
        "hidePlotlyModeBar": organization.hide_plotly_mode_bar,
        "disablePublicUrls": organization.disable_public_urls,
        "multiByteSearchEnabled": organization.multi_byte_search_enabled,
        "allowCustomJSVisualizations": client.custom_js_visualizations,
        "autoPublishNamedQueries": client.auto_publish_named_queries,
        "extendedAlertOptions": client.extended_alert_options,
        "mailSettingsMissing": false,
        "dashboardRefreshIntervals": client.dashboard_refresh_seconds,
        "queryRefreshIntervals": client.query_refresh_seconds,
        "googleLoginEnabled": false,
        "ldapLoginEnabled": false,
        "pageSize": client.page_size,
        "pageSizeOptions": client.page_sizes,
        "tableCellMaxJSONSize": client.table_cell_json_characters_max,
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
        config["version"] = json!(settings.version);
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
