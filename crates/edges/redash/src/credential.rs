//! Who calls, with the rest of the request: what every handler starts from.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::request::Parts;
use serde_json::{Map, Value as Json};
use tessera_access::{Act, Authorized, Caller, RequestContext};
use tessera_httpkit::{RequestInfo, body};
use tessera_kernel::{Code, Fault, Result};

use crate::errors::Refusal;
use crate::{RedashState, map, quirks};

/// A request by somebody known.
pub(crate) struct Call {
    pub(crate) state: RedashState,
    pub(crate) info: RequestInfo,
    pub(crate) caller: Caller,
    pub(crate) parts: Parts,
    /// What stands behind the question mark.
    pub(crate) query: Vec<(String, String)>,
    body: Bytes,
}

/// A request by anybody: pages, and what clients ask before they sign in.
pub(crate) struct Visit {
    pub(crate) state: RedashState,
    pub(crate) info: RequestInfo,
    /// [`Caller::Anonymous`] also for a credential that proves nothing.
    pub(crate) caller: Caller,
    pub(crate) parts: Parts,
    pub(crate) query: Vec<(String, String)>,
    body: Bytes,
}

impl FromRequest<RedashState> for Call {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &RedashState) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let info = info(&parts);
        let caller = state.kit.identify(&parts, &info).await?;
        if matches!(caller, Caller::Anonymous) {
            return Err(Fault::new(Code::Unauthenticated, "sign in or send a key").into());
        }
        let body = body::read(body, state.kit.settings.body_bytes_max).await?;
        let query = map::pairs(parts.uri.query());
        Ok(Self { state: state.clone(), info, caller, parts, query, body })
    }
}

impl FromRequest<RedashState> for Visit {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &RedashState) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let info = info(&parts);
        let caller = match state.kit.identify(&parts, &info).await {
            Ok(caller) => caller,
            Err(fault) if is_unproved(fault.code()) => Caller::Anonymous,
            Err(fault) => return Err(fault.into()),
        };
        let body = body::read(body, state.kit.settings.body_bytes_max).await?;
        let query = map::pairs(parts.uri.query());
        Ok(Self { state: state.clone(), info, caller, parts, query, body })
    }
}

fn info(parts: &Parts) -> RequestInfo {
    parts.extensions.get::<RequestInfo>().cloned().unwrap_or_default()
}

fn is_unproved(code: Code) -> bool {
    matches!(code, Code::Unauthenticated | Code::OutOfScope | Code::CsrfFailed)
}

impl Visit {
    /// What the core is told of the request.
    pub(crate) fn context(&self) -> RequestContext {
        self.state.kit.context(&self.info)
    }
}

impl Call {
    /// The right to do one thing.
    pub(crate) async fn permit<A: Act>(&self, act: A) -> Result<Authorized<A>> {
        let gate = &self.state.kit.access.gate;
        let granted = gate.permit(&self.caller, &self.state.kit.context(&self.info), act).await;
        granted.map_err(|fault| quirks::dashboard_key_outside_its_dashboard(&self.caller, fault))
    }

    /// The right to do one thing, if the caller has it.
    pub(crate) async fn permit_if<A: Act>(&self, act: A) -> Result<Option<Authorized<A>>> {
        match self.permit(act).await {
            Ok(grant) => Ok(Some(grant)),
            Err(fault)
                if matches!(
                    fault.code(),
                    Code::Forbidden | Code::NotFound | Code::OutOfScope | Code::Unauthenticated
                ) =>
            {
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }

    /// The body as a JSON object, whatever media type it was sent as.
    ///
    /// # Errors
    /// `Malformed`.
    pub(crate) fn object(&self) -> Result<Map<String, Json>> {
        match body::json_strict(&self.body)? {
            Json::Object(fields) => Ok(fields),
            _ => Err(Fault::new(Code::Malformed, "send a JSON object")),
        }
    }

    /// The body as a JSON list of objects, whatever media type it was sent as.
    ///
    /// # Errors
    /// `Malformed`.
    pub(crate) fn objects(&self) -> Result<Vec<Map<String, Json>>> {
        let malformed = || Fault::new(Code::Malformed, "send a JSON list of objects");
        let Json::Array(items) = body::json_strict(&self.body)? else { return Err(malformed()) };
        let object = |item| match item {
            Json::Object(fields) => Ok(fields),
            _ => Err(malformed()),
        };
        items.into_iter().map(object).collect()
    }

    /// The body as a JSON object; anything else counts as an empty one.
    pub(crate) fn lenient(&self) -> Map<String, Json> {
        match body::json_lenient(&self.body) {
            Json::Object(fields) => fields,
            _ => Map::new(),
        }
    }

    /// One value from behind the question mark.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        map::param(&self.query, name)
    }
}

impl Visit {
    /// The fields of a form, or of a JSON object.
    pub(crate) fn fields(&self) -> map::Fields {
        map::Fields::read(&self.parts.headers, &self.body)
    }

    /// One value from behind the question mark.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        map::param(&self.query, name)
    }
}
