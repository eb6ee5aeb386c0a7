//! Documents that come in pages: where the next one is, by the one before.

use serde_json::{Map, Value as Json};
use tessera_formats::read::at_path;
use tessera_kernel::{Code, Fault, Result};
use url::Url;

/// How the next page is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pages {
    /// There is only one.
    One,
    /// Its address is in the document, at a path.
    Address(String),
    /// A token at a path of the document is sent as a parameter.
    Token { path: String, parameter: String },
}

impl Pages {
    pub(super) fn read(option: Option<&Json>) -> Result<Self> {
        let Some(option) = option else { return Ok(Self::One) };
        let kind = option
            .get("type")
            .and_then(Json::as_str)
            .ok_or_else(|| failed("'pagination' should be an object with a `type` property"))?;
        match kind {
            "url" => match option.get("path") {
                None => Ok(Self::Address("_links.next.href".to_owned())),
                Some(Json::String(path)) => Ok(Self::Address(path.clone())),
                Some(_) => Err(failed("'pagination.path' should be a string")),
            },
            "token" => match option.get("fields") {
                None => Ok(Self::Token {
                    path: "next_page_token".to_owned(),
                    parameter: "page_token".to_owned(),
                }),
                Some(Json::Array(fields)) => match fields.as_slice() {
                    [Json::String(path), Json::String(parameter)] => {
                        Ok(Self::Token { path: path.clone(), parameter: parameter.clone() })
                    }
                    _ => Err(failed("'pagination.fields' should be a list of 2 field names")),
                },
                Some(_) => Err(failed("'pagination.fields' should be a list of 2 field names")),
            },
            other => Err(failed(&format!("Unknown 'pagination.type' {other}"))),
        }
    }

    /// Moves on to the next page; `false` if there is none. One that is asked for again is an error:
    /// it would never end.
    pub(super) fn next(
        &self,
        document: &str,
        url: &mut Url,
        params: &mut Map<String, Json>,
    ) -> Result<bool> {
        let path = match self {
            Self::One => return Ok(false),
            Self::Address(path) | Self::Token { path, .. } => path,
        };
        let Some(found) = at_path(document, Some(path))? else { return Ok(false) };
        let found: Json =
            serde_json::from_str(found).map_err(|error| failed(&error.to_string()))?;
        let empty = matches!(&found, Json::Null | Json::Bool(false))
            || found.as_str().is_some_and(str::is_empty);
        if empty {
            return Ok(false);
        }
        match self {
            Self::One => Ok(false),
            Self::Address(_) => {
                let text = found.as_str().ok_or_else(|| failed("the next page is no address"))?;
                let next = url.join(text).map_err(|error| failed(&error.to_string()))?;
                if next == *url {
                    return Err(failed("the next page is the page itself"));
                }
                *url = next;
                // The address of the next page has them already.
                params.clear();
                Ok(true)
            }
            Self::Token { parameter, .. } => {
                if params.insert(parameter.clone(), found.clone()) == Some(found) {
                    return Err(failed("the token of the next page is that of this one"));
                }
                Ok(true)
            }
        }
    }
}

fn failed(detail: &str) -> Fault {
    Fault::new(Code::SourceFailed, detail)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn pages_follow_until_there_is_none_and_never_in_a_circle() {
        let mut url: Url = "http://h/a?p=1".parse().unwrap();
        let mut params = Map::new();
        let pages = Pages::read(Some(&json!({"type": "url", "path": "next"}))).unwrap();
        assert!(pages.next(r#"{"next": "?p=2"}"#, &mut url, &mut params).unwrap());
        assert_eq!(url.as_str(), "http://h/a?p=2");
        assert!(pages.next(r#"{"next": "?p=2"}"#, &mut url, &mut params).is_err());
        assert!(!pages.next(r#"{"next": null}"#, &mut url, &mut params).unwrap());
        let pages = Pages::read(Some(&json!({"type": "token"}))).unwrap();
        assert!(pages.next(r#"{"next_page_token": 7}"#, &mut url, &mut params).unwrap());
        assert_eq!(params.get("page_token"), Some(&json!(7)));
        assert!(pages.next(r#"{"next_page_token": 7}"#, &mut url, &mut params).is_err());
        assert!(!pages.next("[]", &mut url, &mut params).unwrap());
    }
}
