//! The way to one cluster: where it is, what proves who asks, and its words when it refuses.

use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use serde_json::Value as Json;
use tessera_bi::ports::CancelSignal;
use tessera_kernel::{Clock as _, Code, Fault, Result, Secret, SystemClock};
use url::Url;

use super::kind::Kind;
use crate::aws::{self, Keys};
use crate::http::{Http, HttpAnswer, HttpLimits, HttpRequest, HttpTls};
use crate::never::Never;
use crate::web::credential;
use crate::{ConnectorSettings, options};

/// Longest time for what is not a run, in seconds.
const SHORT_SECONDS: u64 = 30;

/// Longest wait for a server that has next to nothing to do.
const ANSWER: Duration = Duration::from_secs(5);

/// Longest answer of such a server, in bytes.
const ANSWER_BYTES: u64 = 16 << 20;

/// Longest text of an error that is not in the usual form, in characters.
const SAID_CHARACTERS: usize = 1000;

/// How AWS calls the service in signatures.
const SERVICE: &str = "es";

/// What is asked of a cluster.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    /// Below the address of the cluster.
    pub(super) path: &'a str,
    pub(super) body: Option<&'a Json>,
    /// What the server calls its tasks for this by.
    pub(super) mark: Option<&'a str>,
}

impl<'a> Ask<'a> {
    pub(super) fn post(path: &'a str, body: &'a Json) -> Self {
        Self { method: Method::POST, path, body: Some(body), mark: None }
    }
}

pub(super) struct Door {
    base: Url,
    proof: Proof,
    http: Http,
    settings: Arc<ConnectorSettings>,
}

enum Proof {
    Nothing,
    Password(String, Secret),
    Signature { region: String, keys: Keys },
}

impl Door {
    pub(super) fn read(kind: Kind, given: &Json, settings: Arc<ConnectorSettings>) -> Result<Self> {
        let field = format!("options.{}", kind.address());
        let base = options::needed(given, kind.address())?;
        let base = Url::parse(base.trim_end_matches('/'))
            .map_err(|error| Fault::invalid(&field, error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(Fault::invalid(&field, "must begin with https:// or http://"));
        }
        settings.check_literal(base.host_str().unwrap_or_default())?;
        let proof = match kind {
            Kind::Amazon => signature(given)?,
            _ => {
                let [user, password] = kind.credential();
                match credential(given, user, password) {
                    Some((user, password)) => Proof::Password(user, password),
                    None => Proof::Nothing,
                }
            }
        };
        let http = Http::new(Arc::clone(&settings), &HttpTls::default())?;
        Ok(Self { base, proof, http, settings })
    }

    pub(super) fn settings(&self) -> &ConnectorSettings {
        &self.settings
    }

    /// Asks; a refusal is an answer too.
    pub(super) async fn ask(
        &self,
        asked: Ask<'_>,
        limits: &HttpLimits,
        cancel: &Arc<dyn CancelSignal>,
    ) -> Result<HttpAnswer> {
        let mut url = self.base.clone();
        let (path, query) = match asked.path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (asked.path, None),
        };
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        if query.is_some() {
            url.set_query(query);
        }
        let mut request = match asked.body {
            Some(body) => HttpRequest::post(url, body.to_string())
                .header("content-type", "application/json")?,
            None => HttpRequest::get(url),
        };
        request.follow = asked.method == Method::GET;
        request.method = asked.method;
        request = request.header("accept", "application/json")?;
        if let Some(mark) = asked.mark {
            request = request.header("x-opaque-id", mark)?;
        }
        request = match &self.proof {
            Proof::Nothing => request,
            Proof::Password(user, password) => request.basic(user, password)?,
            Proof::Signature { region, keys } => {
                aws::signed(request, SERVICE, region, keys, SystemClock.now())?
            }
        };
        self.http.fetch(request, limits, cancel).await
    }

    /// Tidies up; what goes wrong with that is told to nobody but the log.
    pub(super) async fn tidy(&self, asked: Ask<'_>, purpose: &str) -> Option<HttpAnswer> {
        let limits = HttpLimits {
            time: ANSWER,
            time_setting: "sources.connect_seconds",
            bytes: Some(ANSWER_BYTES),
        };
        let told = self.ask(asked, &limits, &Never::signal()).await.and_then(good);
        if let Err(fault) = &told {
            tracing::warn!(%fault, purpose, "a cluster did not take a request that tidies up");
        }
        told.ok()
    }

    /// An answer that is not a refusal.
    pub(super) async fn get(&self, path: &str) -> Result<HttpAnswer> {
        let limits = HttpLimits::document(&self.settings, SHORT_SECONDS);
        let asked = Ask { method: Method::GET, path, body: None, mark: None };
        good(self.ask(asked, &limits, &Never::signal()).await?)
    }
}

/// The keys of AWS that the options have.
fn signature(given: &Json) -> Result<Proof> {
    options::only_texts(given, &["region", "access_key"])?;
    let region = options::needed(given, "region")?;
    aws::check_region(&region, "options.region")?;
    let machine = "this server does not ask the machine that it runs on for keys";
    if options::is_on(given, "use_aws_iam_profile") {
        let detail = format!("must be off, with access_key and secret_key: {machine}");
        return Err(Fault::invalid("options.use_aws_iam_profile", detail));
    }
    let id = options::text(given, "access_key").map(str::to_owned);
    let (Some(id), Some(secret)) = (id, options::password(given, "secret_key")) else {
        let detail = format!("is required with secret_key: {machine}");
        return Err(Fault::invalid("options.access_key", detail));
    };
    Ok(Proof::Signature { region, keys: Keys { id, secret, token: None } })
}

/// The answer, unless it is a refusal.
pub(super) fn good(answer: HttpAnswer) -> Result<HttpAnswer> {
    if answer.status.is_success() { Ok(answer) } else { Err(failed(said(&answer))) }
}

/// What the server says of a failure.
pub(super) fn said(answer: &HttpAnswer) -> String {
    let body: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    body.get("error").and_then(said_of).unwrap_or_else(|| {
        let status = answer.status.as_u16();
        let text = String::from_utf8_lossy(&answer.body);
        let text: String = text.chars().take(SAID_CHARACTERS).collect();
        format!("Failed to execute query. Return Code: {status} Reason: {text}")
    })
}

/// The words of an error: its kind, the reason, and what else there is to know.
pub(super) fn said_of(error: &Json) -> Option<String> {
    if let Some(text) = error.as_str() {
        return Some(text.to_owned());
    }
    let word = |error: &Json, name: &str| error.get(name)?.as_str().map(str::to_owned);
    let causes = error.get("root_cause").and_then(|causes| causes.get(0));
    let cause = causes.filter(|cause| cause.get("reason").is_some_and(Json::is_string));
    let cause = cause.unwrap_or(error);
    let mut text = match (word(cause, "type"), word(cause, "reason")) {
        (Some(kind), Some(reason)) => format!("{kind}: {reason}"),
        (None, Some(text)) | (Some(text), None) => text,
        (None, None) => return None,
    };
    // Why a script or a query is wrong is said further in.
    let inner = error.get("caused_by").and_then(|inner| word(inner, "reason"));
    for more in [word(error, "details"), inner].into_iter().flatten() {
        if !more.is_empty() && !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
    }
    Some(text)
}

pub(super) fn failed(detail: impl Into<String>) -> Fault {
    Fault::new(Code::SourceFailed, detail.into())
}
