//! Whether terms are wider than others: whether they allow what the others do not.
//!
//! It is decided from the texts alone. How much has to be shown depends on how the two are held. Terms
//! that take the place of others must say all that these ask for; where it cannot be shown that they
//! do, they do not. Terms below others hold together with them at every use: what they leave out is
//! asked for in any case, and only what would have no effect is told to whoever makes them.

use ipnet::IpNet;
use serde_json::Value as Json;
use tessera_kernel::ids::QueryId;

use super::conditions::canonical;
use super::{Caps, Conditions, Effect, Grant, Limit, Range, Selector, Terms};

/// How terms are held beside those they are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// In their place, alone: what is not said is given away.
    Alone,
    /// Below them, together: what is not said is as above.
    Together,
}

/// The first member of terms that is, or may be, wider than that of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wider {
    /// The member of the terms, such as `pinned`.
    pub member: &'static str,
    /// Which one of it, such as the name of a parameter.
    pub name: Option<String>,
    /// What is wrong with it below a key.
    pub detail: String,
}

impl Wider {
    fn new(member: &'static str, detail: impl Into<String>) -> Self {
        Self { member, name: None, detail: detail.into() }
    }

    fn named(self, name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..self }
    }

    /// The field of a request that it is in, such as `terms.pinned.tenant`.
    #[must_use]
    pub fn field(&self) -> String {
        let Self { member, .. } = self;
        self.name
            .as_ref()
            .map_or_else(|| format!("terms.{member}"), |name| format!("terms.{member}.{name}"))
    }
}

impl Terms {
    /// Whether these terms, alone, allow nothing that `other` does not allow.
    #[must_use]
    pub fn narrows(&self, other: &Self) -> bool {
        self.wider_than(other, Held::Alone).is_none()
    }

    /// The first member that is, or may be, wider than that of `other`.
    #[must_use]
    pub fn wider_than(&self, other: &Self, held: Held) -> Option<Wider> {
        let alone = || {
            if held == Held::Together {
                return None;
            }
            // A trap opens nothing: any terms may become one, and none may stop to be one.
            let kept = [
                ("canary", self.canary || !other.canary),
                ("attenuable", other.attenuable || !self.attenuable),
                ("immutable", self.immutable || !other.immutable),
                ("conditions", conditions_within(&self.conditions, &other.conditions)),
                ("limits", limits_within(&self.limits, &other.limits)),
            ];
            let lost = kept.into_iter().find(|(_, kept)| !kept);
            lost.map(|(member, _)| Wider::new(member, "asks for less"))
        };
        alone()
            .or_else(|| held.grants(self, other))
            .or_else(|| held.pinned(self, other))
            .or_else(|| held.free(self, other))
            .or_else(|| attributes(self, other))
            .or_else(|| held.caps(&self.caps, &other.caps))
    }
}

impl Held {
    /// Whether what is left out is asked for by the others.
    fn inherits(self) -> bool {
        self == Self::Together
    }

