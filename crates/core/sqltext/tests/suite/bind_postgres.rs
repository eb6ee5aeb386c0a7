//! What is sent to PostgreSQL.

use serde_json::{Value as Json, json};
use tessera_kernel::Code;
use tessera_sqltext::{Bind, Dialect, Template, Value, Values};

use crate::support::{bound, bound_with, definitions, only, untyped};

const PG: Dialect = Dialect::Postgres;

#[track_caller]
fn sends(text: &str, given: Json, sql: &str, binds: &[Bind]) {
    let bound = bound(text, PG, &given).expect(text);
    assert_eq!((bound.sql.as_str(), bound.binds.as_slice()), (sql, binds), "{text}");
}

#[track_caller]
fn refuses(text: &str, given: Json, name: &str) {
    let fault = bound(text, PG, &given).expect_err(text);
    assert_eq!(fault.code(), Code::UnbindableParameter, "{text}: {fault}");
    assert_eq!(fault.names(), [name], "{text}");
}

fn date(text: &str) -> chrono::NaiveDate {
    text.parse().expect("a date")
}

#[test]
fn every_type_gets_the_placeholder_that_its_literal_would_have_been() {
    sends("select {{n}}", json!({"n": 7}), "select $1::int4", &[Bind::Integer(7)]);
    sends(
        "select {{ n }}",
        json!({"n": -3_000_000_000_i64}),
        "select $1::int8",
        &[Bind::Integer(-3_000_000_000)],
    );
    sends(
        "select {{{ n }}}",
        json!({"n": "7.50"}),
        "select $1::numeric",
        &[Bind::Decimal("7.50".into())],
    );
    sends("select {{& n }}", json!({"n": true}), "select $1::int4", &[Bind::Integer(1)]);
    sends("select {{t}}", json!({"t": "it's"}), "select $1", &[untyped("it's")]);
    sends(
        "select {{d}}",
        json!({"d": "Feb 3 2021"}),
        "select $1::date",
        &[Bind::Date(date("2021-02-03"))],
    );
    sends(
        "between {{dtr.start}} and {{dtr.end}}",
        json!({"dtr": {"start": "2021-01-01", "end": "2021-01-31 10:00"}}),
        "between $1::timestamp and $2::timestamp",
        &[
            Bind::Datetime(date("2021-01-01").and_hms_opt(0, 0, 0).unwrap()),
            Bind::Datetime(date("2021-01-31").and_hms_opt(10, 0, 0).unwrap()),
        ],
    );
    sends("where id = {{q}}", json!({"q": 1}), "where id = $1", &[untyped("1")]);
}

#[test]
fn each_occurrence_has_its_own_placeholder() {
    sends(
        "{{n}} {{n}} '{{n}}'",
        json!({"n": 1}),
        "$1::int4 $2::int4 $3",
        &[Bind::Integer(1), Bind::Integer(1), untyped("1")],
    );
}

#[test]
fn a_literal_with_tags_becomes_one_placeholder_with_its_whole_text() {
    sends("'{{ d }}'", json!({"d": "2021-2-3"}), "$1", &[untyped("2021-02-03")]);
    sends("'{{ dt }}'", json!({"dt": "2021-02-03 4:05"}), "$1", &[untyped("2021-02-03 04:05")]);
    sends(
        "'{{ dts }}'",
        json!({"dts": "2021-02-03 4:05"}),
        "$1",
        &[untyped("2021-02-03 04:05:00")],
    );
    sends("LIKE '%{{ t }}%'", json!({"t": "x"}), "LIKE $1", &[untyped("%x%")]);
    sends("'a''{{ t }}''b'", json!({"t": "x"}), "$1", &[untyped("a'x'b")]);
    sends("N'{{ t }}'", json!({"t": "x"}), "$1", &[untyped("x")]);
    sends(r"E'\t{{ t }}\'\x41\u00e9\101'", json!({"t": r"\n"}), "$1", &[untyped("\t\\n'AéA")]);
    sends(r"E'{{t}}\ud83d\ude00'", json!({"t": ""}), "$1", &[untyped("😀")]);
    sends("$x$a'{{ t }}$$b$x$ + 1", json!({"t": "$x$"}), "$1 + 1", &[untyped("a'$x$$$b")]);
    sends("'a{{ t }}' -- c\n 'b'", json!({"t": "x"}), "$1", &[untyped("axb")]);
    sends("'{{ em }}'", json!({"em": ["red", "blue"]}), "$1", &[untyped("red,blue")]);
    // As text they are what their definition says, unless that would have closed the literal.
    let quoted = "\"red\",\"bl\"ue\"";
    sends("'{{ em2 }}'", json!({"em2": ["red", "bl\"ue"]}), "$1", &[untyped(quoted)]);
    sends("$${{ em }}$$", json!({"em": ["red", "blue"]}), "$1", &[untyped("'red','blue'")]);
    sends("select'{{ t }}'and 1", json!({"t": "x"}), "select $1 and 1", &[untyped("x")]);
    sends("'{{ d }}'::date", json!({"d": "2021-02-03"}), "$1::date", &[untyped("2021-02-03")]);
}

