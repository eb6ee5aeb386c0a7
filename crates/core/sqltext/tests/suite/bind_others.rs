//! What is sent to ClickHouse, SQL Server, Trino and Snowflake.

use serde_json::json;
use tessera_sqltext::{Bind, Dialect, apply_auto_limit};

use crate::support::{bound, untyped};

#[track_caller]
fn sends(dialect: Dialect, text: &str, sql: &str, binds: &[Bind]) {
    let given = json!({
        "t": "x", "n": 7, "d": "2021-02-03", "dts": "2021-02-03 04:05:06", "e": "red",
    });
    let bound = bound(text, dialect, &given).expect(text);
    assert_eq!((bound.sql.as_str(), bound.binds.as_slice()), (sql, binds), "{text}");
}

#[track_caller]
fn refuses(dialect: Dialect, text: &str) {
    assert!(bound(text, dialect, &json!({"t": "x"})).is_err(), "{text}");
}

fn day() -> chrono::NaiveDate {
    "2021-02-03".parse().expect("a day")
}

#[test]
fn clickhouse_is_told_the_types() {
    let house = Dialect::ClickHouse;
    let moment = day().and_hms_opt(4, 5, 6).expect("a time");
    sends(
        house,
        "select {{t}}, {{n}}, {{d}}, {{dts}}, '{{d}}'",
        "select {p1:String}, {p2:Int64}, {p3:Date32}, {p4:DateTime64(6)}, {p5:String}",
        &[
            untyped("x"),
            Bind::Integer(7),
            Bind::Date(day()),
            Bind::Datetime(moment),
            untyped("2021-02-03"),
        ],
    );
    sends(house, "'\\d\\'\\n\\x41{{t}}'", "{p1:String}", &[untyped("\\d'\nAx")]);
    sends(house, "a # {{t}}'\n{{t}}", "a #  '\n{p1:String}", &[untyped("x")]);
    sends(house, "date '{{t}}'", "CAST({p1:String} AS Date32)", &[untyped("x")]);
    sends(house, "$a$'{{t}}$a$", "{p1:String}", &[untyped("'x")]);
    sends(house, "a ? {{t}} : {'b': 1}", "a ? {p1:String} : {'b': 1}", &[untyped("x")]);
    sends(house, "`{{e}}` \"{{e}}\"", "`red` \"red\"", &[]);
    refuses(house, "select {a:String}, {{t}}");
    assert_eq!(apply_auto_limit("select 1", 5, house), "select 1 LIMIT 5");
    for text in ["select 1 format JSON", "select 1 settings max_threads = 1"] {
        assert_eq!(apply_auto_limit(text, 5, house), text);
    }
}

#[test]
fn sql_server_has_named_placeholders_and_brackets() {
    let server = Dialect::SqlServer;
    sends(
        server,
        "select {{t}}, {{n}}, {{d}}, N'{{t}}%'",
        "select @P1, @P2, CAST(@P3 AS date), @P4",
        &[untyped("x"), Bind::Integer(7), Bind::Date(day()), untyped("x%")],
    );
    sends(server, "[a]]'{{e}}] '{{t}}\\'", "[a]]'red] @P1", &[untyped("x\\")]);
    sends(server, "declare @a int = {{n}}", "declare @a int = @P1", &[Bind::Integer(7)]);
    refuses(server, "select @p1, {{t}}");
    for (text, limited) in [
        ("select 1", "select TOP 5 1"),
        ("select distinct a from t;", "select distinct TOP 5 a from t"),
        ("select top 3 a from t", "select top 3 a from t"),
        ("select a union select b", "select a union select b"),
    ] {
        assert_eq!(apply_auto_limit(text, 5, server), limited);
    }
}

#[test]
fn trino_takes_question_marks() {
    let trino = Dialect::Trino;
    sends(
        trino,
        "select {{t}}, {{n}}, date '{{d}}', '{{t}}\\'",
        "select ?, ?, CAST(? AS date), ?",
        &[untyped("x"), Bind::Integer(7), untyped("2021-02-03"), untyped("x\\")],
    );
    refuses(trino, "select ?, {{t}}");
}

#[test]
fn snowflake_takes_question_marks_and_escapes() {
    let flake = Dialect::Snowflake;
    sends(
        flake,
        "select {{t}}, {{n}}, {{d}}, {{dts}}, 'it\\'s {{t}}', $$it's {{t}}$$",
        "select ?, ?, CAST(? AS date), CAST(? AS timestamp_ntz(6)), ?, ?",
        &[
            untyped("x"),
            Bind::Integer(7),
            Bind::Date(day()),
            Bind::Datetime(day().and_hms_opt(4, 5, 6).expect("a time")),
            untyped("it's x"),
            untyped("it's x"),
        ],
    );
    sends(flake, "a // {{t}}'\n{{t}}", "a //  '\n?", &[untyped("x")]);
    // A dollar begins the name of a variable there, and no tag of a quote.
    sends(flake, "$a$'{{t}}'", "$a$ ?", &[untyped("x")]);
    sends(flake, "timestamp '{{t}}'", "CAST(? AS timestamp)", &[untyped("x")]);
    refuses(flake, "select ?, {{t}}");
}
