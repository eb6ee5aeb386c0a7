//! Which values fit which definitions.

use serde_json::{Value as Json, json};
use tessera_kernel::{Code, Fault};
use tessera_sqltext::{Dialect, ParameterKind, Value, Values, default_values, parse_parameters};

use crate::support::{definitions, only, resolve};

const PG: Dialect = Dialect::Postgres;

/// The text of a value, one line for each of its parts.
fn shown(values: &Values, name: &str) -> String {
    match values.get(name).expect("it has a value") {
        Value::One(scalar) => scalar.text(),
        Value::Many(scalars) => {
            scalars.iter().map(|scalar| format!("[{}]", scalar.text())).collect()
        }
        Value::Range { start, end } => format!("{} .. {}", start.text(), end.text()),
    }
}

fn text_for(name: &str) -> String {
    if name.ends_with('r') {
        format!("{{{{{name}.start}}}}{{{{{name}.end}}}}")
    } else {
        format!("{{{{{name}}}}}")
    }
}

fn check(name: &str, value: Json) -> Result<String, Fault> {
    resolve(&text_for(name), PG, &only(&[name]), &json!({name: value}))
        .map(|values| shown(&values, name))
}

#[track_caller]
fn fits(name: &str, value: Json, expected: &str) {
    assert_eq!(check(name, value.clone()).expect(name), expected, "{name} {value}");
}

#[track_caller]
fn misfits(name: &str, value: Json) {
    let fault = check(name, value.clone()).expect_err(name);
    assert_eq!(fault.code(), Code::InvalidParameters, "{name} {value}");
    assert_eq!(fault.names(), [name]);
}

#[test]
fn numbers_are_finite_and_exact() {
    for (value, expected) in [
        (json!(7), "7"),
        (json!("7.5"), "7.5"),
        (json!(" 7 "), "7"),
        (json!(true), "1"),
        (json!(1.5), "1.5"),
        (json!(u64::MAX), "18446744073709551615"),
        (json!(1e20), "100000000000000000000"),
    ] {
        fits("n", value, expected);
    }
    for value in [
        json!("abc"),
        json!(null),
        json!(""),
        json!([1]),
        json!({"start": 1}),
        json!("inf"),
        json!("1_000"),
    ] {
        misfits("n", value);
    }
}

#[test]
fn text_is_a_string_and_a_pattern_matches_it_all() {
    fits("t", json!(""), "");
    fits("t", json!("<a> & \"b\""), "<a> & \"b\"");
    for value in [json!(5), json!(null), json!(true), json!(["a"])] {
        misfits("t", value);
    }
    fits("tp", json!("zz9"), "zz9");
    for value in [json!("9zz"), json!("zz9 "), json!("zz9\n"), json!(5)] {
        misfits("tp", value);
    }
    for regex in ["(", "a)|(?:.*", "(?x)a#", "(?!x)a|.*"] {
        let list = json!([{"name": "p", "type": "text-pattern", "regex": regex}]);
        let definitions = parse_parameters(&list).unwrap();
        for value in ["", "b", "a; drop"] {
            resolve("{{p}}", PG, &definitions, &json!({"p": value})).expect_err(regex);
        }
    }
}

#[test]
fn choices_are_among_the_options() {
    fits("e", json!("red"), "red");
    for value in
        [json!("purple"), json!(["red", "green"]), json!(""), json!(null), json!("red\ngreen")]
    {
        misfits("e", value);
    }
    fits("q", json!(1), "1");
    fits("q", json!("x"), "x");
    misfits("q", json!("3"));
    misfits("q", json!(["1"]));
    let elsewhere =
        parse_parameters(&json!([{"name": "q", "type": "query", "queryId": 7}])).unwrap();
    resolve("{{q}}", PG, &elsewhere, &json!({"q": "1"})).expect_err("nothing is known of query 7");
}

#[test]
fn a_multi_value_takes_a_list_a_scalar_an_empty_list_and_a_list_in_text() {
    fits("em", json!(["red", "blue"]), "[red][blue]");
    fits("em", json!("red"), "[red]");
    fits("em", json!([]), "");
    fits("em", json!("[\"red\",\"blue\"]"), "[red][blue]");
    fits("qm", json!("[1, \"x\"]"), "[1][x]");
    for value in [
        json!(["red", "purple"]),
        json!("purple"),
        json!("[\"purple\"]"),
        json!("[red"),
        json!([["red"]]),
    ] {
        misfits("em", value);
    }
}

