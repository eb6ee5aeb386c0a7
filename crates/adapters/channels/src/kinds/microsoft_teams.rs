//! `microsoft_teams_webhook`: a card to a channel of Teams; its JSON is a template
//! (<https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using>).

use serde_json::json;
use tessera_bi::{AlertNotice, ChannelType, Json};
use tessera_kernel::{Fault, Result};

use super::{Kind, Surroundings, Way, check_url};
use crate::http::{Post, Sender};
use crate::options::Options;
use crate::words;

/// The template that clients know as the default: to the letter, since they show and send it back.
const TEMPLATE: &str = concat!(
    r#"{"@type": "MessageCard", "@context": "http://schema.org/extensions", "#,
    r#""themeColor": "0076D7", "summary": "A Redash Alert was Triggered", "sections": "#,
    r#"[{"activityTitle": "A Redash Alert was Triggered", "facts": "#,
    r#"[{"name": "Alert Name", "value": "{alert_name}"}, "#,
    r#"{"name": "Alert URL", "value": "{alert_url}"}, "#,
    r#"{"name": "Query", "value": "{query_text}"}, "#,
    r#"{"name": "Query URL", "value": "{query_url}"}], "markdown": true}]}"#,
);

pub(super) const KIND: Kind = Kind { describe, check, way: Way::Http(posts) };

fn describe() -> ChannelType {
    ChannelType {
        kind: "microsoft_teams_webhook",
        title: "Microsoft Teams Webhook",
        icon: "fa-bolt",
        schema: json!({
            "type": "object",
            "properties": {
                // Whoever knows the address can write to the channel.
                "url": {
                    "type": "string",
                    "title": "Microsoft Teams Webhook URL",
                    "writeOnly": true,
                },
                "message_template": {
                    "type": "string",
                    "default": TEMPLATE,
                    "title": "Message Template",
                },
            },
            "required": ["url"],
        }),
    }
}

fn check(options: Options<'_>, sender: &Sender) -> Result<()> {
    check_url(options, sender)?;
    let template = options.text("message_template").unwrap_or(TEMPLATE);
    read(template).map(drop)
}

fn posts(options: Options<'_>, notice: &AlertNotice, _: &Surroundings<'_>) -> Result<Vec<Post>> {
    let card = match options.text("message_template") {
        // The default says "triggered" whatever the state is.
        None | Some(TEMPLATE) => card(notice),
        Some(template) => {
            let mut card = read(template)?;
            fill(&mut card, notice);
            card
        }
    };
    Ok(vec![Post::json(options.need("url")?, &card)])
}

fn card(notice: &AlertNotice) -> Json {
    let happened = words::headline(notice);
    let mut facts = vec![
        json!({ "name": "Alert Name", "value": notice.name }),
        json!({ "name": "Alert URL", "value": words::alert_url(notice) }),
        json!({ "name": "Query", "value": notice.query_name }),
        json!({ "name": "Query URL", "value": words::query_url(notice) }),
    ];
    if let Some(body) = &notice.body {
        facts.push(json!({ "name": "Description", "value": body }));
    }
    json!({
        "@type": "MessageCard",
        "@context": "http://schema.org/extensions",
        "themeColor": words::hex_colour(notice.state).trim_start_matches('#'),
        "summary": happened,
        "sections": [{ "activityTitle": happened, "facts": facts, "markdown": true }],
    })
}

fn read(template: &str) -> Result<Json> {
    serde_json::from_str(template).map_err(|error| {
        Fault::invalid("options.message_template", format!("the template is no JSON: {error}"))
    })
}

/// Fills in placeholders text by text, so that no value can break out of its place.
fn fill(json: &mut Json, notice: &AlertNotice) {
    match json {
        Json::String(text) => {
            let state = notice.state.as_str();
            *text = words::fill(
                text,
                &[
                    ("alert_name", &notice.name),
                    ("alert_url", &words::alert_url(notice)),
                    ("query_text", &notice.query_name),
                    ("query_name", &notice.query_name),
                    ("query_url", &words::query_url(notice)),
                    ("state", &state.to_uppercase()),
                    ("title", &words::headline(notice)),
                    ("description", notice.body.as_deref().unwrap_or_default()),
                    ("value", notice.value.as_deref().unwrap_or_default()),
                ],
            );
        }
        Json::Array(items) => items.iter_mut().for_each(|item| fill(item, notice)),
        Json::Object(fields) => fields.values_mut().for_each(|value| fill(value, notice)),
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}
