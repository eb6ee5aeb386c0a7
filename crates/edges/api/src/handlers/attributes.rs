//! Attributes of users.

use axum::response::Response;
use tessera_access::{Action, AdministerUser, ReadUserAttributes};
use tessera_kernel::Result;

use crate::call::Call;
use crate::reply;
use crate::routes::{Route, Verb};
use crate::wire::users::UserAttributes;

pub(crate) fn routes() -> Vec<Route> {
    let path = "/v1/users/{id}/attributes";
    vec![
        Route::new(
            Verb::Get,
            path,
            Action::AccountsReadAttributes,
            "read_user_attributes",
            "Read the attributes of a user",
            get,
        )
        .gives::<UserAttributes>(200),
        Route::new(
            Verb::Put,
            path,
            Action::AccountsAdminister,
            "set_user_attributes",
            "Replace the attributes of a user",
            put,
        )
        .about("They decide which rows queries give that read `{{ user.name }}`.")
        .reads::<UserAttributes>()
        .gives::<UserAttributes>(200),
    ]
}

async fn get(call: Call) -> Result<Response> {
    let user = call.user_id().await?;
    let grant = call.permit(ReadUserAttributes { user }).await?;
    let attributes = call.access().users.attributes(&grant).await?;
    reply::ok(&UserAttributes { attributes })
}

async fn put(call: Call) -> Result<Response> {
    let user = call.user_id().await?;
    let grant = call.permit(AdministerUser { user }).await?;
    let body: UserAttributes = call.json()?;
    let attributes = call.access().users.set_attributes(&grant, body.attributes).await?;
    reply::ok(&UserAttributes { attributes })
}
