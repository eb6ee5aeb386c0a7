//! Questions over HTTP: which settings go along, how values are sent, what the server's words mean.

use std::sync::Arc;
use std::time::Duration;

use tessera_bi::ended::{TIME_LIMIT, too_long};
use tessera_bi::ports::CancelSignal;
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::Bind;

use super::options::Options;
use crate::http::{Http, HttpLimits, HttpRequest, HttpStream};
use crate::never::Never;

/// How much later than the server we see ourselves that a run takes too long.
const BACKSTOP: Duration = Duration::from_secs(2);

/// Longest wait for a server that has next to nothing to do.
const ANSWER: Duration = Duration::from_secs(5);

/// Largest part of an error that is read, in bytes.
const ERROR_BYTES_MAX: usize = 64 * 1024;

/// The format that rows come in: binary, with the names and types of the columns.
const FORMAT: &str = "RowBinaryWithNamesAndTypes";

/// The server's number of the error that a statement took too long.
const TOO_LONG: &str = "Code: 159.";

/// And that a setting cannot be changed, because the user may not.
const READONLY: &str = "Code: 164.";

/// One run: its statements share an identity, by which it can be stopped.
pub(super) struct Asker<'a> {
    pub(super) http: &'a Http,
    pub(super) options: &'a Options,
    pub(super) cancel: &'a Arc<dyn CancelSignal>,
    pub(super) limit: Duration,
    /// The session that several statements share.
    pub(super) session: Option<String>,
}

impl Asker<'_> {
    /// Asks for the rows of a statement. The identity of the query is needed to stop it.
    pub(super) async fn rows(&self, sql: &str, binds: &[Bind], id: &str) -> Result<HttpStream> {
        let seconds = self.limit.as_secs().max(1).to_string();
        let settings = [
            ("readonly", "2"),
            ("max_execution_time", seconds.as_str()),
            ("cancel_http_readonly_queries_on_client_close", "1"),
            ("output_format_binary_write_json_as_string", "1"),
        ];
        let answer = self.ask(sql, binds, id, &settings).await;
        match answer {
            Err(fault) if self.knows_no_setting(&fault) => {
                self.ask(sql, binds, id, &settings[..3]).await
            }
            // A user who may only read cannot change settings, and need not.
            Err(fault) if fault.detail().contains(READONLY) => self.ask(sql, binds, id, &[]).await,
            answer => answer,
        }
    }

    /// Whether an older server does not know the setting for JSON columns, which it has not.
    fn knows_no_setting(&self, fault: &Fault) -> bool {
        fault.detail().contains("output_format_binary_write_json_as_string")
    }

    async fn ask(
        &self,
        sql: &str,
        binds: &[Bind],
        id: &str,
        settings: &[(&str, &str)],
    ) -> Result<HttpStream> {
        let mut url = self.options.url.clone();
        {
            let mut pairs = url.query_pairs_mut();
            pairs.append_pair("database", &self.options.database);
            pairs.append_pair("query_id", id);
            pairs.append_pair("default_format", FORMAT);
            for (name, value) in settings {
                pairs.append_pair(name, value);
            }
            if let Some(session) = &self.session {
                pairs.append_pair("session_id", session);
            }
            for (place, bind) in binds.iter().enumerate() {
                pairs.append_pair(&format!("param_p{}", place + 1), &escaped(bind));
            }
        }
        let request = self.signed(HttpRequest::post(url, sql.to_owned()))?;
        let time = self.limit.saturating_add(BACKSTOP);
        let limits = HttpLimits { time, time_setting: "runs.time_limit_seconds", bytes: None };
        let answer = self.http.open(request, &limits, self.cancel).await;
        let mut answer = answer.map_err(|fault| self.late(fault))?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        let mut said = Vec::new();
        while said.len() < ERROR_BYTES_MAX {
            let Some(chunk) = answer.next().await? else { break };
            said.extend_from_slice(&chunk);
        }
        Err(self.failed(&String::from_utf8_lossy(&said)))
    }

    fn signed(&self, request: HttpRequest) -> Result<HttpRequest> {
        request
            .header("X-ClickHouse-User", &self.options.user)?
            .header("X-ClickHouse-Key", self.options.password.expose())
    }

    /// A fault with the server's words.
    pub(super) fn failed(&self, said: &str) -> Fault {
        let said = said.trim();
        if said.starts_with(TOO_LONG) {
            return self.too_long();
        }
        Fault::new(Code::SourceFailed, said.to_owned())
    }

    /// The same fault, with the limit that the caller knows.
    pub(super) fn late(&self, fault: Fault) -> Fault {
        if fault.code() == Code::TimedOut { self.too_long() } else { fault }
    }

    fn too_long(&self) -> Fault {
        too_long(self.limit.as_secs(), TIME_LIMIT)
    }

    /// Tells the server to stop a query.
    pub(super) async fn kill(&self, id: &str) {
        // The identity is ours: letters, digits and hyphens.
        let sql = format!("KILL QUERY WHERE query_id = '{id}' ASYNC");
        let told = async {
            let request = self.signed(HttpRequest::post(self.options.url.clone(), sql))?;
            let limits =
                HttpLimits { time: ANSWER, time_setting: "sources.connect_seconds", bytes: None };
            let never = Never::signal();
            self.http.fetch(request, &limits, &never).await.map(|answer| answer.status)
        };
        match told.await {
            Ok(status) if status.is_success() => {}
            Ok(status) => tracing::warn!(%status, "a statement could not be cancelled"),
            Err(fault) => tracing::warn!(%fault, "a statement could not be cancelled"),
        }
    }
}

/// A value as the server reads it: text with backslash escapes.
fn escaped(bind: &Bind) -> String {
    let text = match bind {
        Bind::Integer(number) => return number.to_string(),
        Bind::Decimal(text) | Bind::Text(text) | Bind::Untyped(text) => text,
        Bind::Date(date) => return date.to_string(),
        Bind::Datetime(time) => return time.format("%Y-%m-%d %H:%M:%S%.f").to_string(),
    };
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' => escaped.push_str("\\\\"),
            '\t' => escaped.push_str("\\t"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\0' => escaped.push_str("\\0"),
            '\u{8}' => escaped.push_str("\\b"),
            '\u{c}' => escaped.push_str("\\f"),
            other => escaped.push(other),
        }
    }
    escaped
}
