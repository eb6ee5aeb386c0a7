//! Destinations of notices: settings, tests, and what was sent.

use axum::response::Response;
use tessera_access::{
    Action, CreateDestination, DeleteDestination, ListDestinationTypes, ListDestinations,
    ReadDestination, TestDestination, UpdateDestination,
};
use tessera_bi::KeptSecrets;
use tessera_kernel::Result;

use crate::call::Call;
use crate::map::alerts::delivery;
use crate::map::destinations::{brief, destination_type, settings};
use crate::reply;
use crate::routes::{Route, Verb};
use crate::wire::alerts::Delivery;
use crate::wire::destinations::{
    Destination, DestinationBrief, DestinationChange, DestinationTest, DestinationType,
    NewDestination,
};

#[rustfmt::skip]
pub(crate) fn routes() -> Vec<Route> {
    let (all, one) = ("/v1/destinations", "/v1/destinations/{id}");
    vec![
        Route::new(Verb::Get, "/v1/destination-types", Action::DestinationsTypes, "list_destination_types", "List the kinds of destinations", types)
            .lists::<DestinationType>(),
        Route::new(Verb::Get, all, Action::DestinationsList, "list_destinations", "List destinations", list)
            .lists::<DestinationBrief>(),
        Route::new(Verb::Post, all, Action::DestinationsCreate, "create_destination", "Add a destination", create)
            .reads::<NewDestination>()
            .creates()
            .gives::<Destination>(201),
        Route::new(Verb::Get, one, Action::DestinationsRead, "read_destination", "Read a destination", get)
            .gives::<Destination>(200),
        Route::new(Verb::Patch, one, Action::DestinationsUpdate, "update_destination", "Change a destination", update)
            .reads::<DestinationChange>()
            .gives::<Destination>(200),
        Route::new(Verb::Delete, one, Action::DestinationsDelete, "delete_destination", "Delete a destination", delete)
            .about("Alerts tell it nothing any more; what waits for it is given up.")
            .empty(),
        Route::new(Verb::Post, "/v1/destinations/{id}/test", Action::DestinationsTest, "test_destination", "Send a notice to try a destination", test)
            .about("The notice is about an alert that does not exist. A failure is a problem with the words of the receiver.")
            .gives::<DestinationTest>(200),
        Route::new(Verb::Get, "/v1/destinations/{id}/deliveries", Action::DestinationsRead, "list_destination_deliveries", "List what was sent to a destination", deliveries)
            .about("Newest first.")
            .lists::<Delivery>(),
    ]
}

async fn types(call: Call) -> Result<Response> {
    let grant = call.permit(ListDestinationTypes {}).await?;
    let types = call.bi().destinations.types(&grant);
    reply::ok(&call.paging()?.cut(types.into_iter().map(destination_type).collect()))
}

async fn list(call: Call) -> Result<Response> {
    let grant = call.permit(ListDestinations {}).await?;
    let found = call.bi().destinations.list(&grant).await?;
    reply::ok(&call.paging()?.cut(found.iter().map(|view| brief(&view.destination)).collect()))
}

async fn create(call: Call) -> Result<Response> {
    let grant = call.permit(CreateDestination {}).await?;
    let body: NewDestination = call.json()?;
    let new =
        tessera_bi::NewDestination { name: body.name, kind: body.r#type, options: body.options };
    let made = call.bi().destinations.create(&grant, new).await?;
    reply::created(&format!("/v1/destinations/{}", made.view.destination.id), &settings(&made))
}

async fn get(call: Call) -> Result<Response> {
    let act = ReadDestination { destination: call.destination_id().await? };
    let grant = call.permit(act).await?;
    reply::ok(&settings(&call.bi().destinations.get(&grant).await?))
}

async fn update(call: Call) -> Result<Response> {
    let act = UpdateDestination { destination: call.destination_id().await? };
    let grant = call.permit(act).await?;
    let body: DestinationChange = call.json()?;
    let change = tessera_bi::DestinationChange {
        name: body.name,
        kind: body.r#type,
        options: body.options,
        kept: KeptSecrets::Unnamed,
    };
    reply::ok(&settings(&call.bi().destinations.update(&grant, change).await?))
}

async fn delete(call: Call) -> Result<Response> {
    let act = DeleteDestination { destination: call.destination_id().await? };
    let grant = call.permit(act).await?;
    call.bi().destinations.delete(&grant).await?;
    reply::no_content()
}

async fn test(call: Call) -> Result<Response> {
    let act = TestDestination { destination: call.destination_id().await? };
    let grant = call.permit(act).await?;
    let answer = call.bi().destinations.test(&grant).await?;
    reply::ok(&DestinationTest { answer })
}

async fn deliveries(call: Call) -> Result<Response> {
    let act = ReadDestination { destination: call.destination_id().await? };
    let grant = call.permit(act).await?;
    let paging = call.paging()?;
    let page = call.bi().destinations.deliveries(&grant, paging.request).await?;
    reply::ok(&paging.view(page.map(delivery)))
}
