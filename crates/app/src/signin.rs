//! From the settings of signing in to its parts.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use http::HeaderName;
use tessera_access::signin::provider::{IdentityProvider, TokenVerifier, Trusted};
use tessera_access::{ForeignFactor, SignInSettings};
use tessera_httpkit::Assertions;
use tessera_identity::{
    Algorithm, JwtSettings, JwtVerifier, KeySource, OidcProvider, OidcSettings, Outbound,
    OutboundSettings,
};
use tessera_kernel::{Clock, Secret};
use tessera_redash::TokenFacts;

use crate::compose::{explain, networks};
use crate::config::{Config, SigninSection};

/// The name of the provider in paths.
const OIDC: &str = "oidc";

/// What the core needs to know.
pub(crate) fn settings(config: &Config) -> Result<SignInSettings> {
    let signin = &config.signin;
    Ok(SignInSettings {
        passwords: signin.passwords,
        attempts_per_account_per_hour: config.limits.account_attempts_per_hour,
        links_per_hour: config.limits.reset_links_per_hour,
        pending_seconds: signin.pending_seconds,
        second_factor: signin
            .second_factor
            .parse()
            .map_err(explain)
            .context("the setting signin.second_factor")?,
        provider_factor: foreign("oidc", &signin.oidc_second_factor)?,
        remote_user_factor: foreign("remote_user", &signin.remote_user_second_factor)?,
        token_factor: foreign("jwt", &signin.jwt_second_factor)?,
        factor_issuer: signin.second_factor_issuer.clone(),
        create_users: signin.create_users,
        link_by_email: signin.link_by_email,
        allowed_domains: signin.allowed_domains.clone(),
        blocked_domains: signin.blocked_domains.iter().map(|name| name.to_lowercase()).collect(),
        group_map: signin.group_map.clone(),
        remote_user: !signin.remote_user_header.is_empty(),
    })
}

/// Who asks for the second factor of people who come one way.
fn foreign(way: &str, text: &str) -> Result<ForeignFactor> {
    text.parse().map_err(explain).with_context(|| format!("the setting signin.{way}_second_factor"))
}

/// How signed tokens are taken, for those who ask for the settings; `None` if they are not.
pub(crate) fn token_facts(config: &Config) -> Option<TokenFacts> {
    let signin = &config.signin;
    (!signin.jwt_cookie.is_empty() || !signin.jwt_header.is_empty()).then(|| TokenFacts {
        issuer: signin.jwt_issuer.clone(),
        keys_url: signin.jwt_jwks_url.clone(),
        audience: signin.jwt_audience.clone(),
        algorithms: signin.jwt_algorithms.clone(),
        cookie: signin.jwt_cookie.clone(),
        header: signin.jwt_header.clone(),
    })
}

/// In which cookies and headers others tell who calls.
pub(crate) fn assertions(config: &Config) -> Result<Assertions> {
    let signin = &config.signin;
    let header = |setting: &str, text: &str| -> Result<Option<HeaderName>> {
        if text.is_empty() {
            return Ok(None);
        }
        let name: HeaderName = text
            .parse()
            .with_context(|| format!("the setting {setting} must be the name of a header"))?;
        // These carry keys and sessions of our own.
        let taken = ["authorization", "cookie", "x-api-key", "host"];
        ensure!(!taken.contains(&name.as_str()), "the setting {setting} must be another header");
        Ok(Some(name))
    };
    let cookie = Some(signin.jwt_cookie.clone()).filter(|name| !name.is_empty());
    if let Some(name) = &cookie {
        let taken = ["session", "csrf_token", "signin_state"];
        ensure!(!taken.contains(&name.as_str()), "the setting signin.jwt_cookie must be another");
    }
    let remote_user = header("signin.remote_user_header", &signin.remote_user_header)?;
    ensure!(
        remote_user.is_none() || !config.server.trusted_proxies.is_empty(),
        "the setting signin.remote_user_header needs server.trusted_proxies: only they are believed"
    );
    Ok(Assertions {
        token_cookie: cookie,
        token_header: header("signin.jwt_header", &signin.jwt_header)?,
        remote_user_header: remote_user,
    })
}

/// Everybody who is trusted to say who a person is.
pub(crate) fn trusted(config: &Config, clock: &Arc<dyn Clock>) -> Result<Trusted> {
    let signin = &config.signin;
    let has_tokens = !signin.jwt_cookie.is_empty() || !signin.jwt_header.is_empty();
    if signin.oidc_issuer.is_empty() && !has_tokens {
        return Ok(Trusted::default());
    }
    let outbound = Outbound::new(OutboundSettings {
        denied_networks: networks("signin.denied_networks", &signin.denied_networks)?,
        allowed_networks: networks("signin.allowed_networks", &signin.allowed_networks)?,
        allow_http: signin.allow_http,
        timeout: Duration::from_secs(signin.provider_seconds),
        answer_bytes_max: signin.provider_bytes_max,
        extra_authorities: file("signin.ca_file", &signin.ca_file)?,
    })
    .map_err(explain)?;
    let mut trusted = Trusted::default();
    if !signin.oidc_issuer.is_empty() {
        let settings = oidc(signin)?;
        let provider = OidcProvider::new(settings, outbound.clone(), Arc::clone(clock));
        let provider: Arc<dyn IdentityProvider> = Arc::new(provider);
        trusted.providers.push(provider);
    }
    if has_tokens {
        let verifier = JwtVerifier::new(jwt(signin)?, outbound, Arc::clone(clock));
        let verifier: Arc<dyn TokenVerifier> = Arc::new(verifier.map_err(explain)?);
        trusted.tokens = Some(verifier);
    }
    Ok(trusted)
}

