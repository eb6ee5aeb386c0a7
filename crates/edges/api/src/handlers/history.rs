//! The history of queries and dashboards: who changed what, the difference between two versions,
//! and going back to one.

use axum::response::Response;
use tessera_access::{
    Action, CreateQuery, ReadDashboardHistory, ReadQueryHistory, UpdateDashboard, UpdateQuery,
};
use tessera_bi::AsOf;
use tessera_kernel::{Fault, Result};

use crate::call::Call;
use crate::map;
use crate::reply;
use crate::routes::{Param, Route, Verb};
use crate::wire::history::{Change, Restore, RestoreDashboard, RestoredDashboard, VersionDiff};
use crate::wire::queries::Query;

const VERSIONS: [Param; 2] = [
    Param::new("from", "integer", "The earlier version."),
    Param::new("to", "integer", "The later version."),
];

pub(crate) fn routes() -> Vec<Route> {
    let (queries, dashboards) = (Action::QueriesHistory, Action::DashboardsHistory);
    vec![
        Route::new(
            Verb::Get,
            "/v1/queries/{id}/history",
            queries,
            "read_query_history",
            "Read the history of a query",
            query_history,
        )
        .about("Every change, newest first: who, when, and what.")
        .lists::<Change>(),
        Route::new(
            Verb::Get,
            "/v1/queries/{id}/diff",
            queries,
            "compare_query_versions",
            "Compare two versions of a query",
            query_diff,
        )
        .params(&VERSIONS)
        .gives::<VersionDiff>(200),
        Route::new(
            Verb::Post,
            "/v1/queries/{id}/restore",
            Action::QueriesUpdate,
            "restore_query_version",
            "Go back to a version of a query",
            restore_query,
        )
        .about(
            "Makes a new version with name, description, text, options, tags and data source of the \
             earlier one. Schedule and state stay. Another present version is the problem \
             `conflict`; an earlier data source also needs `queries.create` there.",
        )
        .reads::<Restore>()
        .versioned()
        .gives::<Query>(200),
        Route::new(
            Verb::Get,
            "/v1/dashboards/{id}/history",
            dashboards,
            "read_dashboard_history",
            "Read the history of a dashboard",
            dashboard_history,
        )
        .about("Every change, newest first: who, when, and what. Widgets are named `widget <id>`.")
        .lists::<Change>(),
        Route::new(
            Verb::Get,
            "/v1/dashboards/{id}/diff",
            dashboards,
            "compare_dashboard_versions",
            "Compare two versions of a dashboard",
            dashboard_diff,
        )
        .params(&VERSIONS)
        .gives::<VersionDiff>(200),
        Route::new(
            Verb::Post,
            "/v1/dashboards/{id}/restore",
            Action::DashboardsUpdate,
            "restore_dashboard_version",
            "Go back to a version of a dashboard",
            restore_dashboard,
        )
        .about(
            "Makes a new version with name, layout, options, tags, filters and widgets as they were; \
             whether it is a draft or archived stays. `lost_widgets` tells what could not be brought \
             back. Another present version is the problem `conflict`.",
        )
        .reads::<RestoreDashboard>()
        .versioned()
        .gives::<RestoredDashboard>(200),
    ]
}

async fn query_history(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(ReadQueryHistory { query }).await?;
    let paging = call.paging()?;
    let page = call.bi().queries.history(&grant, paging.request).await?;
    reply::ok(&paging.view(page.map(map::history::step)))
}

async fn dashboard_history(call: Call) -> Result<Response> {
    let dashboard = call.dashboard_id().await?;
    let grant = call.permit(ReadDashboardHistory { dashboard }).await?;
    let paging = call.paging()?;
    let page = call.bi().dashboards.history(&grant, paging.request).await?;
    reply::ok(&paging.view(page.map(map::history::step)))
}

async fn query_diff(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(ReadQueryHistory { query }).await?;
    let (from, to) = versions(&call)?;
    let diff = call.bi().queries.diff(&grant, from, to).await?;
    reply::ok(&map::history::version_diff(diff))
}

async fn dashboard_diff(call: Call) -> Result<Response> {
    let dashboard = call.dashboard_id().await?;
    let grant = call.permit(ReadDashboardHistory { dashboard }).await?;
    let (from, to) = versions(&call)?;
    let diff = call.bi().dashboards.diff(&grant, from, to).await?;
    reply::ok(&map::history::version_diff(diff))
}

fn versions(call: &Call) -> Result<(i64, i64)> {
    let read = |name: &str| {
        let text = call.text(name).unwrap_or_default();
        text.parse().map_err(|_| Fault::invalid(name, "send the number of a version"))
    };
    Ok((read("from")?, read("to")?))
}

async fn restore_query(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(UpdateQuery { query }).await?;
    let body: Restore = call.json()?;
    let expected = call.expected_version(body.expected_version)?;
    let reading = call.permit(ReadQueryHistory { query }).await?;
    let queries = &call.bi().queries;
    let destination = match queries.source_as_of(&reading, body.version).await? {
        Some(source) if Some(source) != grant.facts().source => {
            Some(call.permit(CreateQuery { source }).await?)
        }
        _ => None,
    };
    let detail = queries.restore(&grant, body.version, expected, destination.as_ref()).await?;
    let version = detail.listing.query.version;
    reply::with_version(reply::ok(&map::queries::detail(&detail, grant.caller())?), version)
}

async fn restore_dashboard(call: Call) -> Result<Response> {
    let dashboard = call.dashboard_id().await?;
    let grant = call.permit(UpdateDashboard { dashboard }).await?;
    let body: RestoreDashboard = call.json()?;
    let expected = call.expected_version(body.expected_version)?;
    let state = match (body.version, body.before) {
        (Some(version), None) => AsOf::Version(version),
        (None, Some(moment)) => AsOf::Before(moment),
        _ => return Err(Fault::invalid("version", "send either `version` or `before`")),
    };
    let restored = call.bi().dashboards.restore(&grant, state, expected).await?;
    let version = restored.detail.listing.dashboard.version;
    reply::with_version(reply::ok(&map::history::restored(&restored, grant.caller())?), version)
}
