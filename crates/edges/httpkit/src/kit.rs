//! Recognises the caller of a request.

use std::sync::Arc;

use http::request::Parts;
use ipnet::IpNet;
use tessera_access::terms::Dialect;
use tessera_access::{Access, Act, Authorized, Caller, RequestContext, Transport};
use tessera_kernel::{Code, Fault, Random, Result};

use crate::sending::Sending;
use crate::{Assertions, RequestInfo, cookies, credential, csrf};

/// What the operator decides about HTTP.
#[derive(Debug, Clone)]
pub struct KitSettings {
    /// How callers name this server; `None` takes it from the request.
    pub base_url: Option<String>,
    /// Proxies whose headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Largest request body, in bytes.
    pub body_bytes_max: usize,
    /// Whether cookies are sent over HTTPS only.
    pub cookies_secure: bool,
    /// Longest time for a request, in seconds. Downloads are not cut by it once they began.
    pub request_seconds: u64,
    /// How others tell who calls.
    pub assertions: Assertions,
    /// Origins of pages that may show embeds in a frame; `*` is every page.
    pub frame_origins: Vec<String>,
    /// Origins of pages whose scripts may read results with a key; `*` is every page.
    pub cors_origins: Vec<String>,
    /// What tells browsers to come over HTTPS only, where they came so.
    pub strict_transport: Option<http::HeaderValue>,
}

impl Default for KitSettings {
    fn default() -> Self {
        Self {
            base_url: None,
            trusted_proxies: Vec::new(),
            body_bytes_max: 10 << 20,
            cookies_secure: false,
            request_seconds: 90,
            assertions: Assertions::default(),
            frame_origins: Vec::new(),
            cors_origins: Vec::new(),
            strict_transport: None,
        }
    }
}

/// What every edge has: access, settings, chance.
#[derive(Clone)]
pub struct Kit {
    /// Who may do what.
    pub access: Access,
    /// What the operator decided.
    pub settings: Arc<KitSettings>,
    /// For tokens in cookies.
    pub random: Arc<dyn Random>,
    /// Bodies that are sent repeatedly.
    pub sending: Sending,
    /// The language that callers of this edge speak.
    pub dialect: Dialect,
}

impl Kit {
    /// The same for an edge of another language.
    #[must_use]
    pub fn in_dialect(&self, dialect: Dialect) -> Self {
        Self { dialect, ..self.clone() }
    }

    /// What the core is told of a request.
    #[must_use]
    pub fn context(&self, info: &RequestInfo) -> RequestContext {
        info.context(self.dialect)
    }

    /// Who calls. A good key decides; a bad one in a header leaves it to a good session, and that to
    /// a signed token where these are taken; without any the caller is nobody.
    ///
    /// # Errors
    /// `Unauthenticated` for a credential that proves nothing, `CsrfFailed` for a session whose
    /// request may not come from our own pages.
    pub async fn identify(&self, parts: &Parts, info: &RequestInfo) -> Result<Caller> {
        let caller = self.recognise(parts, info).await;
        if let Ok(Caller::Dashboard(_)) = &caller {
            self.check_public_links().await?;
        }
        info.ledger.note(|entry| match &caller {
            Ok(Caller::User { user, key: None }) => {
                entry.actor = Some(format!("user:{}", user.id));
                entry.owner = Some(user.id);
                // A bad key beside a good session does not count.
                (entry.key, entry.creator, entry.refused) = (None, None, None);
                let cookie = cookies::session_token(&parts.headers).is_some();
                let way = if cookie { Transport::Cookie } else { Transport::Header };
                entry.transport = Some(way.as_str());
                entry.dialect = Some(self.dialect);
            }
            Ok(_) => {}
            Err(fault) => {
                let reason = match fault.code() {
                    Code::CsrfFailed => "csrf_failed",
                    _ => "session_unknown",
                };
                entry.dialect = Some(self.dialect);
                entry.refused = entry.refused.or(fault.reason()).or(Some(reason));
            }
        });
        caller
    }

    /// Refuses while the organisation wants no public links.
    ///
    /// # Errors
    /// `Invalid`, and if storage fails.
    pub async fn check_public_links(&self) -> Result<()> {
        if self.access.organization.settings().await?.disable_public_urls {
            return Err(Fault::new(Code::Invalid, "public URLs are disabled"));
        }
        Ok(())
    }

    async fn recognise(&self, parts: &Parts, info: &RequestInfo) -> Result<Caller> {
        let session = cookies::session_token(&parts.headers);
        let assertion = self.settings.assertions.token(&parts.headers);
        let key = credential::key_of(&parts.headers, parts.uri.query());
        if let Some(key) = key {
            match self.access.gate.authenticate_key(&key, &self.context(info)).await {
                Err(fault)
                    if fault.code() == Code::Unauthenticated
                        && (session.is_some() || assertion.is_some())
                        && key.transport != Transport::Url => {}
                other => return other,
            }
        }
        if let Some(session) = session {
            match self.access.sessions.authenticate(&session, info.address.as_deref()).await {
                Err(fault) if fault.code() == Code::Unauthenticated && assertion.is_some() => {}
                found => {
                    let found = found?;
                    csrf::check(parts, info)?;
                    if let Some(until) = found.renewed_until {
                        info.ledger.note(|entry| entry.renewed = Some((session, until)));
                    }
                    return Ok(found.caller);
                }
            }
        }
        let Some(assertion) = assertion else { return Ok(Caller::Anonymous) };
        let context = self.context(info);
        let caller = self.access.federation.token_caller(&assertion.token, &context).await?;
        // A browser sends cookies on its own, and a proxy may add a header on its own.
        if assertion.from_cookie {
            csrf::check(parts, info)?;
        } else {
            csrf::check_unsafe_origin(parts, info)?;
        }
        Ok(caller)
    }

    /// Who calls, and the right to do one thing.
    ///
    /// # Errors
    /// As [`identify`](Self::identify) and [`Gate::permit`](tessera_access::Gate::permit).
    pub async fn permit<A: Act>(
        &self,
        parts: &Parts,
        info: &RequestInfo,
        act: A,
    ) -> Result<Authorized<A>> {
        let caller = self.identify(parts, info).await?;
        self.access.gate.permit(&caller, &self.context(info), act).await
    }

    /// Refuses a form that another site's page sent; for forms that need no session.
    ///
    /// # Errors
    /// `CsrfFailed`.
    pub fn check_origin(&self, parts: &Parts, info: &RequestInfo) -> Result<()> {
        csrf::check_origin(&parts.headers, info)
    }

    /// A new proof against forged requests, for its cookie.
    #[must_use]
    pub fn new_csrf_token(&self) -> String {
        self.random.alphanumeric(32)
    }
}
