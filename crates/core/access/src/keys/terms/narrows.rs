//! Whether terms are narrower than others: what the one allows, the other allows as well.
//!
//! It is decided from the texts alone and errs to the safe side: where it cannot be shown, it is not.

use ipnet::IpNet;
use serde_json::Value as Json;
use tessera_kernel::ids::QueryId;

use super::conditions::canonical;
use super::{Caps, Conditions, Effect, Grant, Limit, Range, Selector, Terms};

impl Terms {
    /// Whether these terms allow nothing that `other` does not allow.
    #[must_use]
    pub fn narrows(&self, other: &Self) -> bool {
        self.wider_than(other).is_none()
    }

    /// The first member that is, or may be, wider than that of `other`.
    #[must_use]
    pub fn wider_than(&self, other: &Self) -> Option<&'static str> {
        // A trap opens nothing: any terms may become one, and none may stop to be one.
        if other.canary && !self.canary {
            return Some("canary");
        }
        if self.attenuable && !other.attenuable {
            return Some("attenuable");
        }
        if other.immutable && !self.immutable {
            return Some("immutable");
        }
        if !grants_within(self, other) {
            return Some("grants");
        }
        if !conditions_within(&self.conditions, &other.conditions) {
            return Some("conditions");
        }
        if !other.limits.iter().all(|limit| self.limits.iter().any(|own| own.is_within(limit))) {
            return Some("limits");
        }
        if !pins_within(self, other) {
            return Some("pinned");
        }
        if !free_within(self, other) {
            return Some("free");
        }
        let known = |(name, value): (&String, &Json)| other.attributes.get(name) == Some(value);
        if !self.attributes.iter().all(known) {
            return Some("attributes");
        }
        if !caps_within(&self.caps, &other.caps) {
            return Some("caps");
        }
        None
    }
}

impl Limit {
    fn is_within(&self, other: &Self) -> bool {
        self.unit == other.unit
            && self.window_seconds == other.window_seconds
            && self.bucket == other.bucket
            && self.quota <= other.quota
    }
}

impl Selector {
    /// Whether every object of this one is one of `other`'s, seen from the texts alone.
    fn is_within(self, other: Self) -> bool {
        match (self, other) {
            (_, Self::Any) => true,
            (Self::Query(own, _), Self::Query(theirs, None)) => own == theirs,
            _ => self == other,
        }
    }
}

fn grants_within(own: &Terms, other: &Terms) -> bool {
    if other.grants.is_empty() {
        return true;
    }
    if own.grants.is_empty() {
        return false;
    }
    let of = |terms: &'_ Terms, effect: Effect| -> Vec<Grant> {
        terms.grants.iter().filter(|grant| grant.effect == effect).cloned().collect()
    };
    let within = |one: &Grant, two: &Grant| {
        one.action.is_within(&two.action) && one.resource.is_within(two.resource)
    };
    let (allowed, denied) = (of(other, Effect::Allow), of(other, Effect::Deny));
    let (allows, denies) = (of(own, Effect::Allow), of(own, Effect::Deny));
    let covered = allows.iter().all(|grant| allowed.iter().any(|theirs| within(grant, theirs)));
    // What the others deny must be denied here as well, by a grant that reaches as far.
    let kept = denied.iter().all(|grant| denies.iter().any(|ours| within(grant, ours)));
    covered && kept && versions_kept(own, other)
}

/// A query that the others open in one version only must stay in that version.
fn versions_kept(own: &Terms, other: &Terms) -> bool {
    let reaches = |id: QueryId| {
        own.grants.iter().filter(|grant| grant.effect == Effect::Allow).any(|grant| {
            match grant.resource {
                Selector::Query(own, _) => own == id,
                Selector::Any | Selector::Source(_) => true,
                _ => false,
            }
        })
    };
    other.grants.iter().all(|grant| match grant.resource {
        Selector::Query(id, _) => match other.query_version(id) {
            Some(version) => !reaches(id) || own.query_version(id) == Some(version),
            None => true,
        },
        _ => true,
    })
}

/// Whether a list that asks for nothing when it is empty asks for as much as another.
fn list_within<T: PartialEq>(own: &[T], other: &[T]) -> bool {
    other.is_empty() || (!own.is_empty() && own.iter().all(|one| other.contains(one)))
}

fn conditions_within(own: &Conditions, other: &Conditions) -> bool {
    let inside = |one: &IpNet, all: &[IpNet]| {
        all.iter().any(|network| canonical(*network).contains(&canonical(*one)))
    };
    let from = other.ip_in.is_empty()
        || (!own.ip_in.is_empty() && own.ip_in.iter().all(|one| inside(one, &other.ip_in)));
    from && other.ip_not_in.iter().all(|one| inside(one, &own.ip_not_in))
        && list_within(&own.origin, &other.origin)
        && list_within(&own.transport, &other.transport)
        && list_within(&own.dialects, &other.dialects)
        && (other.proof.is_none() || own.proof == other.proof)
}

fn pins_within(own: &Terms, other: &Terms) -> bool {
    if !other.pinned.iter().all(|(name, value)| own.pinned.get(name) == Some(value)) {
        return false;
    }
    // A further pin must be a value that the caller could have chosen.
    own.pinned.iter().filter(|(name, _)| !other.pinned.contains_key(*name)).all(|(name, value)| {
        other.free.is_empty()
            || other.free.get(name).is_some_and(|range| {
                range.min.is_none()
                    && range.max.is_none()
                    && (range.choices.is_empty() || range.choices.contains(value))
            })
    })
}

fn free_within(own: &Terms, other: &Terms) -> bool {
    other.free.is_empty()
        || (!own.free.is_empty()
            && own.free.iter().all(|(name, range)| {
                other.free.get(name).is_some_and(|theirs| range_within(range, theirs))
            }))
}

fn range_within(own: &Range, other: &Range) -> bool {
    // Relative dates and texts are compared for being the same only.
    let bound = |own: &Option<Json>, other: &Option<Json>, inner: fn(f64, f64) -> bool| match (
        own, other,
    ) {
        (_, None) => true,
        (Some(own), Some(other)) => {
            own == other
                || own.as_f64().zip(other.as_f64()).is_some_and(|(own, other)| inner(own, other))
        }
        (None, Some(_)) => false,
    };
    bound(&own.min, &other.min, |own, other| own >= other)
        && bound(&own.max, &other.max, |own, other| own <= other)
        && list_within(&own.choices, &other.choices)
}

fn caps_within(own: &Caps, other: &Caps) -> bool {
    let most = |own: Option<u64>, other: Option<u64>| match (own, other) {
        (_, None) => true,
        (Some(own), Some(other)) => own <= other,
        (None, Some(_)) => false,
    };
    let least = |own: Option<u64>, other: Option<u64>| own.unwrap_or(0) >= other.unwrap_or(0);
    most(own.rows, other.rows)
        && most(own.bytes, other.bytes)
        && least(own.max_age_floor, other.max_age_floor)
        && list_within(&own.formats, &other.formats)
}