#[test]
fn a_type_in_front_of_a_literal_becomes_a_cast() {
    let given = || json!({"d": "2021-02-03"});
    let day = [untyped("2021-02-03")];
    for (text, sql) in [
        ("select date '{{d}}'", "select CAST($1 AS date)"),
        ("select(TIMESTAMP '{{d}}')", "select(CAST($1 AS TIMESTAMP))"),
        ("timestamp(3)'{{d}}'", "CAST($1 AS timestamp(3))"),
        ("timestamp with time zone '{{d}}'", "CAST($1 AS timestamp with time zone)"),
        ("timestamp(0) without  time zone '{{d}}'", "CAST($1 AS timestamp(0) without  time zone)"),
        ("x at time zone '{{d}}'", "x at time zone $1"),
        ("like '{{d}}'", "like $1"),
        ("my.date = '{{d}}'", "my.date = $1"),
    ] {
        sends(text, given(), sql, &day);
    }
    sends("interval '{{n}} days'", json!({"n": 3}), "CAST($1 AS interval)", &[untyped("3 days")]);
    sends(
        "interval '{{n}}' DAY + x",
        json!({"n": 3}),
        "CAST($1 AS interval) + x",
        &[untyped("3 DAY")],
    );
    sends("numeric(10, 2) '{{n}}'", json!({"n": 3}), "CAST($1 AS numeric(10, 2))", &[untyped("3")]);
    sends(
        "double precision '{{n}}'",
        json!({"n": 3}),
        "CAST($1 AS double precision)",
        &[untyped("3")],
    );
    refuses("interval '{{n}}' day to hour", json!({"n": 3}), "n");
}

#[test]
fn several_values_become_as_many_placeholders() {
    let both = || json!({"em": ["red", "blue"]});
    sends("IN ({{ em }})", both(), "IN ($1, $2)", &[untyped("red"), untyped("blue")]);
    sends("array[{{em}}]", both(), "array[$1, $2]", &[untyped("red"), untyped("blue")]);
    sends("in ({{em}})", json!({"em": "red"}), "in ($1)", &[untyped("red")]);
    sends("in ({{em}})", json!({"em": []}), "in (NULL)", &[]);
    sends("in ({{qm}})", json!({"qm": [1, "x"]}), "in ($1, $2)", &[untyped("1"), untyped("x")]);
    sends("in ({{em2}})", json!({"em2": ["red"]}), "in ($1)", &[untyped("red")]);
}

#[test]
fn an_enum_is_pasted_where_no_value_can_be_bound() {
    sends("order by {{ e }} desc", json!({"e": "green"}), "order by green desc", &[]);
    sends("from tbl_{{e}}_x", json!({"e": "green"}), "from tbl_green_x", &[]);
    sends("x::{{e}}", json!({"e": "green"}), "x::green", &[]);
    sends("\"a{{e}}\"", json!({"e": "bl\"ue"}), "\"abl\"\"ue\"", &[]);
    sends("select {{em0}}", json!({"em0": ["red", "blue"]}), "select red,blue", &[]);
    sends("select {{em0}}", json!({"em0": []}), "select NULL", &[]);
    sends("select {{em2}}", json!({"em2": ["red", "bl\"ue"]}), "select \"red\",\"bl\"\"ue\"", &[]);
    sends("where c = '{{e}}'", json!({"e": "green"}), "where c = $1", &[untyped("green")]);
}

