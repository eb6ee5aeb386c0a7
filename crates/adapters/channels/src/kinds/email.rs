//! `email`: a mail to some addresses.

use serde_json::json;
use tessera_access::Mail;
use tessera_bi::{AlertNotice, ChannelType};
use tessera_kernel::{Fault, Result};

use super::{Kind, Way};
use crate::http::Sender;
use crate::mail::mailbox;
use crate::options::Options;
use crate::words;

pub(super) const KIND: Kind = Kind { describe, check, way: Way::Mail(mail) };

fn describe() -> ChannelType {
    ChannelType {
        kind: "email",
        title: "Email",
        icon: "fa-envelope",
        schema: json!({
            "type": "object",
            "properties": {
                "addresses": { "type": "string" },
                "subject_template": {
                    "type": "string",
                    // What the operator decided is put in later.
                    "default": "",
                    "title": "Subject Template",
                },
            },
            "required": ["addresses"],
            "extra_options": ["subject_template"],
        }),
    }
}

fn check(options: Options<'_>, _: &Sender) -> Result<()> {
    addresses(options).map(drop)
}

fn addresses(options: Options<'_>) -> Result<Vec<String>> {
    let found = options.list("addresses");
    if found.is_empty() {
        return Err(Fault::invalid("options.addresses", "name at least one address"));
    }
    found
        .into_iter()
        .map(|address| mailbox("options.addresses", address).map(|_| address.to_owned()))
        .collect()
}

fn mail(options: Options<'_>, notice: &AlertNotice, usual: &str) -> Result<Mail> {
    let subject = notice.subject.clone().unwrap_or_else(|| {
        words::fill(
            options.text("subject_template").unwrap_or(usual),
            &[("alert_name", &notice.name), ("state", &notice.state.as_str().to_uppercase())],
        )
    });
    let (text, html) = match &notice.body {
        Some(body) => (words::plain(body), words::page(body)),
        None => (default_text(notice), default_html(notice)),
    };
    Ok(Mail {
        to: addresses(options)?,
        subject,
        text,
        html: Some(html),
        deduplication: notice.delivery.to_string(),
    })
}

fn default_text(notice: &AlertNotice) -> String {
    let mut lines = vec![format!("{}.", words::happened(notice)), String::new()];
    lines.extend(words::condition(notice).map(|condition| format!("Condition: {condition}")));
    lines.extend(notice.value.as_ref().map(|value| format!("Value: {value}")));
    lines.push(format!("Query: {} {}", notice.query_name, words::query_url(notice)));
    lines.push(format!("Alert: {}", words::alert_url(notice)));
    lines.join("\n")
}

fn default_html(notice: &AlertNotice) -> String {
    let mut rows = String::new();
    let mut row = |name: &str, value: &str| {
        rows.push_str(&format!("<tr><td>{name}</td><td>{value}</td></tr>"));
    };
    if let Some(condition) = words::condition(notice) {
        row("Condition", &words::html(&condition));
    }
    if let Some(value) = &notice.value {
        row("Value", &words::html(value));
    }
    let link = |url: String, text: &str| {
        format!("<a href=\"{}\">{}</a>", words::html(&url), words::html(text))
    };
    row("Query", &link(words::query_url(notice), &notice.query_name));
    row("Alert", &link(words::alert_url(notice), &notice.name));
    format!(
        "<p><b style=\"color:{}\">{}.</b></p><table cellpadding=\"4\">{rows}</table>",
        words::hex_colour(notice.state),
        words::html(&words::happened(notice)),
    )
}
