//! What clients want to know of the server before they sign in.

use serde_json::{Value as Json, json};

use crate::MetabaseSettings;

/// Features that clients ask about by name. None of them is behind a licence here; they are not
/// served in this dialect.
const FEATURES: [&str; 8] = [
    "advanced_permissions",
    "audit_app",
    "content_management",
    "hosting",
    "sandboxes",
    "serialization",
    "sso",
    "whitelabel",
];

/// Public settings.
pub(crate) fn properties(
    settings: &MetabaseSettings,
    site_name: &str,
    base_url: &str,
    is_set_up: bool,
) -> Json {
    let features: serde_json::Map<String, Json> =
        FEATURES.iter().map(|name| ((*name).to_owned(), json!(false))).collect();
    json!({
        "version": { "tag": settings.version, "hash": format!("tessera-{}", settings.server_version) },
        "token-features": features,
        "setup-token": null,
        "has-user-setup": is_set_up,
        "site-name": site_name,
        "site-url": base_url,
        "site-locale": "en",
        "anon-tracking-enabled": false,
        "enable-password-login": true,
        "application-name": "Tessera",
    })
}
