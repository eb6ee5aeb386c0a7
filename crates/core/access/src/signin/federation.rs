//! Signing in by the word of somebody who is trusted with it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tessera_kernel::ids::UserId;
use tessera_kernel::{Clock, Code, Fault, Random, Result, Secret, Timestamp};

use super::pending::{PendingBook, PendingKind};
use super::provider::{AuthorizationRequest, IdentityProvider, Redemption, Trusted};
use super::{Claims, ForeignFactor, Guard, Identities, Identity, Method, SignIn, SignIns, audit};
use crate::acts::{ListIdentities, UnlinkIdentities};
use crate::ports::Repos;
use crate::{Authorized, Caller, Gate, RequestContext};

/// What people named by a trusted proxy are told apart by.
const REMOTE_USER: &str = "remote-user";

/// A way to sign in besides passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Its name in paths.
    pub name: String,
    /// Its name for people.
    pub label: String,
}

/// A browser that is about to be sent to an identity provider.
#[derive(Debug, Clone)]
pub struct FlowStart {
    /// Where to.
    pub location: String,
    /// What the browser must bring back, in a cookie as well as in the address.
    pub state: Secret,
    /// When it is too late.
    pub expires_at: Timestamp,
}

/// What a browser brings back from an identity provider.
#[derive(Debug, Clone)]
pub struct FlowEnd {
    /// The code.
    pub code: Secret,
    /// The state in the address.
    pub state: Secret,
    /// The state in the cookie.
    pub cookie: Secret,
    /// Who the provider says it is (RFC 9207), if it does.
    pub issuer: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Flow {
    provider: String,
    nonce: String,
    verifier: String,
    redirect_uri: String,
    next: String,
}

/// Signs people in by the word of others.
#[derive(Clone)]
pub struct Federation {
    pub(super) repos: Arc<dyn Repos>,
    pub(super) gate: Gate,
    pub(super) signin: SignIns,
    pub(super) identities: Identities,
    pub(super) pending: PendingBook,
    pub(super) guard: Guard,
    pub(crate) trusted: Trusted,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    /// Tokens that were checked lately, by digest.
    pub(super) tokens: Cache<[u8; 32], (UserId, Timestamp)>,
}

impl Federation {
    /// Memory for checked tokens; a change elsewhere takes effect within its time.
    pub(super) fn token_cache(gate: &Gate) -> Cache<[u8; 32], (UserId, Timestamp)> {
        let settings = gate.settings();
        Cache::builder()
            .max_capacity(settings.cache_entries)
            .time_to_live(Duration::from_secs(settings.cache_seconds))
            .build()
    }

    /// The identity providers.
    #[must_use]
    pub fn ways(&self) -> Vec<Way> {
        let way = |provider: &Arc<dyn IdentityProvider>| Way {
            name: provider.name().to_owned(),
            label: provider.label().to_owned(),
        };
        self.trusted.providers.iter().map(way).collect()
    }

    /// Whether a trusted proxy may tell who calls.
    #[must_use]
    pub fn takes_remote_user(&self) -> bool {
        self.gate.settings().signin.remote_user
    }

