//! Reads requests: from texts and JSON to what the core takes.

mod changes;
mod fields;
mod filters;
mod freshness;
mod multipart;
mod next;
mod paging;
mod parameters;

use serde_json::{Map, Value as Json};
use tessera_kernel::{Fault, Result};

use crate::errors::missing_field;

pub(crate) use changes::{
    dashboard_change, new_query, new_widget, query_change, user_change, visualization_change,
    widget_change, without_masks,
};
pub(crate) use fields::Fields;
pub(crate) use filters::{dashboard_filter, query_filter, user_filter, user_order};
pub(crate) use freshness::freshness;
pub(crate) use next::next_path;
pub(crate) use paging::Paging;
pub(crate) use parameters::{from_address, values};

/// What stands behind the question mark, in order.
pub(crate) fn pairs(query: Option<&str>) -> Vec<(String, String)> {
    // Every text can be read as pairs: what is no valid escape stays as it is.
    serde_urlencoded::from_str(query.unwrap_or_default()).unwrap_or_default()
}

/// The first value with this name.
pub(crate) fn param<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// A number in a path; anything else names nothing.
pub(crate) fn id<T: From<i64>>(text: &str) -> Result<T> {
    text.parse::<i64>().map(T::from).map_err(|_| Fault::not_found("object"))
}

/// A number in a body that must be there.
pub(crate) fn id_field<T: From<i64>>(body: &Map<String, Json>, name: &str) -> Result<T> {
    match body.get(name) {
        None | Some(Json::Null) => Err(missing_field(name)),
        Some(value) => {
            as_id(value).map(T::from).ok_or_else(|| Fault::invalid(name, "must be a whole number"))
        }
    }
}

/// A number in JSON, also as text.
pub(crate) fn as_id(value: &Json) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// A text in a body that must be there.
pub(crate) fn text_field(body: &Map<String, Json>, name: &str) -> Result<String> {
    text_if(body, name)?.ok_or_else(|| missing_field(name))
}

/// A text in a body; null is none.
pub(crate) fn text_if(body: &Map<String, Json>, name: &str) -> Result<Option<String>> {
    match body.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Fault::invalid(name, "must be a text")),
    }
}

/// A truth value in a body; null is none.
pub(crate) fn bool_if(body: &Map<String, Json>, name: &str) -> Result<Option<bool>> {
    match body.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::Bool(value)) => Ok(Some(*value)),
        Some(_) => Err(Fault::invalid(name, "must be true or false")),
    }
}

/// A truth value in an address: `true`, `1` and the like.
pub(crate) fn is_true(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "true" | "1" | "yes" | "on")
}

#[cfg(test)]
mod tests {
    use tessera_kernel::ids::QueryId;

    use super::*;

    #[test]
    fn ids_are_numbers_or_name_nothing() {
        assert_eq!(id::<QueryId>("7").ok(), Some(QueryId(7)));
        for text in ["", "x", "7x", "99999999999999999999"] {
            assert!(id::<QueryId>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pairs_keep_order_and_repetition() {
        let found = pairs(Some("tags=a&q=x%20y&tags=b"));
        assert_eq!(param(&found, "q"), Some("x y"));
        assert_eq!(found.iter().filter(|(name, _)| name == "tags").count(), 2);
    }
}
