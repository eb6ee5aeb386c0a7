//! Narrower terms allow nothing that wider ones do not: examples, and any terms at all.

use proptest::prelude::*;
use serde_json::json;
use tessera_kernel::ids::{DashboardId, QueryId, SourceId, UserId, WorkspaceId};

use super::*;
use crate::{RequestContext, Transport};

fn terms(json: Json) -> Terms {
    serde_json::from_value(json).expect("terms")
}

#[track_caller]
fn check(own: Json, other: Json, expected: Option<&str>) {
    let wider = terms(own.clone()).wider_than(&terms(other.clone()), Held::Alone);
    assert_eq!(wider.map(|wider| wider.member), expected, "{own} in {other}");
}

#[track_caller]
fn check_below(child: Json, parent: Json, field: Option<&str>) {
    let wider = terms(child).wider_than(&terms(parent), Held::Together);
    assert_eq!(wider.map(|wider| wider.field()).as_deref(), field);
}

#[test]
fn everything_is_within_no_terms_at_all() {
    check(json!({}), json!({}), None);
    check(json!({ "grants": [{ "action": "queries.run" }] }), json!({}), None);
    check(json!({ "pinned": { "a": 1 }, "caps": { "rows": 5 } }), json!({}), None);
    check(json!({}), json!({ "grants": [{ "action": "*" }] }), Some("grants"));
    check(json!({ "canary": true }), json!({}), None);
    check(json!({}), json!({ "canary": true }), Some("canary"));
    check(json!({ "attributes": { "tenant": 5 } }), json!({}), Some("attributes"));
}

#[test]
fn a_grant_is_within_one_of_the_same_or_a_larger_family_and_object() {
    let one = |action: &str, resource: &str| json!({ "grants": [{ "action": action, "resource": resource }] });
    check(one("queries.run", "query:4"), one("queries.*", "*"), None);
    check(one("queries.run", "query:4@7"), one("queries.run", "query:4"), None);
    check(one("queries.run", "query:4"), one("queries.run", "query:4@7"), Some("grants"));
    check(one("queries.*", "*"), one("queries.run", "*"), Some("grants"));
    check(one("*", "*"), one("queries.*", "*"), Some("grants"));
    check(one("queries.run", "query:4"), one("queries.run", "source:1"), Some("grants"));
}

#[test]
fn a_denial_must_be_kept() {
    let both = json!({ "grants": [
        { "action": "*" }, { "effect": "deny", "action": "queries.run", "resource": "source:2" },
    ]});
    check(json!({ "grants": [{ "action": "*" }] }), both.clone(), Some("grants"));
    let kept = json!({ "grants": [
        { "action": "queries.*" }, { "effect": "deny", "action": "queries.*" },
    ]});
    check(kept, both, None);
}

#[test]
fn networks_limits_pins_and_caps_only_shrink() {
    let net = |text: &str| json!({ "conditions": { "ip_in": [text] } });
    check(net("10.1.0.0/16"), net("10.0.0.0/8"), None);
    check(net("::ffff:10.1.0.0/112"), net("10.0.0.0/8"), None);
    check(net("10.0.0.0/8"), net("10.1.0.0/16"), Some("conditions"));
    check(json!({}), net("10.1.0.0/16"), Some("conditions"));
    let limit = |quota: u64| json!({ "limits": [{ "name": "a", "q": quota, "w": 60 }] });
    check(limit(5), limit(6), None);
    check(limit(6), limit(5), Some("limits"));
    check(json!({}), limit(5), Some("limits"));
    check(json!({ "pinned": { "t": 6 } }), json!({ "pinned": { "t": 5 } }), Some("pinned"));
    let free = json!({ "free": { "t": { "enum": [1, 2] } } });
    check(json!({ "free": { "t": { "enum": [1] } } }), free.clone(), None);
    check(json!({ "free": { "t": { "enum": [3] } } }), free.clone(), Some("free"));
    check(json!({ "pinned": { "x": 1 } }), free.clone(), Some("pinned"));
    check(json!({ "pinned": { "t": 1 } }), free, Some("free"));
    let caps = json!({ "caps": { "rows": 10, "max_age_floor": 60, "formats": ["csv"] } });
    check(caps.clone(), caps.clone(), None);
    check(json!({ "caps": { "rows": 10, "max_age_floor": 60 } }), caps.clone(), Some("caps"));
    check(
        json!({ "caps": { "rows": 11, "max_age_floor": 60, "formats": ["csv"] } }),
        caps,
        Some("caps"),
    );
}

