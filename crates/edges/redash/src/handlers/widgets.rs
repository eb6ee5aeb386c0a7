//! Widgets.

use axum::extract::Path;
use tessera_access::{EditWidget, UpdateDashboard};

use crate::credential::Call;
use crate::map::{id, id_field, new_widget, widget_change};
use crate::wire::{self, Answer, WidgetOut};

pub(crate) async fn create(call: Call) -> Answer {
    let body = call.object()?;
    let act = UpdateDashboard { dashboard: id_field(&body, "dashboard_id")? };
    let grant = call.permit(act).await?;
    let bi = &call.state.bi;
    let (widget, restricted) = bi.dashboards.add_widget(&grant, new_widget(&body)?).await?;
    wire::json(&WidgetOut::new(bi, &widget, restricted)?)
}

pub(crate) async fn update(Path(widget): Path<String>, call: Call) -> Answer {
    let grant = call.permit(EditWidget { widget: id(&widget)? }).await?;
    let change = widget_change(&call.object()?)?;
    let bi = &call.state.bi;
    let (widget, restricted) = bi.dashboards.update_widget(&grant, change).await?;
    wire::json(&WidgetOut::new(bi, &widget, restricted)?)
}

pub(crate) async fn delete(Path(widget): Path<String>, call: Call) -> Answer {
    let grant = call.permit(EditWidget { widget: id(&widget)? }).await?;
    call.state.bi.dashboards.delete_widget(&grant).await?;
    wire::null()
}
