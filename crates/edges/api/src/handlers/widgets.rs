//! Widgets of a dashboard.

use axum::response::Response;
use tessera_access::{Action, EditWidget, UpdateDashboard};
use tessera_kernel::Result;
use tessera_kernel::ids::VisualizationId;

use crate::call::Call;
use crate::map::dashboards::widget;
use crate::reply;
use crate::routes::{Route, Verb};
use crate::wire::dashboards::{NewWidget, Widget, WidgetChange};

pub(crate) fn routes() -> Vec<Route> {
    let one = "/v1/widgets/{id}";
    let edit = Action::DashboardsUpdate;
    vec![
        Route::new(
            Verb::Post,
            "/v1/dashboards/{id}/widgets",
            edit,
            "create_widget",
            "Add a widget to a dashboard",
            create,
        )
        .reads::<NewWidget>()
        .creates()
        .gives::<Widget>(201),
        Route::new(Verb::Patch, one, edit, "update_widget", "Change a widget", update)
            .reads::<WidgetChange>()
            .gives::<Widget>(200),
        Route::new(Verb::Delete, one, edit, "delete_widget", "Delete a widget", delete).empty(),
    ]
}

async fn create(call: Call) -> Result<Response> {
    let dashboard = call.dashboard_id().await?;
    let grant = call.permit(UpdateDashboard { dashboard }).await?;
    let body: NewWidget = call.json()?;
    let new = tessera_bi::NewWidget {
        visualization: body.visualization_id.map(VisualizationId),
        text: body.text,
        width: body.width,
        options: body.options.unwrap_or_default(),
    };
    let (made, restricted) = call.bi().dashboards.add_widget(&grant, new).await?;
    reply::created(&format!("/v1/widgets/{}", made.widget.id), &widget(&made, restricted)?)
}

async fn update(call: Call) -> Result<Response> {
    let grant = call.permit(EditWidget { widget: call.number(0, "widget")? }).await?;
    let body: WidgetChange = call.json()?;
    let change = tessera_bi::WidgetChange { text: body.text, options: body.options };
    let (changed, restricted) = call.bi().dashboards.update_widget(&grant, change).await?;
    reply::ok(&widget(&changed, restricted)?)
}

async fn delete(call: Call) -> Result<Response> {
    let grant = call.permit(EditWidget { widget: call.number(0, "widget")? }).await?;
    call.bi().dashboards.delete_widget(&grant).await?;
    reply::no_content()
}
