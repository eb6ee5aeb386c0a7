//! Queries as rows.

use tessera_bi::{Json, Query, QueryDetail, QueryListing};
use tessera_kernel::Result;

use crate::columns;
use crate::db::{Call, Row, call};
use crate::tags::tags_value;
use crate::users::{name_key, read_user};

/// Reads the columns of `{query q}`.
pub(super) fn read_query(row: &mut Row) -> Result<Query> {
    Ok(Query {
        id: row.take()?,
        uid: row.take()?,
        name: row.take()?,
        description: row.take()?,
        text: row.take()?,
        hash: row.take()?,
        template_digest: row.take()?,
        source: row.take()?,
        owner: row.take()?,
        modified_by: row.take()?,
        options: row.take()?,
        schedule: row.take()?,
        tags: row.take()?,
        is_draft: row.take()?,
        is_archived: row.take()?,
        version: row.take()?,
        latest_result: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}

/// Reads the columns of `{listing q}`.
pub(crate) fn read_listing(row: &mut Row) -> Result<QueryListing> {
    Ok(QueryListing {
        query: read_query(row)?,
        owner: read_user(row)?,
        sealed_key: row.take()?,
        key_lookup: row.take()?,
        starred_at: row.take()?,
        retrieved_at: row.take()?,
        runtime_seconds: row.take()?,
    })
}

/// Reads the columns of `{listing q}, {user m}`; visualizations are read apart.
pub(crate) fn read_detail(row: &mut Row) -> Result<QueryDetail> {
    Ok(QueryDetail {
        listing: read_listing(row)?,
        modified_by: row.optional(columns::USER_WIDTH, read_user)?,
        visualizations: Vec::new(),
    })
}

/// The seconds in a schedule, by which lists are ordered.
fn schedule_interval(schedule: Option<&Json>) -> Option<i64> {
    match schedule?.get("interval")? {
        Json::Number(seconds) => seconds.as_i64(),
        Json::String(seconds) => seconds.parse().ok(),
        _ => None,
    }
}

pub(super) fn insert(query: &Query) -> Call {
    call!(
        "query_insert",
        query.uid,
        &query.name,
        name_key(&query.name),
        query.description.clone(),
        &query.text,
        &query.hash,
        query.template_digest,
        query.source,
        query.owner,
        query.modified_by,
        &query.options,
        query.schedule.as_ref(),
        schedule_interval(query.schedule.as_ref()),
        tags_value(&query.tags),
        query.is_draft,
        query.is_archived,
        query.version,
        query.latest_result,
        query.created_at,
        query.updated_at,
    )
}

pub(super) fn update(query: &Query, expected: i64) -> Call {
    call!(
        "query_update",
        query.id,
        expected,
        query.uid,
        &query.name,
        name_key(&query.name),
        query.description.clone(),
        &query.text,
        &query.hash,
        query.template_digest,
        query.source,
        query.owner,
        query.modified_by,
        &query.options,
        query.schedule.as_ref(),
        schedule_interval(query.schedule.as_ref()),
        tags_value(&query.tags),
        query.is_draft,
        query.is_archived,
        query.version,
        query.latest_result,
        query.created_at,
        query.updated_at,
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::schedule_interval;

    #[test]
    fn the_interval_of_a_schedule_is_read_as_number_or_text() {
        assert_eq!(schedule_interval(Some(&json!({"interval": 3600}))), Some(3600));
        assert_eq!(schedule_interval(Some(&json!({"interval": "60"}))), Some(60));
        assert_eq!(schedule_interval(Some(&json!({"interval": null}))), None);
        assert_eq!(schedule_interval(None), None);
    }
}
