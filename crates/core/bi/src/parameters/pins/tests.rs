//! A pinned value never changes, whatever is asked for.

use std::collections::HashMap;

use proptest::collection::btree_map;
use proptest::prelude::*;
use serde_json::json;
use tessera_access::{Key, KeyKind, KeyOwner};
use tessera_kernel::ids::QueryId;
use tessera_sqltext::{Dialect, Template, parse_parameters};

use super::*;

const TEXT: &str = "select {{ tenant }}, {{ least }}, '{{ since }}'";

fn key(levels: &[Json]) -> ActiveKey {
    let of = |terms: &Json| Key {
        terms: serde_json::from_value(terms.clone()).expect("terms"),
        ..Key::blank(KeyKind::Query, KeyOwner::Query(QueryId(1)), chrono::DateTime::UNIX_EPOCH)
    };
    let mut keys: Vec<Key> = levels.iter().map(of).collect();
    let lowest = keys.pop().expect("a level");
    keys.reverse();
    ActiveKey { above: keys, ..ActiveKey::alone(lowest) }
}

fn definitions(defined: bool) -> Vec<Parameter> {
    let list = json!([
        { "name": "tenant", "type": "number", "value": 1 },
        { "name": "least", "type": "number", "value": 1 },
        { "name": "since", "type": "date", "value": "2026-01-01" },
    ]);
    if defined { parse_parameters(&list).expect("definitions") } else { Vec::new() }
}

fn run(key: &ActiveKey, defined: bool, given: &Json) -> Result<Values> {
    let template = Template::parse(TEXT, Dialect::Postgres)?;
    let definitions = definitions(defined);
    let nobody = HashMap::new();
    let now = "2026-03-31T12:00:00Z".parse().expect("a moment");
    let context = Context { now, zone: chrono_tz::UTC, dropdowns: &nobody };
    let given = given.as_object().cloned().unwrap_or_default();
    let merged = merge(Some(key), &template.names(), &definitions, &given)?;
    let values = template.resolve(&definitions, &merged, &context)?;
    check(Some(key), &values, &context)?;
    Ok(values)
}

fn shown(values: &Values, name: &str) -> Option<String> {
    values.get(name).map(|value| value.scalars().iter().map(|one| one.text()).collect())
}

#[track_caller]
fn refused(key: &ActiveKey, given: &Json, name: &str) {
    let fault = run(key, true, given).expect_err("it is refused");
    assert_eq!(
        (fault.code(), fault.reason()),
        (Code::Forbidden, Some("parameter_pinned")),
        "{given}"
    );
    assert_eq!(fault.names(), [name.to_owned()], "{given}");
}

#[test]
fn a_named_pinned_parameter_is_refused_and_defaults_fill_the_rest() {
    let key = key(&[json!({ "pinned": { "tenant": 5 } })]);
    let values = run(&key, true, &json!({ "least": 3 })).expect("runs");
    assert_eq!(shown(&values, "tenant").as_deref(), Some("5"));
    assert_eq!(shown(&values, "least").as_deref(), Some("3"));
    assert_eq!(shown(&values, "since").as_deref(), Some("2026-01-01"));
    for given in [
        json!({ "tenant": 5 }),
        json!({ "tenant": 6 }),
        json!({ "tenant": null }),
        json!({ "tenant.end": 6 }),
    ] {
        refused(&key, &given, "tenant");
    }
}

