//! The history of queries: the difference between two versions, and going back to one.

use serde_json::{Map, json};
use tessera_access::{Authorized, Changes, CreateQuery, ReadQueryHistory, UpdateQuery};
use tessera_kernel::ids::{SourceId, UserId};
use tessera_kernel::{Fault, PageRequest, Result};

use super::service::fields;
use super::{Queries, Query, QueryChange, QueryDetail};
use crate::history::{VersionDiff, differing, rewind};
use crate::{Json, ObjectKind};

impl Queries {
    /// Whether nothing else happened since a version than that this user archived the query: who
    /// archives it is told no version, and may go on with the one before.
    pub(super) async fn archived_since(
        &self,
        query: &Query,
        version: i64,
        user: UserId,
    ) -> Result<bool> {
        if !query.is_archived || version + 1 != query.version {
            return Ok(false);
        }
        let last = PageRequest { number: 1, size: 1 };
        let steps = self.parts.repos.query_history(query.id, last).await?;
        Ok(steps.items.first().is_some_and(|step| {
            step.version == query.version
                && step.user == Some(user)
                && step.changes["is_archived"]["current"] == true
        }))
    }

    /// What differs between two versions of a query.
    ///
    /// # Errors
    /// `NotFound` for a version that there has not been.
    pub async fn diff(
        &self,
        grant: &Authorized<ReadQueryHistory>,
        from: i64,
        to: i64,
    ) -> Result<VersionDiff> {
        let query = self.require(grant.act().query).await?;
        let (before, after) = (self.as_of(&query, from).await?, self.as_of(&query, to).await?);
        Ok(VersionDiff { from, to, changes: differing(&before, &after) })
    }

    /// The data source that a query had as of a version: to ask the gate about it before going
    /// back. `None` if it had none, or if that is gone.
    ///
    /// # Errors
    /// `NotFound` for a version that there has not been.
    pub async fn source_as_of(
        &self,
        grant: &Authorized<ReadQueryHistory>,
        version: i64,
    ) -> Result<Option<SourceId>> {
        let query = self.require(grant.act().query).await?;
        let fields = self.as_of(&query, version).await?;
        let Some(source) = source_of(&fields) else { return Ok(None) };
        Ok(self.parts.repos.source(source).await?.map(|source| source.id))
    }

    /// Makes a new version of a query with what it was as of an earlier one: name, description,
    /// text, options, tags and data source. Its schedule and whether it is a draft stay; a data
    /// source that is gone stays what it is now. `expected` is the version that the caller saw;
    /// `None` overwrites whatever is there.
    ///
    /// # Errors
    /// `NotFound` for a version that there has not been; otherwise as
    /// [`update`](Self::update).
    pub async fn restore(
        &self,
        grant: &Authorized<UpdateQuery>,
        version: i64,
        expected: Option<i64>,
        destination: Option<&Authorized<CreateQuery>>,
    ) -> Result<QueryDetail> {
        let query = self.require(grant.act().query).await?;
        let fields = self.as_of(&query, version).await?;
        let wanted = source_of(&fields);
        // Without the right to the earlier data source, and without noticing, nothing moves.
        let moves = wanted.is_some() && wanted != query.source;
        if moves
            && destination.is_none()
            && let Some(source) = wanted
            && self.parts.repos.source(source).await?.is_some()
        {
            let detail = "the version ran on another data source; that takes the right to it";
            return Err(Fault::new(tessera_kernel::Code::Forbidden, detail));
        }
        let change = QueryChange {
            // What was read above must still be there.
            expected_version: expected.or(Some(query.version)),
            name: text(&fields, "name"),
            description: Some(text(&fields, "description")),
            text: text(&fields, "query"),
            options: fields.get("options").cloned(),
            tags: tags(&fields),
            ..QueryChange::default()
        };
        let detail = self.update(grant, change, destination.filter(|_| moves)).await?;
        let noted = Changes::new().field("restored_version", Json::Null, version);
        self.parts.gate.audit().record_changes(grant, noted).await?;
        Ok(detail)
    }

    /// The fields of a query as of a version.
    async fn as_of(&self, query: &Query, version: i64) -> Result<Map<String, Json>> {
        let missing = || Fault::not_found("version").with_field("version");
        if version < 1 || version > query.version {
            return Err(missing());
        }
        let repos = &self.parts.repos;
        let steps = repos.changes_since(ObjectKind::Query, query.id.0, version).await?;
        // Without every step since, what it was is not known.
        let oldest = steps.last().map_or(query.version, |step| step.version - 1);
        if oldest > version {
            return Err(missing());
        }
        let mut fields = rewind(fields(query), &steps);
        // Before the history was kept in full, texts of versions were kept on their own.
        if let Some(kept) = repos.query_version(query.id, version).await? {
            fields.insert("query".to_owned(), json!(kept.text));
            fields.insert("options".to_owned(), kept.options);
        }
        Ok(fields)
    }
}

fn text(fields: &Map<String, Json>, name: &str) -> Option<String> {
    fields.get(name).and_then(Json::as_str).map(str::to_owned)
}

fn tags(fields: &Map<String, Json>) -> Option<Vec<String>> {
    let tags = fields.get("tags")?.as_array()?;
    Some(tags.iter().filter_map(Json::as_str).map(str::to_owned).collect())
}

fn source_of(fields: &Map<String, Json>) -> Option<SourceId> {
    fields.get("data_source_id").and_then(Json::as_i64).map(SourceId)
}
