//! The token of a service account: asked for once, used while it is good.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tessera_bi::ports::CancelSignal;
use tessera_kernel::{Clock as _, Code, Fault, Result, Secret, SystemClock};

use super::{Google, said};
use crate::http::{HttpLimits, HttpRequest};

/// What kind of request for a token that is.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How long before its end a token is not used any more, in seconds.
const MARGIN_SECONDS: i64 = 60;

/// How long a token is good if nobody says, in seconds.
const USUAL_SECONDS: i64 = 3600;

/// Longest that a token is believed to be good, in seconds.
const GOOD_SECONDS_MAX: i64 = 86_400;

/// Largest answer with a token, in bytes.
const ANSWER_BYTES_MAX: u64 = 1 << 20;

pub(super) struct Token {
    bearer: Arc<Secret>,
    /// When it is not used any more, in seconds since 1970.
    until: i64,
}

#[derive(Deserialize)]
struct Given {
    access_token: String,
    expires_in: Option<i64>,
}

impl Google {
    /// A token that is good.
    pub(super) async fn bearer(&self, cancel: &Arc<dyn CancelSignal>) -> Result<Arc<Secret>> {
        // Whoever comes while it is asked for waits for the same one.
        let mut token = self.token.lock().await;
        let seconds = SystemClock.now().timestamp();
        if let Some(token) = token.as_ref().filter(|token| seconds < token.until) {
            return Ok(Arc::clone(&token.bearer));
        }
        let assertion = self.account.assertion(self.scopes, seconds)?;
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", GRANT)
            .append_pair("assertion", assertion.expose())
            .finish();
        let request = HttpRequest::post(self.account.tokens.clone(), body)
            .header("content-type", "application/x-www-form-urlencoded")?;
        let limits = HttpLimits {
            time: Duration::from_secs(self.settings.connect_timeout_seconds),
            time_setting: "sources.connect_seconds",
            bytes: Some(ANSWER_BYTES_MAX),
        };
        let answer = self.http.fetch(request, &limits, cancel).await?;
        if !answer.status.is_success() {
            let detail = format!("Google gives {} no token: {}", self.email(), said(&answer));
            return Err(Fault::new(Code::SourceFailed, detail));
        }
        let given: Given = serde_json::from_slice(&answer.body).map_err(|_| {
            Fault::new(Code::SourceFailed, "the answer to the request for a token has none")
        })?;
        let bearer = Arc::new(Secret::new(given.access_token));
        let until = seconds + given.expires_in.unwrap_or(USUAL_SECONDS).clamp(0, GOOD_SECONDS_MAX);
        let until = until - MARGIN_SECONDS;
        *token = Some(Token { bearer: Arc::clone(&bearer), until });
        Ok(bearer)
    }
}
