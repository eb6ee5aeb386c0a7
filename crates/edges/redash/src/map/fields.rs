//! The fields of a form that a page or a script sent.

use bytes::Bytes;
use http::{HeaderMap, header};
use serde_json::Value as Json;
use tessera_httpkit::body;

use super::multipart;

/// Names and values.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    pairs: Vec<(String, String)>,
    /// Whether they came as JSON, so that the answer is JSON too.
    pub(crate) is_json: bool,
}

impl Fields {
    /// Reads a form in either encoding, or an object of texts if the body says it is JSON.
    pub(crate) fn read(headers: &HeaderMap, bytes: &Bytes) -> Self {
        let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if media.is_some_and(|media| media.starts_with("application/json")) {
            let Json::Object(fields) = body::json_lenient(bytes) else {
                return Self { is_json: true, ..Self::default() };
            };
            let text = |(name, value): (String, Json)| match value {
                Json::String(text) => Some((name, text)),
                // As a box that is ticked, or not, is in a form.
                Json::Bool(true) => Some((name, "true".to_owned())),
                _ => None,
            };
            return Self { pairs: fields.into_iter().filter_map(text).collect(), is_json: true };
        }
        let parts = media.and_then(|media| multipart::pairs(media, bytes));
        let pairs =
            parts.unwrap_or_else(|| serde_urlencoded::from_bytes(bytes).unwrap_or_default());
        Self { pairs, is_json: false }
    }

    /// Whether there is a value, which may be empty.
    pub(crate) fn has(&self, name: &str) -> bool {
        super::param(&self.pairs, name).is_some()
    }

    /// A value; empty if there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        super::param(&self.pairs, name).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_in_parts_is_read_too() {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, "multipart/form-data; boundary=b".parse().unwrap());
        let body =
            "--b\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\na@b.c\r\n--b--\r\n";
        let form = Fields::read(&headers, &Bytes::from_static(body.as_bytes()));
        assert_eq!((form.get("email"), form.is_json), ("a@b.c", false));
    }

    #[test]
    fn a_form_and_a_json_object_are_read_alike() {
        let form = Fields::read(&HeaderMap::new(), &Bytes::from_static(b"email=a%40b.c&x="));
        assert_eq!((form.get("email"), form.get("x"), form.is_json), ("a@b.c", "", false));
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
        let json = Fields::read(&headers, &Bytes::from_static(b"{\"email\":\"a@b.c\",\"n\":1}"));
        assert_eq!((json.get("email"), json.get("n"), json.is_json), ("a@b.c", "", true));
        assert!(form.has("x") && !form.has("y") && !json.has("n"));
        let ticked = Bytes::from_static(b"{\"remember\":true,\"not\":false}");
        let ticked = Fields::read(&headers, &ticked);
        assert!(ticked.has("remember") && !ticked.has("not"));
    }
}
