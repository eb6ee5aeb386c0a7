//! What a provider publishes about itself (OpenID Connect Discovery 1.0).

use std::sync::Arc;

use chrono::TimeDelta;
use parking_lot::RwLock;
use serde::Deserialize;
use tessera_kernel::{Clock, Result, Timestamp};

use crate::http::{Outbound, unavailable};

const WHAT: &str = "the identity provider's configuration";

/// How long it is remembered, in seconds.
const TTL_SECONDS: i64 = 3600;

/// What a provider publishes about itself, as far as it is needed.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Configuration {
    issuer: String,
    pub(crate) authorization_endpoint: String,
    pub(crate) token_endpoint: String,
    pub(crate) jwks_uri: String,
    pub(crate) userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

impl Configuration {
    /// Whether the secret goes into the form, and not into a header.
    pub(crate) fn secret_in_form(&self) -> bool {
        // Without a word about it, the header is the rule.
        let methods = self.token_endpoint_auth_methods_supported.as_deref().unwrap_or_default();
        let takes = |name: &str| methods.iter().any(|method| method == name);
        takes("client_secret_post") && !takes("client_secret_basic")
    }
}

/// Reads and remembers it.
pub(crate) struct Discovery {
    issuer: String,
    outbound: Outbound,
    clock: Arc<dyn Clock>,
    known: RwLock<Option<(Arc<Configuration>, Timestamp)>>,
}

impl Discovery {
    pub(crate) fn new(issuer: String, outbound: Outbound, clock: Arc<dyn Clock>) -> Self {
        Self { issuer, outbound, clock, known: RwLock::new(None) }
    }

    pub(crate) async fn configuration(&self) -> Result<Arc<Configuration>> {
        let now = self.clock.now();
        let known = self.known.read().clone();
        if let Some((configuration, at)) = &known
            && now - *at < TimeDelta::seconds(TTL_SECONDS)
        {
            return Ok(Arc::clone(configuration));
        }
        match self.read().await {
            Ok(read) => {
                let read = Arc::new(read);
                *self.known.write() = Some((Arc::clone(&read), now));
                Ok(read)
            }
            Err(fault) => known.map(|(configuration, _)| configuration).ok_or(fault),
        }
    }

    async fn read(&self) -> Result<Configuration> {
        let issuer = self.issuer.trim_end_matches('/');
        let url = format!("{issuer}/.well-known/openid-configuration");
        let read: Configuration = self.outbound.get(&url, WHAT).await?.json(WHAT)?;
        // Section 4.3: otherwise one provider could speak for another.
        if read.issuer != self.issuer {
            let cause = format!("it is of {:?}, not of {:?}", read.issuer, self.issuer);
            return Err(unavailable(WHAT, cause));
        }
        self.outbound.check_scheme(&read.authorization_endpoint, WHAT)?;
        Ok(read)
    }
}
