//! The terms of a key: what it may do, from where, how much, and with which values. One model for
//! every kind of key; the keys of each product are presets of it.

mod check;
mod conditions;
mod grant;
mod limit;
mod pins;
mod presets;
mod selector;
mod wider;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

pub use conditions::{Conditions, Dialect};
pub use grant::{ActionPattern, Effect, Grant};
pub use limit::{Limit, Unit};
pub use pins::{Caps, Range};
pub use selector::{QueryVersion, Selector};
pub use wider::{Held, Wider};

use tessera_kernel::ids::SourceId;

use crate::ports::Facts;
use crate::{Action, Object};

/// What a key may do, beyond which its owner's rights do not reach either. Empty terms are those of
/// a key that may do all that its owner may.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Terms {
    /// What is allowed and what is not; empty means all that the owner may. A denial wins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<Grant>,
    /// From where and how the key may be used.
    #[serde(skip_serializing_if = "Conditions::is_empty")]
    pub conditions: Conditions,
    /// How much; all of them hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
    /// Values of parameters that the caller cannot choose, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub pinned: BTreeMap<String, Json>,
    /// Parameters that the caller may choose within a range, by name. With at least one, parameters
    /// that are neither pinned nor free are refused.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub free: BTreeMap<String, Range>,
    /// Values that queries may read as `{{ key.name }}`: texts, numbers or truth values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Json>,
    /// How much of one result.
    #[serde(skip_serializing_if = "Caps::is_empty")]
    pub caps: Caps,
    /// Whether nothing of this can be changed after creation, not even narrowed.
    #[serde(skip_serializing_if = "is_false")]
    pub immutable: bool,
    /// Whether it is a trap: it opens nothing, and its use is an alarm.
    #[serde(skip_serializing_if = "is_false")]
    pub canary: bool,
    /// Whether short-lived tokens (`att_…`) may be made from the key with its signing secret.
    #[serde(skip_serializing_if = "is_false")]
    pub attenuable: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// What terms say of one act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// Allowed, by this grant; `None` where there are no grants.
    Allowed(Option<usize>),
    /// Denied by this grant.
    Denied(usize),
    /// No grant names the action.
    NoAction,
    /// Grants name the action, but for other objects.
    NoObject,
}

/// Most limits of a key.
const LIMITS_MAX: usize = 10;

impl Terms {
    /// Whether they say nothing that narrows the use of a key.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let rest =
            Self { immutable: self.immutable, attenuable: self.attenuable, ..Self::default() };
        *self == rest
    }

    /// Whether they pin or narrow parameters.
    #[must_use]
    pub fn pins(&self) -> bool {
        !(self.pinned.is_empty() && self.free.is_empty())
    }

    /// Whether any grant names a version of a query.
    #[must_use]
    pub fn names_versions(&self) -> bool {
        let named = |grant: &Grant| matches!(grant.resource, Selector::Query(_, Some(_)));
        self.grants.iter().any(named)
    }

    /// Refuses limits that mean nothing.
    ///
    /// # Errors
    /// `Invalid`.
    pub fn check_limits(&self) -> tessera_kernel::Result<()> {
        let wrong = |detail: String| Err(tessera_kernel::Fault::invalid("limits", detail));
        if self.limits.len() > LIMITS_MAX {
            return wrong(format!("a key has at most {LIMITS_MAX} limits"));
        }
        for (place, limit) in self.limits.iter().enumerate() {
            limit.check()?;
            if self.limits[..place].iter().any(|other| other.name == limit.name) {
                return wrong(format!(
                    "{:?} is there twice; give each limit its own name",
                    limit.name
                ));
            }
        }
        Ok(())
    }

    /// What these terms say of an action on an object. A denial wins over everything; nothing
    /// matched means no.
    #[must_use]
    pub fn rule(&self, action: Action, object: Object, facts: &Facts) -> Ruling {
        if self.canary {
            return Ruling::NoAction;
        }
        if self.grants.is_empty() {
            return Ruling::Allowed(None);
        }
        let mut ruling = Ruling::NoAction;
        for (place, grant) in self.grants.iter().enumerate() {
            if !grant.action.matches(action) {
                continue;
            }
            let fits = match (grant.effect, object) {
                // A list is narrowed to data sources; what else is not for everything closes it.
                (Effect::Deny, Object::None) => true,
                (Effect::Allow, Object::None) if action.lists_by_source() => {
                    matches!(grant.resource, Selector::Any | Selector::Source(_))
                }
                _ => grant.resource.matches(object, facts),
            };
            match (grant.effect, fits) {
                (Effect::Deny, true) => return Ruling::Denied(place),
                (Effect::Allow, true) if !matches!(ruling, Ruling::Allowed(_)) => {
                    ruling = Ruling::Allowed(Some(place));
                }
                (Effect::Allow, false) if ruling == Ruling::NoAction => ruling = Ruling::NoObject,
                _ => {}
            }
        }
        ruling
    }

    /// The data sources that a list may be about, if grants name some and none names everything.
    #[must_use]
    pub fn listed_sources(&self, action: Action) -> Option<Vec<SourceId>> {
        let allowing = || {
            let of = self.grants.iter().filter(|grant| grant.action.matches(action));
            of.filter(|grant| grant.effect == Effect::Allow)
        };
        if self.grants.is_empty() || allowing().any(|grant| grant.resource == Selector::Any) {
            return None;
        }
        let source = |grant: &Grant| match grant.resource {
            Selector::Source(id) => Some(id),
            _ => None,
        };
        Some(allowing().filter_map(source).collect())
    }

    /// The version of a query that these terms ask for.
    #[must_use]
    pub fn query_version(&self, query: tessera_kernel::ids::QueryId) -> Option<QueryVersion> {
        self.grants.iter().find_map(|grant| match grant.resource {
            Selector::Query(id, version) if id == query && grant.effect == Effect::Allow => version,
            _ => None,
        })
    }

    /// The grant of this place in words: `allow queries.run @ query:42`.
    #[must_use]
    pub fn grant_text(&self, place: usize) -> String {
        self.grants.get(place).map_or_else(String::new, ToString::to_string)
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod wider_tests;
