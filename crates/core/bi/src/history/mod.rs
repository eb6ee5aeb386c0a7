//! The history of queries and dashboards: what changed between versions, and how an object was.

mod diff;

use std::collections::HashMap;

use serde_json::Map;
use tessera_access::Caller;
use tessera_kernel::ids::UserId;
use tessera_kernel::{Page, Result};

use crate::service::Parts;
use crate::{Change, Json};

pub use diff::unified_diff;

/// A step of the history, and who made it.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryStep {
    /// The step.
    pub change: Change,
    /// The name of who made it; `None` if that is not known any more.
    pub author: Option<String>,
}

/// Adds the names of who made the steps. Who works here is not told to the holder of a link.
pub(crate) async fn signed(
    parts: &Parts,
    caller: &Caller,
    page: Page<Change>,
) -> Result<Page<HistoryStep>> {
    if caller.user().is_none() {
        return Ok(page
            .map(|change| HistoryStep { change: Change { user: None, ..change }, author: None }));
    }
    let mut users: Vec<UserId> = page.items.iter().filter_map(|change| change.user).collect();
    users.sort_unstable();
    users.dedup();
    let users = parts.access.users_by_ids(&users).await?;
    let names: HashMap<UserId, String> =
        users.into_iter().map(|user| (user.id, user.name)).collect();
    Ok(page.map(|change| {
        let author = change.user.and_then(|user| names.get(&user).cloned());
        HistoryStep { change, author }
    }))
}

/// What differs between two versions of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionDiff {
    /// The earlier version, or whichever was named first.
    pub from: i64,
    /// The other version.
    pub to: i64,
    /// What differs: `{field: {previous, current}}`.
    pub changes: Json,
}

/// What the name of a widget's entry in the history of its dashboard begins with; its number follows.
pub(crate) const WIDGET: &str = "widget ";

/// The fields of an object as of a version, and its widgets: those of today, with all steps since
/// taken back. `steps` are the changes after that version, newest first.
pub(crate) fn rewind(mut fields: Map<String, Json>, steps: &[Change]) -> Map<String, Json> {
    for step in steps {
        let Json::Object(changes) = &step.changes else { continue };
        for (name, change) in changes {
            let Some(previous) = change.get("previous") else { continue };
            if !name.starts_with(WIDGET) {
                if let Some(field) = fields.get_mut(name) {
                    *field = previous.clone();
                }
            } else if previous.is_null() {
                // It was made by this step.
                fields.remove(name);
            } else {
                fields.insert(name.clone(), previous.clone());
            }
        }
    }
    fields
}

/// What differs between two states of an object: `{field: {previous, current}}`.
pub(crate) fn differing(before: &Map<String, Json>, after: &Map<String, Json>) -> Json {
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    let changed = after.keys().chain(gone).filter_map(|name| {
        let previous = before.get(name).unwrap_or(&Json::Null);
        let current = after.get(name).unwrap_or(&Json::Null);
        let step = serde_json::json!({ "previous": previous, "current": current });
        (previous != current).then(|| (name.clone(), step))
    });
    Json::Object(changed.collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tessera_kernel::Timestamp;

    use super::*;

    fn step(version: i64, changes: Json) -> Change {
        Change {
            object_kind: "queries",
            object_id: 1,
            version,
            user: None,
            changes,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn taking_steps_back_gives_how_it_was() {
        let today = json!({ "name": "c", "query": "x", "tags": ["t"], "widget 5": {} });
        let Json::Object(today) = today else { unreachable!("it is an object") };
        let steps = [
            step(3, json!({ "name": { "previous": "b", "current": "c" } })),
            step(
                2,
                json!({
                    "name": { "previous": "a", "current": "b" },
                    "tags": { "previous": [], "current": ["t"] },
                    "widget 5": { "previous": null, "current": {} },
                    "widget 6": { "previous": { "text": "a" }, "current": null }
                }),
            ),
        ];
        let first = rewind(today.clone(), &steps);
        let was = json!({ "name": "a", "query": "x", "tags": [], "widget 6": { "text": "a" } });
        assert_eq!(Json::Object(first.clone()), was);
        let changes = differing(&first, &today);
        assert_eq!(changes["name"], json!({ "previous": "a", "current": "c" }));
        assert!(changes.get("query").is_none());
        assert_eq!(changes["widget 5"], json!({ "previous": null, "current": {} }));
        assert_eq!(changes["widget 6"], json!({ "previous": { "text": "a" }, "current": null }));
    }
}
