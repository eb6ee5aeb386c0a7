//! `datadog`: an event (<https://docs.datadoghq.com/api/latest/events/#post-an-event>).

use serde_json::json;
use tessera_bi::{AlertNotice, AlertState, ChannelType};
use tessera_kernel::Result;

use super::{Kind, Surroundings, Way};
use crate::http::{Post, Sender};
use crate::options::Options;
use crate::words;

/// Longest text of an event, in characters.
const TEXT_CHARACTERS_MAX: usize = 4000;

pub(super) const KIND: Kind = Kind { describe, check, way: Way::Http(posts) };

fn describe() -> ChannelType {
    ChannelType {
        kind: "datadog",
        title: "Datadog",
        icon: "fa-datadog",
        schema: json!({
            "type": "object",
            "properties": {
                "api_key": { "type": "string", "title": "API Key" },
                "tags": { "type": "string", "title": "Tags" },
                "priority": { "type": "string", "default": "normal", "title": "Priority" },
                "source_type_name": {
                    "type": "string",
                    "default": "my_apps",
                    "title": "Source Type Name",
                },
            },
            "secret": ["api_key"],
            "required": ["api_key"],
        }),
    }
}

fn check(options: Options<'_>, _: &Sender) -> Result<()> {
    options.need("api_key").map(drop)
}

fn posts(
    options: Options<'_>,
    notice: &AlertNotice,
    surroundings: &Surroundings<'_>,
) -> Result<Vec<Post>> {
    let alert_type = match notice.state {
        AlertState::Triggered => "error",
        AlertState::Ok => "success",
        AlertState::Unknown => "warning",
    };
    let links =
        format!("\nQuery: {}\nAlert: {}", words::query_url(notice), words::alert_url(notice));
    let text = notice
        .body
        .clone()
        .unwrap_or_else(|| format!("{} changed state to {}.", notice.name, notice.state.as_str()));
    let room = TEXT_CHARACTERS_MAX.saturating_sub(links.chars().count());
    let mut tags: Vec<String> = options.list("tags").into_iter().map(str::to_owned).collect();
    tags.extend([
        "tessera".to_owned(),
        format!("query_id:{}", notice.query),
        format!("alert_id:{}", notice.alert),
    ]);
    let event = json!({
        "title": words::subject(notice),
        "text": format!("{}{links}", words::shorten(&text, room)),
        "alert_type": alert_type,
        "priority": options.text("priority").unwrap_or("normal"),
        "source_type_name": options.text("source_type_name").unwrap_or("my_apps"),
        // Short: Datadog takes 100 characters.
        "aggregation_key": format!("tessera:alert:{}", notice.alert),
        "date_happened": notice.at.timestamp(),
        "tags": tags,
    });
    let base = &surroundings.services.datadog;
    let post = Post::json(format!("{base}/api/v1/events"), &event);
    Ok(vec![post.with("dd-api-key", options.need("api_key")?)])
}