#[test]
fn an_unknown_value_that_stands_in_lists_only_may_be_written_as_a_list() {
    let read = |text: &str, value: &str| {
        let values = resolve(text, PG, &[], &json!({"x": value})).unwrap();
        shown(&values, "x")
    };
    assert_eq!(read("a in ({{x}})", "1,2"), "[1][2]");
    assert_eq!(read("a in ( {{x}} ) or b in ({{x}})", "'it's','b'"), "[it's][b]");
    assert_eq!(read("array[{{x}}]", "\"a\",\"b\""), "[a][b]");
    assert_eq!(read("a in ({{x}})", "'a'"), "[a]");
    assert_eq!(read("a in ({{x}})", "a,b"), "a,b");
    assert_eq!(read("a in ({{x}})", "1"), "1");
    assert_eq!(read("a = {{x}}", "1,2"), "1,2");
    assert_eq!(read("a in ({{x}}) or b = {{x}}", "'a','b'"), "'a','b'");
    let known = only(&["t"]);
    let values = resolve("a in ({{t}})", PG, &known, &json!({"t": "1,2"})).unwrap();
    assert_eq!(shown(&values, "t"), "1,2");
}

#[test]
fn dates_are_read_loosely_and_written_canonically() {
    fits("d", json!("Feb 3 2021"), "2021-02-03");
    fits("d", json!("2021-02-03T23:30:00Z"), "2021-02-03");
    fits("dt", json!("2021-02-03 4:05"), "2021-02-03 04:05");
    fits("dt", json!("2021-02-03T23:30:00Z"), "2021-02-04 00:30");
    fits("dt", json!("2021-02-03 04:05:06"), "2021-02-03 04:05:06");
    fits("dts", json!("2021-02-03"), "2021-02-03 00:00:00");
    for value in [
        json!("nodate"),
        json!(20210203),
        json!(null),
        json!("d_tomorrow"),
        json!({"start": "2021-01-01"}),
    ] {
        misfits("d", value);
    }
}

#[test]
fn dynamic_dates_are_resolved_in_the_zone_of_the_query() {
    fits("d", json!("d_now"), "2024-04-01");
    fits("d", json!("d_yesterday"), "2024-03-31");
    fits("dt", json!("d_now"), "2024-04-01 00:30");
    fits("dts", json!("d_now"), "2024-04-01 00:30:45");
    fits("dr", json!("d_last_7_days"), "2024-03-25 .. 2024-04-01");
    fits("dtr", json!("d_today"), "2024-04-01 00:00 .. 2024-04-01 23:59:59");
    fits("dtsr", json!("d_last_hour"), "2024-03-31 23:30:45 .. 2024-04-01 00:30:45");
    misfits("d", json!("d_last_7_days"));
    misfits("dr", json!("d_now"));
}

#[test]
fn a_range_comes_in_any_spelling_and_needs_both_ends() {
    let expected = "2021-01-01 .. 2021-01-31";
    fits("dr", json!({"start": "2021-01-01", "end": "2021-01-31"}), expected);
    fits("dr", json!("2021-01-01--2021-01-31"), expected);
    let dotted = json!({"dr.start": "2021-01-01", "dr.end": "2021-01-31"});
    let values = resolve(&text_for("dr"), PG, &only(&["dr"]), &dotted).unwrap();
    assert_eq!(shown(&values, "dr"), expected);
    for value in [
        json!({"start": "2021-01-01"}),
        json!("2021-01-01"),
        json!({"start": "x", "end": "2021-01-31"}),
        json!(["2021-01-01", "2021-01-31"]),
        json!(null),
        json!({"start": null, "end": null}),
    ] {
        misfits("dr", value);
    }
    let fault = resolve(&text_for("dr"), PG, &only(&["dr"]), &json!({"dr.start": "2021-01-01"}))
        .unwrap_err();
    assert_eq!((fault.code(), fault.names()), (Code::InvalidParameters, &["dr".to_owned()][..]));
}

#[test]
fn all_values_that_do_not_fit_are_named_and_so_are_unknown_ones() {
    let given = json!({"n": "abc", "e": "purple", "t": "x", "zzz": 1});
    let fault = resolve("{{n}}{{t}}{{e}}{{d}}", PG, &definitions(), &given).unwrap_err();
    assert_eq!(fault.code(), Code::InvalidParameters);
    assert_eq!(fault.names(), ["n", "e", "zzz"]);
    assert!(!fault.detail().contains("purple"), "values stay out of the words");
}

#[test]
fn no_value_holds_the_character_nul_whatever_its_type() {
    misfits("t", json!("a\0b"));
    misfits("tp", json!("abc\0"));
    for given in [json!({"a": "\0"}), json!({"a": ["b", "\0"]}), json!({"a": {"start": "\0"}})] {
        let fault = resolve("{{a}}", PG, &[], &given).unwrap_err();
        assert_eq!((fault.code(), fault.names()), (Code::InvalidParameters, &["a".to_owned()][..]));
    }
}

