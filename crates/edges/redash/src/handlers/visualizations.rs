//! Visualizations.

use axum::extract::Path;
use serde_json::Value as Json;
use tessera_access::{CreateVisualization, EditVisualization};
use tessera_bi::NewVisualization;

use crate::credential::Call;
use crate::map::{id, id_field, text_field, text_if, visualization_change};
use crate::wire::{self, Answer, VisualizationOut};

pub(crate) async fn create(call: Call) -> Answer {
    let body = call.object()?;
    let grant = call.permit(CreateVisualization { query: id_field(&body, "query_id")? }).await?;
    let new = NewVisualization {
        kind: text_field(&body, "type")?,
        name: text_field(&body, "name")?,
        description: text_if(&body, "description")?,
        options: body.get("options").cloned().unwrap_or(Json::Null),
    };
    let created = call.state.bi.visualizations.create(&grant, new).await?;
    wire::json(&VisualizationOut::new(&created))
}

pub(crate) async fn update(Path(visualization): Path<String>, call: Call) -> Answer {
    let act = EditVisualization { visualization: id(&visualization)? };
    let grant = call.permit(act).await?;
    let change = visualization_change(&call.object()?)?;
    let updated = call.state.bi.visualizations.update(&grant, change).await?;
    wire::json(&VisualizationOut::new(&updated))
}

pub(crate) async fn delete(Path(visualization): Path<String>, call: Call) -> Answer {
    let act = EditVisualization { visualization: id(&visualization)? };
    let grant = call.permit(act).await?;
    call.state.bi.visualizations.delete(&grant).await?;
    wire::null()
}
