//! Questions to Google's own interfaces, with the token of a service account. What proves who asks
//! goes to Google's hosts only, or to the address that the operator set instead (`sources.google_url`).

mod account;
mod answers;
mod token;

use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::Value as Json;
use tessera_bi::ended::{cancelled, too_long};
use tessera_bi::ports::CancelSignal;
use tessera_kernel::{Code, Fault, Result};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use self::account::Account;
pub(crate) use self::account::{KEY_FILE, key_option};
pub(crate) use self::answers::{Cell, Row, plain, said};
use self::token::Token;
use crate::ConnectorSettings;
use crate::http::{Http, HttpAnswer, HttpLimits, HttpRequest, HttpTls};

/// How often a question is asked again that the server could not answer just now.
const TRIES: u32 = 5;

/// The pause before the second try; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(200);

/// A service account, and how to ask as it.
pub(crate) struct Google {
    http: Http,
    account: Account,
    /// What the token is for, with blanks between.
    scopes: &'static str,
    settings: Arc<ConnectorSettings>,
    token: Mutex<Option<Token>>,
}

/// How much the questions of one run may take.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    /// What was allowed, and by which setting.
    pub(crate) limit: Duration,
    pub(crate) setting: &'static str,
    /// When we end it ourselves.
    pub(crate) until: Instant,
    /// Bytes of one answer.
    pub(crate) bytes: u64,
}

impl Google {
    /// A client for the account whose key is among the options.
    ///
    /// # Errors
    /// `Invalid` if there is no key, or none that can be used.
    pub(crate) fn new(
        options: &Json,
        scopes: &'static str,
        settings: Arc<ConnectorSettings>,
    ) -> Result<Self> {
        let account = Account::read(options, settings.google_address.as_deref())?;
        let http = Http::new(Arc::clone(&settings), &HttpTls::default())?;
        Ok(Self { http, account, scopes, settings, token: Mutex::default() })
    }

    /// The address of the account, which others share their things with.
    pub(crate) fn email(&self) -> &str {
        &self.account.email
    }

    /// An address of a service, whose path is good as it is.
    ///
    /// # Errors
    /// `Invalid` if the operator's address is none.
    pub(crate) fn address(&self, service: &str, path: &str) -> Result<Url> {
        let text = match &self.settings.google_address {
            Some(address) => format!("{}{path}", address.trim_end_matches('/')),
            None => format!("https://{service}.googleapis.com{path}"),
        };
        Url::parse(&text).map_err(|error| Fault::invalid("sources.google_url", error.to_string()))
    }

    /// Shows that the account's key is good.
    ///
    /// # Errors
    /// `SourceFailed` with Google's words if it is not.
    pub(crate) async fn prove(&self, cancel: &Arc<dyn CancelSignal>) -> Result<()> {
        self.bearer(cancel).await.map(drop)
    }

    /// Asks as the account, again if the server is busy; gives every answer that is one, also those
    /// that refuse.
    ///
    /// # Errors
    /// As [`Http::fetch`].
    pub(crate) async fn ask(
        &self,
        request: HttpRequest,
        span: &Span,
        cancel: &Arc<dyn CancelSignal>,
    ) -> Result<HttpAnswer> {
        let mut renewed = false;
        let mut tries = 0;
        loop {
            let bearer = self.bearer(cancel).await?;
            let asked = HttpRequest { follow: false, ..request.clone() };
            let asked = asked.header("authorization", &format!("Bearer {}", bearer.expose()))?;
            let limits = HttpLimits {
                time: span.until.saturating_duration_since(now()),
                time_setting: span.setting,
                bytes: Some(span.bytes),
            };
            let answer = self.http.fetch(asked, &limits, cancel).await;
            let answer = answer.map_err(|fault| span.late(fault))?;
            if answer.status == StatusCode::UNAUTHORIZED && !renewed {
                // It was good until a while ago, and is not any more.
                *self.token.lock().await = None;
                renewed = true;
                continue;
            }
            tries += 1;
            if tries >= TRIES || !answers::is_busy(&answer) {
                return Ok(answer);
            }
            span.pause(PAUSE * 2_u32.pow(tries - 1), cancel).await?;
        }
    }
}

impl Span {
    /// Waits, but not longer than the span.
    ///
    /// # Errors
    /// `Cancelled`, or `TimedOut` at its end.
    pub(crate) async fn pause(&self, time: Duration, cancel: &Arc<dyn CancelSignal>) -> Result<()> {
        tokio::select! {
            () = tokio::time::sleep(time) => Ok(()),
            () = cancel.cancelled() => Err(cancelled()),
            () = tokio::time::sleep_until(self.until) => Err(self.too_long()),
        }
    }

    /// The same fault, with the limit that the caller knows.
    fn late(&self, fault: Fault) -> Fault {
        if fault.code() == Code::TimedOut { self.too_long() } else { fault }
    }

    /// It took longer than was allowed.
    pub(crate) fn too_long(&self) -> Fault {
        too_long(self.limit.as_secs(), self.setting)
    }
}

/// The moment that limits count from.
pub(crate) fn now() -> Instant {
    Instant::now()
}
