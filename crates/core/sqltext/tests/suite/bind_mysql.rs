//! What is sent to MySQL.

use serde_json::{Value as Json, json};
use tessera_kernel::Code;
use tessera_sqltext::{Bind, Dialect, StatementClass, apply_auto_limit, classify};

use crate::support::{bound, untyped};

const MY: Dialect = Dialect::MySql;

#[track_caller]
fn sends(text: &str, given: Json, sql: &str, binds: &[Bind]) {
    let bound = bound(text, MY, &given).expect(text);
    assert_eq!((bound.sql.as_str(), bound.binds.as_slice()), (sql, binds), "{text}");
}

#[track_caller]
fn refuses(text: &str, given: Json, name: &str) {
    let fault = bound(text, MY, &given).expect_err(text);
    assert_eq!(fault.code(), Code::UnbindableParameter, "{text}: {fault}");
    assert_eq!(fault.names(), [name], "{text}");
}

#[test]
fn placeholders_have_no_numbers() {
    let given = json!({"n": 7, "t": "x", "d": "2021-02-03"});
    let day = "2021-02-03".parse::<chrono::NaiveDate>().unwrap();
    sends(
        "select {{n}}, {{t}}, {{d}}, '{{d}}'",
        given,
        "select ?, ?, CAST(? AS date), ?",
        &[Bind::Integer(7), untyped("x"), Bind::Date(day), untyped("2021-02-03")],
    );
    sends(
        "limit {{n}}",
        json!({"n": "-1.50"}),
        "limit CAST(? AS decimal(65, 2))",
        &[Bind::Decimal("-1.50".into())],
    );
}

#[test]
fn literals_have_backslash_escapes_and_both_quotes() {
    let given = || json!({"t": "x"});
    sends("'a\\'{{t}}'", given(), "?", &[untyped("a'x")]);
    sends("\"a\\\"'{{t}}\"\"\"", given(), "?", &[untyped("a\"'x\"")]);
    sends("'50\\%{{t}}\\n'", given(), "?", &[untyped("50\\%x\n")]);
    sends("'a' 'b{{t}}'", given(), "?", &[untyped("abx")]);
    sends("N'{{t}}'", given(), "?", &[untyped("x")]);
    sends("date '{{t}}'", given(), "CAST(? AS date)", &[untyped("x")]);
    sends("timestamp'{{t}}'", given(), "CAST(? AS DATETIME(6))", &[untyped("x")]);
    sends("interval '{{t}}' day", given(), "interval ? day", &[untyped("x")]);
    sends("in (\"{{t}}\")", given(), "in (?)", &[untyped("x")]);
    sends("'{{t}}\\\\'", given(), "?", &[untyped("x\\")]);
    refuses("'\\{{t}}'", given(), "t");
    refuses("x'{{t}}'", given(), "t");
    refuses("'{{t}}\\'", given(), "t");
}

#[test]
fn comments_are_those_of_mysql() {
    let given = || json!({"t": "x"});
    sends("a # {{t}}'\n{{t}}", given(), "a #  '\n?", &[untyped("x")]);
    sends("a -- {{t}}'\n{{t}}", given(), "a --  '\n?", &[untyped("x")]);
    // Without a blank it is two signs.
    sends("5--{{t}}", given(), "5--?", &[untyped("x")]);
}

#[test]
fn names_are_in_backticks() {
    sends("`a``{{e}}`", json!({"e": "red"}), "`a``red`", &[]);
    refuses("`{{t}}`", json!({"t": "x"}), "t");
    // Options in double quotes are texts here, not names.
    sends("in ({{em2}})", json!({"em2": ["red"]}), "in (?)", &[untyped("red")]);
    sends("{{em2}}", json!({"em2": ["red"]}), "?", &[untyped("red")]);
}

#[test]
fn an_authors_placeholder_is_refused_and_a_variable_is_not() {
    refuses("select ?", json!({}), "?");
    sends("select @a := 1, @@version, '?'", json!({}), "select @a := 1, @@version, '?'", &[]);
}

#[test]
fn rows_are_limited_where_that_can_be_said() {
    assert_eq!(apply_auto_limit("select 1 # x", 5, MY), "select 1 LIMIT 5");
    assert_eq!(apply_auto_limit("select 'limit\\''", 5, MY), "select 'limit\\'' LIMIT 5");
    for text in ["select 1 limit 2", "select 1 for update", "show tables", "select 1 into @a"] {
        assert_eq!(apply_auto_limit(text, 5, MY), text);
    }
    assert_eq!(classify("select '\\'; drop table t; -- '", MY), StatementClass::Read);
    assert_eq!(classify("desc t", MY), StatementClass::Read);
}
