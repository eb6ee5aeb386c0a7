//! One record: who did what with which key, how that went, and how much it was. Never what was in
//! the request: no texts of queries, no values, no addresses of pages, no keys.

use std::borrow::Cow;

use tessera_kernel::Timestamp;
use tessera_kernel::ids::{DashboardId, KeyId, QueryId, SourceId, UserId};

use super::{Entry, client_class, client_of};

/// A word of a closed list, or one that was read back.
pub type Word = Cow<'static, str>;

/// A record of one request.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageEvent {
    /// When the request began.
    pub at: Timestamp,
    /// Its identifier, as in the answer's `X-Request-Id` and in the log.
    pub request_id: String,
    /// The process that served it.
    pub node: String,
    /// The key that was shown and recognised; `None` for a session and for a key nobody knows.
    pub key: Option<KeyId>,
    /// Whose record it is: the user whose key it is or, for the key of an object or a workspace,
    /// who made it; for a session, its user.
    pub owner: Option<UserId>,
    /// Who made the key.
    pub creator: Option<UserId>,
    /// Who acted: `user:7`, `key:12`, `anonymous`.
    pub actor: Word,
    /// The language of the request: `native`, `redash`.
    pub dialect: Word,
    /// How the credential came: `header`, `url`, `cookie`.
    pub transport: Option<Word>,
    /// The method.
    pub method: Word,
    /// The template of the path, never the path: `/v1/queries/{id}`.
    pub route: String,
    /// The last action that was asked for.
    pub action: Option<Word>,
    /// What it was to be done to: `query:42`; empty for no object.
    pub object: String,
    /// The query that the object belongs to.
    pub query: Option<QueryId>,
    /// The data source that the object hangs on.
    pub source: Option<SourceId>,
    /// The dashboard that the object belongs to.
    pub dashboard: Option<DashboardId>,
    /// Why it was refused, as a stable word; `None` if it was allowed.
    pub reason: Option<Word>,
    /// The status of the answer; 499 if the caller went away before there was one.
    pub status: u16,
    /// Rows given.
    pub rows: u64,
    /// Bytes of the body, as sent.
    pub bytes: u64,
    /// From the first byte of the request to the last one of the answer, in milliseconds.
    pub duration_ms: f64,
    /// The format in which rows were given.
    pub format: Option<Word>,
    /// The caller's address; `None` if addresses are not kept.
    pub address: Option<String>,
    /// `browser`, `tool`, `library`, `unknown`; `None` if programs are not kept.
    pub client_class: Option<Word>,
    /// The caller's program, as [`client_of`] names it; `None` if programs are not kept.
    pub client: Option<String>,
}

/// What the edge knows of a request once the answer was sent.
#[derive(Debug, Clone)]
pub struct Served {
    /// When it began.
    pub at: Timestamp,
    /// Its identifier.
    pub request_id: String,
    /// The method.
    pub method: Word,
    /// The template of the path.
    pub route: String,
    /// The status of the answer.
    pub status: u16,
    /// Bytes of the body, as sent.
    pub bytes: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// The caller's address.
    pub address: Option<String>,
    /// What the caller's program calls itself.
    pub client: Option<String>,
}

impl UsageEvent {
    /// Whether there is to be a record of a request. Nobody needs to know of one without a key,
    /// without a session, and with nothing refused, such as a look at a public page.
    #[must_use]
    pub fn is_due(entry: &Entry, status: u16) -> bool {
        let named = entry.actor.as_deref().is_some_and(|actor| actor != "anonymous");
        entry.key.is_some() || named || refusal(entry, status).is_some()
    }

    /// The record of a request.
    #[must_use]
    pub fn of(entry: Entry, served: Served) -> Self {
        let reason = refusal(&entry, served.status);
        Self {
            at: served.at,
            request_id: served.request_id,
            node: String::new(),
            key: entry.key,
            owner: entry.owner,
            creator: entry.creator,
            actor: entry.actor.map_or(Cow::Borrowed("anonymous"), Cow::Owned),
            dialect: Cow::Borrowed(entry.dialect.unwrap_or_default().as_str()),
            transport: entry.transport.map(Cow::Borrowed),
            method: served.method,
            route: served.route,
            action: entry.action.map(Cow::Borrowed),
            object: entry.object,
            query: entry.query,
            source: entry.source,
            dashboard: entry.dashboard,
            reason: reason.map(Cow::Borrowed),
            status: served.status,
            rows: entry.rows,
            bytes: served.bytes,
            duration_ms: served.duration_ms,
            format: entry.format.map(Cow::Borrowed),
            client_class: served.client.as_deref().map(|client| client_class(client).into()),
            client: served.client.as_deref().map(client_of),
            address: served.address,
        }
    }

    /// `allow` or `deny`.
    #[must_use]
    pub fn decision(&self) -> &'static str {
        if self.reason.is_some() { "deny" } else { "allow" }
    }

    /// A record of records that were lost: how many, since there was no room for them.
    pub(super) fn lost(count: u64, at: Timestamp) -> Self {
        let entry = Entry {
            actor: Some("server".to_owned()),
            action: Some("usage.lost"),
            rows: count,
            ..Entry::default()
        };
        let served = Served {
            at,
            request_id: String::new(),
            method: "".into(),
            route: String::new(),
            status: 0,
            bytes: 0,
            duration_ms: 0.0,
            address: None,
            client: None,
        };
        Self::of(entry, served)
    }
}

/// Why a request was refused, as a stable word.
fn refusal(entry: &Entry, status: u16) -> Option<&'static str> {
    entry.refused.or(match status {
        401 => Some("unauthenticated"),
        403 => Some("forbidden"),
        429 => Some("rate_limited"),
        _ => None,
    })
}
