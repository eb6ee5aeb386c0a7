//! `max_age`: how old a stored result may be.

use std::time::Duration;

use serde_json::{Map, Value as Json};
use tessera_bi::Freshness;
use tessera_kernel::{Fault, Result};

/// Missing, null or negative: any age will do. 0: always run. Else seconds, also as text.
pub(crate) fn freshness(body: &Map<String, Json>) -> Result<Freshness> {
    let invalid = || Fault::invalid("max_age", "must be a number of seconds, or -1 for any age");
    let seconds = match body.get("max_age") {
        None | Some(Json::Null) => return Ok(Freshness::Any),
        Some(Json::Number(number)) => number.as_f64().ok_or_else(invalid)?,
        Some(Json::String(text)) => text.trim().parse().map_err(|_| invalid())?,
        // The page's `?maxAge` without a number.
        Some(Json::Bool(is_set)) => f64::from(u8::from(*is_set)),
        Some(_) => return Err(invalid()),
    };
    if !seconds.is_finite() {
        return Err(invalid());
    }
    Ok(match seconds {
        seconds if seconds < 0.0 => Freshness::Any,
        0.0 => Freshness::Always,
        seconds => Freshness::NoOlderThan(
            Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(u64::MAX)),
        ),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Json) -> Option<Freshness> {
        let Json::Object(body) = json!({ "max_age": value }) else { return None };
        freshness(&body).ok()
    }

    #[test]
    fn max_age_means_what_clients_mean() {
        assert_eq!(freshness(&Map::new()).ok(), Some(Freshness::Any));
        assert_eq!(read(Json::Null), Some(Freshness::Any));
        assert_eq!(read(json!(-1)), Some(Freshness::Any));
        assert_eq!(read(json!(0)), Some(Freshness::Always));
        assert_eq!(read(json!("0")), Some(Freshness::Always));
        let half_hour = Freshness::NoOlderThan(Duration::from_secs(1800));
        assert_eq!(read(json!(1800)), Some(half_hour));
        assert_eq!(read(json!("1800")), Some(half_hour));
        assert_eq!(read(json!(true)), Some(Freshness::NoOlderThan(Duration::from_secs(1))));
        for bad in [json!("x"), json!([1]), json!("NaN"), json!("inf")] {
            assert_eq!(read(bad.clone()), None, "{bad}");
        }
    }
}
