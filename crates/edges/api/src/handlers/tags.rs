//! Tags in use.

use axum::response::Response;
use tessera_access::{Action, ListDashboards, ListQueries};
use tessera_kernel::Result;

use crate::call::Call;
use crate::map::access::tag;
use crate::reply;
use crate::routes::{Route, Verb};
use crate::wire::common::Tag;

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Verb::Get,
            "/v1/tags/queries",
            Action::QueriesList,
            "list_query_tags",
            "List the tags of the queries one may see",
            of_queries,
        )
        .lists::<Tag>(),
        Route::new(
            Verb::Get,
            "/v1/tags/dashboards",
            Action::DashboardsList,
            "list_dashboard_tags",
            "List the tags of the dashboards one may see",
            of_dashboards,
        )
        .lists::<Tag>(),
    ]
}

async fn of_queries(call: Call) -> Result<Response> {
    let grant = call.permit(ListQueries {}).await?;
    let tags = call.bi().queries.tags(&grant).await?;
    reply::ok(&call.paging()?.cut(tags.into_iter().map(tag).collect()))
}

async fn of_dashboards(call: Call) -> Result<Response> {
    let grant = call.permit(ListDashboards {}).await?;
    let tags = call.bi().dashboards.tags(&grant).await?;
    reply::ok(&call.paging()?.cut(tags.into_iter().map(tag).collect()))
}
