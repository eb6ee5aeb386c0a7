//! What is known of a request before anybody looks at it.

use std::convert::Infallible;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use axum::extract::FromRequestParts;
use http::request::Parts;
use tessera_access::terms::Dialect;
use tessera_access::{Ledger, Proof, RequestContext};

/// Put into every request by [`layer::prepare`](crate::layer::prepare). Cheap to copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestInfo(Arc<RequestFacts>);

/// What [`RequestInfo`] tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RequestFacts {
    /// The identifier of the request: the caller's own, if it sent a sensible one.
    pub request_id: String,
    /// The caller's address, behind trusted proxies.
    pub address: Option<String>,
    /// The origin of the page that sent it.
    pub origin: Option<String>,
    /// What the caller's program calls itself.
    pub client: Option<String>,
    /// The record of the request.
    pub ledger: Ledger,
    /// Its signature, or why that does not count, once the request was read.
    pub proof: OnceLock<Arc<Proof>>,
    /// Whether the request came straight from a trusted proxy.
    pub from_proxy: bool,
    /// How the caller names this server: `http://host:port`, no slash at the end.
    pub base_url: String,
}

impl From<RequestFacts> for RequestInfo {
    fn from(facts: RequestFacts) -> Self {
        Self(Arc::new(facts))
    }
}

impl Deref for RequestInfo {
    type Target = RequestFacts;

    fn deref(&self) -> &RequestFacts {
        &self.0
    }
}

impl RequestInfo {
    /// The part that goes into records.
    #[must_use]
    pub fn context(&self, dialect: Dialect) -> RequestContext {
        RequestContext {
            address: self.address.clone(),
            request_id: Some(self.request_id.clone()),
            origin: self.origin.clone(),
            client: self.client.clone(),
            dialect,
            proof: self.proof.get().cloned(),
            remember: false,
            ledger: self.ledger.clone(),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for RequestInfo {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
