//! `webhook`: the alert as JSON to any address, signed if there is a secret.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tessera_bi::{AlertNotice, ChannelType};
use tessera_kernel::Result;

use super::{Kind, Surroundings, Way, check_url};
use crate::http::{Post, Sender};
use crate::options::Options;
use crate::{signature, words};

pub(super) const KIND: Kind = Kind { describe, check, way: Way::Http(posts) };

fn describe() -> ChannelType {
    ChannelType {
        kind: "webhook",
        title: "Webhook",
        icon: "fa-bolt",
        schema: json!({
            "type": "object",
            "properties": {
                "url": { "type": "string" },
                "username": { "type": "string" },
                "password": { "type": "string" },
                "signing_secret": {
                    "type": "string",
                    "title": "Signing Secret (whsec_…)",
                    "writeOnly": true,
                },
            },
            "required": ["url"],
            "secret": ["password", "url"],
        }),
    }
}

fn check(options: Options<'_>, sender: &Sender) -> Result<()> {
    check_url(options, sender)?;
    signature::keys(options.text("signing_secret").unwrap_or_default())?;
    Ok(())
}

fn posts(
    options: Options<'_>,
    notice: &AlertNotice,
    surroundings: &Surroundings<'_>,
) -> Result<Vec<Post>> {
    let mut post = Post::json(options.need("url")?, &body(notice));
    if let Some(username) = options.text("username") {
        let pair = format!("{username}:{}", options.text("password").unwrap_or_default());
        post = post.with("authorization", format!("Basic {}", STANDARD.encode(pair)));
    }
    let id = notice.delivery.to_string();
    let seconds = surroundings.now.timestamp();
    if let Some(secret) = options.text("signing_secret") {
        let signed = signature::sign(secret, &id, seconds, &post.body)?;
        post = post.with("webhook-signature", signed);
    }
    // Also without a secret: by these a receiver tells attempts of one notice from another one.
    Ok(vec![post.with("webhook-id", id).with("webhook-timestamp", seconds.to_string())])
}

fn body(notice: &AlertNotice) -> tessera_bi::Json {
    json!({
        "event": "alert_state_change",
        "alert": {
            "id": notice.alert,
            "name": notice.name,
            "options": notice.options,
            "state": notice.state.as_str(),
            "last_triggered_at": notice.last_triggered_at.map(words::time),
            "updated_at": words::time(notice.updated_at),
            "created_at": words::time(notice.created_at),
            "rearm": notice.rearm,
            "query_id": notice.query,
            "user_id": notice.user,
            "description": notice.body.as_deref().unwrap_or_default(),
            "title": notice.subject.as_deref().unwrap_or_default(),
        },
        "url_base": notice.base_url,
        "metadata": notice.metadata,
    })
}
