//! Bodies of requests.

use axum::body::Body;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;
use tessera_kernel::{Code, Fault, Result};

/// Deeper nesting than this is refused by the JSON reader (its own limit is 128).
const JSON_DEPTH_MAX: usize = 64;

/// The whole body, up to a limit.
///
/// # Errors
/// `TooLarge` beyond the limit, `Malformed` if the connection broke.
pub async fn read(body: Body, bytes_max: usize) -> Result<Bytes> {
    match Limited::new(body, bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => Err(Fault::new(
            Code::TooLarge,
            format!("the body is larger than {bytes_max} bytes (http.body_bytes_max)"),
        )),
        Err(_) => Err(Fault::new(Code::Malformed, "the body was not sent to its end")),
    }
}

/// A JSON body, whatever media type it was sent as.
///
/// # Errors
/// `Malformed`.
pub fn json_strict(bytes: &Bytes) -> Result<Value> {
    let malformed = |detail: String| Fault::new(Code::Malformed, detail);
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| malformed(format!("no JSON: {error}")))?;
    if depth(&value) > JSON_DEPTH_MAX {
        return Err(malformed(format!("nested more than {JSON_DEPTH_MAX} levels deep")));
    }
    Ok(value)
}

/// A JSON object; anything else counts as an empty one.
#[must_use]
pub fn json_lenient(bytes: &Bytes) -> Value {
    json_strict(bytes)
        .ok()
        .filter(Value::is_object)
        .unwrap_or_else(|| Value::Object(serde_json::Map::new()))
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