#[test]
fn values_that_touch_a_name_are_refused_by_name() {
    for text in [
        "tbl_{{t}}",
        "{{t}}_x",
        "s.{{t}}",
        "{{t}}.c",
        "1{{t}}",
        "\"{{t}}\"",
        "\"a\"{{t}}",
        "x::{{t}}",
        "{{t}}'a'",
        "'a'{{t}}",
        "{{t}}{{t}}",
        "$${{t}}",
        "${{t}}",
        "U&'{{t}}'",
        "B'{{t}}'",
        "X'{{t}}'",
        "'{{t}}",
        "E'\\{{t}}'",
        "$a${{t}}",
        "U&\"{{t}}\"",
        r"E'\xff{{t}}'",
        "\"{{t}}",
    ] {
        refuses(text, json!({"t": "x"}), "t");
    }
    refuses("\"{{em}}\"", json!({"em": ["red"]}), "em");
    refuses("{{dr}}", json!({"dr": {"start": "2021-01-01", "end": "2021-01-02"}}), "dr");
    refuses("{{t.start}}", json!({"t": "x"}), "t");
}

#[test]
fn placeholders_of_the_author_are_refused_and_other_signs_are_kept() {
    refuses("select $1, {{t}}", json!({"t": "x"}), "$1");
    for text in [
        "a ? 'b'", "a ?| b", "x::int", ":name", "@ -5", "a[1:2]", "'$1'", "$$ $1 $$", "a$1",
        "-- $1",
    ] {
        sends(text, json!({}), text, &[]);
    }
    sends("a[1:{{n}}]", json!({"n": 2}), "a[1:$1::int4]", &[Bind::Integer(2)]);
    sends("5-{{n}}", json!({"n": -2}), "5-$1::int4", &[Bind::Integer(-2)]);
}

#[test]
fn tags_in_comments_are_left_out_but_have_names() {
    sends("select 1 -- {{t}}\n, 2", json!({"t": "\n; drop"}), "select 1 --  \n, 2", &[]);
    sends("/* a /* *{{t}}/ */ {{t}} */ 1", json!({"t": "*/"}), "/* a /* * / */   */ 1", &[]);
    sends("select {{! it's a note }}1", json!({}), "select  1", &[]);
    let template = Template::parse("-- {{a}} {{b.start}}\n{{! c }}{{b.end}}{{a}}", PG).unwrap();
    assert_eq!(template.names(), ["a", "b"]);
    assert!(template.has_parameters());
    assert!(!Template::parse("select 1 {{! c }}", PG).unwrap().has_parameters());
}

#[test]
fn sections_partials_and_unknown_members_are_refused() {
    for text in ["{{#a}}x{{/a}}", "{{^a}}x", "{{> a}}", "{{=<% %>=}}", "{{a.middle}}"] {
        let fault = Template::parse(text, PG).expect_err(text);
        assert_eq!((fault.code(), fault.field()), (Code::Invalid, Some("query")), "{text}");
    }
}

#[test]
fn array_literals_with_double_braces_are_text() {
    sends("select '{{1,2},{3,4}}'::int[]", json!({}), "select '{{1,2},{3,4}}'::int[]", &[]);
}

#[test]
fn ad_hoc_values_are_bound_by_their_json_type() {
    let adhoc = |text: &str, given: Json| {
        let bound = bound_with(text, PG, &[], &given).unwrap();
        (bound.sql, bound.binds)
    };
    assert_eq!(
        adhoc(
            "select {{a}}, '{{b}}', {{c}}, {{f}}",
            json!({"a": 5, "b": "x", "c": true, "f": 1.5})
        ),
        (
            "select $1::int4, $2, $3::bool, $4::numeric".into(),
            vec![Bind::Integer(5), untyped("x"), untyped("true"), Bind::Decimal("1.5".into())]
        )
    );
    assert_eq!(
        adhoc("in ({{l}}) {{r.start}} {{r.end}}", json!({"l": [1, "x"], "r": "a--b"})),
        (
            "in ($1::int4, $2) $3 $4".into(),
            vec![Bind::Integer(1), untyped("x"), untyped("a"), untyped("b")]
        )
    );
}

