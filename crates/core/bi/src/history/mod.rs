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

/// The fields of an object as of a version: those of today, with all steps since taken back.
/// `steps` are the changes after that version, newest first.
pub(crate) fn rewind(mut fields: Map<String, Json>, steps: &[Change]) -> Map<String, Json> {
    for step in steps {
        let Json::Object(changes) = &step.changes else { continue };
        for (name, change) in changes {
            // Only fields of the object itself: a step may also tell of what belongs to it.
            if let (Some(field), Some(previous)) = (fields.get_mut(name), change.get("previous")) {
                *field = previous.clone();
            }
        }
    }
    fields
}

/// What differs between two states of an object: `{field: {previous, current}}`.
pub(crate) fn differing(before: &Map<String, Json>, after: &Map<String, Json>) -> Json {
    let changed = after.iter().filter_map(|(name, current)| {
        let previous = before.get(name).unwrap_or(&Json::Null);
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
        let Json::Object(today) = json!({ "name": "c", "query": "x", "tags": ["t"] }) else {
            unreachable!("it is an object")
        };
        let steps = [
            step(3, json!({ "name": { "previous": "b", "current": "c" } })),
            step(
                2,
                json!({
                    "name": { "previous": "a", "current": "b" },
                    "tags": { "previous": [], "current": ["t"] },
                    "widget 5": { "previous": null, "current": {} }
                }),
            ),
        ];
        let first = rewind(today.clone(), &steps);
        assert_eq!(Json::Object(first.clone()), json!({ "name": "a", "query": "x", "tags": [] }));
        let changes = differing(&first, &today);
        assert_eq!(changes["name"], json!({ "previous": "a", "current": "c" }));
        assert!(changes.get("query").is_none());
    }
}
