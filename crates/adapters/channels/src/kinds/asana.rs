//! `asana`: a task in a project (<https://developers.asana.com/reference/createtask>).

use serde_json::json;
use tessera_bi::{AlertNotice, AlertState, ChannelType};
use tessera_kernel::Result;

use super::{Kind, Surroundings, Way};
use crate::http::{Post, Sender};
use crate::options::Options;
use crate::words;

pub(super) const KIND: Kind = Kind { describe, check, way: Way::Http(posts) };

fn describe() -> ChannelType {
    ChannelType {
        kind: "asana",
        title: "Asana",
        icon: "fa-asana",
        schema: json!({
            "type": "object",
            "properties": {
                "pat": { "type": "string", "title": "Asana Personal Access Token" },
                "project_id": { "type": "string", "title": "Asana Project ID" },
            },
            "secret": ["pat"],
            "required": ["pat", "project_id"],
        }),
    }
}

fn check(options: Options<'_>, _: &Sender) -> Result<()> {
    options.need("pat")?;
    options.need("project_id").map(drop)
}

fn posts(
    options: Options<'_>,
    notice: &AlertNotice,
    surroundings: &Surroundings<'_>,
) -> Result<Vec<Post>> {
    let state = match notice.state {
        AlertState::Triggered => "TRIGGERED",
        AlertState::Ok => "RECOVERED",
        AlertState::Unknown => "UNKNOWN",
    };
    let mut notes = vec![words::subject(notice)];
    notes.extend(notice.body.as_deref().map(words::plain));
    notes.push(format!("Query: {}\nAlert: {}", words::query_url(notice), words::alert_url(notice)));
    let task = json!({
        "data": {
            "name": format!("[Tessera Alert] {state}: {}", notice.name),
            "notes": notes.join("\n\n"),
            "projects": [options.need("project_id")?],
        },
    });
    let base = &surroundings.services.asana;
    let post = Post::json(format!("{base}/api/1.0/tasks"), &task);
    Ok(vec![post.with("authorization", format!("Bearer {}", options.need("pat")?))])
}
