//! One request, read: what a handler is given.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::RequestPartsExt as _;
use axum::body::Body;
use axum::extract::{RawPathParams, Request};
use bytes::Bytes;
use http::request::Parts;
use http::{Method, header};
use serde::de::DeserializeOwned;
use tessera_access::{Access, Act, Authorized, Caller, RequestContext};
use tessera_bi::Bi;
use tessera_httpkit::{RequestInfo, body};
use tessera_kernel::{Code, Fault, Result};
use tokio::sync::OnceCell;

use crate::input;
use crate::page::Paging;
use crate::routes::Param;
use crate::state::ApiState;

/// One request.
pub(crate) struct Call {
    pub(crate) state: ApiState,
    pub(crate) parts: Parts,
    pub(crate) info: RequestInfo,
    pub(crate) body: Bytes,
    path: Vec<String>,
    members: Vec<(String, String)>,
    caller: OnceCell<Caller>,
    /// A body that is a file, not read yet.
    file: Mutex<Option<Body>>,
}

impl Call {
    /// Reads a request. Members behind the `?` that the operation does not have are refused.
    pub(crate) async fn read(
        state: ApiState,
        request: Request,
        params: &[Param],
        uploads: bool,
    ) -> Result<Self> {
        let (mut parts, body) = request.into_parts();
        let info = parts.extensions.get::<RequestInfo>().cloned().unwrap_or_default();
        let reads = matches!(parts.method, Method::GET | Method::HEAD);
        let mut file = None;
        let body = if reads {
            Bytes::new()
        } else if uploads {
            file = Some(body);
            Bytes::new()
        } else {
            body::read(body, state.kit.settings.body_bytes_max).await?
        };
        let path = match parts.extract::<RawPathParams>().await {
            Ok(found) => found.iter().map(|(_, text)| text.to_owned()).collect(),
            Err(_) => return Err(Fault::not_found("path")),
        };
        let members = input::members(parts.uri.query())?;
        for (at, (name, _)) in members.iter().enumerate() {
            let Some(param) = params.iter().find(|param| param.is(name)) else {
                return Err(Fault::invalid(name, unknown_member(params)));
            };
            if !param.repeats && members[..at].iter().any(|(other, _)| other == name) {
                return Err(Fault::invalid(name, "send it once"));
            }
        }
        let (caller, file) = (OnceCell::new(), Mutex::new(file));
        Ok(Self { state, parts, info, body, path, members, caller, file })
    }

    /// The core's access services.
    pub(crate) fn access(&self) -> &Access {
        &self.state.kit.access
    }

    /// What the core is told of the request.
    pub(crate) fn context(&self) -> RequestContext {
        self.state.kit.context(&self.info)
    }

    /// The core's query side.
    pub(crate) fn bi(&self) -> &Bi {
        &self.state.bi
    }

    /// Who calls; found out once.
    pub(crate) async fn caller(&self) -> Result<&Caller> {
        self.caller.get_or_try_init(|| self.state.kit.identify(&self.parts, &self.info)).await
    }

    /// The right to do one thing.
    pub(crate) async fn permit<A: Act>(&self, act: A) -> Result<Authorized<A>> {
        let caller = self.caller().await?;
        self.access().gate.permit(caller, &self.state.kit.context(&self.info), act).await
    }

    /// The body as a typed value.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        input::json(&self.body)
    }

    /// A body that is a file; to be read once, by those who may send one.
    pub(crate) async fn file(&self) -> Result<Bytes> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner).take();
        let most = self.state.settings.upload_bytes_max;
        match body::read(file.unwrap_or_default(), most).await {
            Err(fault) if fault.code() == Code::TooLarge => {
                let detail =
                    format!("the file is larger than {most} bytes (files.upload_bytes_max)");
                Err(Fault::new(Code::TooLarge, detail))
            }
            read => read,
        }
    }

    /// The first (`0`) or second part of the path that varies.
    pub(crate) fn segment(&self, position: usize) -> &str {
        self.path.get(position).map_or("", String::as_str)
    }

    /// One member behind the `?`.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.members.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }

    /// The values of parameters: members that begin with `p_`, without it. `p_x.start` and
    /// `p_x.end` are the ends of a range.
    pub(crate) fn values(&self) -> serde_json::Map<String, serde_json::Value> {
        let found = self.members.iter().filter_map(|(name, text)| {
            Some((name.strip_prefix("p_")?.to_owned(), serde_json::Value::from(text.clone())))
        });
        found.collect()
    }

    /// All members of one name.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        let found = self.members.iter().filter(|(known, _)| known == name);
        found.map(|(_, text)| text.clone()).collect()
    }

    /// A member that is `true` or `false`; `false` if it is not there.
    pub(crate) fn flag(&self, name: &str) -> Result<bool> {
        self.text(name).map_or(Ok(false), |text| input::flag(name, text))
    }

    /// The page asked for.
    pub(crate) fn paging(&self) -> Result<Paging> {
        Paging::read(self.parts.uri.path(), &self.members)
    }

    /// A member that names an order: `name`, or `-name` for backwards.
    pub(crate) fn order<T: Copy>(
        &self,
        known: &[(&str, T)],
        default: (T, bool),
    ) -> Result<(T, bool)> {
        let Some(text) = self.text("order") else { return Ok(default) };
        let name = text.strip_prefix('-').unwrap_or(text);
        let found = known.iter().find(|(known, _)| *known == name).ok_or_else(|| {
            let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
            let detail = format!("send one of {}; a minus in front reverses", names.join(", "));
            Fault::invalid("order", detail)
        })?;
        Ok((found.1, name.len() != text.len()))
    }

    /// A member that is one of several words.
    pub(crate) fn choice<T: Copy>(&self, name: &str, known: &[(&str, T)], default: T) -> Result<T> {
        let Some(text) = self.text(name) else { return Ok(default) };
        let found = known.iter().find(|(known, _)| *known == text);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<_> = known.iter().map(|(word, _)| *word).collect();
            Fault::invalid(name, format!("send one of {}", words.join(", ")))
        })
    }

    /// The member `wait_ms`, or the one of the body, within what the operator allows.
    pub(crate) fn wait(&self, of_body: Option<u64>) -> Result<Duration> {
        let asked = match self.text("wait_ms") {
            None => of_body.unwrap_or(0),
            Some(text) => text
                .parse()
                .map_err(|_| Fault::invalid("wait_ms", "send a whole number of milliseconds"))?,
        };
        Ok(Duration::from_millis(asked.min(self.state.settings.wait_milliseconds_max)))
    }

    /// The version in `If-Match`, or else the one of the body.
    pub(crate) fn expected_version(&self, of_body: Option<i64>) -> Result<Option<i64>> {
        let Some(value) = self.parts.headers.get(header::IF_MATCH) else { return Ok(of_body) };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(of_body);
        }
        let number = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let version = number.and_then(|text| text.parse().ok()).ok_or_else(|| {
            Fault::invalid("If-Match", "send the version in quotes, as ETag gave it: \"3\"")
        })?;
        match of_body {
            Some(other) if other != version => {
                Err(Fault::invalid("version", "differs from If-Match; send one of them"))
            }
            _ => Ok(Some(version)),
        }
    }
}

fn unknown_member(params: &[Param]) -> String {
    if params.is_empty() {
        return "unknown; this operation has no query parameters".to_owned();
    }
    let names: Vec<_> = params.iter().map(|param| param.name).collect();
    format!("unknown; this operation has {}", names.join(", "))
}
