//! A graph that a client sends back, changed. Both generations of words are read.

use serde_json::{Map, Value as Json};
use tessera_access::{AccessLevel, Group, GroupAccess};
use tessera_kernel::ids::{GroupId, SourceId};

use crate::errors::Refusal;
use crate::wire::graph::{database, level};

/// What is to change; `None` takes the access away.
pub(crate) type Changes = Vec<(GroupId, SourceId, Option<AccessLevel>)>;

/// A change of the graph.
#[derive(Debug, PartialEq)]
pub(crate) struct GraphChange {
    pub(crate) revision: Option<i64>,
    pub(crate) changes: Changes,
}

fn refuse(text: impl Into<String>) -> Refusal {
    Refusal::field("groups", text)
}

/// Reads a body against what there is.
pub(crate) fn read(
    body: &Map<String, Json>,
    groups: &[Group],
    sources: &[SourceId],
    access: &GroupAccess,
) -> Result<GraphChange, Refusal> {
    for name in ["sandboxes", "impersonations"] {
        let given = body.get(name).and_then(Json::as_array);
        if given.is_some_and(|list| !list.is_empty()) {
            return Err(Refusal::field(name, "is not served; limit rows with the terms of a key"));
        }
    }
    let wanted = body.get("groups").and_then(Json::as_object);
    let wanted = wanted.ok_or_else(|| refuse("must be an object of groups"))?;
    let mut changes = Vec::new();
    for (group, databases) in wanted {
        let group = number(group)
            .and_then(|id| groups.iter().find(|known| known.id.0 == id))
            .ok_or_else(|| refuse(format!("there is no group {group}")))?;
        let databases = databases
            .as_object()
            .ok_or_else(|| refuse(format!("group {} must be an object of databases", group.id)))?;
        for (source, value) in databases {
            let source = number(source)
                .and_then(|id| sources.iter().find(|known| known.0 == id))
                .ok_or_else(|| refuse(format!("there is no database {source}")))?;
            let before = level(access, group.id, *source);
            let shown = database(before, group.is_admin());
            let after = read_database(value, &shown, before)
                .map_err(|text| refuse(format!("group {}, database {source}: {text}", group.id)))?;
            if group.is_admin() {
                if value.get("view-data").is_some_and(|view| *view != shown["view-data"])
                    || value.get("create-queries").is_some_and(|v| *v != shown["create-queries"])
                {
                    return Err(refuse("administrators reach everything"));
                }
            } else if after != before {
                changes.push((group.id, *source, after));
            }
        }
    }
    Ok(GraphChange { revision: body.get("revision").and_then(Json::as_i64), changes })
}

fn number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number| *number > 0)
}

/// The level that words for one database ask for. What is not said stays as it is `shown`.
fn read_database(
    value: &Json,
    shown: &Json,
    before: Option<AccessLevel>,
) -> Result<Option<AccessLevel>, String> {
    let fields = value.as_object().ok_or("must be an object")?;
    for name in ["download", "data-model", "details"] {
        let given = fields.get(name);
        // Words that go with a level follow it; others cannot be chosen.
        let fits = given.is_none_or(|given| *given == shown[name] || name == "download");
        if !fits {
            return Err(format!("{name} cannot be chosen here"));
        }
    }
    if let Some(data) = fields.get("data") {
        return read_older(data);
    }
    if !fields.contains_key("view-data") && !fields.contains_key("create-queries") {
        return Ok(before);
    }
    let word = |name: &str| fields.get(name).unwrap_or(&shown[name]).as_str();
    let create = match word("create-queries") {
        Some("query-builder-and-native") => Some(AccessLevel::Full),
        Some("no") => Some(AccessLevel::ViewOnly),
        _ => {
            return Err(
                "create-queries is query-builder-and-native or no here: there is no right \
                        to a part of it, or to single tables"
                    .to_owned(),
            );
        }
    };
    match word("view-data") {
        Some("unrestricted") => Ok(create),
        Some("blocked") if create == Some(AccessLevel::ViewOnly) => Ok(None),
        Some("blocked") => Err("who is blocked cannot create queries".to_owned()),
        _ => Err("view-data is unrestricted or blocked here".to_owned()),
    }
}

/// The words of before v0.50.
fn read_older(data: &Json) -> Result<Option<AccessLevel>, String> {
    match (data["native"].as_str().unwrap_or("none"), data["schemas"].as_str()) {
        ("write", Some("all")) => Ok(Some(AccessLevel::Full)),
        ("none", Some("none")) => Ok(Some(AccessLevel::ViewOnly)),
        ("none", Some("block")) => Ok(None),
        _ => Err("data is native write with schemas all, or native none with schemas none or \
                  block here"
            .to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tessera_kernel::Timestamp;
    use tessera_kernel::ids::Uid;

    use super::*;

    fn group(id: i64, name: &str) -> Group {
        Group {
            id: GroupId(id),
            uid: Uid::nil(),
            name: name.to_owned(),
            builtin: id < 3,
            permissions: Vec::new(),
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn check(value: Json) -> Result<Changes, Refusal> {
        let groups = [group(1, "admin"), group(2, "default"), group(3, "team")];
        let access = vec![(GroupId(3), SourceId(7), AccessLevel::ViewOnly)];
        let body = json!({ "revision": 1, "groups": value });
        let body = body.as_object().expect("an object");
        read(body, &groups, &[SourceId(7)], &access).map(|change| change.changes)
    }

    #[test]
    fn both_generations_of_words_are_read() {
        let team = |value: Json| check(json!({ "3": { "7": value } }));
        let full = vec![(GroupId(3), SourceId(7), Some(AccessLevel::Full))];
        let gone = vec![(GroupId(3), SourceId(7), None)];
        let new =
            json!({ "view-data": "unrestricted", "create-queries": "query-builder-and-native" });
        assert_eq!(team(new), Ok(full.clone()));
        assert_eq!(team(json!({ "create-queries": "query-builder-and-native" })), Ok(full.clone()));
        assert_eq!(team(json!({ "data": { "native": "write", "schemas": "all" } })), Ok(full));
        assert_eq!(team(json!({ "view-data": "blocked" })), Ok(gone.clone()));
        assert_eq!(team(json!({ "data": { "native": "none", "schemas": "block" } })), Ok(gone));
        assert_eq!(team(json!({ "data": { "native": "none", "schemas": "none" } })), Ok(vec![]));
        assert_eq!(team(json!({})), Ok(vec![]));
    }

    #[test]
    fn what_cannot_be_given_is_refused_and_not_rounded() {
        let team = |value: Json| check(json!({ "3": { "7": value } })).is_err();
        assert!(team(json!({ "create-queries": "query-builder" })));
        assert!(team(json!({ "create-queries": { "public": "query-builder" } })));
        assert!(team(
            json!({ "view-data": "blocked", "create-queries": "query-builder-and-native" })
        ));
        assert!(team(json!({ "data": { "native": "none", "schemas": "all" } })));
        assert!(team(json!({ "details": "yes" })));
        assert!(check(json!({ "9": {} })).is_err() && check(json!({ "3": { "9": {} } })).is_err());
        assert!(check(json!({ "1": { "7": { "view-data": "blocked" } } })).is_err());
    }

    #[test]
    fn what_was_read_can_be_sent_back() {
        let shown = database(Some(AccessLevel::ViewOnly), false);
        assert_eq!(check(json!({ "3": { "7": shown } })), Ok(vec![]));
        assert_eq!(check(json!({ "1": { "7": database(None, true) } })), Ok(vec![]));
        assert_eq!(check(json!({ "2": { "7": database(None, false) } })), Ok(vec![]));
    }
}
