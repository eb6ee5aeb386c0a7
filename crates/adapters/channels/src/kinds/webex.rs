//! `webex`: a card to people and rooms
//! (<https://developer.webex.com/messaging/docs/api/v1/messages/create-a-message>).

use serde_json::json;
use tessera_bi::{AlertNotice, ChannelType, Json};
use tessera_kernel::{Fault, Result};

use super::{Kind, Surroundings, Way};
use crate::http::{Post, Sender};
use crate::options::Options;
use crate::words;

pub(super) const KIND: Kind = Kind { describe, check, way: Way::Http(posts) };

/// The options that name who gets the message, and their names in a message.
const RECEIVERS: [(&str, &str); 2] =
    [("to_person_emails", "toPersonEmail"), ("to_room_ids", "roomId")];

fn describe() -> ChannelType {
    ChannelType {
        kind: "webex",
        title: "Webex",
        icon: "fa-webex",
        schema: json!({
            "type": "object",
            "properties": {
                "webex_bot_token": { "type": "string", "title": "Webex Bot Token" },
                "to_person_emails": { "type": "string", "title": "People (comma-separated)" },
                "to_room_ids": { "type": "string", "title": "Rooms (comma-separated)" },
            },
            "secret": ["webex_bot_token"],
            "required": ["webex_bot_token"],
        }),
    }
}

fn check(options: Options<'_>, _: &Sender) -> Result<()> {
    options.need("webex_bot_token")?;
    if RECEIVERS.iter().all(|(option, _)| options.list(option).is_empty()) {
        let detail = "name people (to_person_emails) or rooms (to_room_ids)";
        return Err(Fault::invalid("options.to_person_emails", detail));
    }
    Ok(())
}

fn posts(
    options: Options<'_>,
    notice: &AlertNotice,
    surroundings: &Surroundings<'_>,
) -> Result<Vec<Post>> {
    let authorization = format!("Bearer {}", options.need("webex_bot_token")?);
    let url = format!("{}/v1/messages", surroundings.services.webex);
    let headline = words::headline(notice);
    let markdown = match &notice.body {
        Some(body) => format!("{headline}\n\n{body}"),
        None => headline.clone(),
    };
    let card = card(notice, &headline);
    let mut posts = Vec::new();
    for (option, name) in RECEIVERS {
        for receiver in options.list(option) {
            let mut message = json!({ "markdown": markdown, "attachments": [card] });
            message[name] = json!(receiver);
            posts.push(Post::json(&url, &message).with("authorization", &authorization));
        }
    }
    Ok(posts)
}

fn card(notice: &AlertNotice, headline: &str) -> Json {
    let mut body = vec![json!({
        "type": "TextBlock",
        "text": headline,
        "weight": "bolder",
        "size": "medium",
        "wrap": true,
    })];
    if let Some(text) = &notice.body {
        body.push(json!({ "type": "TextBlock", "text": text, "isSubtle": true, "wrap": true }));
    }
    let open = |title: &str, url| json!({ "type": "Action.OpenUrl", "title": title, "url": url });
    json!({
        "contentType": "application/vnd.microsoft.card.adaptive",
        "content": {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.0",
            "body": body,
            "actions": [
                open("Open query", words::query_url(notice)),
                open("Open alert", words::alert_url(notice)),
            ],
        },
    })
}
