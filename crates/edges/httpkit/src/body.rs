//! Bodies of requests.

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::Value;
use tessera_kernel::{Code, Fault, Result};

/// Deeper nesting than this is refused by the JSON reader (its own limit is 128).
const JSON_DEPTH_MAX: usize = 64;

/// The whole body, up to a limit. Of a body that is too large as much again is read and thrown away:
/// most callers look for an answer only once they have sent everything.
///
/// # Errors
/// `TooLarge` beyond the limit, `Malformed` if the connection broke.
pub async fn read(mut body: Body, bytes_max: usize) -> Result<Bytes> {
    let (mut parts, mut bytes) = (Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return Err(Fault::new(Code::Malformed, "the body was not sent to its end"));
        };
        let Ok(data) = frame.into_data() else { continue };
        bytes += data.len();
        if bytes <= bytes_max {
            parts.push(data);
            continue;
        }
        parts.clear();
        if bytes / 2 > bytes_max {
            break;
        }
    }
    if bytes > bytes_max {
        let detail = format!("the body is larger than {bytes_max} bytes (server.body_bytes_max)");
        return Err(Fault::new(Code::TooLarge, detail));
    }
    match parts.len() {
        0 => Ok(Bytes::new()),
        1 => Ok(parts.remove(0)),
        _ => Ok(parts.concat().into()),
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

#[cfg(test)]
mod tests {
    use futures::stream;

    use super::*;

    fn sent(parts: usize) -> Body {
        let part = || Ok::<_, std::io::Error>(Bytes::from_static(b"0123456789"));
        Body::from_stream(stream::iter((0..parts).map(move |_| part())))
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_the_limit() {
        assert_eq!(read(sent(0), 0).await.expect("nothing"), Bytes::new());
        assert_eq!(read(sent(3), 30).await.expect("three parts").len(), 30);
        for parts in [4, 6, 7, 1000] {
            let fault = read(sent(parts), 30).await.expect_err("too large");
            assert_eq!(fault.code(), Code::TooLarge, "{parts}");
            assert!(fault.detail().contains("server.body_bytes_max"), "{fault}");
        }
        let broken = stream::iter([Ok(Bytes::from_static(b"a")), Err(std::io::Error::other("x"))]);
        let fault = read(Body::from_stream(broken), 30).await.expect_err("broken");
        assert_eq!(fault.code(), Code::Malformed);
    }
}
