//! Destinations of notices.

use axum::extract::Path;
use axum::response::IntoResponse;
use http::StatusCode;
use serde_json::{Map, Value as Json};
use tessera_access::{
    CreateDestination, DeleteDestination, ListDestinationTypes, ListDestinations, ReadDestination,
    UpdateDestination,
};
use tessera_bi::{DestinationChange, DestinationSettings, KeptSecrets, NewDestination};
use tessera_kernel::{Code, Fault};

use crate::credential::Call;
use crate::errors::{Refusal, Worded, missing_field, sentence};
use crate::map::{id, text_field};
use crate::quirks;
use crate::wire::{self, Answer, DestinationOut};

pub(crate) async fn list(call: Call) -> Answer {
    let grant = call.permit(ListDestinations {}).await?;
    let views = call.state.bi.destinations.list(&grant).await?;
    wire::json(&views.iter().map(DestinationOut::brief).collect::<Vec<_>>())
}

pub(crate) async fn types(call: Call) -> Answer {
    let grant = call.permit(ListDestinationTypes {}).await?;
    let types = quirks::destination_types_in_order(call.state.bi.destinations.types(&grant));
    wire::json(&types.iter().map(wire::destination_type).collect::<Vec<_>>())
}

pub(crate) async fn create(call: Call) -> Answer {
    let grant = call.permit(CreateDestination {}).await?;
    let (name, kind, mut options) = fields(&call)?;
    quirks::fill_masked_address(&mut options);
    let new = NewDestination { name: name.clone(), kind, options };
    let created = call.state.bi.destinations.create(&grant, new).await;
    wire::json(&DestinationOut::full(&worded(created, &name)?))
}

pub(crate) async fn get(Path(destination): Path<String>, call: Call) -> Answer {
    let grant = call.permit(ReadDestination { destination: id(&destination)? }).await?;
    let settings = call.state.bi.destinations.get(&grant).await?;
    wire::json(&DestinationOut::full(&settings))
}

pub(crate) async fn update(Path(destination): Path<String>, call: Call) -> Answer {
    let grant = call.permit(UpdateDestination { destination: id(&destination)? }).await?;
    let (name, kind, mut options) = fields(&call)?;
    let kept = options.as_object_mut().map(quirks::take_masked).unwrap_or_default();
    let change = DestinationChange {
        name: Some(name.clone()),
        kind: Some(kind),
        options: Some(options),
        kept: KeptSecrets::Only(kept),
    };
    let updated = call.state.bi.destinations.update(&grant, change).await;
    wire::json(&DestinationOut::full(&worded(updated, &name)?))
}

pub(crate) async fn delete(Path(destination): Path<String>, call: Call) -> Answer {
    let grant = call.permit(DeleteDestination { destination: id(&destination)? }).await?;
    call.state.bi.destinations.delete(&grant).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn fields(call: &Call) -> tessera_kernel::Result<(String, String, Json)> {
    let body: Map<String, Json> = call.object()?;
    let options = body.get("options").cloned().ok_or_else(|| missing_field("options"))?;
    Ok((text_field(&body, "name")?, text_field(&body, "type")?, options))
}

fn worded(
    done: tessera_kernel::Result<DestinationSettings>,
    name: &str,
) -> Result<DestinationSettings, Refusal> {
    match done {
        Err(fault) if fault.code() == Code::Duplicate => Err(Refusal::say(
            StatusCode::BAD_REQUEST,
            format!("Alert Destination with the name {name} already exists."),
        )),
        other => other.worded(Code::Invalid, bad_options),
    }
}

/// Bad settings are a request that cannot be read; `detail` names the field.
fn bad_options(fault: &Fault) -> Refusal {
    Refusal::from(Fault::new(Code::Malformed, sentence(fault).trim_end_matches('.')))
}
