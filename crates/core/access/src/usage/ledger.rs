//! The record of one request while it is being served: everybody who learns something writes it in,
//! and it is read once at the end.

use std::sync::Arc;

use parking_lot::Mutex;
use tessera_kernel::ids::{DashboardId, KeyId, QueryId, SourceId, UserId};

use crate::Object;
use crate::keys::Key;
use crate::keys::terms::{Dialect, Unit};
use crate::limits::Meter;
use crate::ports::Facts;

/// How a limit stands after a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitState {
    /// Its name.
    pub name: String,
    /// What it counts.
    pub unit: Unit,
    /// How much in a window.
    pub quota: u64,
    /// How long the window is, in seconds.
    pub window_seconds: u64,
    /// How much is left now.
    pub remaining: u64,
    /// Until all of it is there again, in seconds; for a limit that is used up, until something is.
    pub reset_seconds: u64,
    /// The same as a moment, in seconds since 1970.
    pub reset_at_seconds: u64,
}

/// What is known so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The key that was shown and recognised.
    pub key: Option<KeyId>,
    /// Who it was: [`Caller::label`](crate::Caller::label).
    pub actor: Option<String>,
    /// Whom the token that was shown was made for.
    pub visitor: Option<String>,
    /// Origins of pages that may read the answer, besides our own.
    pub origins: Vec<String>,
    /// How the key came: `header`, `url`.
    pub transport: Option<&'static str>,
    /// The last action that was asked for.
    pub action: Option<&'static str>,
    /// What it was to be done to: `query:42`.
    pub object: String,
    /// Why it was refused, as a stable word; `None` if it was allowed.
    pub refused: Option<&'static str>,
    /// Rows given.
    pub rows: u64,
    /// When the key ends, if that is soon.
    pub sunset: Option<tessera_kernel::Timestamp>,
    /// Whether the key is a trap.
    pub canary: bool,
    /// Whether the request's proof of possession was used up: it counts for this request.
    pub proved: bool,
    /// How the limits of the key stand.
    pub limits: Vec<LimitState>,
    /// What counts for the limits of the key, if it has any.
    pub meter: Option<Meter>,
    /// The user who owns the key or acts; see [`UsageEvent::owner`](crate::UsageEvent::owner).
    pub owner: Option<UserId>,
    /// Who made the key.
    pub creator: Option<UserId>,
    /// The language of the caller.
    pub dialect: Option<Dialect>,
    /// The query that the object belongs to, if it is one.
    pub query: Option<QueryId>,
    /// The data source that the object hangs on.
    pub source: Option<SourceId>,
    /// The dashboard that the object belongs to.
    pub dashboard: Option<DashboardId>,
    /// The format in which rows were given, such as `csv`.
    pub format: Option<&'static str>,
    /// The token of a session that lives longer now, and until when.
    pub renewed: Option<(tessera_kernel::Secret, tessera_kernel::Timestamp)>,
}

impl Entry {
    /// Notes the key that was recognised, and whose it is.
    pub(crate) fn shown(&mut self, key: &Key) {
        self.key = Some(key.id);
        self.owner = key.owner.user().or(key.created_by);
        self.creator = key.created_by;
    }

    /// Notes what is known of the object.
    pub(crate) fn about(&mut self, object: Object, facts: &Facts) {
        self.query = facts.query.or(match facts.result_of.as_slice() {
            [query] => Some(*query),
            _ => None,
        });
        self.source = facts.source.or(match object {
            Object::Source(id) => Some(id),
            _ => None,
        });
        self.dashboard = facts.dashboard;
    }
}

/// The record, shared by all who write into it.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Entry>>);

impl Ledger {
    /// Writes something in.
    pub fn note(&self, write: impl FnOnce(&mut Entry)) {
        write(&mut self.0.lock());
    }

    /// What counts for the limits of the key, if it has any.
    #[must_use]
    pub fn meter(&self) -> Option<Meter> {
        self.0.lock().meter.clone()
    }

    /// Notes that rows are given, and charges them.
    pub fn give_rows(&self, rows: u64) {
        self.note(|entry| entry.rows += rows);
        if let Some(meter) = self.meter() {
            meter.charge(Unit::Rows, rows);
        }
    }

    /// Notes why something was refused, as a stable word.
    pub fn refuse(&self, reason: &'static str) {
        self.note(|entry| entry.refused = Some(reason));
    }

    /// Looks at what is known now.
    pub fn read<T>(&self, look: impl FnOnce(&Entry) -> T) -> T {
        look(&self.0.lock())
    }

    /// What is known at the end; nothing is left.
    #[must_use]
    pub fn take(&self) -> Entry {
        std::mem::take(&mut *self.0.lock())
    }
}

/// Two records are equal if they are the same one: what is in them is not compared.
impl PartialEq for Ledger {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Ledger {}
