//! What is asked of the log of requests. Implemented by `lake`.

use std::sync::Arc;

use async_trait::async_trait;
use tessera_kernel::ids::{DashboardId, KeyId, QueryId, SourceId};
use tessera_kernel::{Result, Timestamp};

use super::UsageEvent;
use crate::Transport;

/// How a key was last used, for storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// When.
    pub at: Timestamp,
    /// How it was carried.
    pub transport: Transport,
    /// From where; `None` if addresses are not kept.
    pub address: Option<String>,
    /// By which program; `None` if programs are not kept.
    pub client: Option<String>,
    /// When it was last seen in an address of a request; `None` leaves what is stored.
    pub url_at: Option<Timestamp>,
}

impl KeyUse {
    /// A use of which only the time is known.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        Self { at, transport: Transport::Header, address: None, client: None, url_at: None }
    }
}

/// From when (included) until when (excluded).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first moment.
    pub from: Timestamp,
    /// The moment after the last one.
    pub to: Timestamp,
}

/// What a key did in one hour.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageHour {
    /// The beginning of the hour.
    pub hour: Timestamp,
    /// Requests, refused ones included.
    pub requests: u64,
    /// Refused requests.
    pub refused: u64,
    /// Rows given.
    pub rows: u64,
    /// Bytes sent.
    pub bytes: u64,
    /// How long all requests took together, in milliseconds.
    pub duration_ms: f64,
    /// How long the longest one took, in milliseconds.
    pub duration_ms_max: f64,
}

/// A refused request.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    /// When.
    pub at: Timestamp,
    /// The identifier of the request.
    pub request_id: String,
    /// Why.
    pub reason: String,
    /// What was asked for.
    pub action: Option<String>,
    /// Of what.
    pub object: String,
    /// The method.
    pub method: String,
    /// The template of the path.
    pub route: String,
    /// The status of the answer.
    pub status: u16,
    /// The caller's address.
    pub address: Option<String>,
    /// The caller's program.
    pub client: Option<String>,
}

/// What a key was allowed again and again: an action on an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedUse {
    /// The name of the action.
    pub action: String,
    /// `query:42`; empty for no object, and where one of the next three tells more.
    pub object: String,
    /// The query that the object belongs to.
    pub query: Option<QueryId>,
    /// The data source that it hangs on.
    pub source: Option<SourceId>,
    /// The dashboard that it belongs to.
    pub dashboard: Option<DashboardId>,
    /// How often.
    pub requests: u64,
}

/// What was seen of a key in a period. Refused requests count in `refused` only.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observed {
    /// Requests, refused ones included.
    pub requests: u64,
    /// Refused requests.
    pub refused: u64,
    /// The first one.
    pub first: Option<Timestamp>,
    /// The last one.
    pub last: Option<Timestamp>,
    /// What was allowed.
    pub uses: Vec<ObservedUse>,
    /// From where.
    pub addresses: Vec<String>,
    /// In which formats rows were given.
    pub formats: Vec<String>,
    /// How the key was carried.
    pub transports: Vec<String>,
    /// In which languages.
    pub dialects: Vec<String>,
}

/// Keeps nothing: for tools that serve no requests.
pub(super) struct Nothing;

#[async_trait]
impl UsageLog for Nothing {
    async fn append(&self, _events: Arc<Vec<UsageEvent>>) -> Result<()> {
        Ok(())
    }

    async fn hours(&self, _key: KeyId, _period: Period) -> Result<Vec<UsageHour>> {
        Ok(Vec::new())
    }

    async fn refusals(&self, _key: KeyId, _period: Period, _limit: u64) -> Result<Vec<Refusal>> {
        Ok(Vec::new())
    }

    async fn observed(&self, _key: KeyId, _period: Period) -> Result<Observed> {
        Ok(Observed::default())
    }

    async fn upkeep(&self, _now: Timestamp) -> Result<()> {
        Ok(())
    }
}

/// Keeps records of requests, and answers questions about them.
#[async_trait]
pub trait UsageLog: Send + Sync + 'static {
    /// Keeps records. They survive the end of the process once this returns.
    async fn append(&self, events: Arc<Vec<UsageEvent>>) -> Result<()>;
    /// The hours of a period in which a key was used, oldest first.
    async fn hours(&self, key: KeyId, period: Period) -> Result<Vec<UsageHour>>;
    /// The latest refused requests of a key, latest first.
    async fn refusals(&self, key: KeyId, period: Period, limit: u64) -> Result<Vec<Refusal>>;
    /// What was seen of a key. At most 10 000 uses and as many addresses.
    async fn observed(&self, key: KeyId, period: Period) -> Result<Observed>;
    /// Joins small files, sums up past days, and removes what is too old or too much.
    async fn upkeep(&self, now: Timestamp) -> Result<()>;
}
