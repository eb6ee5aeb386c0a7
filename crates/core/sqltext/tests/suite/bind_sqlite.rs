//! What is sent to SQLite.

use serde_json::{Value as Json, json};
use tessera_kernel::Code;
use tessera_sqltext::{Bind, Dialect};

use crate::support::{bound, bound_with, untyped};

const LITE: Dialect = Dialect::Sqlite;

#[track_caller]
fn sends(text: &str, given: Json, sql: &str, binds: &[Bind]) {
    let bound = bound(text, LITE, &given).expect(text);
    assert_eq!((bound.sql.as_str(), bound.binds.as_slice()), (sql, binds), "{text}");
}

#[track_caller]
fn refuses(text: &str, given: Json, name: &str) {
    let fault = bound(text, LITE, &given).expect_err(text);
    assert_eq!(fault.code(), Code::UnbindableParameter, "{text}: {fault}");
    assert_eq!(fault.names(), [name], "{text}");
}

#[test]
fn placeholders_are_numbered_and_have_no_casts() {
    let given = json!({"n": 7, "t": "x", "d": "2021-02-03", "dts": "2021-02-03 04:05:06"});
    let day = "2021-02-03".parse::<chrono::NaiveDate>().unwrap();
    sends(
        "select {{n}}, {{t}}, {{d}}, {{dts}}, '{{d}}', '{{dts}}'",
        given,
        "select ?1, ?2, ?3, ?4, ?5, ?6",
        &[
            Bind::Integer(7),
            untyped("x"),
            Bind::Date(day),
            Bind::Datetime(day.and_hms_opt(4, 5, 6).unwrap()),
            untyped("2021-02-03"),
            untyped("2021-02-03 04:05:06"),
        ],
    );
    sends("select {{n}}", json!({"n": "1.50"}), "select ?1", &[Bind::Decimal("1.50".into())]);
}

#[test]
fn numbers_that_a_query_returned_are_numbers_again() {
    sends(
        "in ({{qm}})",
        json!({"qm": ["1", "2.50", "x", "01"]}),
        "in (?1, ?2, ?3, ?4)",
        &[Bind::Integer(1), Bind::Decimal("2.50".into()), untyped("x"), untyped("01")],
    );
    sends("'{{q}}'", json!({"q": "1"}), "?1", &[untyped("1")]);
    sends("{{t}}", json!({"t": "1"}), "?1", &[untyped("1")]);
}

#[test]
fn literals_have_no_backslash_escapes_and_no_type_in_front() {
    sends("'\\{{t}}'", json!({"t": "x"}), "?1", &[untyped("\\x")]);
    sends("'a''{{t}}'", json!({"t": "x"}), "?1", &[untyped("a'x")]);
    sends("date('{{t}}')", json!({"t": "x"}), "date(?1)", &[untyped("x")]);
    sends("select'{{t}}'as a", json!({"t": "x"}), "select ?1 as a", &[untyped("x")]);
}

#[test]
fn comments_do_not_nest() {
    sends("/* /* {{t}} */ {{t}}", json!({"t": "x"}), "/* /*   */ ?1", &[untyped("x")]);
}

#[test]
fn quoted_names_take_only_enums() {
    sends("[a{{e}}]", json!({"e": "red"}), "[ared]", &[]);
    sends("`a``{{e}}`", json!({"e": "red"}), "`a``red`", &[]);
    sends("\"{{e}}\"", json!({"e": "bl\"ue"}), "\"bl\"\"ue\"", &[]);
    for text in ["[{{t}}]", "`{{t}}`", "\"{{t}}\"", "tbl_{{t}}", "x'{{t}}'", "'{{t}}", "[{{t}}"] {
        refuses(text, json!({"t": "x"}), "t");
    }
}

#[test]
fn placeholders_of_the_author_are_refused_outside_of_literals() {
    for text in ["?", "?2", ":a", "@a", "$a", "$$"] {
        refuses(&format!("select {text}, {{{{t}}}}"), json!({"t": "x"}), text);
    }
    for text in ["'?'", "[?]", "-- :a", "/* $a */", "a -> '$.b'", "a$b"] {
        sends(text, json!({}), text, &[]);
    }
}

#[test]
fn truth_values_are_numbers() {
    let bound = bound_with("{{a}}", LITE, &[], &json!({"a": true})).unwrap();
    assert_eq!((bound.sql.as_str(), bound.binds), ("?1", vec![Bind::Integer(1)]));
}
