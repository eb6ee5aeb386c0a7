//! `slack`: a message with a coloured attachment to an incoming webhook
//! (<https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>).

use serde_json::json;
use tessera_bi::{AlertNotice, ChannelType};
use tessera_kernel::Result;

use super::{Kind, Surroundings, Way, check_url};
use crate::http::Post;
use crate::options::Options;
use crate::words;

pub(super) const KIND: Kind = Kind { describe, check: check_url, way: Way::Http(posts) };

fn describe() -> ChannelType {
    ChannelType {
        kind: "slack",
        title: "Slack",
        icon: "fa-slack",
        schema: json!({
            "type": "object",
            "properties": { "url": { "type": "string", "title": "Slack Webhook URL" } },
            "secret": ["url"],
        }),
    }
}

fn posts(options: Options<'_>, notice: &AlertNotice, _: &Surroundings<'_>) -> Result<Vec<Post>> {
    let mut fields = vec![
        json!({ "title": "Query", "value": words::query_url(notice) }),
        json!({ "title": "Alert", "value": words::alert_url(notice) }),
    ];
    if let Some(body) = &notice.body {
        fields.push(json!({ "title": "Description", "value": body }));
    }
    let headline = words::headline(notice);
    let message = json!({
        "attachments": [{
            "fallback": headline,
            "text": headline,
            "color": words::hex_colour(notice.state),
            "fields": fields,
            "mrkdwn_in": ["text", "fields"],
        }],
    });
    Ok(vec![Post::json(options.need("url")?, &message)])
}
