//! What holds for every text and every value.

use std::collections::HashMap;

use chrono_tz::Tz;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tessera_sqltext::{
    Bind, Context, Dialect, Scalar, Template, Value, Values, apply_auto_limit, classify,
    normalize_statements, parse_parameters, query_hash,
};

use crate::support::{bound_with, only};

fn dialects() -> impl Strategy<Value = Dialect> {
    prop::sample::select(vec![
        Dialect::Postgres,
        Dialect::Sqlite,
        Dialect::MySql,
        Dialect::ClickHouse,
        Dialect::SqlServer,
        Dialect::Trino,
        Dialect::Snowflake,
    ])
}

/// Texts made of what a lexer can stumble over.
fn texts() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "'",
        "''",
        "\"",
        "E'",
        "e'",
        "U&'",
        "N'",
        "#",
        "# ",
        "@P1",
        "{a:",
        "x'",
        "\\",
        "$$",
        "$a$",
        "$1",
        "$",
        "--",
        "\n",
        "/*",
        "*/",
        "[",
        "]",
        "`",
        "?",
        ":",
        "::",
        "@",
        ";",
        "{{a}}",
        "{{{a}}}",
        "{{ b.start }}",
        "{{b.end}}",
        "{{!n}}",
        "{{",
        "}}",
        "{",
        "}",
        "{{#a}}",
        "select ",
        "date ",
        "interval ",
        " day",
        "with time zone ",
        "in (",
        "array[",
        ")",
        "limit ",
        "1",
        ".",
        "é",
        "\u{a0}",
        "\\u00",
        "\\xff",
        "create trigger ",
        " end",
        "timestamp(3) ",
    ]);
    prop_oneof![
        prop::collection::vec(parts, 0..24).prop_map(|parts| parts.concat()),
        any::<String>(),
    ]
}

fn values(text: &str) -> Values {
    let scalar = Scalar::Text(text.to_owned());
    [
        ("a".to_owned(), Value::One(scalar.clone())),
        ("b".to_owned(), Value::Range { start: scalar.clone(), end: scalar }),
    ]
    .into_iter()
    .collect()
}

/// The text of a bind.
fn text_of(bind: &Bind) -> &str {
    match bind {
        Bind::Untyped(text) | Bind::Text(text) | Bind::Decimal(text) => text,
        Bind::Integer(_) | Bind::Date(_) | Bind::Datetime(_) => "",
    }
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, cases: 1000, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_text_makes_anything_panic(
        text in texts(), value in any::<String>(), dialect in dialects(),
    ) {
        let _ = query_hash(&text);
        let _ = classify(&text, dialect);
        let _ = apply_auto_limit(&text, 10, dialect);
        let normalized = normalize_statements(&text, dialect);
        prop_assert_eq!(normalize_statements(&normalized, dialect), normalized);
        if let Ok(template) = Template::parse(&text, dialect) {
            let _ = template.bind(&[], &values(&value));
        }
    }

    #[test]
    fn the_statement_does_not_depend_on_the_value(
        text in texts(), one in any::<String>(), other in any::<String>(), dialect in dialects(),
    ) {
        if let Ok(template) = Template::parse(&text, dialect) {
            let one = template.bind(&[], &values(&one));
            let other = template.bind(&[], &values(&other));
            prop_assert_eq!(one.is_ok(), other.is_ok());
            if let (Ok(one), Ok(other)) = (one, other) {
                prop_assert_eq!(one.sql, other.sql);
                prop_assert_eq!(one.binds.len(), other.binds.len());
            }
        }
    }

    #[test]
    fn a_text_value_is_bound_exactly(value in any::<String>(), dialect in dialects()) {
        for (text, expected) in [
            ("select {{t}}", value.clone()),
            ("select '{{t}}'", value.clone()),
            ("select 'a''{{t}}%'", format!("a'{value}%")),
        ] {
            let bound = bound_with(text, dialect, &only(&["t"]), &json!({"t": value})).unwrap();
            let binds: Vec<_> = bound.binds.iter().map(text_of).collect();
            prop_assert_eq!(binds, [expected.as_str()]);
            let placeholder = match dialect {
                Dialect::Postgres => "select $1",
                Dialect::Sqlite | Dialect::Document(_) => "select ?1",
                Dialect::MySql | Dialect::Trino | Dialect::Snowflake => "select ?",
                Dialect::ClickHouse => "select {p1:String}",
                Dialect::SqlServer => "select @P1",
            };
            prop_assert_eq!(bound.sql, placeholder);
        }
    }

    #[test]
    fn an_enum_pastes_only_its_options(
        value in "(red|green|[a-z;' -]{0,8})", dialect in dialects(),
    ) {
        let definitions = only(&["e"]);
        let given = json!({"e": value});
        match bound_with("order by {{e}}", dialect, &definitions, &given) {
            Ok(bound) => {
                let option = bound.sql.strip_prefix("order by ");
                prop_assert!(matches!(option, Some("red" | "green")));
            }
            Err(_) => prop_assert!(!["red", "green"].contains(&value.as_str())),
        }
    }

    #[test]
    fn any_value_is_either_refused_or_harmless(
        value in prop_oneof![
            any::<String>().prop_map(Json::from),
            "[0-9TZ:/ .+-]{1,25}".prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<bool>().prop_map(Json::from),
        ],
        kind in prop::sample::select(vec![
            "number", "date", "datetime-local", "datetime-with-seconds",
        ]),
    ) {
        let definitions = parse_parameters(&json!([{"name": "x", "type": kind}])).unwrap();
        let given = json!({"x": value});
        if let Ok(bound) = bound_with("'{{x}}'", Dialect::Postgres, &definitions, &given) {
            prop_assert_eq!(&bound.sql, "$1");
            let text = text_of(&bound.binds[0]);
            let plain = text.chars().all(|c| c.is_ascii_digit() || "-:. ".contains(c));
            prop_assert!(!text.is_empty() && plain, "{}", text);
        }
    }

    #[test]
    fn values_survive_storage_and_their_identity_is_theirs(
        one in any::<String>(), other in any::<String>(),
    ) {
        let (first, second) = (values(&one), values(&other));
        let stored: Values = serde_json::from_str(&first.canonical()).unwrap();
        prop_assert_eq!(&stored, &first);
        prop_assert_eq!(first.canonical() == second.canonical(), one == other);
    }

    #[test]
    fn every_moment_and_zone_resolves_every_dynamic_date(
        seconds in -60_000_000_000_i64..250_000_000_000, zone in 0..chrono_tz::TZ_VARIANTS.len(),
        name in prop::sample::select(vec![
            "d_today", "d_this_week", "d_last_month", "d_last_hour", "d_last_10_years",
        ]),
    ) {
        let zone: Tz = chrono_tz::TZ_VARIANTS[zone];
        let dropdowns = HashMap::new();
        let now = chrono::DateTime::from_timestamp(seconds, 0).unwrap();
        let context = Context { now, zone, dropdowns: &dropdowns };
        let list = json!([{"name": "x", "type": "datetime-range"}]);
        let definitions = parse_parameters(&list).unwrap();
        let template = Template::parse("{{x.start}}{{x.end}}", Dialect::Postgres).unwrap();
        let given = crate::support::object(&json!({"x": name}));
        prop_assert!(template.resolve(&definitions, &given, &context).is_ok());
    }
}
