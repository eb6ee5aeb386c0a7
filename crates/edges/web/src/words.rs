//! Keys in plain words: what one is for, how it is, and what it may do.

use std::collections::HashMap;

use serde_json::Value as Json;
use tessera_access::terms::{Caps, Conditions, Effect, Grant, Limit, QueryVersion, Range, Unit};
use tessera_access::{Key, KeyKind, KeyOwner, KeyState, Transport};
use tessera_kernel::ids::{QueryId, UserId};

use crate::times::{bytes, counted, grouped, seconds};

/// Grants that are told one by one; of more, how many.
const GRANTS_TOLD: usize = 6;

/// The names of what keys belong to, as far as the caller may know them.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) queries: HashMap<QueryId, String>,
    pub(crate) users: HashMap<UserId, String>,
}

impl Names {
    pub(crate) fn query(&self, id: QueryId) -> String {
        match self.queries.get(&id) {
            Some(name) => format!("query {id} “{name}”"),
            None => format!("query {id}"),
        }
    }

    pub(crate) fn user(&self, id: UserId) -> String {
        self.users.get(&id).cloned().unwrap_or_else(|| format!("user {id}"))
    }

    pub(crate) fn owner(&self, owner: KeyOwner) -> String {
        match owner {
            KeyOwner::User(id) => self.user(id),
            KeyOwner::Query(id) => self.query(id),
            KeyOwner::Dashboard(id) => format!("dashboard {id}"),
            KeyOwner::Workspace(id) => format!("workspace {id}"),
        }
    }
}

/// What a key is for.
pub(crate) fn kind(key: &Key) -> &'static str {
    match key.kind {
        KeyKind::User => "Personal key",
        KeyKind::Service => "Service key",
        KeyKind::Agent => "Agent key",
        KeyKind::Ingest => "Ingest key",
        KeyKind::Dashboard => "Dashboard link",
        KeyKind::Query if key.sealed.is_some() => "Query key",
        KeyKind::Query if key.terms.pinned.is_empty() => "Key of a query",
        KeyKind::Query => "Pinned query key",
    }
}

/// Where a key is in its life, and how that looks.
pub(crate) const fn state(state: KeyState) -> (&'static str, &'static str) {
    match state {
        KeyState::Pending => ("Waiting", "warn"),
        KeyState::Active => ("Active", "good"),
        KeyState::Grace => ("Replaced, still works", "warn"),
        KeyState::Expired => ("Ended", "bad"),
        KeyState::Disabled => ("Switched off", "bad"),
        KeyState::Revoked => ("Revoked", "bad"),
    }
}

/// What a key may do: sentences, the most important one first.
pub(crate) fn may(key: &Key, names: &Names) -> Vec<String> {
    let terms = &key.terms;
    if terms.canary {
        return vec!["A trap: it opens nothing, and each use is an alarm.".to_owned()];
    }
    let mut told = reach(key, names);
    for (name, value) in &terms.pinned {
        told.push(format!("{name} is always {}.", value_text(value)));
    }
    for (name, range) in &terms.free {
        told.push(format!("{name} may be {}.", range_text(range)));
    }
    for (name, value) in &terms.attributes {
        told.push(format!("Its attribute {name} is {}.", value_text(value)));
    }
    told.extend(caps(&terms.caps));
    told.extend(conditions(&terms.conditions));
    told.extend(terms.limits.iter().map(limit));
    if let Some(parent) = key.parent {
        told.push(format!("Never more than key {parent} may do; it ends with that one."));
    }
    if terms.attenuable {
        told.push("Tokens for visitors can be made from it.".to_owned());
    }
    told
}

fn reach(key: &Key, names: &Names) -> Vec<String> {
    let grants = &key.terms.grants;
    match key.owner {
        KeyOwner::Query(id) => {
            let query = names.query(id);
            let version = match key.terms.query_version(id) {
                Some(QueryVersion::Approved) => " in its approved version".to_owned(),
                Some(QueryVersion::Number(number)) => format!(" in version {number}"),
                None => " as it is at the time".to_owned(),
            };
            let mut told = vec![format!("Runs {query}{version}, and reads its results.")];
            if grants.iter().any(|grant| grant.action.as_str() == "keys.delegate") {
                told.push("Makes narrower keys below itself.".to_owned());
            }
            told
        }
        KeyOwner::Dashboard(id) => {
            vec![format!("Opens dashboard {id} and the queries on it.")]
        }
        KeyOwner::User(_) if grants.is_empty() => {
            vec!["Everything that its owner may do.".to_owned()]
        }
        KeyOwner::User(_) if key.terms.only_reads() => {
            vec![
                "Reads what its owner may see, and runs saved queries. Changes nothing.".to_owned(),
            ]
        }
        KeyOwner::User(_) | KeyOwner::Workspace(_) => granted(grants, names),
    }
}