#[test]
fn missing_values_are_named_only_if_the_others_fit() {
    let fault = resolve("{{a}} {{b.start}} {{c}}", PG, &[], &json!({"c": 1, "x": 1})).unwrap_err();
    assert_eq!(
        (fault.code(), fault.detail()),
        (Code::MissingParameters, "missing parameter value for: a, b.start")
    );
    assert_eq!(fault.names(), ["a", "b.start"]);
    let fault =
        resolve("{{d.start}} {{d.end}} {{d.start}} {{e.end}}", PG, &[], &json!({})).unwrap_err();
    assert_eq!(fault.names(), ["d.start", "d.end", "e.end"]);
    let fault = resolve("{{n}}{{t}}", PG, &definitions(), &json!({"n": "abc"})).unwrap_err();
    assert_eq!(fault.code(), Code::InvalidParameters);
    let fault = resolve("{{a}}", PG, &[], &json!({"a": null})).unwrap_err();
    assert_eq!(fault.code(), Code::MissingParameters);
}

#[test]
fn values_that_the_text_does_not_use_are_checked_and_left_out() {
    let values = resolve("{{n}}", PG, &definitions(), &json!({"n": 1, "t": "x"})).unwrap();
    assert_eq!(values.names().collect::<Vec<_>>(), ["n"]);
    resolve("{{n}}", PG, &definitions(), &json!({"n": 1, "t": 5})).expect_err("t is no text");
}

#[test]
fn definitions_are_read_from_the_stored_list() {
    assert_eq!(parse_parameters(&Json::Null).unwrap(), []);
    let list = json!([
        {"name": "a", "title": "A", "type": "enum", "enumOptions": "x\r\ny\n",
         "global": false, "locals": [],
         "multiValuesOptions": {"prefix": "'", "suffix": "'"}, "value": ["x"]},
        {"name": "b", "type": "text", "multiValuesOptions": {}, "queryId": null},
        {"name": "c"},
    ]);
    let parsed = parse_parameters(&list).unwrap();
    assert_eq!(parsed[0].kind, ParameterKind::Enum { options: vec!["x".into(), "y".into()] });
    assert_eq!(parsed[0].multi.as_ref().unwrap().separator, ",");
    assert_eq!((parsed[1].title.as_str(), &parsed[1].multi), ("b", &None));
    assert_eq!(parsed[2].kind, ParameterKind::Text, "old definitions have no type");
    assert_eq!(Json::Object(default_values(&parsed)), json!({"a": ["x"]}));
    let stored = serde_json::to_string(&parsed).unwrap();
    assert_eq!(serde_json::from_str::<Vec<tessera_sqltext::Parameter>>(&stored).unwrap(), parsed);
    for (list, field) in [
        (json!({}), "options.parameters"),
        (json!([5]), "options.parameters[0]"),
        (
            json!([{"name": "a", "type": "text"}, {"name": "b", "type": "colour"}]),
            "options.parameters[1].type",
        ),
        (json!([{"type": "text"}]), "options.parameters[0].name"),
        (json!([{"name": "a", "type": "query"}]), "options.parameters[0].queryId"),
        (
            json!([{"name": "a", "type": "enum", "enumOptions": 5}]),
            "options.parameters[0].enumOptions",
        ),
    ] {
        let fault = parse_parameters(&list).expect_err(field);
        assert_eq!((fault.code(), fault.field()), (Code::Invalid, Some(field)));
    }
}

#[test]
fn as_many_tags_as_a_text_can_hold_are_looked_at_once_each() {
    let names: Vec<String> = (0..60_000).map(|number| format!("p{number}")).collect();
    let text: String = names.iter().map(|name| format!("{{{{{name}}}}},")).collect();
    let missing = resolve(&text, PG, &[], &json!({})).expect_err("no values");
    assert_eq!(missing.names().len(), names.len());
    let given: Json = names.iter().map(|name| (name.clone(), json!(1))).collect();
    let values = resolve(&text, PG, &[], &given).expect("they are given");
    let bound = tessera_sqltext::Template::parse(&text, PG).and_then(|it| it.bind(&[], &values));
    assert_eq!(bound.expect("bound").binds.len(), names.len());
    let many = |count: usize| {
        let one = |number| json!({"name": format!("p{number}"), "type": "number"});
        parse_parameters(&(0..count).map(one).collect::<Vec<_>>().into())
    };
    assert!(many(1000).is_ok());
    assert_eq!(many(1001).expect_err("too many").field(), Some("options.parameters"));
}
