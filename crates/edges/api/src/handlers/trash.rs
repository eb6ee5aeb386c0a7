//! The trash: archived queries and dashboards.

use axum::response::Response;
use tessera_access::{
    Action, DeleteDashboard, DeleteQuery, ListTrash, UpdateDashboard, UpdateQuery,
};
use tessera_bi::{Found, ObjectKind};
use tessera_kernel::Result;

use super::search::Rights;
use crate::call::Call;
use crate::map;
use crate::reply;
use crate::routes::{Param, Route, Verb};
use crate::wire::dashboards::Dashboard;
use crate::wire::queries::Query;
use crate::wire::search::{TrashWeight, TrashedObject};

const KIND: Param = Param::new(
    "kind",
    "string",
    "Only objects of this kind: `query` or `dashboard`; sent several times, of each of them.",
)
.repeated();

pub(crate) fn routes() -> Vec<Route> {
    let (query, dashboard) = ("/v1/trash/queries/{id}", "/v1/trash/dashboards/{id}");
    let delete = Action::TrashDelete;
    vec![
        Route::new(Verb::Get, "/v1/trash", Action::TrashList, "list_trash", "List the trash", list)
            .about("Archived queries and dashboards that the caller may see, newest first.")
            .params(&[KIND])
            .lists::<TrashedObject>(),
        Route::new(
            Verb::Post,
            "/v1/trash/queries/{id}/restore",
            Action::QueriesUpdate,
            "restore_trashed_query",
            "Bring a query back",
            restore_query,
        )
        .about("Its schedule, its alerts and the widgets that showed it do not come back.")
        .gives::<Query>(200),
        Route::new(
            Verb::Post,
            "/v1/trash/dashboards/{id}/restore",
            Action::DashboardsUpdate,
            "restore_trashed_dashboard",
            "Bring a dashboard back",
            restore_dashboard,
        )
        .about("With its widgets; it has no public link any more.")
        .gives::<Dashboard>(200),
        Route::new(
            Verb::Get,
            query,
            delete,
            "weigh_trashed_query",
            "What would go with a query",
            weigh_query,
        )
        .gives::<TrashWeight>(200),
        Route::new(
            Verb::Get,
            dashboard,
            delete,
            "weigh_trashed_dashboard",
            "What would go with a dashboard",
            weigh_dashboard,
        )
        .gives::<TrashWeight>(200),
        Route::new(
            Verb::Delete,
            query,
            delete,
            "delete_trashed_query",
            "Delete a query for good",
            delete_query,
        )
        .about(
            "With its visualizations, widgets, alerts, keys, history, and the results that only it \
             has. Nothing brings it back. Answers what went.",
        )
        .gives::<TrashWeight>(200),
        Route::new(
            Verb::Delete,
            dashboard,
            delete,
            "delete_trashed_dashboard",
            "Delete a dashboard for good",
            delete_dashboard,
        )
        .about("With its widgets, keys and history. Nothing brings it back. Answers what went.")
        .gives::<TrashWeight>(200),
    ]
}

async fn list(call: Call) -> Result<Response> {
    call.permit(ListTrash {}).await?;
    let rights = Rights::of(&call, &ObjectKind::ARCHIVED).await?;
    let paging = call.paging()?;
    let page = call.bi().trash.list(&rights.all(), paging.request).await?;
    reply::ok(&paging.view(page.map(view)))
}

fn view(found: Found) -> TrashedObject {
    TrashedObject {
        kind: found.kind.as_str(),
        id: found.id,
        uid: found.uid,
        name: found.name,
        owner_id: found.owner.0,
        owner_name: found.owner_name,
        updated_at: found.updated_at,
    }
}

async fn restore_query(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(UpdateQuery { query }).await?;
    let detail = call.bi().trash.restore_query(&grant).await?;
    let version = detail.listing.query.version;
    reply::with_version(reply::ok(&map::queries::detail(&detail, grant.caller())?), version)
}

async fn restore_dashboard(call: Call) -> Result<Response> {
    let dashboard = call.dashboard_id().await?;
    let grant = call.permit(UpdateDashboard { dashboard }).await?;
    let detail = call.bi().trash.restore_dashboard(&grant).await?;
    let version = detail.listing.dashboard.version;
    reply::with_version(reply::ok(&map::dashboards::detail(&detail, grant.caller())?), version)
}

async fn weigh_query(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(DeleteQuery { query }).await?;
    reply::ok(&TrashWeight::from(&call.bi().trash.weigh_query(&grant).await?))
}

async fn weigh_dashboard(call: Call) -> Result<Response> {
    let dashboard = call.dashboard_id().await?;
    let grant = call.permit(DeleteDashboard { dashboard }).await?;
    reply::ok(&TrashWeight::from(&call.bi().trash.weigh_dashboard(&grant).await?))
}

async fn delete_query(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(DeleteQuery { query }).await?;
    reply::ok(&TrashWeight::from(&call.bi().trash.delete_query(&grant).await?))
}

async fn delete_dashboard(call: Call) -> Result<Response> {
    let dashboard = call.dashboard_id().await?;
    let grant = call.permit(DeleteDashboard { dashboard }).await?;
    reply::ok(&TrashWeight::from(&call.bi().trash.delete_dashboard(&grant).await?))
}
