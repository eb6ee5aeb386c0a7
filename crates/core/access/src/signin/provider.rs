//! What signing in asks of the outside. Implemented by the adapter `identity`.

use std::sync::Arc;

use async_trait::async_trait;
use tessera_kernel::{Result, Secret, Timestamp};

use super::Claims;

/// What goes along when the browser is sent to an identity provider.
#[derive(Debug, Clone)]
pub struct AuthorizationRequest {
    /// Where the provider sends the browser back to.
    pub redirect_uri: String,
    /// Comes back unchanged.
    pub state: Secret,
    /// Comes back inside the signed token.
    pub nonce: Secret,
    /// The S256 challenge of the verifier that redeems the code (RFC 7636).
    pub code_challenge: String,
}

/// What redeems a code.
#[derive(Debug, Clone)]
pub struct Redemption {
    /// The code that came with the browser.
    pub code: Secret,
    /// The same as in the request.
    pub redirect_uri: String,
    /// What the challenge was made of.
    pub code_verifier: Secret,
    /// What the signed token must contain.
    pub nonce: Secret,
}

/// An identity provider to which browsers are sent.
#[async_trait]
pub trait IdentityProvider: Send + Sync + 'static {
    /// Its name in paths: lower-case letters and digits.
    fn name(&self) -> &str;
    /// Its name for people.
    fn label(&self) -> &str;
    /// The issuer it must name itself as.
    fn issuer(&self) -> &str;
    /// Where to send the browser.
    ///
    /// # Errors
    /// `Unavailable` if the provider cannot be asked.
    async fn authorization_url(&self, request: &AuthorizationRequest) -> Result<String>;
    /// Redeems a code, and checks everything that comes for it.
    ///
    /// # Errors
    /// `Unauthenticated` for a code, token or claim that is not good, `Unavailable` if the provider
    /// cannot be asked.
    async fn redeem(&self, redemption: &Redemption) -> Result<Claims>;
}

/// Checks signed tokens that requests carry.
#[async_trait]
pub trait TokenVerifier: Send + Sync + 'static {
    /// What the token says, and when it ends.
    ///
    /// # Errors
    /// `Unauthenticated` for a token that is not good, `Unavailable` if the keys cannot be fetched.
    async fn verify(&self, token: &Secret) -> Result<(Claims, Timestamp)>;
}

/// Everybody who is trusted to say who a person is.
#[derive(Clone, Default)]
pub struct Trusted {
    /// Identity providers.
    pub providers: Vec<Arc<dyn IdentityProvider>>,
    /// The issuer of tokens that requests carry.
    pub tokens: Option<Arc<dyn TokenVerifier>>,
}
