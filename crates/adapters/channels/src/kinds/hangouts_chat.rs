//! `hangouts_chat`: a card to a space of Google Chat
//! (<https://developers.google.com/workspace/chat/quickstart/webhooks>).

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
        kind: "hangouts_chat",
        title: "Google Hangouts Chat",
        icon: "fa-bolt",
        schema: json!({
            "type": "object",
            "properties": {
                "url": {
                    "type": "string",
                    "title": "Webhook URL (get it from the room settings)",
                },
                "icon_url": {
                    "type": "string",
                    "title": "Icon URL (32x32 or multiple, png format)",
                },
            },
            "secret": ["url"],
            "required": ["url"],
        }),
    }
}

fn posts(options: Options<'_>, notice: &AlertNotice, _: &Surroundings<'_>) -> Result<Vec<Post>> {
    let colour = words::hex_colour(notice.state);
    let text = match notice.state {
        AlertState::Triggered => format!("<b><font color=\"{colour}\">Triggered</font></b>"),
        AlertState::Ok => format!("<font color=\"{colour}\">Went back to normal</font>"),
        AlertState::Unknown => "It could not be evaluated: look at the query and the alert.".into(),
    };
    let mut header = json!({ "title": notice.subject.as_ref().unwrap_or(&notice.name) });
    if let Some(icon) = options.text("icon_url") {
        header["imageUrl"] = json!(icon);
    }
    let button = |text: &str, url: String| json!({ "textButton": { "text": text, "onClick": { "openLink": { "url": url } } } });
    let mut sections = vec![json!({
        "widgets": [
            { "textParagraph": { "text": text } },
            { "buttons": [
                button("OPEN QUERY", words::query_url(notice)),
                button("OPEN ALERT", words::alert_url(notice)),
            ] },
        ],
    })];
    if let Some(body) = &notice.body {
        sections.push(json!({ "widgets": [{ "textParagraph": { "text": body } }] }));
    }
    let message = json!({ "cards": [{ "header": header, "sections": sections }] });
    let mut post = Post::json(options.need("url")?, &message);
    post.content_type = "application/json; charset=UTF-8";
    Ok(vec![post])
}
