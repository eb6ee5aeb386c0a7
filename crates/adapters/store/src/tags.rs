//! Tags and history: what queries and dashboards have in common.

use serde_json::Value as Json;
use tessera_access::Visible;
use tessera_bi::{Change, TagCount};
use tessera_kernel::ids::UserId;
use tessera_kernel::{Result, Timestamp};

use crate::db::{Row, Tx, Value, call, id_list};

/// Tags as they are stored with their object.
pub(crate) fn tags_value(tags: &[String]) -> Value {
    Value::Text(Json::from(tags.to_vec()).to_string())
}

/// The first three values of every statement that asks what a caller may see.
pub(crate) fn visible_values(visible: &Visible) -> [Value; 3] {
    [
        visible.everything.into(),
        visible.user.into(),
        id_list(visible.sources.iter().map(|source| source.0)),
    ]
}

pub(crate) fn read_tag_counts(rows: Vec<Row>) -> Result<Vec<TagCount>> {
    rows.into_iter().map(|mut row| Ok(TagCount { name: row.take()?, count: row.take()? })).collect()
}

/// Writes a step of the history.
pub(crate) async fn insert_change(tx: Tx<'_>, change: &Change) -> Result<()> {
    let call = call!(
        "change_insert",
        change.object_kind,
        change.object_id,
        change.version,
        change.user,
        &change.changes,
        change.at,
    );
    tx.execute(call).await.map(drop)
}

/// Reads the columns of `{change c}`; `kind` is what the statement asked for.
pub(crate) fn read_change(row: &mut Row, kind: &'static str) -> Result<Change> {
    row.take::<String>()?;
    let object_id: i64 = row.take()?;
    let version: i64 = row.take()?;
    let user: Option<UserId> = row.take()?;
    let changes: Json = row.take()?;
    let at: Timestamp = row.take()?;
    Ok(Change { object_kind: kind, object_id, version, user, changes, at })
}
