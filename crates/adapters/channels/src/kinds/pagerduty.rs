//! `pagerduty`: opens an incident when the alert triggers, and resolves it when it is over
//! (<https://developer.pagerduty.com/docs/events-api-v2/overview/>).

use serde_json::json;
use tessera_bi::{AlertNotice, AlertState, ChannelType};
use tessera_kernel::Result;

use super::{Kind, Surroundings, Way};
use crate::http::{Post, Sender};
use crate::options::Options;
use crate::words;

/// Longest summary, in characters.
const SUMMARY_CHARACTERS_MAX: usize = 1024;

pub(super) const KIND: Kind = Kind { describe, check, way: Way::Http(posts) };

fn describe() -> ChannelType {
    ChannelType {
        kind: "pagerduty",
        title: "PagerDuty",
        icon: "creative-commons-pd-alt",
        schema: json!({
            "type": "object",
            "properties": {
                "integration_key": {
                    "type": "string",
                    "title": "PagerDuty Service Integration Key",
                },
                "description": {
                    "type": "string",
                    "title": "Description for the event, defaults to alert name",
                },
            },
            "secret": ["integration_key"],
            "required": ["integration_key"],
        }),
    }
}

fn check(options: Options<'_>, _: &Sender) -> Result<()> {
    options.need("integration_key").map(drop)
}

fn posts(
    options: Options<'_>,
    notice: &AlertNotice,
    surroundings: &Surroundings<'_>,
) -> Result<Vec<Post>> {
    let action = match notice.state {
        AlertState::Triggered => "trigger",
        AlertState::Ok => "resolve",
        // Neither a reason to wake somebody nor to let somebody sleep.
        AlertState::Unknown => return Ok(Vec::new()),
    };
    let summary = match (&notice.subject, options.text("description")) {
        (Some(subject), _) => subject.clone(),
        (None, Some(description)) => description.to_owned(),
        (None, None) => format!("Alert: {}", notice.name),
    };
    let event = json!({
        "routing_key": options.need("integration_key")?,
        "event_action": action,
        // The same for opening and resolving, so that one ends the other.
        "dedup_key": format!("{}_{}", notice.alert, notice.query),
        "client": "Tessera",
        "client_url": words::alert_url(notice),
        "links": [{ "href": words::query_url(notice), "text": notice.query_name }],
        "payload": {
            "summary": words::shorten(&summary, SUMMARY_CHARACTERS_MAX),
            "source": notice.base_url,
            "severity": "error",
            "timestamp": words::time(notice.at),
            "custom_details": {
                "description": notice.body,
                "condition": words::condition(notice),
                "value": notice.value,
            },
        },
    });
    let base = &surroundings.services.pagerduty;
    Ok(vec![Post::json(format!("{base}/v2/enqueue"), &event)])
}