    /// Sends a browser to a provider; `next` is the path to go to in the end.
    ///
    /// # Errors
    /// `NotFound` for an unknown provider, `RateLimited`, `Unavailable` if it cannot be asked.
    pub async fn start(
        &self,
        provider: &str,
        redirect_uri: &str,
        next: &str,
        context: &RequestContext,
    ) -> Result<FlowStart> {
        let provider = self.provider(provider)?;
        self.guard.address(context.address.as_deref()).await?;
        let verifier = Secret::new(self.random.alphanumeric(64));
        let nonce = Secret::new(self.random.alphanumeric(32));
        let flow = Flow {
            provider: provider.name().to_owned(),
            nonce: nonce.expose().to_owned(),
            verifier: verifier.expose().to_owned(),
            redirect_uri: redirect_uri.to_owned(),
            next: next.to_owned(),
        };
        let (state, expires_at) = self.pending.open(PendingKind::Provider, None, &flow).await?;
        let request = AuthorizationRequest {
            redirect_uri: redirect_uri.to_owned(),
            state: state.clone(),
            nonce,
            code_challenge: URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.expose())),
        };
        let location = provider.authorization_url(&request).await?;
        Ok(FlowStart { location, state, expires_at })
    }

    /// Takes what a browser brings back, and begins the session or asks for the second factor; also
    /// gives the path to go to.
    ///
    /// # Errors
    /// `Unauthenticated` for anything that does not fit, `Forbidden` for a person who may not have an
    /// account here, `Unavailable` if the provider cannot be asked.
    pub async fn finish(
        &self,
        provider: &str,
        end: FlowEnd,
        context: &RequestContext,
    ) -> Result<(SignIn, String)> {
        let provider = self.provider(provider)?;
        match self.redeem(&*provider, end, context).await {
            Ok(done) => Ok(done),
            Err(fault) => {
                if matches!(fault.code(), Code::Unauthenticated | Code::Forbidden) {
                    // Nobody can fill the records by trying.
                    self.guard.address(context.address.as_deref()).await?;
                    audit::refused(&self.gate, None, "provider", None, context).await?;
                }
                Err(fault)
            }
        }
    }

    async fn redeem(
        &self,
        provider: &dyn IdentityProvider,
        end: FlowEnd,
        context: &RequestContext,
    ) -> Result<(SignIn, String)> {
        let same = end.state.expose().as_bytes().ct_eq(end.cookie.expose().as_bytes());
        if !bool::from(same) {
            return Err(strange());
        }
        let pending = self.pending.find(&end.state).await?.ok_or_else(strange)?;
        // Used up before anything else happens, so that nothing can be tried twice.
        if pending.kind != PendingKind::Provider || !self.pending.take(&pending).await? {
            return Err(strange());
        }
        let flow: Flow = self.pending.read(&pending)?;
        let issuer_fits = end.issuer.is_none_or(|issuer| issuer == provider.issuer());
        if flow.provider != provider.name() || !issuer_fits {
            return Err(strange());
        }
        let redemption = Redemption {
            code: end.code,
            redirect_uri: flow.redirect_uri,
            code_verifier: Secret::new(flow.verifier),
            nonce: Secret::new(flow.nonce),
        };
        let claims = provider.redeem(&redemption).await?;
        let user = self.identities.resolve(&claims, context).await?;
        let factor = self.gate.settings().signin.provider_factor;
        let signed_in = self.signin.vouched(user, Method::Provider, factor, context).await?;
        Ok((signed_in, flow.next))
    }

    /// Who calls with a signed token.
    ///
    /// # Errors
    /// `Unauthenticated` for a token that is not good, `Forbidden` for a person who may not have an
    /// account here.
    pub async fn token_caller(&self, token: &Secret, context: &RequestContext) -> Result<Caller> {
        let verifier = self.trusted.tokens.as_ref().ok_or_else(bad_token)?;
        let (_, digest) = self.gate.peppers().digest(token.expose());
        let now = self.clock.now();
        let remembered = self.tokens.get(&digest).filter(|(_, end)| *end > now);
        let user = match remembered {
            Some((user, _)) => user,
            None => {
                let (claims, end) = verifier.verify(token).await?;
                let user = self.identities.resolve(&claims, context).await?;
                let asks = self.gate.settings().signin.token_factor == ForeignFactor::Ask;
                if asks && self.signin.needs_factor(user.id).await? {
                    let detail = "a second factor is needed, and a token brings none; sign in \
                                  another way (signin.jwt_second_factor)";
                    return Err(Fault::new(Code::Forbidden, detail));
                }
                self.tokens.insert(digest, (user.id, end));
                user.id
            }
        };
        let user = self.gate.principal(user).await?.ok_or_else(bad_token)?;
        self.gate.saw(user.id, now);
        Ok(Caller::User { user, key: None })
    }

    /// Begins a session for the person whom a trusted proxy names, or asks for the second factor.
    /// That the header came from one is
    /// for the caller to know.
    ///
    /// # Errors
    /// `NotFound` where this is switched off, `Forbidden` for a person who may not have an account.
    pub async fn remote_user(&self, name: &str, context: &RequestContext) -> Result<SignIn> {
        if !self.takes_remote_user() {
            return Err(Fault::not_found("way to sign in"));
        }
        let subject = name.trim().to_lowercase();
        let email = subject.contains('@').then(|| subject.clone());
        let claims = Claims {
            issuer: REMOTE_USER.to_owned(),
            // The proxy is the one who knows who people are: its word on the address is enough.
            email_verified: email.is_some(),
            email,
            subject,
            name: None,
            groups: None,
        };
        let user = self.identities.resolve(&claims, context).await?;
        let factor = self.gate.settings().signin.remote_user_factor;
        self.signin.vouched(user, Method::RemoteUser, factor, context).await
    }

    /// The accounts of trusted parties that belong to a user, oldest first.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn identities(&self, grant: &Authorized<ListIdentities>) -> Result<Vec<Identity>> {
        self.repos.identities_of(grant.act().user).await
    }

    /// Parts a user from all of them, and ends the user's sessions: whoever signed in that way may
    /// not have been the user. Tells how many there were.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn unlink(&self, grant: &Authorized<UnlinkIdentities>) -> Result<u64> {
        let user = grant.act().user;
        let parted = self.repos.delete_identities_of(user).await?;
        self.repos.delete_sessions_of(user, None).await?;
        self.tokens.invalidate_all();
        Ok(parted)
    }

    fn provider(&self, name: &str) -> Result<Arc<dyn IdentityProvider>> {
        let found = self.trusted.providers.iter().find(|provider| provider.name() == name);
        found.cloned().ok_or_else(|| Fault::not_found("identity provider"))
    }
}

fn strange() -> Fault {
    Fault::new(
        Code::Unauthenticated,
        "the sign-in did not begin in this browser, is over, or was finished before; begin again",
    )
}

fn bad_token() -> Fault {
    Fault::new(Code::Unauthenticated, "the token is not good here")
}