#[test]
fn what_is_not_free_is_refused_and_ranges_hold_for_values_and_defaults() {
    let key = key(&[json!({
        "pinned": { "tenant": 5 },
        "free": { "least": { "min": 2, "max": 9 }, "since": { "min": "-90d", "max": "0d" } },
    })]);
    run(&key, true, &json!({ "least": "2", "since": "2026-03-31" })).expect("runs");
    refused(&key, &json!({ "least": 1, "since": "2026-03-31" }), "least");
    refused(&key, &json!({ "least": 10, "since": "2026-03-31" }), "least");
    refused(&key, &json!({ "least": 5, "since": "2025-12-30" }), "since");
    refused(&key, &json!({ "least": 5, "since": "2026-04-01" }), "since");
    refused(&key, &json!({ "since": "2026-03-31" }), "least");
    refused(&key, &json!({ "other": 1, "least": 5 }), "other");
    let narrow = self::key(&[json!({ "pinned": { "tenant": 5 }, "free": { "least": {} } })]);
    refused(&narrow, &json!({ "least": 5 }), "since");
}

#[test]
fn every_level_holds() {
    let parent =
        json!({ "free": { "tenant": { "enum": [4, 5] }, "least": { "max": 9 }, "since": {} } });
    let run_below = |below: Json, given: Json| run(&key(&[parent.clone(), below]), true, &given);
    let values = run_below(json!({ "pinned": { "tenant": 5 } }), json!({})).expect("runs");
    assert_eq!(shown(&values, "tenant").as_deref(), Some("5"));
    assert!(
        run_below(json!({ "pinned": { "tenant": 6 } }), json!({})).is_err(),
        "not in the range above"
    );
    assert!(run_below(json!({ "pinned": { "tenant": 5 } }), json!({ "least": 10 })).is_err());
    assert!(run_below(json!({ "pinned": { "tenant": 5 } }), json!({ "tenant": 4 })).is_err());
    let fixed = json!({ "pinned": { "tenant": 5 } });
    let below = key(&[fixed.clone(), json!({ "pinned": { "tenant": 6 } })]);
    refused(&below, &json!({}), "tenant");
    let below = key(&[fixed, json!({ "free": { "tenant": {}, "least": {}, "since": {} } })]);
    refused(&below, &json!({ "tenant": 6 }), "tenant");
    let values = run(&below, true, &json!({})).expect("runs");
    assert_eq!(shown(&values, "tenant").as_deref(), Some("5"));
}

#[test]
fn a_query_without_the_pinned_parameter_is_not_run() {
    let key = key(&[json!({ "pinned": { "other": 5 } })]);
    refused(&key, &json!({}), "other");
}

fn hostile_name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("tenant".to_owned()),
        Just("tenant.start".to_owned()),
        Just("tenant.end".to_owned()),
        Just(" tenant".to_owned()),
        Just("Tenant".to_owned()),
        Just("p_tenant".to_owned()),
        Just("key.tenant".to_owned()),
        Just("least".to_owned()),
        Just("since".to_owned()),
        Just("since.start".to_owned()),
        "[a-z.]{0,12}",
    ]
}

fn hostile_value() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(Json::Null),
        any::<i64>().prop_map(Json::from),
        any::<bool>().prop_map(Json::from),
        ".{0,8}".prop_map(Json::from),
        Just(json!(["5", "6"])),
        Just(json!({ "start": 6, "end": 7 })),
        Just(json!({ "tenant": 6 })),
    ]
}

proptest! {
    #[test]
    fn no_request_changes_a_pinned_value_or_leaves_a_range(
        given in btree_map(hostile_name(), hostile_value(), 0..5),
        defined in any::<bool>(),
    ) {
        let key = key(&[json!({
            "pinned": { "tenant": 5 },
            "free": { "least": { "min": 1, "max": 9 }, "since": { "enum": ["2026-01-01"] } },
        })]);
        let given: Map<String, Json> = given.into_iter().collect();
        if let Ok(values) = run(&key, defined, &Json::Object(given)) {
            prop_assert_eq!(shown(&values, "tenant"), Some("5".to_owned()));
            let least = shown(&values, "least").expect("a value");
            let least: f64 = least.parse().expect("a number");
            prop_assert!((1.0..=9.0).contains(&least));
            prop_assert_eq!(shown(&values, "since"), Some("2026-01-01".to_owned()));
        }
    }
}
