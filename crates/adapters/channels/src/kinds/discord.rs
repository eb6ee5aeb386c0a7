//! `discord`: a message with an embed to a webhook
//! (<https://docs.discord.com/developers/resources/webhook#execute-webhook>).

use serde_json::json;
use tessera_bi::{AlertNotice, ChannelType};
use tessera_kernel::Result;

use super::{Kind, Surroundings, Way, check_url};
use crate::http::Post;
use crate::options::Options;
use crate::words;

/// Longest message, in characters.
const CONTENT_CHARACTERS_MAX: usize = 2000;

/// Longest description of an embed, in characters.
const DESCRIPTION_CHARACTERS_MAX: usize = 4096;

pub(super) const KIND: Kind = Kind { describe, check: check_url, way: Way::Http(posts) };

fn describe() -> ChannelType {
    ChannelType {
        kind: "discord",
        title: "Discord",
        icon: "fa-discord",
        schema: json!({
            "type": "object",
            "properties": { "url": { "type": "string", "title": "Discord Webhook URL" } },
            "secret": ["url"],
            "required": ["url"],
        }),
    }
}

fn posts(options: Options<'_>, notice: &AlertNotice, _: &Surroundings<'_>) -> Result<Vec<Post>> {
    let mut embed = json!({
        "color": words::colour(notice.state),
        "fields": [
            { "name": "Query", "value": words::query_url(notice), "inline": true },
            { "name": "Alert", "value": words::alert_url(notice), "inline": true },
        ],
    });
    if let Some(body) = &notice.body {
        embed["description"] = json!(words::shorten(body, DESCRIPTION_CHARACTERS_MAX));
    }
    let message = json!({
        "content": words::shorten(&words::headline(notice), CONTENT_CHARACTERS_MAX),
        "embeds": [embed],
        // A value from a database must not call everybody.
        "allowed_mentions": { "parse": [] },
    });
    Ok(vec![Post::json(options.need("url")?, &message)])
}
