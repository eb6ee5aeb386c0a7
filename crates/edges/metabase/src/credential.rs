//! Who calls, with the rest of the request: what every handler starts from.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::Method;
use http::request::Parts;
use serde_json::{Map, Value as Json};
use tessera_access::{Act, Authorized, Caller, RequestContext};
use tessera_httpkit::{RequestInfo, body};
use tessera_kernel::{Code, Fault, Result, Secret};

use crate::errors::Refusal;
use crate::{MetabaseState, map, quirks};

/// A request by somebody known.
pub(crate) struct Call {
    pub(crate) state: MetabaseState,
    pub(crate) info: RequestInfo,
    pub(crate) caller: Caller,
    /// The token of the session that proved who calls.
    pub(crate) session: Option<Secret>,
    /// What stands behind the question mark.
    pub(crate) query: Vec<(String, String)>,
    body: Bytes,
}

/// A request by anybody: what clients ask before they sign in.
pub(crate) struct Visit {
    pub(crate) state: MetabaseState,
    pub(crate) info: RequestInfo,
    pub(crate) parts: Parts,
    body: Bytes,
}

impl FromRequest<MetabaseState> for Call {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &MetabaseState) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let info = info(&parts);
        let (caller, session) = identify(state, &parts, &info).await?;
        if matches!(caller, Caller::Anonymous) {
            return Err(Fault::new(Code::Unauthenticated, "sign in or send a key").into());
        }
        let body = body::read(body, state.kit.settings.body_bytes_max).await?;
        let query = map::pairs(parts.uri.query());
        Ok(Self { state: state.clone(), info, caller, session, query, body })
    }
}

impl FromRequest<MetabaseState> for Visit {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &MetabaseState) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let info = info(&parts);
        let body = body::read(body, state.kit.settings.body_bytes_max).await?;
        Ok(Self { state: state.clone(), info, parts, body })
    }
}

fn info(parts: &Parts) -> RequestInfo {
    parts.extensions.get::<RequestInfo>().cloned().unwrap_or_default()
}

/// A good session decides, then a key: see [`quirks::sessions`].
async fn identify(
    state: &MetabaseState,
    parts: &Parts,
    info: &RequestInfo,
) -> Result<(Caller, Option<Secret>)> {
    let access = &state.kit.access;
    for session in quirks::sessions(&parts.headers) {
        match access.sessions.authenticate(&session.token, info.address.as_deref()).await {
            Ok(found) => {
                // A browser sends cookies on its own, also for a page of another site.
                if session.from_cookie && !is_safe(&parts.method) {
                    state.kit.check_origin(parts, info)?;
                }
                return Ok((found.caller, Some(session.token)));
            }
            Err(fault) if fault.code() == Code::Unauthenticated => {}
            Err(fault) => return Err(fault),
        }
    }
    match quirks::key(&parts.headers) {
        Some(key) => {
            let caller = access.gate.authenticate_key(&key, &state.kit.context(info)).await?;
            Ok((caller, None))
        }
        None => Ok((Caller::Anonymous, None)),
    }
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

impl Call {
    /// What the core is told of the request.
    pub(crate) fn context(&self) -> RequestContext {
        self.state.kit.context(&self.info)
    }

    /// The right to do one thing.
    pub(crate) async fn permit<A: Act>(&self, act: A) -> Result<Authorized<A>> {
        self.state.kit.access.gate.permit(&self.caller, &self.context(), act).await
    }

    /// Whether the caller is an administrator.
    pub(crate) fn is_admin(&self) -> bool {
        self.caller.user().is_some_and(tessera_access::UserPrincipal::is_admin)
    }

    /// The body as a JSON object; none counts as an empty one.
    pub(crate) fn object(&self) -> Result<Map<String, Json>> {
        object(&self.body)
    }

    /// One value from behind the question mark.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        map::param(&self.query, name)
    }
}

impl Visit {
    /// The body as a JSON object; none counts as an empty one.
    pub(crate) fn object(&self) -> Result<Map<String, Json>> {
        object(&self.body)
    }
}

fn object(bytes: &Bytes) -> Result<Map<String, Json>> {
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    match body::json_strict(bytes)? {
        Json::Object(fields) => Ok(fields),
        _ => Err(Fault::new(Code::Malformed, "send a JSON object")),
    }
}
