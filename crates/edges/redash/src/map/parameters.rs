//! Values for parameters: in the body as `parameters`, or in the address as `p_name=value`.

use serde_json::{Map, Value as Json, json};
use tessera_kernel::{Fault, Result};

/// The values in the body; without any, those in the address.
pub(crate) fn values(
    body: &Map<String, Json>,
    pairs: &[(String, String)],
) -> Result<Map<String, Json>> {
    match body.get("parameters") {
        None | Some(Json::Null) => Ok(from_address(pairs)),
        Some(Json::Object(values)) => Ok(values.clone()),
        Some(_) => Err(Fault::invalid("parameters", "must be an object of names and values")),
    }
}

/// `p_a=1` is a value of `a`; `p_r.start=…` and `p_r.end=…` are the two ends of a range `r`. Of a
/// name that is given twice the first value counts.
pub(crate) fn from_address(pairs: &[(String, String)]) -> Map<String, Json> {
    let mut values = Map::new();
    for (name, value) in pairs {
        let Some(name) = name.strip_prefix("p_") else { continue };
        match name.rsplit_once('.') {
            Some((range, end @ ("start" | "end"))) => {
                let range = values.entry(range).or_insert_with(|| json!({}));
                if let Json::Object(ends) = range {
                    ends.entry(end).or_insert_with(|| json!(value));
                }
            }
            _ => {
                values.entry(name).or_insert_with(|| json!(value));
            }
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(query: &str) -> Json {
        Json::Object(from_address(&super::super::pairs(Some(query))))
    }

    #[test]
    fn parameters_in_the_address_begin_with_p() {
        assert_eq!(address("p_n=1&x=2&p_e=a%20b&p_n=3"), json!({ "n": "1", "e": "a b" }));
        assert_eq!(
            address("p_dr.start=2020-01-01&p_dr.end=2020-01-02"),
            json!({ "dr": { "start": "2020-01-01", "end": "2020-01-02" } })
        );
    }

    #[test]
    fn parameters_in_the_body_win_and_must_be_an_object() {
        let pairs = super::super::pairs(Some("p_n=1"));
        let read = |body: Json| {
            let Json::Object(body) = body else { return None };
            values(&body, &pairs).ok().map(Json::Object)
        };
        assert_eq!(read(json!({ "parameters": { "n": 2 } })), Some(json!({ "n": 2 })));
        assert_eq!(read(json!({ "parameters": null })), Some(json!({ "n": "1" })));
        assert_eq!(read(json!({})), Some(json!({ "n": "1" })));
        assert_eq!(read(json!({ "parameters": [1] })), None);
    }
}
