//! Narrower terms from what was seen of a key: least privilege, ready to be given to a successor.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::{Observed, ObservedUse};
use crate::keys::terms::{Dialect, Effect, Grant, Ruling, Selector, Terms};
use crate::ports::Facts;
use crate::{Action, Object, Transport};

/// More networks than this are no sign of where a key belongs.
const NETWORKS_MAX: usize = 16;

/// Terms that allow what was seen and nothing else.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The terms; those of the key with grants and conditions narrowed. `None` if nothing was seen:
    /// then the proposal is to end the key.
    pub terms: Option<Terms>,
    /// How many different actions were used.
    pub actions: usize,
    /// How many different queries.
    pub queries: usize,
    /// How many different data sources.
    pub sources: usize,
    /// The networks: /24 and /64.
    pub networks: Vec<IpNet>,
    /// What could not be narrowed, and why.
    pub notes: Vec<String>,
}

/// Narrows terms to what was seen. The result is never wider than `base`: what was denied stays so.
#[must_use]
pub fn observed_terms(base: &Terms, observed: &Observed) -> Proposal {
    let mut notes = Vec::new();
    let mut grants: Vec<Grant> =
        base.grants.iter().filter(|grant| grant.effect == Effect::Deny).cloned().collect();
    let denials = grants.len();
    let (mut actions, mut queries, mut sources) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for seen in &observed.uses {
        queries.extend(seen.query);
        sources.extend(seen.source);
        let Some(action) = Action::parse(&seen.action) else { continue };
        if action.is_about_oneself() {
            continue;
        }
        actions.insert(action);
        let selector = selector(base, seen);
        if !covers(base, action, selector) {
            notes.push(format!(
                "{} was used on {selector}, which the key reaches in part only: not proposed",
                seen.action
            ));
            continue;
        }
        let grant = Grant::allow(action, selector);
        if !grants.contains(&grant) {
            grants.push(grant);
        }
    }
    let networks = networks(&observed.addresses);
    let mut terms = base.clone();
    if networks.len() > NETWORKS_MAX {
        notes.push(format!("{} networks were seen: none are proposed", networks.len()));
    } else if !networks.is_empty() {
        terms.conditions.ip_in.clone_from(&networks);
    }
    terms.conditions.transport = transports(&observed.transports);
    terms.conditions.dialects = dialects(&observed.dialects);
    if !observed.formats.is_empty() {
        terms.caps.formats.clone_from(&observed.formats);
    }
    let any = grants.len() > denials;
    terms.grants = grants;
    Proposal {
        terms: any.then_some(terms),
        actions: actions.len(),
        queries: queries.len(),
        sources: sources.len(),
        networks,
        notes,
    }
}

/// The objects that a use was about, as narrow as can be said.
fn selector(base: &Terms, seen: &ObservedUse) -> Selector {
    if let Some(query) = seen.query {
        return Selector::Query(query, base.query_version(query));
    }
    if let Some(dashboard) = seen.dashboard {
        return Selector::Dashboard(dashboard);
    }
    if let Some(source) = seen.source {
        return Selector::Source(source);
    }
    match Object::parse(&seen.object) {
        Some(Object::User(id)) => Selector::User(id),
        Some(Object::Group(id)) => Selector::Group(id),
        Some(Object::Key(id)) => Selector::Key(id),
        Some(Object::Workspace(id)) => Selector::Workspace(id),
        _ => Selector::Any,
    }
}

/// Whether the key has an action on all objects of a selector.
fn covers(base: &Terms, action: Action, selector: Selector) -> bool {
    let mut facts = Facts::default();
    let object = match selector {
        Selector::Any => Object::None,
        Selector::Query(id, _) => {
            // The data source of the query is not known here; the use itself was allowed.
            facts.query = Some(id);
            return !matches!(
                base.rule(action, Object::Query(id), &facts),
                Ruling::Denied(_) | Ruling::NoAction
            );
        }
        Selector::Source(id) => {
            facts.source = Some(id);
            Object::Source(id)
        }
        Selector::Dashboard(id) => {
            facts.dashboard = Some(id);
            Object::Dashboard(id)
        }
        Selector::User(id) => Object::User(id),
        Selector::Group(id) => Object::Group(id),
        Selector::Key(id) => Object::Key(id),
        Selector::Workspace(id) => Object::Workspace(id),
    };
    matches!(base.rule(action, object, &facts), Ruling::Allowed(_))
}

