//! Settings of the organisation: what it decides itself, and what the operator does.

use serde_json::{Value as Json, json};
use tessera_access::OrganizationSettings;
use tessera_kernel::Result;

use crate::{RedashSettings, TokenFacts};

/// How tokens may be signed where none are taken, as clients know it.
const USUAL_ALGORITHMS: [&str; 3] = ["HS256", "RS256", "ES256"];

/// All settings, in the envelope that clients expect. What was never set and has no default is left
/// out.
pub(crate) fn organization(
    organization: &OrganizationSettings,
    settings: &RedashSettings,
) -> Result<Json> {
    let mut members = organization.members()?;
    members.retain(|_, value| !value.is_null());
    for (name, value) in operators(settings) {
        members.insert(name.to_owned(), value);
    }
    Ok(json!({ "settings": members }))
}

/// The members that the operator decides. SAML is not served.
pub(crate) fn operators(settings: &RedashSettings) -> Vec<(&'static str, Json)> {
    let usual = || TokenFacts {
        algorithms: USUAL_ALGORITHMS.map(str::to_owned).to_vec(),
        ..TokenFacts::default()
    };
    let tokens = settings.tokens.clone().unwrap_or_else(usual);
    vec![
        ("auth_saml_enabled", json!(false)),
        ("auth_saml_type", json!("")),
        ("auth_saml_entity_id", json!("")),
        ("auth_saml_metadata_url", json!("")),
        ("auth_saml_nameid_format", json!("")),
        ("auth_saml_sso_url", json!("")),
        ("auth_saml_x509_cert", json!("")),
        ("auth_saml_sp_settings", json!("")),
        ("auth_jwt_login_enabled", json!(settings.tokens.is_some())),
        ("auth_jwt_auth_issuer", json!(tokens.issuer)),
        ("auth_jwt_auth_public_certs_url", json!(tokens.keys_url)),
        ("auth_jwt_auth_audience", json!(tokens.audience)),
        ("auth_jwt_auth_algorithms", json!(tokens.algorithms)),
        ("auth_jwt_auth_cookie_name", json!(tokens.cookie)),
        ("auth_jwt_auth_header_name", json!(tokens.header)),
        ("auth_google_apps_domains", json!(settings.allowed_domains)),
    ]
}