#[test]
fn display_has_the_values_as_they_are_shown() {
    let text = "select {{n}}, '{{d}}', {{em}}, '{{em0}}', {{dr.start}} -- {{t}}{{! x }}";
    let given = json!({
        "n": " 7.50", "d": "Feb 3 2021", "em": ["red", "blue"], "em0": ["red", "blue"], "t": "it's",
        "dr": {"start": "2021-01-01", "end": "2021-01-02"},
    });
    assert_eq!(
        bound(text, PG, &given).unwrap().display,
        "select 7.50, '2021-02-03', 'red','blue', 'red,blue', 2021-01-01 -- it's"
    );
}

#[test]
fn stored_values_cannot_make_an_enum_paste_anything_else() {
    let text = "order by {{e}}";
    let template = Template::parse(text, PG).unwrap();
    let stored: Values =
        serde_json::from_value(json!({"e": {"one": {"type": "text", "value": "1; drop table t"}}}))
            .unwrap();
    let fault = template.bind(&definitions(), &stored).unwrap_err();
    assert_eq!((fault.code(), fault.names()), (Code::InvalidParameters, &["e".to_owned()][..]));
    let fault = template.bind(&definitions(), &Values::default()).unwrap_err();
    assert_eq!(fault.code(), Code::MissingParameters);
}

#[test]
fn equal_looking_values_of_different_type_have_different_identities() {
    let canonical =
        |given: Json| crate::support::resolve("{{a}}", PG, &[], &given).unwrap().canonical();
    let all = [
        json!({"a": 1}),
        json!({"a": "1"}),
        json!({"a": ["1"]}),
        json!({"a": "1 "}),
        json!({"a": true}),
    ]
    .map(canonical);
    let distinct: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
    assert_eq!(
        canonical(json!({"a": 1})),
        r#"{"a":{"one":{"type":"number","value":{"integer":1}}}}"#
    );
}

#[test]
fn hostile_values_reach_only_the_binds() {
    let text = "select * from o where created_at > '{{x}}' and tenant = 5";
    let template = Template::parse(text, PG).unwrap();
    for hostile in
        ["x' or '1'='1", "'; drop table o; --", "\\' or 1=1 --", "$1", "{{x}}", "/*", "\0", "$$"]
    {
        let value = Value::One(tessera_sqltext::Scalar::Text(hostile.into()));
        let bound = template.bind(&[], &Values::from_iter([("x".to_owned(), value)])).unwrap();
        assert_eq!(bound.sql, "select * from o where created_at > $1 and tenant = 5");
        assert_eq!(bound.binds, [untyped(hostile)]);
    }
    for name in ["d", "dt", "dts", "dr", "dtr", "dtsr", "n", "e", "q"] {
        for hostile in [
            "2020-01-01' --",
            "2020-01-01;",
            "'2020-01-01'",
            "2020-01-01','",
            "' and '2020-01-01",
            "x' or '1'='1",
            "5 or 1=1",
            "inf",
            "nan",
            "1_000",
        ] {
            for given in [
                json!({name: hostile}),
                json!({name: {"start": hostile, "end": "2020-01-01"}}),
                json!({name: {"start": "2020-01-01", "end": hostile}}),
            ] {
                let fault = bound_with(&format!("'{{{{{name}}}}}'"), PG, &only(&[name]), &given)
                    .expect_err(hostile);
                assert_eq!(fault.code(), Code::InvalidParameters, "{name} {hostile}");
            }
        }
    }
    let list = json!([{"name": "p", "type": "text-pattern", "regex": ".*"}]);
    let anything = tessera_sqltext::parse_parameters(&list).unwrap();
    let bound = bound_with("'{{p}}'", PG, &anything, &json!({"p": "x' or '1'='1"})).unwrap();
    assert_eq!((bound.sql.as_str(), bound.binds), ("$1", vec![untyped("x' or '1'='1")]));
    assert_eq!(
        bound_with("{{n}}", PG, &only(&["n"]), &json!({"n": " 5 "})).unwrap().binds,
        [Bind::Integer(5)]
    );
}
