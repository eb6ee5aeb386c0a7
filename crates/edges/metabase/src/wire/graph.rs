//! What groups may do with databases, as a graph.
//!
//! A group reaches a data source fully (run any text), to look at (results and saved queries), or
//! not at all; administrators reach everything. The values are those of the words that clients know
//! since v0.50.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value as Json, json};
use tessera_access::{AccessLevel, Group, GroupAccess};
use tessera_kernel::ids::{GroupId, SourceId};

/// All groups and databases, or those that were asked for.
#[derive(Debug, Serialize)]
pub(crate) struct GraphOut {
    revision: i64,
    groups: BTreeMap<i64, BTreeMap<i64, Json>>,
}

impl GraphOut {
    pub(crate) fn new(groups: &[Group], sources: &[SourceId], access: &GroupAccess) -> Self {
        let of = |group: &Group| {
            let value = |source: &SourceId| {
                let level = level(access, group.id, *source);
                (source.0, database(level, group.is_admin()))
            };
            (group.id.0, sources.iter().map(value).collect())
        };
        Self { revision: revision(access), groups: groups.iter().map(of).collect() }
    }
}

/// How far a group reaches into a data source.
pub(crate) fn level(access: &GroupAccess, group: GroupId, source: SourceId) -> Option<AccessLevel> {
    let found = access.iter().find(|(known, of, _)| *known == group && *of == source);
    found.map(|(_, _, level)| *level)
}

/// A number that changes with what groups reach. It is made of that itself, so that it is the same
/// on every node and after every way of changing it.
pub(crate) fn revision(access: &GroupAccess) -> i64 {
    let mut hash = crc32fast::Hasher::new();
    for (group, source, level) in access {
        hash.update(&group.0.to_le_bytes());
        hash.update(&source.0.to_le_bytes());
        hash.update(&[u8::from(*level == AccessLevel::Full)]);
    }
    i64::from(hash.finalize())
}

/// What a group may do with one database.
pub(crate) fn database(level: Option<AccessLevel>, is_admin: bool) -> Json {
    let level = if is_admin { Some(AccessLevel::Full) } else { level };
    let yes_no = if is_admin { "yes" } else { "no" };
    let model = if is_admin { "all" } else { "none" };
    let (view, create, download) = match level {
        Some(AccessLevel::Full) => ("unrestricted", "query-builder-and-native", "full"),
        Some(AccessLevel::ViewOnly) => ("unrestricted", "no", "full"),
        None => ("blocked", "no", "none"),
    };
    json!({
        "view-data": view,
        "create-queries": create,
        "download": { "schemas": download },
        "data-model": { "schemas": model },
        "details": yes_no,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_becomes_the_words_that_clients_know() {
        let words = |level, admin| {
            let value = database(level, admin);
            (value["view-data"].clone(), value["create-queries"].clone())
        };
        let full = (json!("unrestricted"), json!("query-builder-and-native"));
        assert_eq!(words(Some(AccessLevel::Full), false), full);
        assert_eq!(words(None, true), full);
        assert_eq!(words(Some(AccessLevel::ViewOnly), false), (json!("unrestricted"), json!("no")));
        assert_eq!(words(None, false), (json!("blocked"), json!("no")));
    }

    #[test]
    fn the_revision_follows_the_content() {
        let one = vec![(GroupId(1), SourceId(1), AccessLevel::Full)];
        let other = vec![(GroupId(1), SourceId(1), AccessLevel::ViewOnly)];
        assert_ne!(revision(&one), revision(&other));
        assert_ne!(revision(&one), revision(&Vec::new()));
        assert_eq!(revision(&one), revision(&one.clone()));
    }
}
