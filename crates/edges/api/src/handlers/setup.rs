//! The first setup.

use axum::response::Response;
use tessera_access::{Method, SetupRequest};
use tessera_kernel::{Result, Secret};

use super::session::proved;
use crate::call::Call;
use crate::reply;
use crate::routes::{Access, Route, Verb};
use crate::wire::session::{NewSession, NewSetup, Setup};

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Verb::Get,
            "/v1/setup",
            Access::Public("public: tells only whether the server has users"),
            "read_setup",
            "Whether the first setup is still to be done",
            read,
        )
        .gives::<Setup>(200),
        Route::new(
            Verb::Post,
            "/v1/setup",
            Access::Public("public: done once, with the token that the operator sees"),
            "set_up",
            "Do the first setup",
            run,
        )
        .about(
            "Needs the header `X-Setup-Token`, which was printed when the server started. Makes \
             the first administrator and signs in.",
        )
        .reads::<NewSetup>()
        .gives::<NewSession>(201),
    ]
}

async fn read(call: Call) -> Result<Response> {
    reply::ok(&Setup { needed: call.access().setup.is_needed().await? })
}

async fn run(call: Call) -> Result<Response> {
    call.state.kit.check_origin(&call.parts, &call.info)?;
    let body: NewSetup = call.json()?;
    let token = call.parts.headers.get("x-setup-token").and_then(|value| value.to_str().ok());
    let token = token.map(Secret::new);
    let request = SetupRequest {
        name: body.name,
        email: body.email,
        password: Secret::new(body.password),
        organization: body.organization,
    };
    let user = call.access().setup.run(&request, token.as_ref()).await?;
    proved(&call, user, Method::Setup).await
}