fn granted(grants: &[Grant], names: &Names) -> Vec<String> {
    let told = |effect: Effect| -> Vec<String> {
        let those: Vec<_> = grants.iter().filter(|grant| grant.effect == effect).collect();
        let mut words: Vec<String> =
            those.iter().take(GRANTS_TOLD).map(|grant| grant_text(grant, names)).collect();
        if those.len() > GRANTS_TOLD {
            words.push(format!("{} more", those.len() - GRANTS_TOLD));
        }
        words
    };
    let (allowed, denied) = (told(Effect::Allow), told(Effect::Deny));
    let mut out = vec![match allowed.is_empty() {
        true => "Nothing.".to_owned(),
        false => format!("May do {}.", listed(&allowed, "and")),
    }];
    if !denied.is_empty() {
        out.push(format!("Never {}.", listed(&denied, "nor")));
    }
    out
}

fn grant_text(grant: &Grant, names: &Names) -> String {
    use tessera_access::terms::Selector;
    let action = match grant.action.as_str() {
        "*" => "everything",
        action => action,
    };
    match grant.resource {
        Selector::Any => action.to_owned(),
        Selector::Query(id, None) => format!("{action} on {}", names.query(id)),
        other => format!("{action} on {other}"),
    }
}

fn caps(caps: &Caps) -> Vec<String> {
    let mut told = Vec::new();
    let most: Vec<String> = [caps.rows.map(|rows| counted(rows, "row")), caps.bytes.map(bytes)]
        .into_iter()
        .flatten()
        .collect();
    if !most.is_empty() {
        told.push(format!("Results of at most {}; more is an error.", listed(&most, "and")));
    }
    if let Some(floor) = caps.max_age_floor {
        told.push(format!("A result younger than {} is good enough.", seconds(floor)));
    }
    if !caps.formats.is_empty() {
        told.push(format!("Results only as {}.", listed(&caps.formats, "or")));
    }
    told
}

fn conditions(conditions: &Conditions) -> Vec<String> {
    let texts = |networks: &[ipnet::IpNet]| -> Vec<String> {
        networks.iter().map(ToString::to_string).collect()
    };
    let mut told = Vec::new();
    if !conditions.ip_in.is_empty() {
        told.push(format!("Only from {}.", listed(&texts(&conditions.ip_in), "or")));
    }
    if !conditions.ip_not_in.is_empty() {
        told.push(format!("Never from {}.", listed(&texts(&conditions.ip_not_in), "or")));
    }
    if !conditions.origin.is_empty() {
        told.push(format!("Only by pages of {}.", listed(&conditions.origin, "or")));
    }
    if !conditions.transport.is_empty() {
        let ways: Vec<String> = conditions.transport.iter().map(|way| carried(*way)).collect();
        told.push(format!("Only carried {}.", listed(&ways, "or")));
    }
    if !conditions.dialects.is_empty() {
        let known: Vec<String> =
            conditions.dialects.iter().map(|dialect| dialect.as_str().to_owned()).collect();
        told.push(format!("Only in the API {}.", listed(&known, "or")));
    }
    if conditions.proof.is_some() {
        told.push("Only with requests that are signed.".to_owned());
    }
    told
}

fn carried(way: Transport) -> String {
    match way {
        Transport::Header => "in a header",
        Transport::Url => "in the address",
        Transport::Cookie => "in a cookie",
    }
    .to_owned()
}

fn limit(limit: &Limit) -> String {
    let what = match limit.unit {
        Unit::Requests => counted(limit.quota, "request"),
        Unit::ContentBytes => bytes(limit.quota),
        Unit::ConcurrentRequests => return format!("At most {} at once.", limit.quota),
        Unit::Rows => counted(limit.quota, "row"),
        Unit::QuerySeconds => format!("{} s of queries", grouped(limit.quota)),
    };
    format!("At most {what} in {}.", seconds(limit.window_seconds))
}

