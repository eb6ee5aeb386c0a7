//! `chatwork`: a message to a room (<https://developer.chatwork.com/reference/post-rooms-room_id-messages>).

use serde_json::json;
use tessera_bi::{AlertNotice, ChannelType};
use tessera_kernel::{Fault, Result};

use super::{Kind, Surroundings, Way};
use crate::http::{Post, Sender};
use crate::options::Options;
use crate::words;

/// What is said unless somebody says otherwise. `\n` is written out, since it is edited in one line.
const TEMPLATE: &str = "{alert_name} changed state to {new_state}.\\n{alert_url}\\n{query_url}";

pub(super) const KIND: Kind = Kind { describe, check, way: Way::Http(posts) };

fn describe() -> ChannelType {
    ChannelType {
        kind: "chatwork",
        title: "ChatWork",
        icon: "fa-comment",
        schema: json!({
            "type": "object",
            "properties": {
                "api_token": { "type": "string", "title": "API Token" },
                "room_id": { "type": "string", "title": "Room ID" },
                "message_template": {
                    "type": "string",
                    "default": TEMPLATE,
                    "title": "Message Template",
                },
            },
            "secret": ["api_token"],
            "required": ["message_template", "api_token", "room_id"],
        }),
    }
}

fn check(options: Options<'_>, _: &Sender) -> Result<()> {
    options.need("api_token")?;
    room(options).map(drop)
}

/// The number of the room; it becomes a part of the address.
fn room(options: Options<'_>) -> Result<&str> {
    let room = options.need("room_id")?;
    if room.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(room);
    }
    Err(Fault::invalid("options.room_id", "it must be the number of the room"))
}

fn posts(
    options: Options<'_>,
    notice: &AlertNotice,
    surroundings: &Surroundings<'_>,
) -> Result<Vec<Post>> {
    let mut lines = Vec::new();
    lines.extend(notice.subject.clone());
    lines.push(notice.body.clone().unwrap_or_else(|| {
        let template = options.text("message_template").unwrap_or(TEMPLATE);
        words::fill(
            &template.replace("\\n", "\n"),
            &[
                ("alert_name", &notice.name),
                ("new_state", &notice.state.as_str().to_uppercase()),
                ("alert_url", &words::alert_url(notice)),
                ("query_url", &words::query_url(notice)),
            ],
        )
    }));
    let body = serde_urlencoded::to_string([("body", lines.join("\n"))])
        .map_err(|error| Fault::internal("a form cannot be written", error))?;
    let base = &surroundings.services.chatwork;
    let post = Post {
        url: format!("{base}/v2/rooms/{}/messages", room(options)?),
        headers: Vec::new(),
        content_type: "application/x-www-form-urlencoded",
        body,
    };
    Ok(vec![post.with("x-chatworktoken", options.need("api_token")?)])
}