fn oidc(signin: &SigninSection) -> Result<OidcSettings> {
    ensure!(!signin.oidc_client_id.is_empty(), "the setting signin.oidc_client_id is missing");
    let from_file = file("signin.oidc_client_secret_file", &signin.oidc_client_secret_file)?;
    ensure!(
        from_file.is_none() || signin.oidc_client_secret.is_empty(),
        "set signin.oidc_client_secret or signin.oidc_client_secret_file, not both"
    );
    let secret = match from_file {
        Some(bytes) => String::from_utf8(bytes)
            .context("the file of signin.oidc_client_secret_file is no text")?
            .trim()
            .to_owned(),
        None => signin.oidc_client_secret.clone(),
    };
    Ok(OidcSettings {
        name: OIDC.to_owned(),
        label: signin.oidc_label.clone(),
        issuer: signin.oidc_issuer.clone(),
        client_id: signin.oidc_client_id.clone(),
        client_secret: (!secret.is_empty()).then(|| Secret::new(secret)),
        scopes: signin.oidc_scopes.clone(),
        groups_claim: signin.groups_claim.clone(),
        algorithms: algorithms("signin.oidc_algorithms", &signin.oidc_algorithms)?,
        keys_seconds: signin.keys_seconds,
    })
}

fn jwt(signin: &SigninSection) -> Result<JwtSettings> {
    for (name, value) in
        [("jwt_issuer", &signin.jwt_issuer), ("jwt_audience", &signin.jwt_audience)]
    {
        ensure!(!value.is_empty(), "the setting signin.{name} is missing: any token would do");
    }
    let pem = file("signin.jwt_public_key_file", &signin.jwt_public_key_file)?;
    let keys = match (pem, signin.jwt_jwks_url.as_str()) {
        (Some(pem), "") => KeySource::Pem(pem),
        (None, url) if !url.is_empty() => KeySource::Url(url.to_owned()),
        _ => anyhow::bail!("set signin.jwt_jwks_url or signin.jwt_public_key_file, one of them"),
    };
    Ok(JwtSettings {
        issuer: signin.jwt_issuer.clone(),
        audience: signin.jwt_audience.clone(),
        keys,
        algorithms: algorithms("signin.jwt_algorithms", &signin.jwt_algorithms)?,
        groups_claim: signin.groups_claim.clone(),
        email_verified: signin.jwt_email_verified,
        keys_seconds: signin.keys_seconds,
    })
}

fn algorithms(setting: &str, names: &[String]) -> Result<Vec<Algorithm>> {
    ensure!(!names.is_empty(), "the setting {setting} is empty");
    let read = |name: &String| {
        name.parse().map_err(|()| {
            anyhow::anyhow!("the setting {setting} has {name:?}; it may be RS256, ES256 or EdDSA")
        })
    };
    names.iter().map(read).collect()
}

/// The content of a file that a setting names; `None` for an empty name.
pub(crate) fn file(setting: &str, path: &str) -> Result<Option<Vec<u8>>> {
    if path.is_empty() {
        return Ok(None);
    }
    let read = std::fs::read(path);
    read.map(Some).with_context(|| format!("reading {path} (the setting {setting})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tessera_kernel::SystemClock;

    fn refusal(change: impl FnOnce(&mut Config)) -> String {
        let mut config = Config::default();
        change(&mut config);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let done = settings(&config)
            .and_then(|_| assertions(&config))
            .and_then(|_| trusted(&config, &clock).map(drop));
        format!("{:#}", done.expect_err("must be refused"))
    }

    #[test]
    fn settings_that_would_let_anybody_in_are_refused_by_name() {
        let refused = refusal(|config| config.signin.remote_user_header = "X-User".to_owned());
        assert!(refused.contains("trusted_proxies"), "{refused}");
        let refused = refusal(|config| config.signin.jwt_cookie = "token".to_owned());
        assert!(refused.contains("jwt_issuer"), "{refused}");
        let refused = refusal(|config| config.signin.jwt_header = "Authorization".to_owned());
        assert!(refused.contains("another header"), "{refused}");
        let refused = refusal(|config| {
            config.signin.oidc_issuer = "https://id.test".to_owned();
            config.signin.oidc_client_id = "tessera".to_owned();
            config.signin.oidc_algorithms = vec!["HS256".to_owned()];
        });
        assert!(refused.contains("HS256"), "{refused}");
        let refused = refusal(|config| config.signin.second_factor = "maybe".to_owned());
        assert!(refused.contains("second_factor"), "{refused}");
    }
}
