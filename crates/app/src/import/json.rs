//! Members of the other server's answers.

use serde_json::Value;
use tessera_kernel::{Secret, Timestamp};

pub(super) fn text(there: &Value, name: &str) -> String {
    there[name].as_str().unwrap_or_default().to_owned()
}

pub(super) fn text_or_none(there: &Value, name: &str) -> Option<String> {
    there[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

pub(super) fn flag(there: &Value, name: &str) -> bool {
    there[name].as_bool().unwrap_or(false)
}

pub(super) fn number(there: &Value, name: &str) -> Option<i64> {
    there[name].as_i64()
}

/// The number of an object; 0 for one without.
pub(super) fn id(there: &Value) -> i64 {
    number(there, "id").unwrap_or(0)
}

pub(super) fn list<'a>(there: &'a Value, name: &str) -> &'a [Value] {
    there[name].as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn texts(there: &Value, name: &str) -> Vec<String> {
    list(there, name).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The number of a person: `user_id`, or that of the object in `user`.
pub(super) fn person(there: &Value, name: &str) -> Option<i64> {
    there[name]["id"].as_i64().or_else(|| there[format!("{name}_id")].as_i64())
}

/// A time, or `otherwise` for one that cannot be read.
pub(super) fn time(there: &Value, name: &str, otherwise: Timestamp) -> Timestamp {
    let read = there[name].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    read.unwrap_or(otherwise)
}

/// A key, if it is shown.
pub(super) fn key(there: &Value) -> Option<Secret> {
    text_or_none(there, "api_key").map(Secret::new)
}
