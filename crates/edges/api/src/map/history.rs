//! The history on the wire: members under their own names, and texts line by line.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tessera_access::Caller;
use tessera_bi as core;
use tessera_bi::{WidgetLoss, unified_diff};
use tessera_kernel::Result;

use super::dashboards;
use crate::wire::history::{Change, LostWidget, RestoredDashboard, VersionDiff};

pub(crate) fn step(step: core::HistoryStep) -> Change {
    let change = step.change;
    let changes = own_names(change.changes);
    // A step leads from the version before to its own; a step of what belongs to the object stays.
    let headings = (change.version - 1, change.version);
    Change {
        version: change.version,
        user_id: change.user.map(|user| user.0),
        user_name: step.author,
        diffs: diffs(&changes, headings),
        changes,
        at: change.at,
    }
}

pub(crate) fn version_diff(diff: core::VersionDiff) -> VersionDiff {
    let changes = own_names(diff.changes);
    let diffs = diffs(&changes, (diff.from, diff.to));
    VersionDiff { from: diff.from, to: diff.to, changes, diffs }
}

pub(crate) fn restored(
    restored: &core::RestoredDashboard,
    caller: &Caller,
) -> Result<RestoredDashboard> {
    let lost = restored.lost.iter().map(|lost| {
        let (reason, detail) = loss(lost.why);
        let visualization_id = lost.visualization.map(|shown| shown.0);
        LostWidget { id: lost.id.0, visualization_id, reason, detail }
    });
    Ok(RestoredDashboard {
        dashboard: dashboards::detail(&restored.detail, caller)?,
        lost_widgets: lost.collect(),
    })
}

const fn loss(why: WidgetLoss) -> (&'static str, &'static str) {
    match why {
        WidgetLoss::VisualizationGone => ("visualization_gone", "the visualization was deleted"),
        WidgetLoss::QueryArchived => (
            "query_archived",
            "the query is archived; bring it back from the trash, then restore again",
        ),
        WidgetLoss::SourceClosed => ("source_closed", "the query's data source is closed to you"),
    }
}

/// The history keeps the names of members that its first clients knew.
fn own_names(changes: Value) -> Value {
    let Value::Object(members) = changes else { return changes };
    let renamed = members.into_iter().map(|(name, value)| {
        let name = match name.as_str() {
            "query" => "text".to_owned(),
            "data_source_id" => "source_id".to_owned(),
            "dashboard_filters_enabled" => "has_filters".to_owned(),
            _ => name,
        };
        (name, value)
    });
    Value::Object(renamed.collect::<Map<_, _>>())
}

/// The lines that differ, of members whose values are long enough to be read line by line.
fn diffs(changes: &Value, (from, to): (i64, i64)) -> BTreeMap<String, String> {
    let headings = (format!("version {from}"), format!("version {to}"));
    let members = changes.as_object().into_iter().flatten();
    let diff = |(name, change): (&String, &Value)| {
        let (previous, current) =
            (lines(name, &change["previous"])?, lines(name, &change["current"])?);
        let text = unified_diff(&previous, &current, (&headings.0, &headings.1));
        (!text.is_empty()).then(|| (name.clone(), text))
    };
    members.filter_map(diff).collect()
}

/// A member as lines; `None` for those that say all in a word.
fn lines(name: &str, value: &Value) -> Option<String> {
    match (name, value) {
        ("text" | "description", Value::String(text))
            if text.is_empty() || text.ends_with('\n') =>
        {
            Some(text.clone())
        }
        // A line that is not ended would be told as such in every diff.
        ("text" | "description", Value::String(text)) => Some(format!("{text}\n")),
        ("text" | "description", Value::Null) => Some(String::new()),
        ("options" | "layout" | "schedule", Value::Object(_) | Value::Array(_)) => {
            serde_json::to_string_pretty(value).ok().map(|text| format!("{text}\n"))
        }
        ("options" | "layout" | "schedule", Value::Null) => Some(String::new()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tessera_kernel::Timestamp;
    use tessera_kernel::ids::UserId;

    use super::*;

    #[test]
    fn texts_are_compared_line_by_line_and_members_have_their_own_names() {
        let change = core::Change {
            object_kind: "queries",
            object_id: 1,
            version: 3,
            user: Some(UserId(7)),
            changes: json!({
                "query": { "previous": "select 1", "current": "select 2" },
                "name": { "previous": "a", "current": "b" },
                "options": { "previous": { "a": 1 }, "current": { "a": 2 } },
            }),
            at: Timestamp::UNIX_EPOCH,
        };
        let shown = step(core::HistoryStep { change, author: Some("Ada".to_owned()) });
        assert_eq!(shown.user_name.as_deref(), Some("Ada"));
        assert_eq!(
            shown.diffs["text"],
            "--- version 2\n+++ version 3\n@@ -1 +1 @@\n-select 1\n+select 2\n"
        );
        assert!(shown.diffs["options"].contains("-  \"a\": 1\n+  \"a\": 2\n"));
        assert!(!shown.diffs.contains_key("name"));
    }
}
