//! Terms, case by case.

use serde_json::json;
use tessera_kernel::ids::{QueryId, SourceId};

use super::*;
use crate::{RequestContext, Transport};

fn terms(json: Json) -> Terms {
    serde_json::from_value(json).expect("terms")
}

fn on(query: i64, source: i64) -> (Object, Facts) {
    let facts =
        Facts { query: Some(QueryId(query)), source: Some(SourceId(source)), ..Facts::default() };
    (Object::Query(QueryId(query)), facts)
}

#[test]
fn a_denial_wins_over_every_grant() {
    let terms = terms(json!({ "grants": [
        { "action": "queries.*" },
        { "effect": "deny", "action": "queries.run", "resource": "source:2" },
    ]}));
    let (object, facts) = on(1, 1);
    assert_eq!(terms.rule(Action::QueriesRun, object, &facts), Ruling::Allowed(Some(0)));
    let (object, facts) = on(1, 2);
    assert_eq!(terms.rule(Action::QueriesRun, object, &facts), Ruling::Denied(1));
    assert_eq!(terms.rule(Action::QueriesRead, object, &facts), Ruling::Allowed(Some(0)));
}

#[test]
fn nothing_matched_means_no() {
    let terms = terms(json!({ "grants": [{ "action": "queries.run", "resource": "query:42" }] }));
    let (object, facts) = on(42, 1);
    assert_eq!(terms.rule(Action::QueriesRun, object, &facts), Ruling::Allowed(Some(0)));
    assert_eq!(terms.rule(Action::QueriesRead, object, &facts), Ruling::NoAction);
    let (object, facts) = on(43, 1);
    assert_eq!(terms.rule(Action::QueriesRun, object, &facts), Ruling::NoObject);
    let nothing = terms.rule(Action::QueriesRun, Object::None, &Facts::default());
    assert_eq!(nothing, Ruling::NoObject);
}

#[test]
fn a_canary_opens_nothing() {
    let terms = terms(json!({ "canary": true }));
    let (object, facts) = on(42, 1);
    for action in Action::ALL {
        assert_eq!(terms.rule(*action, object, &facts), Ruling::NoAction);
    }
}

#[test]
fn what_is_written_wrong_is_refused_with_the_way_to_mend_it() {
    for (wrong, word) in [
        (json!({ "grants": [{ "action": "queries.fly" }] }), "no action"),
        (json!({ "grants": [{ "action": "que*" }] }), "no action"),
        (json!({ "grants": [{ "action": "", "resource": "*" }] }), "no action"),
        (json!({ "grants": [{ "action": "*", "resource": "query:0" }] }), "selects nothing"),
        (json!({ "grants": [{ "action": "*", "resource": "query:+4" }] }), "selects nothing"),
        (
            json!({ "grants": [{ "action": "*", "resource": "source:4@approved" }] }),
            "selects nothing",
        ),
        (json!({ "grant": [] }), "unknown field"),
        (json!({ "conditions": { "ip_in": ["300.0.0.0/8"] } }), "invalid IP"),
    ] {
        let error = serde_json::from_value::<Terms>(wrong.clone()).expect_err("it is wrong");
        assert!(error.to_string().contains(word), "{wrong}: {error}");
    }
}

#[test]
fn terms_are_read_back_as_they_were_written() {
    let json = json!({
        "grants": [
            { "effect": "allow", "action": "results.read", "resource": "query:42@approved" },
            { "effect": "allow", "action": "queries.run", "resource": "query:42@7" },
        ],
        "conditions": { "ip_in": ["203.0.113.0/24"], "transport": ["header", "url"], "dialects": ["redash"] },
        "limits": [
            { "name": "burst", "q": 60, "qu": "requests", "w": 60 },
            { "name": "slots", "q": 2, "qu": "concurrent-requests", "w": 0 },
        ],
        "pinned": { "tenant": 5 },
        "free": { "from": { "min": "-90d" }, "country": { "enum": ["DE", "FR"] } },
        "caps": { "rows": 10000, "max_age_floor": 300, "formats": ["json", "csv"] },
    });
    let read = terms(json.clone());
    assert_eq!(serde_json::to_value(&read).expect("json"), json);
    assert_eq!(read.query_version(QueryId(42)), Some(QueryVersion::Approved));
    assert_eq!(read.query_version(QueryId(41)), None);
}

#[test]
fn networks_fail_closed() {
    let conditions = terms(json!({ "conditions": {
        "ip_in": ["10.0.0.0/8", "2001:db8::/32"], "ip_not_in": ["10.9.0.0/16"],
    }}))
    .conditions;
    let ask = |address: Option<&str>| {
        let address = address.map(str::to_owned);
        let context = RequestContext { address, ..RequestContext::default() };
        conditions.refuse(Transport::Header, &context).is_none()
    };
    assert!(ask(Some("10.1.2.3")));
    assert!(ask(Some("::ffff:10.1.2.3")));
    assert!(ask(Some("2001:db8::1")));
    assert!(!ask(Some("10.9.2.3")));
    assert!(!ask(Some("::ffff:10.9.2.3")));
    assert!(!ask(Some("11.1.2.3")));
    assert!(!ask(Some("unknown")));
    assert!(!ask(None));
}