    fn grants(self, own: &Terms, other: &Terms) -> Option<Wider> {
        let of = |terms: &'_ Terms, effect: Effect| -> Vec<Grant> {
            terms.grants.iter().filter(|grant| grant.effect == effect).cloned().collect()
        };
        if other.grants.is_empty() || own.grants.is_empty() && self.inherits() {
            return None;
        }
        if own.grants.is_empty() {
            return Some(Wider::new("grants", "must name some of what the key above does"));
        }
        let within = |one: &Grant, two: &Grant| {
            one.action.is_within(&two.action) && self.selects(one.resource, two.resource)
        };
        let allowed = of(other, Effect::Allow);
        let beyond = of(own, Effect::Allow)
            .into_iter()
            .find(|grant| !allowed.iter().any(|theirs| within(grant, theirs)));
        if let Some(grant) = beyond {
            return Some(Wider::new("grants", format!("the key above does not {grant}")));
        }
        // What the others deny must be denied here as well, by a grant that reaches as far.
        let (denied, denies) = (of(other, Effect::Deny), of(own, Effect::Deny));
        let kept = denied.iter().all(|grant| denies.iter().any(|ours| within(grant, ours)));
        let kept = self.inherits() || kept && versions_kept(own, other);
        (!kept).then(|| Wider::new("grants", "the key above denies more"))
    }

    /// Whether every object of a selector is one of another's.
    fn selects(self, own: Selector, other: Selector) -> bool {
        match (own, other) {
            (_, Selector::Any) => true,
            // Below a key, the version is the one that the topmost key names, or the latest.
            (Selector::Query(one, named), Selector::Query(two, version)) => {
                let free = if self.inherits() { named.is_none() } else { version.is_none() };
                one == two && (free || named == version)
            }
            // A data source covers what hangs on it; whether this does is seen when it is used.
            (Selector::Query(..), Selector::Source(_)) => self.inherits(),
            _ => own == other,
        }
    }

    fn pinned(self, own: &Terms, other: &Terms) -> Option<Wider> {
        let wider = |name: &str, detail: &str| Some(Wider::new("pinned", detail).named(name));
        for (name, value) in &other.pinned {
            if own.pinned.get(name).map_or(!self.inherits(), |ours| ours != value) {
                return wider(name, "the key above fixes another value");
            }
        }
        // A further pin must be a value that the caller could have chosen.
        let open = |range: &Range, value: &Json| {
            range.min.is_none()
                && range.max.is_none()
                && (range.choices.is_empty() || range.choices.contains(value))
        };
        for (name, value) in own.pinned.iter().filter(|(name, _)| !other.pinned.contains_key(*name))
        {
            let range = other.free.get(name);
            let free = range.is_some_and(|range| self.inherits() || open(range, value));
            if !(other.free.is_empty() || free) {
                return wider(name, "the key above does not leave it free");
            }
        }
        None
    }

    fn free(self, own: &Terms, other: &Terms) -> Option<Wider> {
        if own.free.is_empty() && !other.free.is_empty() && !self.inherits() {
            return Some(Wider::new("free", "must name some of what the key above leaves free"));
        }
        own.free.iter().find_map(|(name, range)| {
            let detail = match other.free.get(name) {
                _ if other.pinned.contains_key(name) => "the key above fixes its value",
                None if !other.free.is_empty() => "the key above does not leave it free",
                Some(wider) if !self.is_range_within(range, wider) => {
                    "goes beyond the range of the key above"
                }
                _ => return None,
            };
            Some(Wider::new("free", detail).named(name))
        })
    }

    fn is_range_within(self, own: &Range, other: &Range) -> bool {
        let bound = |own: &Option<Json>, other: &Option<Json>, inner: fn(f64, f64) -> bool| {
            match (own, other) {
                (_, None) => true,
                (None, Some(_)) => self.inherits(),
                (Some(own), Some(other)) if own == other => true,
                // Relative dates and texts are compared for being the same only.
                (Some(own), Some(other)) => own
                    .as_f64()
                    .zip(other.as_f64())
                    .map_or(self.inherits(), |(own, other)| inner(own, other)),
            }
        };
        bound(&own.min, &other.min, |own, other| own >= other)
            && bound(&own.max, &other.max, |own, other| own <= other)
            && self.is_list_within(&own.choices, &other.choices)
    }

    /// Whether a list that asks for nothing when it is empty asks for as much as another.
    fn is_list_within<T: PartialEq>(self, own: &[T], other: &[T]) -> bool {
        other.is_empty()
            || (self.inherits() || !own.is_empty()) && own.iter().all(|one| other.contains(one))
    }

    fn caps(self, own: &Caps, other: &Caps) -> Option<Wider> {
        let most = |own: Option<u64>, other: Option<u64>| match (own, other) {
            (_, None) => true,
            (Some(own), Some(other)) => own <= other,
            (None, Some(_)) => self.inherits(),
        };
        let floor = own.max_age_floor.or(other.max_age_floor.filter(|_| self.inherits()));
        let kept = [
            ("rows", most(own.rows, other.rows), "is more than the key above gives"),
            ("bytes", most(own.bytes, other.bytes), "is more than the key above gives"),
            (
                "max_age_floor",
                floor.unwrap_or(0) >= other.max_age_floor.unwrap_or(0),
                "is less than that of the key above",
            ),
            (
                "formats",
                self.is_list_within(&own.formats, &other.formats),
                "the key above gives other formats",
            ),
        ];
        let lost = kept.into_iter().find(|(_, kept, _)| !kept);
        lost.map(|(name, _, detail)| Wider::new("caps", detail).named(name))
    }
}

fn attributes(own: &Terms, other: &Terms) -> Option<Wider> {
    let foreign =
        own.attributes.iter().find(|(name, value)| other.attributes.get(*name) != Some(*value));
    foreign.map(|(name, _)| {
        Wider::new("attributes", "the key above does not have this value").named(name)
    })
}

fn limits_within(own: &[Limit], other: &[Limit]) -> bool {
    let within = |own: &Limit, other: &Limit| {
        own.unit == other.unit
            && own.window_seconds == other.window_seconds
            && own.bucket == other.bucket
            && own.quota <= other.quota
    };
    other.iter().all(|limit| own.iter().any(|own| within(own, limit)))
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

fn conditions_within(own: &Conditions, other: &Conditions) -> bool {
    let inside = |one: &IpNet, all: &[IpNet]| {
        all.iter().any(|network| canonical(*network).contains(&canonical(*one)))
    };
    let from = other.ip_in.is_empty()
        || (!own.ip_in.is_empty() && own.ip_in.iter().all(|one| inside(one, &other.ip_in)));
    from && other.ip_not_in.iter().all(|one| inside(one, &own.ip_not_in))
        && Held::Alone.is_list_within(&own.origin, &other.origin)
        && Held::Alone.is_list_within(&own.transport, &other.transport)
        && Held::Alone.is_list_within(&own.dialects, &other.dialects)
        && (other.proof.is_none() || own.proof == other.proof)
}
