//! A key at work: itself and everything above it, none of which it can exceed.

use std::sync::Arc;

use serde_json::Value as Json;
use tessera_kernel::ids::{KeyId, SourceId};
use tessera_kernel::{Code, Fault, Result, Timestamp};

use super::Key;
use super::terms::{QueryVersion, Ruling, Terms};
use super::{KeyKind, KeyOwner};
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
    /// Set if a token was shown in place of the key.
    pub token: Option<TokenFacts>,
}

/// What is known of a token beside its terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFacts {
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whom it was made for, as its maker calls them.
    pub visitor: Option<String>,
    /// The same for tokens with the same terms for the same visitor, whenever they end.
    pub digest: String,
}

impl ActiveKey {
    /// A key with nothing above it.
    #[must_use]
    pub fn alone(key: Key) -> Self {
        Self { key, above: Vec::new(), caveats: Vec::new(), token: None }
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
        let key = std::iter::once(&self.key).chain(&self.above).find_map(|key| key.lapsed(now));
        key.or_else(|| (self.token.as_ref()?.expires_at <= now).then_some("key_expired"))
    }

    /// Origins of pages that every level with such a condition lets in.
    #[must_use]
    pub fn origins(&self) -> Vec<String> {
        let levels = self.terms().map(|terms| &terms.conditions.origin);
        levels
            .filter(|origins| !origins.is_empty())
            .cloned()
            .reduce(|one, other| one.into_iter().filter(|name| other.contains(name)).collect())
            .unwrap_or_default()
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
        self.check_reach(action)?;
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

    /// What no grant can give: keys that hold values of parameters run saved queries and do
    /// nothing else, and what was narrowed makes no credentials that are not.
    fn check_reach(&self, action: Action) -> Result<()> {
        let refuse =
            |detail: &str| Err(Fault::new(Code::OutOfScope, detail).with_reason("scope_missing"));
        if self.pins() && !action.fits_pinned_keys() {
            return refuse("a key with values of its own for parameters runs saved queries only");
        }
        let narrowed = self.token.is_some()
            // Below a key, keys are made below it again, and no other credentials.
            || (!self.above.is_empty() && action != Action::KeysCreate)
            || self.terms().any(|terms| terms.pins() || !terms.attributes.is_empty());
        if narrowed && action.gives_credentials() {
            return refuse("a key that was narrowed makes no other credentials");
        }
        if action == Action::KeysDelegate {
            if self.token.is_some() {
                return refuse("a token makes no keys; add a caveat to it instead");
            }
            // What stands in public links makes keys only where that was said.
            let public = matches!(self.key.kind, KeyKind::Query | KeyKind::Dashboard);
            if public && self.terms().any(|terms| terms.grants.is_empty()) {
                return refuse("the key lacks the grant keys.delegate");
            }
        }
        Ok(())
    }

    /// Whether there are terms that narrow the use of the key, in itself or above.
    #[must_use]
    pub fn is_narrowed(&self) -> bool {
        self.token.is_some() || !self.above.is_empty() || !self.key.terms.is_open()
    }

    /// Whether rows are given only as answers to the key's own runs, never as somebody's stored
    /// result: for keys with pinned or narrowed parameters, with a version of a query, and for
    /// those of a query that have terms.
    #[must_use]
    pub fn is_bounded(&self) -> bool {
        let of_query = matches!(self.key.owner, KeyOwner::Query(_)) && self.is_narrowed();
        of_query || self.terms().any(|terms| terms.pins() || terms.names_versions())
    }

    /// A value that queries may read as `{{ key.name }}`. The topmost key has it; where something
    /// below it says otherwise there is none.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Json> {
        let mut levels = self.terms();
        let value = levels.next()?.attributes.get(name)?;
        let mut below = levels.filter_map(|terms| terms.attributes.get(name));
        below.all(|other| other == value).then_some(value)
    }

    /// The pinned value of a parameter. What is above decides first.
    #[must_use]
    pub fn pinned(&self, name: &str) -> Option<&Json> {
        self.terms().find_map(|terms| terms.pinned.get(name))
    }

    /// Whether any terms pin or narrow parameters.
    #[must_use]
    pub fn pins(&self) -> bool {
        self.terms().any(Terms::pins)
    }

    /// The version of a query to run. What is above decides first.
    #[must_use]
    pub fn query_version(&self, query: tessera_kernel::ids::QueryId) -> Option<QueryVersion> {
        self.terms().find_map(|terms| terms.query_version(query))
    }

    /// The version of a query to run; `None` for the latest one. What is below the topmost key
    /// cannot choose another one, since that text is not the one that was given.
    ///
    /// # Errors
    /// `OutOfScope` if something below does.
    pub fn run_version(&self, query: tessera_kernel::ids::QueryId) -> Result<Option<QueryVersion>> {
        let mut levels = self.terms();
        let version = levels.next().and_then(|terms| terms.query_version(query));
        let mut below = levels.filter_map(|terms| terms.query_version(query));
        if below.all(|other| Some(other) == version) {
            return Ok(version);
        }
        let detail = "the key names another version of the query than the key above it";
        Err(Fault::new(Code::OutOfScope, detail).with_reason("object_denied"))
    }

    /// The greatest age, in seconds, at which a stored result is good enough whatever is asked for;
    /// zero if there is none.
    #[must_use]
    pub fn age_floor(&self) -> u64 {
        self.terms().filter_map(|terms| terms.caps.max_age_floor).max().unwrap_or(0)
    }

    /// Whether a stored result is small enough to be given.
    ///
    /// # Errors
    /// `TooLarge`.
    pub fn check_size(&self, rows: u64, bytes: u64) -> Result<()> {
        let over = |most: Option<u64>, size: u64, what: &str| match most {
            Some(most) if size > most => {
                let detail = format!("the key gives results of at most {most} {what}");
                Err(Fault::new(Code::TooLarge, detail))
            }
            _ => Ok(()),
        };
        over(self.least(|terms| terms.caps.rows), rows, "rows")?;
        over(self.least(|terms| terms.caps.bytes), bytes, "bytes")
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