/// The networks of addresses: /24 of version 4, /64 of version 6; each once, in order.
fn networks(addresses: &[String]) -> Vec<IpNet> {
    let network = |text: &String| {
        let address = text.parse::<IpAddr>().ok()?.to_canonical();
        let bits = if address.is_ipv4() { 24 } else { 64 };
        IpNet::new(address, bits).ok().map(|network| network.trunc())
    };
    addresses.iter().filter_map(network).collect::<BTreeSet<_>>().into_iter().collect()
}

fn transports(seen: &[String]) -> Vec<Transport> {
    let all = [Transport::Header, Transport::Url];
    all.into_iter().filter(|known| seen.iter().any(|text| text == known.as_str())).collect()
}

fn dialects(seen: &[String]) -> Vec<Dialect> {
    let all = [Dialect::Native, Dialect::Redash, Dialect::Metabase, Dialect::Braze];
    all.into_iter().filter(|known| seen.iter().any(|text| text == known.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tessera_kernel::ids::{QueryId, SourceId};

    use super::*;

    fn seen(action: &str, query: Option<i64>, source: Option<i64>) -> ObservedUse {
        ObservedUse {
            action: action.to_owned(),
            object: String::new(),
            query: query.map(QueryId),
            source: source.map(SourceId),
            dashboard: None,
            requests: 3,
        }
    }

    #[test]
    fn what_was_seen_is_proposed_and_nothing_else() {
        let observed = Observed {
            uses: vec![
                seen("queries.run", Some(42), Some(1)),
                seen("results.read", Some(42), Some(1)),
                seen("keys.self", None, None),
            ],
            addresses: ["203.0.113.7", "203.0.113.9", "2001:db8::1:2:3:4", "?"]
                .map(str::to_owned)
                .to_vec(),
            formats: vec!["csv".to_owned()],
            transports: vec!["url".to_owned()],
            dialects: vec!["redash".to_owned()],
            ..Observed::default()
        };
        let proposal = observed_terms(&Terms::default(), &observed);
        let expected = json!({
            "grants": [
                { "effect": "allow", "action": "queries.run", "resource": "query:42" },
                { "effect": "allow", "action": "results.read", "resource": "query:42" },
            ],
            "conditions": {
                "ip_in": ["203.0.113.0/24", "2001:db8:0:0::/64"],
                "transport": ["url"], "dialects": ["redash"],
            },
            "caps": { "formats": ["csv"] },
        });
        let expected: Terms = serde_json::from_value(expected).expect("terms");
        assert_eq!(proposal.terms, Some(expected));
        assert_eq!((proposal.actions, proposal.queries, proposal.sources), (2, 1, 1));
    }

    #[test]
    fn a_proposal_is_never_wider_than_the_key() {
        let base: Terms = serde_json::from_value(json!({ "grants": [
            { "action": "results.read", "resource": "query:42" },
            { "effect": "deny", "action": "statements.run", "resource": "source:2" },
        ]}))
        .expect("terms");
        let uses = vec![
            // A result of two queries with one text: only its data source is known.
            seen("results.read", None, Some(1)),
            seen("statements.run", None, Some(2)),
        ];
        let proposal = observed_terms(&base, &Observed { uses, ..Observed::default() });
        assert_eq!(proposal.terms, None);
        assert_eq!(proposal.notes.len(), 2);
    }

    #[test]
    fn of_a_key_that_was_not_used_no_terms_are_proposed() {
        assert_eq!(observed_terms(&Terms::default(), &Observed::default()).terms, None);
    }
}