#[test]
fn what_goes_beyond_the_key_above_is_named() {
    let parent = json!({
        "pinned": { "tenant": 5 },
        "free": { "n": { "min": 1, "max": 10 }, "c": { "enum": ["DE", "FR"] } },
        "attributes": { "t": 5 },
        "caps": { "rows": 10, "max_age_floor": 60, "formats": ["csv"] },
        "grants": [{ "action": "queries.*", "resource": "query:42@approved" }],
    });
    let fine = json!({
        "pinned": { "tenant": 5, "n": 3 }, "free": { "c": { "enum": ["DE"] } },
        "attributes": { "t": 5 }, "caps": { "rows": 5, "max_age_floor": 90, "formats": ["csv"] },
        "grants": [{ "action": "queries.run", "resource": "query:42@approved" }],
    });
    check_below(fine, parent.clone(), None);
    check_below(json!({}), parent.clone(), None);
    for (child, field) in [
        (json!({ "pinned": { "tenant": 6 } }), "terms.pinned.tenant"),
        (json!({ "pinned": { "other": 6 } }), "terms.pinned.other"),
        (json!({ "free": { "tenant": {} } }), "terms.free.tenant"),
        (json!({ "free": { "other": {} } }), "terms.free.other"),
        (json!({ "free": { "n": { "max": 11 } } }), "terms.free.n"),
        (json!({ "free": { "c": { "enum": ["UK"] } } }), "terms.free.c"),
        (json!({ "attributes": { "t": 6 } }), "terms.attributes.t"),
        (json!({ "attributes": { "u": 6 } }), "terms.attributes.u"),
        (json!({ "caps": { "rows": 11 } }), "terms.caps.rows"),
        (json!({ "caps": { "max_age_floor": 1 } }), "terms.caps.max_age_floor"),
        (json!({ "caps": { "formats": ["json"] } }), "terms.caps.formats"),
        (json!({ "grants": [{ "action": "*" }] }), "terms.grants"),
        (
            json!({ "grants": [{ "action": "queries.run", "resource": "query:42@7" }] }),
            "terms.grants",
        ),
    ] {
        check_below(child, parent.clone(), Some(field));
    }
}

/// Few values, so that terms often overlap.
fn selectors() -> impl Strategy<Value = Selector> {
    prop_oneof![
        Just(Selector::Any),
        (1_i64..3, prop::option::of(1_i64..3)).prop_map(|(id, version)| {
            Selector::Query(QueryId(id), version.map(QueryVersion::Number))
        }),
        (1_i64..3).prop_map(|id| Selector::Source(SourceId(id))),
        (1_i64..3).prop_map(|id| Selector::Dashboard(DashboardId(id))),
        (1_i64..3).prop_map(|id| Selector::User(UserId(id))),
        (1_i64..3).prop_map(|id| Selector::Workspace(WorkspaceId(id))),
    ]
}

fn grants() -> impl Strategy<Value = Vec<Grant>> {
    let pattern = prop::sample::select(vec![
        "*",
        "queries.*",
        "queries.run",
        "queries.list",
        "sources.*",
        "keys.create",
        "users.track",
    ]);
    let grant =
        (any::<bool>(), pattern, selectors()).prop_map(|(allow, pattern, resource)| Grant {
            effect: if allow { Effect::Allow } else { Effect::Deny },
            action: pattern.to_owned().try_into().expect("a pattern"),
            resource,
        });
    prop::collection::vec(grant, 0..4)
}

fn conditions() -> impl Strategy<Value = Conditions> {
    let networks = || {
        let all = ["10.0.0.0/8", "10.1.0.0/16", "::ffff:10.1.2.0/120", "2001:db8::/32"];
        prop::sample::subsequence(all.to_vec(), 0..3).prop_map(|texts| {
            texts.into_iter().map(|text| text.parse().expect("a network")).collect::<Vec<_>>()
        })
    };
    let ways = prop::sample::subsequence(vec![Transport::Header, Transport::Url], 0..=2);
    let dialects = prop::sample::subsequence(vec![Dialect::Native, Dialect::Redash], 0..=2);
    (networks(), networks(), ways, dialects).prop_map(|(ip_in, ip_not_in, transport, dialects)| {
        Conditions { ip_in, ip_not_in, transport, dialects, ..Conditions::default() }
    })
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let caps = (prop::option::of(0_u64..4), prop::option::of(0_u64..4));
    (grants(), conditions(), caps).prop_map(|(grants, conditions, (rows, floor))| Terms {
        grants,
        conditions,
        caps: Caps { rows, max_age_floor: floor, ..Caps::default() },
        ..Terms::default()
    })
}

