//! Users who may change a query or dashboard that is not theirs.

use axum::response::Response;
use tessera_access::{Action, Object, ReadDashboard, ReadQuery, ShareEditing};
use tessera_kernel::Result;

use crate::call::Call;
use crate::map::access::person;
use crate::reply;
use crate::routes::{Route, Verb};
use crate::wire::common::Person;

pub(crate) fn routes() -> Vec<Route> {
    let share = Action::EditingShare;
    let (query, dashboard) =
        ("/v1/queries/{id}/editors/{sub_id}", "/v1/dashboards/{id}/editors/{sub_id}");
    vec![
        Route::new(
            Verb::Get,
            "/v1/queries/{id}/editors",
            Action::QueriesRead,
            "list_query_editors",
            "List those who may change a query",
            of_query,
        )
        .lists::<Person>(),
        Route::new(Verb::Put, query, share, "add_query_editor", "Let a user edit", add_to_query)
            .empty(),
        Route::new(
            Verb::Delete,
            query,
            share,
            "remove_query_editor",
            "Stop a user from editing",
            remove_from_query,
        )
        .empty(),
        Route::new(
            Verb::Get,
            "/v1/dashboards/{id}/editors",
            Action::DashboardsRead,
            "list_dashboard_editors",
            "List those who may change a dashboard",
            of_dashboard,
        )
        .lists::<Person>(),
        Route::new(
            Verb::Put,
            dashboard,
            share,
            "add_dashboard_editor",
            "Let a user edit",
            add_to_dashboard,
        )
        .empty(),
        Route::new(
            Verb::Delete,
            dashboard,
            share,
            "remove_dashboard_editor",
            "Stop a user from editing",
            remove_from_dashboard,
        )
        .empty(),
    ]
}

async fn of_query(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(ReadQuery { query }).await?;
    let editors = call.access().query_editors(&grant).await?;
    let people = editors.iter().filter_map(|user| person(user, grant.caller()));
    reply::ok(&call.paging()?.cut(people.collect()))
}

async fn of_dashboard(call: Call) -> Result<Response> {
    let dashboard = call.dashboard_id().await?;
    let grant = call.permit(ReadDashboard { dashboard }).await?;
    let editors = call.access().dashboard_editors(&grant).await?;
    let people = editors.iter().filter_map(|user| person(user, grant.caller()));
    reply::ok(&call.paging()?.cut(people.collect()))
}

async fn add_to_query(call: Call) -> Result<Response> {
    let object = Object::Query(call.query_id(0).await?);
    set(call, object, true).await
}

async fn remove_from_query(call: Call) -> Result<Response> {
    let object = Object::Query(call.query_id(0).await?);
    set(call, object, false).await
}

async fn add_to_dashboard(call: Call) -> Result<Response> {
    let object = Object::Dashboard(call.dashboard_id().await?);
    set(call, object, true).await
}

async fn remove_from_dashboard(call: Call) -> Result<Response> {
    let object = Object::Dashboard(call.dashboard_id().await?);
    set(call, object, false).await
}

async fn set(call: Call, object: Object, granted: bool) -> Result<Response> {
    let grant = call.permit(ShareEditing { object }).await?;
    let user = call.number(1, "user")?;
    call.access().set_editor(&grant, user, granted).await?;
    reply::no_content()
}