/// A value as people write it.
pub(crate) fn value_text(value: &Json) -> String {
    match value {
        Json::String(text) if text.is_empty() => "empty".to_owned(),
        Json::String(text) => text.clone(),
        Json::Array(values) => listed(&values.iter().map(value_text).collect::<Vec<_>>(), "and"),
        Json::Object(ends) => match (ends.get("start"), ends.get("end")) {
            (Some(start), Some(end)) => {
                format!("{} to {}", value_text(start), value_text(end))
            }
            _ => value.to_string(),
        },
        other => other.to_string(),
    }
}

/// What a free parameter may be.
pub(crate) fn range_text(range: &Range) -> String {
    let within = match (&range.min, &range.max) {
        (Some(min), Some(max)) => Some(format!("{} to {}", value_text(min), value_text(max))),
        (Some(min), None) => Some(format!("{} or more", value_text(min))),
        (None, Some(max)) => Some(format!("{} or less", value_text(max))),
        (None, None) => None,
    };
    let choices: Vec<String> = range.choices.iter().map(value_text).collect();
    match (within, choices.is_empty()) {
        (None, true) => "anything".to_owned(),
        (Some(within), true) => within,
        (None, false) => listed(&choices, "or"),
        (Some(within), false) => format!("{}, within {within}", listed(&choices, "or")),
    }
}

/// `a, b and c`.
pub(crate) fn listed(words: &[String], last: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., end] => format!("{} {last} {end}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tessera_access::terms::Terms;

    use super::*;

    fn key(kind: KeyKind, owner: KeyOwner, terms: Json) -> Key {
        let terms: Terms = serde_json::from_value(terms).unwrap();
        Key { terms, ..Key::blank(kind, owner, chrono::DateTime::UNIX_EPOCH) }
    }

    #[test]
    fn a_pinned_key_is_told_in_plain_words() {
        let terms = json!({
            "grants": [{ "action": "queries.run", "resource": "query:42@approved" }],
            "pinned": { "tenant": 5, "day": { "start": "d_now", "end": "2027-01-31" } },
            "free": { "country": { "enum": ["DE", "FR"] }, "from": { "min": "-90d" }, "x": {} },
            "caps": { "rows": 10000, "bytes": 5_000_000, "max_age_floor": 300, "formats": ["csv"] },
            "conditions": { "ip_in": ["203.0.113.0/24"], "origin": ["https://acme.example"] },
            "limits": [{ "name": "burst", "q": 60, "w": 60 }],
        });
        let key = key(KeyKind::Query, KeyOwner::Query(QueryId(42)), terms);
        let mut names = Names::default();
        names.queries.insert(QueryId(42), "Orders".to_owned());
        assert_eq!(super::kind(&key), "Pinned query key");
        assert_eq!(
            may(&key, &names),
            [
                "Runs query 42 “Orders” in its approved version, and reads its results.",
                "day is always d_now to 2027-01-31.",
                "tenant is always 5.",
                "country may be DE or FR.",
                "from may be -90d or more.",
                "x may be anything.",
                "Results of at most 10,000 rows and 5 MB; more is an error.",
                "A result younger than 5 minutes is good enough.",
                "Results only as csv.",
                "Only from 203.0.113.0/24.",
                "Only by pages of https://acme.example.",
                "At most 60 requests in 1 minute.",
            ]
        );
    }

    #[test]
    fn keys_of_people_tell_their_grants() {
        let of = |terms: Json| {
            may(&key(KeyKind::User, KeyOwner::User(UserId(7)), terms), &Names::default())
        };
        assert_eq!(of(json!({})), ["Everything that its owner may do."]);
        let reads = serde_json::to_value(Terms::reading()).unwrap();
        assert!(of(reads)[0].contains("Changes nothing"));
        let some = json!({ "grants": [
            { "action": "queries.*" }, { "action": "results.read", "resource": "query:4" },
            { "action": "queries.archive", "effect": "deny" },
        ]});
        assert_eq!(
            of(some),
            ["May do queries.* and results.read on query 4.", "Never queries.archive."]
        );
        assert_eq!(of(json!({ "canary": true }))[0].split(':').next(), Some("A trap"));
    }
}
