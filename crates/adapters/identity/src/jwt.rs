//! Signed tokens that requests carry.

use std::sync::Arc;

use async_trait::async_trait;
use tessera_access::Claims;
use tessera_access::signin::provider::TokenVerifier;
use tessera_kernel::{Clock, Result, Secret, Timestamp};

use crate::check::Expected;
use crate::claims;
use crate::http::Outbound;
use crate::jose::{Algorithm, Unchecked};
use crate::jwks::{self, KeySet};
use crate::keys::Key;

/// Where the keys are that sign tokens.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// A set of keys at an address.
    Url(String),
    /// One key in PEM.
    Pem(Vec<u8>),
}

/// Which tokens count.
#[derive(Debug, Clone)]
pub struct JwtSettings {
    /// Who must have made them.
    pub issuer: String,
    /// Whom they must be for.
    pub audience: String,
    /// Where the keys are.
    pub keys: KeySource,
    /// How they may be signed.
    pub algorithms: Vec<Algorithm>,
    /// The claim with the groups.
    pub groups_claim: String,
    /// Whether the issuer's addresses are proved ones, even if the token does not say so.
    pub email_verified: bool,
    /// How long a set of keys is remembered, in seconds.
    pub keys_seconds: i64,
}

enum Keys {
    Set(String, KeySet),
    One(Key),
}

/// Checks signed tokens.
pub struct JwtVerifier {
    settings: JwtSettings,
    keys: Keys,
    clock: Arc<dyn Clock>,
}

impl JwtVerifier {
    /// A verifier with these settings.
    ///
    /// # Errors
    /// `Invalid` if the key cannot be read.
    pub fn new(settings: JwtSettings, outbound: Outbound, clock: Arc<dyn Clock>) -> Result<Self> {
        let keys = match &settings.keys {
            KeySource::Pem(pem) => Keys::One(Key::read_pem(pem)?),
            KeySource::Url(url) => {
                let set = KeySet::new(outbound, Arc::clone(&clock), settings.keys_seconds);
                Keys::Set(url.clone(), set)
            }
        };
        Ok(Self { settings, keys, clock })
    }
}

#[async_trait]
impl TokenVerifier for JwtVerifier {
    async fn verify(&self, token: &Secret) -> Result<(Claims, Timestamp)> {
        let unchecked = Unchecked::read(token, &self.settings.algorithms)?;
        match &self.keys {
            Keys::Set(url, set) => set.check(url, &unchecked).await?,
            Keys::One(key) => jwks::check(std::iter::once(key), &unchecked)?,
        }
        let told = unchecked.payload()?;
        let JwtSettings { issuer, audience, groups_claim, email_verified, .. } = &self.settings;
        let expected = Expected { issuer, audience, nonce: None, now: self.clock.now() };
        let end = expected.check(&told)?;
        let mut claims = claims::read(&told, issuer, groups_claim);
        claims.email_verified |= *email_verified && !told.contains_key("email_verified");
        Ok((claims, end))
    }
}

#[cfg(test)]
mod tests;
