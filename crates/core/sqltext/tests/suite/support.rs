//! Shorthands for the tests.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};
use tessera_kernel::Result;
use tessera_sqltext::{
    Bind, Bound, Context, Dialect, Parameter, Template, Values, parse_parameters,
};

/// One definition of every kind, named by a short form of it.
pub fn definitions() -> Vec<Parameter> {
    let quoted = |quote: &str| json!({"prefix": quote, "suffix": quote, "separator": ","});
    parse_parameters(&json!([
        {"name": "n", "type": "number", "value": 1},
        {"name": "t", "type": "text", "value": "x"},
        {"name": "d", "type": "date", "value": "2020-01-01"},
        {"name": "dt", "type": "datetime-local", "value": "2020-01-01 10:00"},
        {"name": "dts", "type": "datetime-with-seconds", "value": "2020-01-01 10:00:01"},
        {"name": "dr", "type": "date-range", "value": {"start": "2020-01-01", "end": "2020-12-31"}},
        {"name": "dtr", "type": "datetime-range",
         "value": {"start": "2020-01-01 00:00", "end": "2020-12-31 00:00"}},
        {"name": "dtsr", "type": "datetime-range-with-seconds", "value": "d_last_hour"},
        {"name": "e", "type": "enum", "enumOptions": "red\ngreen\nbl\"ue", "value": "red"},
        {"name": "em", "type": "enum", "enumOptions": "red\ngreen\nblue",
         "multiValuesOptions": quoted("'"), "value": ["red"]},
        {"name": "em2", "type": "enum", "enumOptions": "red\ngreen\nbl\"ue",
         "multiValuesOptions": quoted("\"")},
        {"name": "em0", "type": "enum", "enumOptions": "red\ngreen\nblue",
         "multiValuesOptions": quoted("")},
        {"name": "q", "type": "query", "queryId": 6},
        {"name": "qm", "type": "query", "queryId": 6, "multiValuesOptions": quoted("")},
        {"name": "tp", "type": "text-pattern", "regex": "[a-z]+[0-9]*", "value": "abc1"},
    ]))
    .expect("the definitions are good")
}

/// Only the definitions with these names.
pub fn only(names: &[&str]) -> Vec<Parameter> {
    definitions().into_iter().filter(|entry| names.contains(&entry.name.as_str())).collect()
}

/// The members of an object.
pub fn object(value: &Json) -> Map<String, Json> {
    value.as_object().cloned().unwrap_or_default()
}

/// Checks values at a fixed moment.
pub fn resolve(
    text: &str,
    dialect: Dialect,
    definitions: &[Parameter],
    given: &Json,
) -> Result<Values> {
    let dropdowns = HashMap::from([(6, ["1", "2", "x", "2.50", "01"].map(String::from).to_vec())]);
    let context = Context {
        now: "2024-03-31T22:30:45.5Z".parse().expect("a moment"),
        zone: chrono_tz::Europe::Berlin,
        dropdowns: &dropdowns,
    };
    Template::parse(text, dialect)?.resolve(definitions, &object(given), &context)
}

/// Checks values and binds them.
pub fn bound_with(
    text: &str,
    dialect: Dialect,
    definitions: &[Parameter],
    given: &Json,
) -> Result<Bound> {
    let values = resolve(text, dialect, definitions, given)?;
    // A job is stored in between.
    let stored = serde_json::to_string(&values).expect("values serialize");
    let values = serde_json::from_str(&stored).expect("values deserialize");
    Template::parse(text, dialect)?.bind(definitions, &values)
}

/// Checks values against the definitions above and binds them.
pub fn bound(text: &str, dialect: Dialect, given: &Json) -> Result<Bound> {
    bound_with(text, dialect, &definitions(), given)
}

/// A text bind.
pub fn untyped(text: &str) -> Bind {
    Bind::Untyped(text.to_owned())
}
