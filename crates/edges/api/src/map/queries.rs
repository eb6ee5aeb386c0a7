//! Queries on the wire.

use tessera_access::Caller;
use tessera_bi::{QueryDetail, QueryListing};
use tessera_kernel::Result;

use super::{access, parameters, visualizations};
use crate::wire::dashboards::WidgetQuery;
use crate::wire::queries::Query;

pub(crate) fn listing(listing: &QueryListing, caller: &Caller) -> Result<Query> {
    let query = &listing.query;
    let (definitions, options) = parameters::split(&query.options)?;
    Ok(Query {
        id: query.id.0,
        uid: query.uid,
        name: query.name.clone(),
        description: query.description.clone(),
        text: query.text.clone(),
        parameter_definitions: definitions,
        source_id: query.source.map(|source| source.0),
        owner: access::person(&listing.owner, caller),
        modified_by: None,
        options,
        schedule: query.schedule.clone(),
        tags: query.tags.clone(),
        is_draft: query.is_draft,
        is_archived: query.is_archived,
        is_favorite: listing.starred_at.is_some(),
        version: query.version,
        latest_result_id: query.latest_result.map(|result| result.0),
        retrieved_at: listing.retrieved_at,
        runtime_seconds: listing.runtime_seconds,
        created_at: query.created_at,
        updated_at: query.updated_at,
        visualizations: None,
    })
}

pub(crate) fn detail(detail: &QueryDetail, caller: &Caller) -> Result<Query> {
    let modified_by = detail.modified_by.as_ref().and_then(|user| access::person(user, caller));
    let visualizations = detail.visualizations.iter().map(visualizations::view).collect();
    Ok(Query {
        modified_by,
        visualizations: Some(visualizations),
        ..listing(&detail.listing, caller)?
    })
}

pub(crate) fn of_widget(detail: &QueryDetail) -> Result<WidgetQuery> {
    let query = &detail.listing.query;
    let (definitions, options) = parameters::split(&query.options)?;
    Ok(WidgetQuery {
        id: query.id.0,
        uid: query.uid,
        name: query.name.clone(),
        description: query.description.clone(),
        source_id: query.source.map(|source| source.0),
        parameter_definitions: definitions,
        options,
        latest_result_id: query.latest_result.map(|result| result.0),
        retrieved_at: detail.listing.retrieved_at,
    })
}
