//! Reads requests: from texts and JSON to what the core takes.

pub(crate) mod graph;
mod paging;
pub(crate) mod users;

use serde_json::{Map, Value as Json};

use crate::errors::{NEED_NUMBER, NEED_TEXT, Refusal};

pub(crate) use paging::Window;

/// What stands behind the question mark, in order.
pub(crate) fn pairs(query: Option<&str>) -> Vec<(String, String)> {
    serde_urlencoded::from_str(query.unwrap_or_default()).unwrap_or_default()
}

/// The first value with this name.
pub(crate) fn param<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// A truth value in an address.
pub(crate) fn is_true(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "true" | "1")
}

/// A number in a path; with anything else there, there is no such route.
pub(crate) fn id<T: From<i64>>(text: &str) -> Result<T, Refusal> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<i64>() {
        Ok(number) if digits => Ok(T::from(number)),
        _ => Err(Refusal::no_endpoint()),
    }
}

/// A text in a body that must be there and say something.
pub(crate) fn text(body: &Map<String, Json>, name: &str) -> Result<String, Refusal> {
    text_if(body, name).ok().flatten().ok_or_else(|| Refusal::field(name, NEED_TEXT))
}

/// A text in a body that must say something; null is none.
pub(crate) fn text_if(body: &Map<String, Json>, name: &str) -> Result<Option<String>, Refusal> {
    match body.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) if !text.trim().is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::field(name, format!("nullable {NEED_TEXT}"))),
    }
}

/// A number in a body that must be there.
pub(crate) fn number<T: From<i64>>(body: &Map<String, Json>, name: &str) -> Result<T, Refusal> {
    number_if(body, name).ok().flatten().ok_or_else(|| Refusal::field(name, NEED_NUMBER))
}

/// A number in a body; null is none.
pub(crate) fn number_if<T: From<i64>>(
    body: &Map<String, Json>,
    name: &str,
) -> Result<Option<T>, Refusal> {
    match body.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => match value.as_i64() {
            Some(number) if number > 0 => Ok(Some(T::from(number))),
            _ => Err(Refusal::field(name, format!("nullable {NEED_NUMBER}"))),
        },
    }
}

/// A truth value in a body; null is none.
pub(crate) fn bool_if(body: &Map<String, Json>, name: &str) -> Result<Option<bool>, Refusal> {
    match body.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Bool(value)) => Ok(Some(*value)),
        Some(_) => Err(Refusal::field(name, "nullable value must be a boolean.")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tessera_kernel::ids::GroupId;

    use super::*;

    fn body(value: Json) -> Map<String, Json> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn ids_are_digits_or_no_route() {
        assert_eq!(id::<GroupId>("7").ok(), Some(GroupId(7)));
        for text in ["", "x", "7x", "-1", "+1", "99999999999999999999"] {
            assert_eq!(id::<GroupId>(text), Err(Refusal::no_endpoint()), "{text}");
        }
    }

    #[test]
    fn required_values_are_there_and_say_something() {
        for bad in [json!({}), json!({ "x": null }), json!({ "x": " " }), json!({ "x": 1 })] {
            assert_eq!(text(&body(bad), "x"), Err(Refusal::field("x", NEED_TEXT)));
        }
        for bad in [json!({}), json!({ "x": null }), json!({ "x": 0 }), json!({ "x": "1" })] {
            assert_eq!(number::<GroupId>(&body(bad), "x"), Err(Refusal::field("x", NEED_NUMBER)));
        }
        assert_eq!(number::<GroupId>(&body(json!({ "x": 2 })), "x"), Ok(GroupId(2)));
    }

    #[test]
    fn null_leaves_an_optional_value_as_it_is() {
        assert_eq!(text_if(&body(json!({ "x": null })), "x"), Ok(None));
        assert_eq!(number_if::<GroupId>(&body(json!({ "x": null })), "x"), Ok(None));
        assert!(text_if(&body(json!({ "x": "" })), "x").is_err());
    }
}
