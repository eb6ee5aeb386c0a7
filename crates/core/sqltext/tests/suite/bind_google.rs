//! What is sent to BigQuery.

use serde_json::json;
use tessera_kernel::Code;
use tessera_sqltext::{Bind, Dialect, StatementClass, apply_auto_limit, classify};

use crate::support::{bound, untyped};

const BIG: Dialect = Dialect::BigQuery;

#[track_caller]
fn sends(text: &str, sql: &str, binds: &[Bind]) {
    let given = json!({
        "t": "x", "n": 7, "d": "2021-02-03", "dts": "2021-02-03 04:05:06", "e": "red",
        "em": ["red", "blue"], "em2": ["red"],
    });
    let bound = bound(text, BIG, &given).expect(text);
    assert_eq!((bound.sql.as_str(), bound.binds.as_slice()), (sql, binds), "{text}");
}

#[track_caller]
fn refuses(text: &str, name: &str) {
    let fault = bound(text, BIG, &json!({"t": "x", "e": "red"})).expect_err(text);
    assert_eq!(fault.code(), Code::UnbindableParameter, "{text}: {fault}");
    assert_eq!(fault.names(), [name], "{text}");
}

#[test]
fn placeholders_have_names_and_values_have_types() {
    let day: chrono::NaiveDate = "2021-02-03".parse().expect("a day");
    let moment = day.and_hms_opt(4, 5, 6).expect("a time");
    sends(
        "select {{t}}, {{n}}, {{d}}, {{dts}}, '{{d}}'",
        "select @p1, @p2, @p3, @p4, @p5",
        &[
            untyped("x"),
            Bind::Integer(7),
            Bind::Date(day),
            Bind::Datetime(moment),
            untyped("2021-02-03"),
        ],
    );
    sends(
        "a in ({{em}}) or b in unnest([{{em}}])",
        "a in (@p1, @p2) or b in unnest([@p3, @p4])",
        &[untyped("red"), untyped("blue"), untyped("red"), untyped("blue")],
    );
    sends("limit {{n}} offset 1", "limit @p1 offset 1", &[Bind::Integer(7)]);
}

#[test]
fn literals_end_where_googlesql_ends_them() {
    sends(r"'a\'{{t}}'", "@p1", &[untyped("a'x")]);
    sends(r#""it's {{t}}""#, "@p1", &[untyped("it's x")]);
    sends(r#"'''it's "{{t}}" '' \''' '''"#, "@p1", &[untyped("it's \"x\" '' ''' ")]);
    sends("\"\"\"a\r\nb\"\"{{t}}\"\"\"", "@p1", &[untyped("a\nb\"\"x")]);
    // A quote that is written twice ends one literal and begins another.
    sends("'a''{{t}}'", "'a' @p1", &[untyped("x")]);
}

#[test]
fn raw_literals_keep_their_backslashes() {
    sends(r"r'^\d+\'{{t}}'", "@p1", &[untyped(r"^\d+\'x")]);
    sends(r"R'\{{t}}'", "@p1", &[untyped(r"\x")]);
    sends(r#"r"""\"{{t}}""" a"#, "@p1 a", &[untyped(r#"\"x"#)]);
    refuses(r"r'{{t}}\'", "t");
}

#[test]
fn escapes_are_read_and_unknown_ones_are_refused() {
    sends(
        r"'\a\b\f\n\r\t\v\\\?\`\x41\101é\U0001F600{{t}}'",
        "@p1",
        &[untyped("\u{7}\u{8}\u{c}\n\r\t\u{b}\\?`AAé😀x")],
    );
    for text in [r"'\q{{t}}'", r"'\x4{{t}}'", r"'\18{{t}}'", r"'\ud800{{t}}'", r"'\{{t}}'"] {
        refuses(text, "t");
    }
    refuses("b'{{t}}'", "t");
    refuses("rB\"{{t}}\"", "t");
    refuses("'''{{t}}''", "t");
}

#[test]
fn comments_end_with_their_line() {
    sends("a # '{{t}}\n{{t}}", "a # ' \n@p1", &[untyped("x")]);
    sends("a -- '{{t}}\r{{t}}", "a -- ' \r@p1", &[untyped("x")]);
    sends("a /* /* {{t}}' */ {{t}}", "a /* /*  ' */ @p1", &[untyped("x")]);
}

#[test]
fn names_are_in_backticks_and_double_quotes_make_texts() {
    sends("`a\\`b`.`{{e}}`", "`a\\`b`.`red`", &[]);
    sends("`p.{{e}}.t`", "`p.red.t`", &[]);
    refuses("`{{t}}`", "t");
    refuses("`\\x41{{e}}`", "e");
    sends("in ({{em2}})", "in (@p1)", &[untyped("red")]);
}

#[test]
fn types_in_front_of_literals_become_casts() {
    sends("date '{{t}}'", "CAST(@p1 AS date)", &[untyped("x")]);
    sends("DATETIME \"{{t}}\"", "CAST(@p1 AS DATETIME)", &[untyped("x")]);
    sends("bignumeric '{{t}}'", "CAST(@p1 AS bignumeric)", &[untyped("x")]);
    sends("json '{{t}}'", "PARSE_JSON(@p1)", &[untyped("x")]);
    sends("name '{{t}}'", "name @p1", &[untyped("x")]);
}

#[test]
fn an_authors_parameter_is_refused_and_a_variable_is_not() {
    refuses("select @p1, {{t}}", "@p1");
    refuses("select @ p1, {{t}}", "@");
    refuses("select @`p1`, {{t}}", "@`p1`");
    refuses("select ?, {{t}}", "?");
    refuses("select @@{{t}}", "t");
    sends(
        "select @@session_id, '@p1', {{t}} from a join @{hint=1} b",
        "select @@session_id, '@p1', @p1 from a join @{hint=1} b",
        &[untyped("x")],
    );
}

#[test]
fn rows_are_limited_where_that_can_be_said() {
    for (text, limited) in [
        ("select '''limit'''", "select '''limit''' LIMIT 5"),
        (
            "select a[offset(0)] from t, t.b with offset",
            "select a[offset(0)] from t, t.b with offset LIMIT 5",
        ),
        ("select r'\\' limit'", "select r'\\' limit' LIMIT 5"),
        ("select 1 # x;\n", "select 1 LIMIT 5"),
        ("select 1 limit 2", "select 1 limit 2"),
        ("select 1 |> where true", "select 1 |> where true"),
        ("from t |> limit 3", "from t |> limit 3"),
    ] {
        assert_eq!(apply_auto_limit(text, 5, BIG), limited);
    }
    assert_eq!(classify("select '\\'; drop table t; -- '", BIG), StatementClass::Read);
    assert_eq!(classify("from t |> select a", BIG), StatementClass::Read);
    assert_eq!(classify("export data options() as select 1", BIG), StatementClass::Control);
}
