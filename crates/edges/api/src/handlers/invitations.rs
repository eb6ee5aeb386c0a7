//! One-use links: to accept an invitation, or to set a new password.

use axum::response::Response;
use tessera_access::{Method, TokenPurpose};
use tessera_kernel::{Result, Secret};

use super::session::proved;
use crate::call::Call;
use crate::reply;
use crate::routes::{Access, Route, Verb};
use crate::wire::session::NewSession;
use crate::wire::users::{AcceptedLink, LinkOwner, LinkToken};

const ACCESS: &str = "public: the token in the body is the credential";

pub(crate) fn routes() -> Vec<Route> {
    let about = "Sets the password, ends all earlier sessions and signs in. The token travels in \
                 the body, so that no log keeps it.";
    vec![
        Route::new(
            Verb::Post,
            "/v1/invitations/inspect",
            Access::Public(ACCESS),
            "inspect_invitation",
            "Whom an invitation is for",
            inspect_invitation,
        )
        .reads::<LinkToken>()
        .gives::<LinkOwner>(200),
        Route::new(
            Verb::Post,
            "/v1/invitations/accept",
            Access::Public(ACCESS),
            "accept_invitation",
            "Accept an invitation",
            accept_invitation,
        )
        .about(about)
        .reads::<AcceptedLink>()
        .gives::<NewSession>(201),
        Route::new(
            Verb::Post,
            "/v1/password-resets/inspect",
            Access::Public(ACCESS),
            "inspect_password_reset",
            "Whom a reset link is for",
            inspect_reset,
        )
        .reads::<LinkToken>()
        .gives::<LinkOwner>(200),
        Route::new(
            Verb::Post,
            "/v1/password-resets/accept",
            Access::Public(ACCESS),
            "accept_password_reset",
            "Set a new password",
            accept_reset,
        )
        .about(about)
        .reads::<AcceptedLink>()
        .gives::<NewSession>(201),
    ]
}

async fn inspect_invitation(call: Call) -> Result<Response> {
    inspect(call, TokenPurpose::Invite).await
}

async fn inspect_reset(call: Call) -> Result<Response> {
    inspect(call, TokenPurpose::Reset).await
}

async fn inspect(call: Call, purpose: TokenPurpose) -> Result<Response> {
    call.state.kit.check_origin(&call.parts, &call.info)?;
    let body: LinkToken = call.json()?;
    let (token, context) = (Secret::new(body.token), call.context());
    let user = call.access().users.peek_link(&token, purpose, &context).await?;
    reply::ok(&LinkOwner { name: user.name, email: user.email })
}

async fn accept_invitation(call: Call) -> Result<Response> {
    accept(call, TokenPurpose::Invite).await
}

async fn accept_reset(call: Call) -> Result<Response> {
    accept(call, TokenPurpose::Reset).await
}

async fn accept(call: Call, purpose: TokenPurpose) -> Result<Response> {
    call.state.kit.check_origin(&call.parts, &call.info)?;
    let body: AcceptedLink = call.json()?;
    let (token, password) = (Secret::new(body.token), Secret::new(body.password));
    let context = call.context();
    let user = call.access().users.accept_link(&token, purpose, &password, &context).await?;
    proved(&call, user, Method::Link).await
}
