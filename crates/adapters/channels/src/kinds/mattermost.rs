//! `mattermost`: a message to an incoming webhook
//! (<https://developers.mattermost.com/integrate/webhooks/incoming/>).

use serde_json::json;
use tessera_bi::{AlertNotice, AlertState, ChannelType};
use tessera_kernel::Result;

use super::{Kind, Surroundings, Way, check_url};
use crate::http::Post;
use crate::options::Options;
use crate::words;

pub(super) const KIND: Kind = Kind { describe, check: check_url, way: Way::Http(posts) };

fn describe() -> ChannelType {
    ChannelType {
        kind: "mattermost",
        title: "Mattermost",
        icon: "fa-bolt",
        schema: json!({
            "type": "object",
            "properties": {
                "url": {
                    "type": "string",
                    "title": "Mattermost Webhook URL",
                    "writeOnly": true,
                },
                "username": { "type": "string", "title": "Username" },
                "icon_url": { "type": "string", "title": "Icon (URL)" },
                "channel": { "type": "string", "title": "Channel" },
            },
            // Clients know it as one text, not as a list.
            "secret": "url",
        }),
    }
}

fn posts(options: Options<'_>, notice: &AlertNotice, _: &Surroundings<'_>) -> Result<Vec<Post>> {
    let text = match (&notice.subject, notice.state) {
        (Some(subject), AlertState::Triggered) => subject.clone(),
        _ => format!("#### {}", words::happened(notice)),
    };
    let mut fields = vec![
        json!({ "title": "Query", "value": words::query_url(notice) }),
        json!({ "title": "Alert", "value": words::alert_url(notice) }),
    ];
    if let Some(body) = &notice.body {
        fields.push(json!({ "title": "Description", "value": body }));
    }
    let mut message = json!({
        "text": text,
        "attachments": [{
            "fallback": words::happened(notice),
            "color": words::hex_colour(notice.state),
            "fields": fields,
        }],
    });
    for name in ["username", "icon_url", "channel"] {
        if let Some(value) = options.text(name) {
            message[name] = json!(value);
        }
    }
    Ok(vec![Post::json(options.need("url")?, &message)])
}
