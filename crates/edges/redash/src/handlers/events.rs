//! What people did: told by clients, read by administrators.

use serde_json::{Map, Value as Json};
use tessera_access::{ListActivity, RecordActivity};
use tessera_bi::NewActivity;
use tessera_kernel::{Fault, Result, Timestamp};

use crate::credential::Call;
use crate::map::{Paging, text_field};
use crate::wire::{self, Answer};

pub(crate) async fn record(call: Call) -> Answer {
    let grant = call.permit(RecordActivity {}).await?;
    let told = call.objects()?.iter().map(told).collect::<Result<Vec<_>>>()?;
    let context = call.state.kit.context(&call.info);
    call.state.bi.activity.record(&grant, &context, told)?;
    wire::null()
}

pub(crate) async fn list(call: Call) -> Answer {
    let grant = call.permit(ListActivity {}).await?;
    let paging = Paging::read(&call.query)?;
    let page = call.state.bi.activity.list(&grant, None, paging.request()).await?;
    wire::json(&paging.envelope(&page, |activity| Ok(wire::event(activity)))?)
}

fn told(event: &Map<String, Json>) -> Result<NewActivity> {
    Ok(NewActivity {
        at: event.get("timestamp").and_then(moment),
        action: text_field(event, "action")?,
        object_kind: text_field(event, "object_type")?,
        object: match event.get("object_id") {
            None | Some(Json::Null) => None,
            Some(Json::String(text)) if text.is_empty() => None,
            Some(Json::String(text)) => Some(text.clone()),
            Some(Json::Number(number)) => Some(number.to_string()),
            Some(_) => return Err(Fault::invalid("object_id", "must be a number or a text")),
        },
        detail: detail(event),
    })
}

/// What else is told: under `additional_properties`, or, as the web client does, beside the rest.
fn detail(event: &Map<String, Json>) -> Json {
    const OWN: [&str; 5] =
        ["action", "object_type", "object_id", "timestamp", "additional_properties"];
    let mut detail = match event.get("additional_properties") {
        Some(Json::Object(more)) => more.clone(),
        None | Some(Json::Null) => Map::new(),
        Some(other) => Map::from_iter([("additional_properties".to_owned(), other.clone())]),
    };
    for (name, value) in event.iter().filter(|(name, _)| !OWN.contains(&name.as_str())) {
        detail.entry(name).or_insert_with(|| value.clone());
    }
    Json::Object(detail)
}

/// Seconds since 1970, with a fraction; anything else is no moment.
fn moment(value: &Json) -> Option<Timestamp> {
    let seconds = value.as_f64().filter(|seconds| (0.0..1e11).contains(seconds))?;
    #[expect(clippy::cast_possible_truncation, reason = "below 2^53 in the range checked above")]
    Timestamp::from_timestamp_micros((seconds * 1e6) as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_read_as_the_web_client_sends_it() {
        let event = json!({
            "action": "view", "object_type": "query", "object_id": 7, "timestamp": 1_795_252_587.5,
            "additional_properties": { "screen_resolution": "1x1" }
        });
        let read = told(event.as_object().expect("an object")).expect("good");
        assert_eq!((read.action.as_str(), read.object.as_deref()), ("view", Some("7")));
        assert_eq!(read.at.map(|at| at.timestamp_millis()), Some(1_795_252_587_500));
        assert_eq!(read.detail, json!({ "screen_resolution": "1x1" }));
        let beside = json!({
            "action": "update", "object_type": "visualization", "object_id": 3, "timestamp": 1.5,
            "screen_resolution": "1x1", "type": "CHART"
        });
        let read = told(beside.as_object().expect("an object")).expect("good");
        assert_eq!(read.detail, json!({ "screen_resolution": "1x1", "type": "CHART" }));
        let less = json!({ "action": "view", "object_type": "page" });
        let read = told(less.as_object().expect("an object")).expect("good");
        assert_eq!((read.object, read.at, read.detail), (None, None, json!({})));
        for wrong in [json!({ "action": "view" }), json!({ "action": 1, "object_type": "x" })] {
            assert!(told(wrong.as_object().expect("an object")).is_err(), "{wrong}");
        }
    }
}
