//! What the web client wants to know of the server.

use serde_json::{Value as Json, json};
use tessera_access::UserPrincipal;

use crate::RedashSettings;

const DASHBOARD_REFRESH_SECONDS: [u32; 7] = [60, 300, 600, 1800, 3600, 43200, 86400];

const QUERY_REFRESH_SECONDS: [u32; 21] = [
    60, 300, 600, 900, 1800, 3600, 7200, 10800, 14400, 18000, 21600, 25200, 28800, 32400, 36000,
    39600, 43200, 86400, 604_800, 1_209_600, 2_592_000,
];

/// Settings that clients go by. Who is not signed in is not told the version.
pub(crate) fn client_config(
    settings: &RedashSettings,
    base_url: &str,
    user: Option<&UserPrincipal>,
) -> Json {
    let mut config = json!({
        "allowScriptsInUserInput": false,
        "showPermissionsControl": false,
        "hidePlotlyModeBar": false,
        "disablePublicUrls": false,
        "multiByteSearchEnabled": false,
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
        "dateFormat": settings.date_format,
        "dateFormatList": formats(&["DD/MM/YY", "MM/DD/YY", "YYYY-MM-DD"], &settings.date_format),
        "timeFormatList": formats(&["HH:mm", "HH:mm:ss", "HH:mm:ss.SSS"], &settings.time_format),
        "dateTimeFormat": settings.datetime_format(),
        "integerFormat": "0,0",
        "floatFormat": "0,0.00",
        "thousandsSeparator": ",",
        "decimalSeparator": ".",
        "nullValue": "null",
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