/// Terms that are often narrower than the given ones: any, some of the same, or the same with more
/// grants that deny and more conditions.
fn pairs() -> impl Strategy<Value = (Terms, Terms)> {
    (any_terms(), any_terms(), 0..4, 0_usize..4).prop_map(|(own, mut other, way, dropped)| {
        if way == 0 {
            return (own, other);
        }
        let mut same = other.clone();
        same.grants.extend(own.grants.iter().filter(|one| one.effect == Effect::Deny).cloned());
        same.conditions.ip_not_in.extend(own.conditions.ip_not_in.iter().copied());
        if dropped < same.grants.len() {
            same.grants.remove(dropped);
        }
        if way == 2 {
            other.conditions = Conditions::default();
            other.caps = Caps::default();
            same.conditions = own.conditions;
        }
        if way == 3 {
            other.grants.extend(own.grants.into_iter().filter(|one| one.effect == Effect::Allow));
        }
        (same, other)
    })
}

fn objects() -> impl Strategy<Value = (Object, Facts)> {
    let ids = (1_i64..3, 1_i64..3, 1_i64..3);
    (0..6, ids).prop_map(|(kind, (one, two, three))| {
        let facts = Facts {
            query: Some(QueryId(one)),
            source: Some(SourceId(two)),
            dashboard: Some(DashboardId(three)),
            result_of: vec![QueryId(two)],
            ..Facts::default()
        };
        match kind {
            0 => (Object::None, Facts::default()),
            1 => (Object::Query(QueryId(one)), facts),
            2 => (Object::Source(SourceId(two)), facts),
            3 => (Object::Dashboard(DashboardId(three)), facts),
            4 => (Object::User(UserId(one)), Facts::default()),
            _ => (Object::Workspace(WorkspaceId(one)), Facts::default()),
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        max_global_rejects: 100_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_narrower_terms_allow_the_wider_ones_allow(
        (own, other) in pairs(),
        (object, facts) in objects(),
        action in prop::sample::select(Action::ALL.to_vec()),
        address in prop::sample::select(vec!["10.0.0.1", "10.1.0.1", "10.1.2.3", "2001:db8::1", "x"]),
        url in any::<bool>(),
    ) {
        prop_assume!(own.narrows(&other));
        if matches!(own.rule(action, object, &facts), Ruling::Allowed(_)) {
            prop_assert!(matches!(other.rule(action, object, &facts), Ruling::Allowed(_)));
            let listed = |terms: &Terms| terms.listed_sources(action);
            if let (true, Some(theirs)) = (action.lists_by_source(), listed(&other)) {
                let ours = listed(&own);
                prop_assert!(ours.is_some_and(|ours| ours.iter().all(|one| theirs.contains(one))));
            }
        }
        let context = RequestContext { address: Some(address.to_owned()), ..Default::default() };
        let transport = if url { Transport::Url } else { Transport::Header };
        if own.conditions.refuse(transport, &context).is_none() {
            prop_assert_eq!(other.conditions.refuse(transport, &context), None);
        }
        for id in 1..3 {
            let query = QueryId(id);
            let at = |terms: &Terms| terms.rule(
                Action::QueriesRun,
                Object::Query(query),
                &Facts { query: Some(query), ..Facts::default() },
            );
            if let (Ruling::Allowed(_), Some(version)) = (at(&own), other.query_version(query)) {
                prop_assert_eq!(own.query_version(query), Some(version));
            }
        }
    }

    #[test]
    fn what_is_narrower_alone_is_narrower_below((own, other) in pairs()) {
        prop_assume!(own.narrows(&other));
        // Below a key there is no choice of versions, not even of one where all are open.
        prop_assume!(!own.names_versions());
        prop_assert_eq!(own.wider_than(&other, Held::Together), None);
    }

    #[test]
    fn terms_are_within_themselves(own in any_terms()) {
        prop_assert_eq!(own.wider_than(&own, Held::Alone), None);
        prop_assert_eq!(own.wider_than(&own, Held::Together), None);
    }
}
