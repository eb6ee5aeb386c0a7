//! Schedules of queries: what they are about to do, and what they did.

use axum::response::Response;
use tessera_access::{Action, ReadQueryHistory, ReadQueues};
use tessera_kernel::Result;

use crate::call::Call;
use crate::map;
use crate::reply;
use crate::routes::{Route, Verb};
use crate::wire::queries::Query;
use crate::wire::schedules::{Schedule, ScheduledRun};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Verb::Get,
            "/v1/queries/{id}/schedule",
            Action::QueriesHistory,
            "read_query_schedule",
            "Read what the schedule of a query is about to do",
            get,
        )
        .about("To set a schedule is to change the query, and takes `queries.schedule` as well.")
        .gives::<Schedule>(200),
        Route::new(
            Verb::Get,
            "/v1/queries/{id}/schedule/runs",
            Action::QueriesHistory,
            "list_scheduled_runs",
            "List the runs of a query by its schedule",
            runs,
        )
        .lists::<ScheduledRun>(),
        Route::new(
            Verb::Get,
            "/v1/system/overdue-queries",
            Action::SystemJobs,
            "list_overdue_queries",
            "List queries whose moment has come and whose run has not ended",
            overdue,
        )
        .lists::<Query>(),
    ]
}

async fn get(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(ReadQueryHistory { query }).await?;
    reply::ok(&map::schedules::status(call.bi().schedules.status(&grant).await?))
}

async fn runs(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(ReadQueryHistory { query }).await?;
    let paging = call.paging()?;
    let page = call.bi().schedules.runs(&grant, paging.request).await?;
    reply::ok(&paging.view(page.map(map::schedules::run)))
}

async fn overdue(call: Call) -> Result<Response> {
    let grant = call.permit(ReadQueues {}).await?;
    let (found, _) = call.bi().schedules.outdated(&grant).await?;
    let view = |listing| map::queries::listing(listing, grant.caller());
    let items = found.iter().map(view).collect::<Result<Vec<_>>>()?;
    reply::ok(&call.paging()?.cut(items))
}
