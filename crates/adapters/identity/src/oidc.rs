//! An OpenID Connect provider: authorization code flow with PKCE.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use tessera_access::Claims;
use tessera_access::signin::provider::{AuthorizationRequest, IdentityProvider, Redemption};
use tessera_kernel::{Clock, Code, Fault, Result, Secret};
use url::Url;

use crate::check::Expected;
use crate::claims;
use crate::discovery::{Configuration, Discovery};
use crate::http::{Credential, Outbound, unavailable};
use crate::jose::{Algorithm, Unchecked, bad};
use crate::jwks::KeySet;

/// Which provider, and as whom.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    /// Its name in paths.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// Its issuer, to the letter.
    pub issuer: String,
    /// Who this server is to the provider.
    pub client_id: String,
    /// The secret that goes with it; a public client has none.
    pub client_secret: Option<Secret>,
    /// What to ask for besides `openid`.
    pub scopes: Vec<String>,
    /// The claim with the groups.
    pub groups_claim: String,
    /// How tokens may be signed.
    pub algorithms: Vec<Algorithm>,
    /// How long its keys are remembered, in seconds.
    pub keys_seconds: i64,
}

/// An OpenID Connect provider.
pub struct OidcProvider {
    settings: OidcSettings,
    outbound: Outbound,
    discovery: Discovery,
    keys: KeySet,
    clock: Arc<dyn Clock>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl OidcProvider {
    /// A provider with these settings; it is not asked before it is needed.
    #[must_use]
    pub fn new(settings: OidcSettings, outbound: Outbound, clock: Arc<dyn Clock>) -> Self {
        let issuer = settings.issuer.clone();
        let discovery = Discovery::new(issuer, outbound.clone(), Arc::clone(&clock));
        let keys = KeySet::new(outbound.clone(), Arc::clone(&clock), settings.keys_seconds);
        Self { settings, outbound, discovery, keys, clock }
    }

    async fn tokens(&self, known: &Configuration, redemption: &Redemption) -> Result<Tokens> {
        const WHAT: &str = "the identity provider's tokens";
        let settings = &self.settings;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", redemption.code.expose()),
            ("redirect_uri", redemption.redirect_uri.as_str()),
            ("code_verifier", redemption.code_verifier.expose()),
        ];
        let credential = match &settings.client_secret {
            Some(secret) if !known.secret_in_form() => {
                Credential::Basic(&settings.client_id, secret)
            }
            secret => {
                form.push(("client_id", &settings.client_id));
                form.extend(secret.iter().map(|secret| ("client_secret", secret.expose())));
                Credential::None
            }
        };
        let answer = self.outbound.post(&known.token_endpoint, &form, credential, WHAT).await?;
        if !answer.status.is_success()
            && let Ok(refusal) = answer.any_json::<Refusal>()
        {
            tracing::info!(error = refusal.error, "the identity provider refused a code");
            if refusal.error == "invalid_grant" {
                let detail = "the identity provider does not accept the code; begin again";
                return Err(Fault::new(Code::Unauthenticated, detail));
            }
            return Err(unavailable(WHAT, refusal.error));
        }
        answer.json(WHAT)
    }

    /// Adds what the token leaves out and the provider tells elsewhere.
    async fn add_user_info(
        &self,
        known: &Configuration,
        token: Option<String>,
        told: &mut Map<String, Json>,
    ) -> Result<()> {
        const WHAT: &str = "the identity provider's user information";
        let complete = told.contains_key("email") && claims::has(told, &self.settings.groups_claim);
        let (Some(url), Some(token)) = (&known.userinfo_endpoint, token) else { return Ok(()) };
        if complete {
            return Ok(());
        }
        let answer = self.outbound.get_with(url, &Secret::new(token), WHAT).await?;
        let more: Map<String, Json> = answer.json(WHAT)?;
        // OpenID Connect Core, section 5.3.2: otherwise it may be of somebody else.
        if more.get("sub") != told.get("sub") {
            return Err(bad("the user information is of somebody else"));
        }
        for (name, value) in more {
            told.entry(name).or_insert(value);
        }
        Ok(())
    }
}

#[async_trait]
impl IdentityProvider for OidcProvider {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn label(&self) -> &str {
        &self.settings.label
    }

    fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    async fn authorization_url(&self, request: &AuthorizationRequest) -> Result<String> {
        let known = self.discovery.configuration().await?;
        let mut url = Url::parse(&known.authorization_endpoint)
            .map_err(|error| unavailable("the identity provider's address", error.to_string()))?;
        let mut scopes = vec!["openid"];
        scopes.extend(self.settings.scopes.iter().map(String::as_str));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &request.redirect_uri)
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", request.state.expose())
            .append_pair("nonce", request.nonce.expose())
            .append_pair("code_challenge", &request.code_challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    async fn redeem(&self, redemption: &Redemption) -> Result<Claims> {
        let known = self.discovery.configuration().await?;
        let Tokens { id_token, access_token } = self.tokens(&known, redemption).await?;
        let id_token = Secret::new(id_token);
        let unchecked = Unchecked::read(&id_token, &self.settings.algorithms)?;
        self.keys.check(&known.jwks_uri, &unchecked).await?;
        let mut told = unchecked.payload()?;
        Expected {
            issuer: &self.settings.issuer,
            audience: &self.settings.client_id,
            nonce: Some(&redemption.nonce),
            now: self.clock.now(),
        }
        .check(&told)?;
        self.add_user_info(&known, access_token, &mut told).await?;
        Ok(claims::read(&told, &self.settings.issuer, &self.settings.groups_claim))
    }
}
