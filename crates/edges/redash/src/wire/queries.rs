//! Queries and visualizations.

use serde::Serialize;
use serde_json::Value as Json;
use tessera_bi::{Bi, QueryDetail, QueryListing, Visualization};
use tessera_kernel::Result;

use super::{UserOut, time};
use crate::quirks;

/// A query. Fields that depend on where it is shown are left out when they are `None`.
#[derive(Debug, Serialize)]
pub(crate) struct QueryOut<'a> {
    id: i64,
    latest_query_data_id: Option<i64>,
    name: &'a str,
    description: Option<&'a str>,
    query: &'a str,
    query_hash: &'a str,
    schedule: Option<&'a Json>,
    api_key: Option<String>,
    is_archived: bool,
    is_draft: bool,
    updated_at: String,
    created_at: String,
    data_source_id: Option<i64>,
    options: &'a Json,
    version: i64,
    tags: &'a [String],
    is_safe: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified_by: Option<UserOut<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified_by_id: Option<Option<i64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retrieved_at: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    runtime: Option<Option<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    visualizations: Option<Vec<VisualizationOut<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_favorite: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starred_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    can_edit: Option<bool>,
}

impl<'a> QueryOut<'a> {
    fn base(bi: &Bi, listing: &'a QueryListing) -> Result<Self> {
        let query = &listing.query;
        Ok(Self {
            id: query.id.0,
            latest_query_data_id: query.latest_result.map(|result| result.0),
            name: &query.name,
            description: query.description.as_deref(),
            query: &query.text,
            query_hash: &query.hash,
            schedule: query.schedule.as_ref(),
            api_key: bi.queries.key(listing)?.map(|key| key.expose().to_owned()),
            is_archived: query.is_archived,
            is_draft: query.is_draft,
            updated_at: time(query.updated_at),
            created_at: time(query.created_at),
            data_source_id: query.source.map(|source| source.0),
            options: &query.options,
            version: query.version,
            tags: &query.tags,
            is_safe: quirks::is_safe(&query.options),
            user: None,
            user_id: None,
            last_modified_by: None,
            last_modified_by_id: None,
            retrieved_at: None,
            runtime: None,
            visualizations: None,
            is_favorite: None,
            starred_at: None,
            can_edit: None,
        })
    }

    /// In a list.
    pub(crate) fn listed(bi: &Bi, listing: &'a QueryListing) -> Result<Self> {
        Ok(Self {
            user: Some(UserOut::new(&listing.owner)),
            last_modified_by_id: Some(listing.query.modified_by.map(|user| user.0)),
            retrieved_at: Some(listing.retrieved_at.map(time)),
            runtime: Some(listing.runtime_seconds),
            starred_at: listing.starred_at.map(time),
            is_favorite: Some(listing.starred_at.is_some()),
            ..Self::base(bi, listing)?
        })
    }

    /// In the list of recent ones.
    pub(crate) fn recent(bi: &Bi, listing: &'a QueryListing) -> Result<Self> {
        Ok(Self {
            user_id: Some(listing.query.owner.0),
            last_modified_by_id: Some(listing.query.modified_by.map(|user| user.0)),
            is_favorite: Some(listing.starred_at.is_some()),
            ..Self::base(bi, listing)?
        })
    }

    /// Under a visualization of a dashboard.
    pub(crate) fn shown(bi: &Bi, detail: &'a QueryDetail) -> Result<Self> {
        Ok(Self {
            user: Some(UserOut::new(&detail.listing.owner)),
            // Pages show a name and a picture here, also when that user is gone.
            last_modified_by: Some(UserOut::new(
                detail.modified_by.as_ref().unwrap_or(&detail.listing.owner),
            )),
            ..Self::base(bi, &detail.listing)?
        })
    }

    /// By itself. Holders of keys have no favourites.
    pub(crate) fn single(bi: &Bi, detail: &'a QueryDetail, is_user: bool) -> Result<Self> {
        Ok(Self {
            visualizations: Some(detail.visualizations.iter().map(VisualizationOut::new).collect()),
            is_favorite: is_user.then_some(detail.listing.starred_at.is_some()),
            ..Self::shown(bi, detail)?
        })
    }

    /// With whether the caller may change it.
    pub(crate) fn with_can_edit(self, can_edit: bool) -> Self {
        Self { can_edit: Some(can_edit), ..self }
    }
}

/// A visualization.
#[derive(Debug, Serialize)]
pub(crate) struct VisualizationOut<'a> {
    id: i64,
    #[serde(rename = "type")]
    kind: &'a str,
    name: &'a str,
    description: Option<&'a str>,
    options: &'a Json,
    updated_at: String,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<QueryOut<'a>>,
}

impl<'a> VisualizationOut<'a> {
    pub(crate) fn new(visualization: &'a Visualization) -> Self {
        Self {
            id: visualization.id.0,
            kind: &visualization.kind,
            name: &visualization.name,
            description: visualization.description.as_deref(),
            options: &visualization.options,
            updated_at: time(visualization.updated_at),
            created_at: time(visualization.created_at),
            query: None,
        }
    }

    /// With its query.
    pub(crate) fn with_query(self, query: QueryOut<'a>) -> Self {
        Self { query: Some(query), ..self }
    }
}
