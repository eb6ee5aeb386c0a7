//! Settings of the organisation.

use axum::response::Response;
use serde_json::Value;
use tessera_access::{Action, OrganizationSettings, ReadOrganization, UpdateOrganization};
use tessera_kernel::{Fault, Result};

use crate::call::Call;
use crate::reply;
use crate::routes::{Route, Verb};
use crate::wire::organization::{Organization, OrganizationChange};

pub(crate) fn routes() -> Vec<Route> {
    let path = "/v1/organization";
    vec![
        Route::new(
            Verb::Get,
            path,
            Action::OrganizationRead,
            "get_organization",
            "Read the settings of the organization",
            read,
        )
        .gives::<Organization>(200),
        Route::new(
            Verb::Patch,
            path,
            Action::OrganizationUpdate,
            "update_organization",
            "Change settings of the organization",
            change,
        )
        .about("In force at once, on other nodes within `keys.cache_seconds`.")
        .reads::<OrganizationChange>()
        .gives::<Organization>(200),
    ]
}

fn view(settings: &OrganizationSettings) -> Result<Organization> {
    let members = settings.members()?;
    serde_json::from_value(Value::Object(members))
        .map_err(|error| Fault::internal("settings cannot be shown", error))
}

async fn read(call: Call) -> Result<Response> {
    let grant = call.permit(ReadOrganization {}).await?;
    reply::ok(&view(call.access().organization.read(&grant).await?.as_ref())?)
}

async fn change(call: Call) -> Result<Response> {
    let grant = call.permit(UpdateOrganization {}).await?;
    let body: OrganizationChange = call.json()?;
    let change = serde_json::to_value(&body)
        .map_err(|error| Fault::internal("a change of settings cannot be written", error))?;
    let Value::Object(change) = change else {
        return Err(Fault::new(tessera_kernel::Code::Internal, "a change is an object"));
    };
    reply::ok(&view(call.access().change_organization(&grant, change).await?.as_ref())?)
}
