//! Visualizations of a query.

use axum::response::Response;
use tessera_access::{Action, CreateVisualization, EditVisualization, ReadQuery};
use tessera_kernel::Result;

use crate::call::Call;
use crate::map::visualizations::view;
use crate::reply;
use crate::routes::{Route, Verb};
use crate::wire::visualizations::{NewVisualization, Visualization, VisualizationChange};

pub(crate) fn routes() -> Vec<Route> {
    let (all, one) = ("/v1/queries/{id}/visualizations", "/v1/visualizations/{id}");
    let edit = Action::VisualizationsEdit;
    vec![
        Route::new(
            Verb::Get,
            all,
            Action::QueriesRead,
            "list_visualizations",
            "List the visualizations of a query",
            list,
        )
        .lists::<Visualization>(),
        Route::new(Verb::Post, all, edit, "create_visualization", "Add a visualization", create)
            .reads::<NewVisualization>()
            .creates()
            .gives::<Visualization>(201),
        Route::new(
            Verb::Patch,
            one,
            edit,
            "update_visualization",
            "Change a visualization",
            update,
        )
        .reads::<VisualizationChange>()
        .gives::<Visualization>(200),
        Route::new(
            Verb::Delete,
            one,
            edit,
            "delete_visualization",
            "Delete a visualization",
            delete,
        )
        .about("The widgets that show it go as well.")
        .empty(),
    ]
}

async fn list(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(ReadQuery { query }).await?;
    let detail = call.bi().queries.get(&grant).await?;
    reply::ok(&call.paging()?.cut(detail.visualizations.iter().map(view).collect()))
}

async fn create(call: Call) -> Result<Response> {
    let query = call.query_id(0).await?;
    let grant = call.permit(CreateVisualization { query }).await?;
    let body: NewVisualization = call.json()?;
    let new = tessera_bi::NewVisualization {
        kind: body.r#type,
        name: body.name,
        description: Some(body.description),
        options: body.options.unwrap_or_else(|| serde_json::json!({})),
    };
    let made = call.bi().visualizations.create(&grant, new).await?;
    reply::created(&format!("/v1/visualizations/{}", made.id), &view(&made))
}

async fn update(call: Call) -> Result<Response> {
    let visualization = call.number(0, "visualization")?;
    let grant = call.permit(EditVisualization { visualization }).await?;
    let body: VisualizationChange = call.json()?;
    let change = tessera_bi::VisualizationChange {
        kind: body.r#type,
        name: body.name,
        description: body.description,
        options: body.options,
    };
    reply::ok(&view(&call.bi().visualizations.update(&grant, change).await?))
}

async fn delete(call: Call) -> Result<Response> {
    let visualization = call.number(0, "visualization")?;
    let grant = call.permit(EditVisualization { visualization }).await?;
    call.bi().visualizations.delete(&grant).await?;
    reply::no_content()
}
