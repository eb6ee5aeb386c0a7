//! Schedules of queries: what they are about to do, and what they did.

use axum::response::Response;
use tessera_access::{Action, ReadQueryHistory, ReadQueues, ScheduleQuery, UpdateQuery};
use tessera_bi::QueryChange;
use tessera_kernel::{Fault, Result};

use crate::call::Call;
use crate::map;
use crate::reply;
use crate::routes::{Route, Verb};
use crate::wire::queries::Query;
use crate::wire::schedules::{NewSchedule, Schedule, ScheduledRun};

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
        .gives::<Schedule>(200),
        Route::new(
            Verb::Put,
            "/v1/queries/{id}/schedule",
            Action::QueriesSchedule,
            "set_query_schedule",
            "Say when a query runs by itself",
            set,
        )
        .about("A change of the query, which takes `queries.update` and `queries.history` as well.")
        .reads::<NewSchedule>()
        .gives::<Schedule>(200),
        Route::new(
            Verb::Delete,
            "/v1/queries/{id}/schedule",
            Action::QueriesUpdate,
            "remove_query_schedule",
            "Let a query not run by itself any more",
            remove,
        )
        .empty(),
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

async fn set(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    call.permit(ScheduleQuery { query }).await?;
    let grant = call.permit(UpdateQuery { query }).await?;
    let seen = call.permit(ReadQueryHistory { query }).await?;
    let body: NewSchedule = call.json()?;
    let schedule = serde_json::to_value(&body)
        .map_err(|error| Fault::internal("a schedule cannot be written", error))?;
    let change = QueryChange { schedule: Some(Some(schedule)), ..QueryChange::default() };
    call.bi().queries.update(&grant, change, None).await?;
    reply::ok(&map::schedules::status(call.bi().schedules.status(&seen).await?))
}

async fn remove(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(UpdateQuery { query }).await?;
    let change = QueryChange { schedule: Some(None), ..QueryChange::default() };
    call.bi().queries.update(&grant, change, None).await?;
    reply::no_content()
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
