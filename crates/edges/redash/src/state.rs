//! What the handlers share.

use std::ops::Deref;
use std::sync::Arc;

use tessera_bi::Bi;
use tessera_httpkit::Kit;

/// What the operator decides about this dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedashSettings {
    /// The version that clients are told.
    pub version: String,
    /// How dates are written in CSV and TSV, and shown by clients.
    pub date_format: String,
    /// How times of day are written, after the date.
    pub time_format: String,
}

impl Default for RedashSettings {
    fn default() -> Self {
        Self {
            version: "26.08.0".to_owned(),
            date_format: "DD/MM/YY".to_owned(),
            time_format: "HH:mm".to_owned(),
        }
    }
}

impl RedashSettings {
    /// The format of a date with a time of day.
    #[must_use]
    pub fn datetime_format(&self) -> String {
        format!("{} {}", self.date_format, self.time_format)
    }
}

/// What the handlers share. Cloned for every request, so there is one reference to count.
#[derive(Clone)]
pub struct RedashState(Arc<Shared>);

/// What is behind the reference.
pub struct Shared {
    /// Callers, cookies, limits.
    pub kit: Kit,
    /// The query side.
    pub bi: Bi,
    /// What the operator decided.
    pub settings: RedashSettings,
}

impl RedashState {
    /// The dialect over the core.
    #[must_use]
    pub fn new(kit: Kit, bi: Bi, settings: RedashSettings) -> Self {
        Self(Arc::new(Shared { kit, bi, settings }))
    }
}

impl Deref for RedashState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}
