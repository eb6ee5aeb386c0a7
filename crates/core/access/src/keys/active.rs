//! A key at work: itself and everything above it, none of which it can exceed.

use std::sync::Arc;

use serde_json::Value as Json;
use tessera_kernel::ids::{KeyId, SourceId};
use tessera_kernel::{Code, Fault, Result, Timestamp};

use super::Key;
use super::terms::{QueryVersion, Ruling, Terms};
use crate::ports::Facts;
use crate::{Action, Object, RequestContext, Transport};

/// How many days before its end a key's callers are told.
const SUNSET_DAYS: i64 = 30;

/// A key that was recognised, with the keys above it and what narrows it for this one request.
#[derive(Debug, Clone, PartialEq)]
pub struct ActiveKey {
    /// The key.
    pub key: Key,
    /// Its parent, the parent of that, and so on. Each can only narrow.
    pub above: Vec<Key>,
    /// Further terms, told by a token that was made from the key without asking us.
    pub caveats: Vec<Terms>,
}

impl ActiveKey {
    /// A key with nothing above it.
    #[must_use]
    pub fn alone(key: Key) -> Self {
        Self { key, above: Vec::new(), caveats: Vec::new() }
    }

    /// The number of the key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.key.id
    }

    /// All terms that hold, those that nobody below can change first.
    pub fn terms(&self) -> impl Iterator<Item = &Terms> {
        let above = self.above.iter().rev().map(|key| &key.terms);
        above.chain([&self.key.terms]).chain(&self.caveats)
    }

    /// The key as it is at a moment: with the terms of a widening while that holds.
    #[must_use]
    pub fn at(self: &Arc<Self>, now: Timestamp) -> Arc<Self> {
        let Some(terms) = self.key.widened(now) else { return Arc::clone(self) };
        let terms = terms.clone();
        let mut widened = Self::clone(self);
        widened.key.terms = terms;
        Arc::new(widened)
    }

    /// When it ends, if that is so soon that its owner is warned.
    #[must_use]
    pub fn sunset(&self, now: Timestamp) -> Option<Timestamp> {
        let ends = std::iter::once(&self.key).chain(&self.above).filter_map(|key| key.expires_at);
        ends.min().filter(|end| *end - now <= chrono::TimeDelta::days(SUNSET_DAYS))
    }

    /// Whether this key and all above it are in force, as a stable word why not.
    #[must_use]
    pub fn lapsed(&self, now: Timestamp) -> Option<&'static str> {
        std::iter::once(&self.key).chain(&self.above).find_map(|key| key.lapsed(now))
    }

    /// What of a request does not fit the conditions.
    #[must_use]
    pub fn refuse(&self, transport: Transport, context: &RequestContext) -> Option<&'static str> {
        self.terms().find_map(|terms| terms.conditions.refuse(transport, context))
    }

    /// Whether the terms allow an act.
    ///
    /// # Errors
    /// `OutOfScope`, with the rule that decided as its reason.
    pub fn check(&self, action: Action, object: Object, facts: &Facts) -> Result<()> {
        for terms in self.terms() {
            let (reason, detail) = match terms.rule(action, object, facts) {
                Ruling::Allowed(_) => continue,
                Ruling::Denied(place) => {
                    ("object_denied", format!("the key has {}", terms.grant_text(place)))
                }
                Ruling::NoAction => {
                    ("scope_missing", format!("the key lacks the action {}", action.as_str()))
                }
                Ruling::NoObject => (
                    "object_denied",
                    format!("the key has {} for other objects only", action.as_str()),
                ),
            };
            return Err(Fault::new(Code::OutOfScope, detail).with_reason(reason));
        }
        Ok(())
    }

    /// The only data sources whose objects a list may contain; `None` if the terms do not narrow it
    /// to some. That a list is allowed at all was checked before.
    #[must_use]
    pub fn listed_sources(&self, action: Action) -> Option<Vec<SourceId>> {
        self.terms()
            .filter_map(|terms| terms.listed_sources(action))
            .reduce(|one, other| one.into_iter().filter(|source| other.contains(source)).collect())
    }

    /// A value that queries may read as `{{ key.name }}`. What is above decides first.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Json> {
        self.terms().find_map(|terms| terms.attributes.get(name))
    }

    /// The pinned value of a parameter. What is above decides first.
    #[must_use]
    pub fn pinned(&self, name: &str) -> Option<&Json> {
        self.terms().find_map(|terms| terms.pinned.get(name))
    }

    /// Whether any terms pin or narrow parameters.
    #[must_use]
    pub fn pins(&self) -> bool {
        self.terms().any(|terms| !(terms.pinned.is_empty() && terms.free.is_empty()))
    }

    /// The version of a query to run. What is above decides first.
    #[must_use]
    pub fn query_version(&self, query: tessera_kernel::ids::QueryId) -> Option<QueryVersion> {
        self.terms().find_map(|terms| terms.query_version(query))
    }

    /// The least of a cap over all terms.
    #[must_use]
    pub fn least(&self, cap: impl Fn(&Terms) -> Option<u64>) -> Option<u64> {
        self.terms().filter_map(cap).min()
    }

    /// Whether results may be given in a format, such as `csv`.
    ///
    /// # Errors
    /// `OutOfScope`.
    pub fn check_format(&self, format: &str) -> Result<()> {
        let refused = self.terms().map(|terms| &terms.caps.formats).find(|formats| {
            !formats.is_empty() && !formats.iter().any(|allowed| allowed == format)
        });
        match refused {
            None => Ok(()),
            Some(formats) => Err(Fault::new(
                Code::OutOfScope,
                format!("the key gives results as {} only", formats.join(", ")),
            )
            .with_reason("object_denied")),
        }
    }
}
