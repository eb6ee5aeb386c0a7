//! Who one is, signing in and out.

use axum::response::Response;
use http::{StatusCode, header};
use tessera_access::{
    Action, EndSession, Method, NewSession, ReadSession, RequestContext, SignIn, User,
};
use tessera_httpkit::cookies;
use tessera_kernel::{Result, Secret};

use crate::call::Call;
use crate::errors;
use crate::map::access;
use crate::reply;
use crate::routes::{Access, Route, Verb};
use crate::wire;

pub(crate) fn routes() -> Vec<Route> {
    let path = "/v1/session";
    vec![
        Route::new(Verb::Get, path, Action::SessionRead, "read_session", "Who am I", read)
            .gives::<wire::session::Session>(200),
        Route::new(
            Verb::Post,
            path,
            Access::Public("public: to sign in takes a password; limited by address and account"),
            "sign_in",
            "Sign in",
            begin,
        )
        .about(
            "Sets the cookies `session` and `csrf_token`. Where a second factor is needed, the \
             problem `second_factor_required` has a challenge to go on with.",
        )
        .reads::<wire::session::SignIn>()
        .gives::<wire::session::NewSession>(201),
        Route::new(Verb::Delete, path, Action::SessionEnd, "sign_out", "Sign out", end).empty(),
    ]
}

async fn read(call: Call) -> Result<Response> {
    let grant = call.permit(ReadSession {}).await?;
    let organization = call.access().organization_setting("organization_name").await?;
    let key_id = grant.caller().key().map(|key| key.id().0);
    reply::ok(&wire::session::Session {
        user: access::me(grant.user()?),
        is_session: grant.caller().is_session(),
        key_id,
        organization: organization.and_then(|name| name.as_str().map(str::to_owned)),
        server_version: call.state.settings.version.clone(),
    })
}

async fn begin(call: Call) -> Result<Response> {
    call.state.kit.check_origin(&call.parts, &call.info)?;
    let body: wire::session::SignIn = call.json()?;
    let password = Secret::new(body.password);
    let signin = &call.access().signin;
    let context = RequestContext { remember: body.remember, ..call.context() };
    go_on(&call, signin.password(&body.email, &password, &context).await?)
}

/// Tells of a session, or what is still needed for it.
pub(crate) fn go_on(call: &Call, signed_in: SignIn) -> Result<Response> {
    match signed_in {
        SignIn::Session(session) => begun(call, &session, &[]),
        SignIn::SecondFactor(challenge) => {
            let asked = errors::Asked::of(&call.parts, &call.info);
            Ok(errors::second_factor_required(&challenge, &asked))
        }
    }
}

/// Goes on for somebody who has just proved who they are.
pub(crate) async fn proved(call: &Call, user: User, method: Method) -> Result<Response> {
    let signin = &call.access().signin;
    go_on(call, signin.proved(user, method, &call.context()).await?)
}

/// Tells of a session, and sets its cookies.
pub(crate) fn begun(
    call: &Call,
    session: &NewSession,
    recovery_codes: &[Secret],
) -> Result<Response> {
    let kit = &call.state.kit;
    let csrf_token = kit.new_csrf_token();
    let own = cookies::session_cookie(&kit.settings, &session.token, session.expires_at);
    let proof = cookies::csrf_cookie(&kit.settings, &csrf_token);
    let view = wire::session::NewSession {
        user: access::user(&session.user),
        expires_at: session.expires_at,
        csrf_token,
        recovery_codes: recovery_codes.iter().map(|code| code.expose().to_owned()).collect(),
    };
    let mut response = reply::json(StatusCode::CREATED, &view)?;
    response.headers_mut().append(header::SET_COOKIE, own);
    response.headers_mut().append(header::SET_COOKIE, proof);
    Ok(response)
}

async fn end(call: Call) -> Result<Response> {
    let grant = call.permit(EndSession {}).await?;
    if let Some(token) = cookies::session_token(&call.parts.headers) {
        call.access().sessions.end(&grant, &token).await?;
    }
    let mut response = reply::no_content()?;
    let cleared = cookies::clear_session(&call.state.kit.settings);
    response.headers_mut().append(header::SET_COOKIE, cleared);
    Ok(response)
}
