//! Bodies and query members as typed values; what is not known is refused by its name.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use tessera_httpkit::{body, credential};
use tessera_kernel::{Fault, Result};

/// Reads a JSON body. No body counts as an empty object.
pub(crate) fn json<T: DeserializeOwned>(bytes: &Bytes) -> Result<T> {
    let value = if bytes.is_empty() {
        serde_json::Value::Object(serde_json::Map::new())
    } else {
        body::json_strict(bytes)?
    };
    if !value.is_object() {
        return Err(Fault::new(tessera_kernel::Code::Malformed, "send a JSON object"));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let detail = error.inner().to_string();
        Fault::invalid(field_of(&path, &detail), lower(&detail))
    })
}

/// Where the fault is. The path ends at the object around a member that is missing or not known.
fn field_of(path: &str, detail: &str) -> String {
    let named = ["missing field `", "unknown field `", "duplicate field `"]
        .iter()
        .find_map(|start| detail.strip_prefix(start)?.split_once('`'))
        .map(|(name, _)| name);
    match (path, named) {
        ("." | "", Some(name)) => name.to_owned(),
        (path, Some(name)) if path == name || path.ends_with(&format!(".{name}")) => {
            path.to_owned()
        }
        (path, Some(name)) => format!("{path}.{name}"),
        (path, None) => path.to_owned(),
    }
}

fn lower(detail: &str) -> String {
    let mut letters = detail.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// The members behind the `?`, except for a key.
pub(crate) fn members(query: Option<&str>) -> Result<Vec<(String, String)>> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query.unwrap_or_default())
        .map_err(|_| Fault::invalid("query", "the part after the question mark cannot be read"))?;
    Ok(pairs.into_iter().filter(|(name, _)| name != credential::QUERY_NAME).collect())
}

/// `true` or `false`.
pub(crate) fn flag(name: &str, text: &str) -> Result<bool> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Fault::invalid(name, "send true or false")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Outer {
        name: String,
        #[serde(default)]
        parts: Vec<Part>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read matters")]
    struct Part {
        size: u8,
    }

    #[track_caller]
    fn field(body: &'static str) -> String {
        let fault = json::<Outer>(&Bytes::from_static(body.as_bytes())).expect_err("refused");
        assert_eq!(fault.code(), tessera_kernel::Code::Invalid);
        fault.field().expect("a field").to_owned()
    }

    #[test]
    fn an_unknown_member_is_refused_by_its_name() {
        assert_eq!(field(r#"{"name": "a", "nmae": 1}"#), "nmae");
        assert_eq!(field(r#"{"name": "a", "parts": [{"size": 1, "sise": 2}]}"#), "parts[0].sise");
    }

    #[test]
    fn missing_and_mistyped_members_are_named() {
        assert_eq!(field("{}"), "name");
        assert_eq!(field(""), "name");
        assert_eq!(field(r#"{"name": 7}"#), "name");
        assert_eq!(field(r#"{"name": "a", "parts": [{"size": 1}, {}]}"#), "parts[1].size");
        assert_eq!(field(r#"{"name": "a", "parts": [{"size": 700}]}"#), "parts[0].size");
    }

    #[test]
    fn what_is_no_json_object_is_malformed() {
        for body in ["{", "[]", "7", "{} {}"] {
            let fault = json::<Outer>(&Bytes::from(body)).expect_err("refused");
            assert_eq!(fault.code(), tessera_kernel::Code::Malformed, "{body}");
        }
    }

    #[test]
    fn a_key_in_the_address_is_no_member() {
        let members = members(Some("q=a+b&api_key=secret&tag=x&tag=y")).expect("good");
        let names: Vec<_> = members.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["q", "tag", "tag"]);
        assert_eq!(members[0].1, "a b");
    }
}
