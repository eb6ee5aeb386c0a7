//! What people did: told by clients, read by administrators.

use axum::response::Response;
use serde_json::json;
use tessera_access::{Action, ListActivity, RecordActivity};
use tessera_kernel::ids::UserId;
use tessera_kernel::{Fault, Result};

use crate::call::Call;
use crate::reply;
use crate::routes::{Param, Route, Verb};
use crate::wire::activity::{Activity, NewActivities};

pub(crate) fn routes() -> Vec<Route> {
    let all = "/v1/activity";
    vec![
        Route::new(
            Verb::Get,
            all,
            Action::ActivityList,
            "list_activity",
            "List what people did",
            list,
        )
        .about(
            "Latest first: what clients told, and what the server noted by itself. For overviews: \
             what must be proved is in the audit log.",
        )
        .params(&[Param::new("user_id", "integer", "Only of this user.")])
        .lists::<Activity>(),
        Route::new(
            Verb::Post,
            all,
            Action::ActivityRecord,
            "record_activity",
            "Tell what one did with a client",
            record,
        )
        .reads::<NewActivities>()
        .empty(),
    ]
}

fn view(activity: tessera_bi::Activity) -> Activity {
    Activity {
        id: activity.id,
        at: activity.at,
        user_id: activity.user.map(|user| user.0),
        user_name: Some(activity.user_name).filter(|name| !name.is_empty()),
        actor: activity.actor,
        action: activity.action,
        object_type: activity.object_kind,
        object_id: activity.object,
        address: activity.address,
        client: activity.client,
        additional_properties: activity.detail,
    }
}

async fn list(call: Call) -> Result<Response> {
    let grant = call.permit(ListActivity {}).await?;
    let number = |text: &str| {
        let bad = |_| Fault::invalid("user_id", "send the number of a user");
        text.parse::<i64>().map(UserId).map_err(bad)
    };
    let user = call.text("user_id").map(number).transpose()?;
    let paging = call.paging()?;
    let page = call.bi().activity.list(&grant, user, paging.request).await?;
    reply::ok(&paging.view(page.map(view)))
}

async fn record(call: Call) -> Result<Response> {
    let grant = call.permit(RecordActivity {}).await?;
    let body: NewActivities = call.json()?;
    let told = body.activities.into_iter().map(|one| tessera_bi::NewActivity {
        at: one.at,
        action: one.action,
        object_kind: one.object_type,
        object: one.object_id,
        detail: one.additional_properties.unwrap_or_else(|| json!({})),
    });
    call.bi().activity.record(&grant, &call.context(), told.collect())?;
    reply::no_content()
}
