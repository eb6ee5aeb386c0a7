//! Whatever a key below another one, or a token of it, may do, each key above may do as well.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tessera_kernel::ids::{KeyId, QueryId, SourceId};

use super::terms::{ActionPattern, Caps, Effect, Grant, QueryVersion, Range, Selector, Terms};
use super::{ActiveKey, Key, KeyKind, KeyOwner};
use crate::ports::Facts;
use crate::{Action, Object};

fn selector() -> impl Strategy<Value = Selector> {
    let version = prop_oneof![
        Just(None),
        Just(Some(QueryVersion::Approved)),
        (1..4_i64).prop_map(|number| Some(QueryVersion::Number(number))),
    ];
    prop_oneof![
        Just(Selector::Any),
        (1..4_i64, version).prop_map(|(id, version)| Selector::Query(QueryId(id), version)),
        (1..3_i64).prop_map(|id| Selector::Source(SourceId(id))),
        (1..3_i64).prop_map(|id| Selector::Key(KeyId(id))),
    ]
}

fn pattern() -> impl Strategy<Value = ActionPattern> {
    let named = (0..Action::ALL.len()).prop_map(|at| ActionPattern::from(Action::ALL[at]));
    let family = prop_oneof![Just("*"), Just("queries.*"), Just("results.*"), Just("keys.*")];
    let family = family
        .prop_map(|text| ActionPattern::try_from(text.to_owned()).expect("a family of actions"));
    prop_oneof![named, family]
}

fn grant() -> impl Strategy<Value = Grant> {
    let effect = prop_oneof![3 => Just(Effect::Allow), 1 => Just(Effect::Deny)];
    (effect, pattern(), selector()).prop_map(|(effect, action, resource)| Grant {
        effect,
        action,
        resource,
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("a".to_owned()), Just("b".to_owned())]
}

fn value() -> impl Strategy<Value = Json> {
    prop_oneof![(0..3_i64).prop_map(Json::from), Just(json!("x"))]
}

fn terms() -> impl Strategy<Value = Terms> {
    let free = btree_map(name(), Just(Range::default()), 0..2);
    let caps = (proptest::option::of(1..9_u64), proptest::option::of(1..9_u64));
    let of_values = || btree_map(name(), value(), 0..2);
    (vec(grant(), 0..4), of_values(), free, of_values(), caps, any::<bool>()).prop_map(
        |(grants, pinned, free, attributes, (rows, max_age_floor), canary)| Terms {
            grants,
            pinned,
            free,
            attributes,
            caps: Caps { rows, max_age_floor, ..Caps::default() },
            canary,
            ..Terms::default()
        },
    )
}

fn key(terms: Terms) -> Key {
    let owner = KeyOwner::Query(QueryId(1));
    Key { terms, ..Key::blank(KeyKind::Query, owner, chrono::DateTime::UNIX_EPOCH) }
}

fn object() -> impl Strategy<Value = (Object, Facts)> {
    let object = prop_oneof![
        Just(Object::None),
        (1..4_i64).prop_map(|id| Object::Query(QueryId(id))),
        (1..3_i64).prop_map(|id| Object::Source(SourceId(id))),
        (1..3_i64).prop_map(|id| Object::Key(KeyId(id))),
    ];
    (object, proptest::option::of(1..4_i64), proptest::option::of(1..3_i64)).prop_map(
        |(object, query, source)| {
            let (query, source) = (query.map(QueryId), source.map(SourceId));
            (object, Facts { query, source, ..Facts::default() })
        },
    )
}

proptest! {
    #[test]
    fn what_a_key_below_may_do_every_key_above_may_do(
        levels in vec(terms(), 1..5),
        caveats in vec(terms(), 0..3),
        at in 0..Action::ALL.len(),
        (object, facts) in object(),
    ) {
        let action = Action::ALL[at];
        let mut keys: Vec<Key> = levels.into_iter().map(key).collect();
        let lowest = keys.remove(0);
        let below = ActiveKey { above: keys.clone(), caveats, ..ActiveKey::alone(lowest) };
        for depth in 0..keys.len() {
            let above = keys[depth + 1..].to_vec();
            let parent = ActiveKey { above, ..ActiveKey::alone(keys[depth].clone()) };
            if below.check(action, object, &facts).is_ok() {
                prop_assert!(parent.check(action, object, &facts).is_ok());
            }
            for name in ["a", "b"] {
                // A value comes from the top, or there is none.
                if let Some(value) = below.attribute(name) {
                    prop_assert_eq!(parent.attribute(name), Some(value));
                }
                if let Some(value) = parent.pinned(name) {
                    prop_assert_eq!(below.pinned(name), Some(value));
                }
            }
            prop_assert!(below.age_floor() >= parent.age_floor());
            let rows = |key: &ActiveKey| key.least(|terms| terms.caps.rows).unwrap_or(u64::MAX);
            prop_assert!(rows(&below) <= rows(&parent));
            for query in (1..4).map(QueryId) {
                if let (Ok(own), Ok(theirs)) = (below.run_version(query), parent.run_version(query)) {
                    prop_assert_eq!(own, theirs);
                }
            }
            prop_assert!(!parent.is_bounded() || below.is_bounded());
        }
    }
}
