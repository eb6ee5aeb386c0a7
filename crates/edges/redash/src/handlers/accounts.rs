//! First setup, signing in and out, and one-use links.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde_json::json;
use tessera_access::{
    Caller, EndSession, Method, RequestContext, SetupRequest, SignIn, TokenPurpose, User,
};
use tessera_httpkit::cookies;
use tessera_kernel::{Code, Secret};

use super::{forms, redirect, second_factor};
use crate::RedashState;
use crate::credential::Visit;
use crate::errors::{Refusal, sentence};
use crate::map::next_path;
use crate::wire::{self, Answer};

pub(crate) async fn setup_page(visit: Visit) -> Answer {
    if !visit.state.kit.access.setup.is_needed().await? {
        return Ok(redirect("/"));
    }
    let token = visit.param("setup_token").unwrap_or_default();
    Ok(forms::setup(StatusCode::OK, token, &forms::Typed::default(), None))
}

pub(crate) async fn setup(visit: Visit) -> Answer {
    let setup = &visit.state.kit.access.setup;
    if !setup.is_needed().await? {
        return Ok(redirect("/"));
    }
    visit.state.kit.check_origin(&visit.parts, &visit.info)?;
    let fields = visit.fields();
    let request = SetupRequest {
        name: fields.get("name").to_owned(),
        email: fields.get("email").to_owned(),
        password: Secret::new(fields.get("password")),
        organization: fields.get("org_name").to_owned(),
    };
    let token = setup_token(&visit, fields.get("setup_token"));
    match setup.run(&request, Some(&Secret::new(&token))).await {
        Ok(user) if fields.is_json => signed_in_json(&visit, user).await,
        Ok(user) => signed_in(&visit, user, Method::Setup, "/").await,
        Err(fault) if fields.is_json && fault.code() == Code::Forbidden => {
            Err(Refusal::say(StatusCode::FORBIDDEN, sentence(&fault)))
        }
        Err(fault) if fields.is_json => Err(fault.into()),
        Err(fault) => {
            let text = sentence(&fault);
            let status = match fault.code() {
                Code::Invalid => StatusCode::OK,
                _ => Refusal::from(fault).status(),
            };
            let typed = forms::Typed {
                name: &request.name,
                email: &request.email,
                organization: &request.organization,
            };
            Ok(forms::setup(status, &token, &typed, Some(&text)))
        }
    }
}

/// The token of the first setup: in the form, the address or a header.
fn setup_token(visit: &Visit, field: &str) -> String {
    let header = |headers: &HeaderMap| {
        headers.get("x-setup-token").and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let field = Some(field).filter(|field| !field.is_empty()).map(str::to_owned);
    field
        .or_else(|| visit.param("setup_token").map(str::to_owned))
        .or_else(|| header(&visit.parts.headers))
        .unwrap_or_default()
}

pub(crate) async fn login_page(visit: Visit) -> Answer {
    if visit.state.kit.access.setup.is_needed().await? {
        return Ok(redirect("/setup"));
    }
    let next = next_path(visit.param("next"));
    if visit.caller.user().is_some() {
        return Ok(redirect(&next));
    }
    login_form(&visit, StatusCode::OK, &next, "", None).await
}

/// The form to sign in, with all ways that are open.
pub(super) async fn login_form(
    visit: &Visit,
    status: StatusCode,
    next: &str,
    email: &str,
    error: Option<&str>,
) -> Answer {
    let access = &visit.state.kit.access;
    let ways = forms::Ways {
        passwords: access.signin.takes_passwords().await?,
        providers: access.federation.ways(),
        remote_user: access.federation.takes_remote_user(),
    };
    Ok(forms::login(status, next, email, &ways, error))
}

pub(crate) async fn login(visit: Visit) -> Answer {
    visit.state.kit.check_origin(&visit.parts, &visit.info)?;
    let fields = visit.fields();
    let next = next_path(visit.param("next"));
    let (email, password) = (fields.get("email"), Secret::new(fields.get("password")));
    let signin = &visit.state.kit.access.signin;
    let context = RequestContext { remember: remembers(&fields), ..visit.context() };
    match signin.password(email, &password, &context).await {
        Ok(signed_in) => second_factor::go_on(&visit, signed_in, &next, context.remember).await,
        Err(fault) if fields.is_json => Err(fault.into()),
        Err(fault) if fault.code() == Code::Unauthenticated => {
            let text = Some("Wrong email or password.");
            login_form(&visit, StatusCode::OK, &next, email, text).await
        }
        Err(fault) => {
            let text = sentence(&fault);
            login_form(&visit, Refusal::from(fault).status(), &next, email, Some(&text)).await
        }
    }
}

/// Whether the box was ticked: then it is in the form, whatever its value.
pub(super) fn remembers(fields: &crate::map::Fields) -> bool {
    fields.has("remember")
}

pub(crate) async fn logout(visit: Visit) -> Answer {
    if let (Some(token), Caller::User { key: None, .. }) =
        (cookies::session_token(&visit.parts.headers), &visit.caller)
    {
        let access = &visit.state.kit.access;
        let context = visit.context();
        let grant = access.gate.permit(&visit.caller, &context, EndSession {}).await?;
        access.sessions.end(&grant, &token).await?;
    }
    let mut response = redirect("/login");
    let cleared = cookies::clear_session(&visit.state.kit.settings);
    response.headers_mut().append(header::SET_COOKIE, cleared);
    Ok(response)
}

pub(crate) async fn invite_page(Path(token): Path<String>, visit: Visit) -> Answer {
    link_page(&visit, &token, TokenPurpose::Invite).await
}

pub(crate) async fn invite(Path(token): Path<String>, visit: Visit) -> Answer {
    accept(&visit, &token, TokenPurpose::Invite).await
}

pub(crate) async fn reset_page(Path(token): Path<String>, visit: Visit) -> Answer {
    link_page(&visit, &token, TokenPurpose::Reset).await
}

pub(crate) async fn reset(Path(token): Path<String>, visit: Visit) -> Answer {
    accept(&visit, &token, TokenPurpose::Reset).await
}

async fn link_page(visit: &Visit, token: &str, purpose: TokenPurpose) -> Answer {
    let users = &visit.state.kit.access.users;
    match users.peek_link(&Secret::new(token), purpose, &visit.context()).await {
        Ok(user) => Ok(forms::password(StatusCode::OK, title(purpose), &user.name, None)),
        Err(fault) if fault.code() == Code::NotFound => Ok(spent()),
        Err(fault) => Err(Refusal::from(fault).into_page()),
    }
}

async fn accept(visit: &Visit, token: &str, purpose: TokenPurpose) -> Answer {
    visit.state.kit.check_origin(&visit.parts, &visit.info)?;
    let fields = visit.fields();
    let (users, token) = (&visit.state.kit.access.users, Secret::new(token));
    let password = Secret::new(fields.get("password"));
    let context = visit.context();
    match users.accept_link(&token, purpose, &password, &context).await {
        Ok(user) => signed_in(visit, user, Method::Link, "/").await,
        Err(fault) if fault.code() == Code::NotFound => Ok(spent()),
        Err(fault) if fault.code() == Code::Invalid => {
            let user = users.peek_link(&token, purpose, &context).await?;
            let text = sentence(&fault);
            Ok(forms::password(StatusCode::BAD_REQUEST, title(purpose), &user.name, Some(&text)))
        }
        Err(fault) => Err(Refusal::from(fault).into_page()),
    }
}

fn title(purpose: TokenPurpose) -> &'static str {
    match purpose {
        TokenPurpose::Invite => "Welcome",
        TokenPurpose::Reset => "Set a new password",
        TokenPurpose::Verify => "Confirm your address",
    }
}

pub(super) fn spent() -> Response {
    forms::notice(
        StatusCode::BAD_REQUEST,
        "This link does not work",
        "It was used, is too old, or was cut off. Ask an administrator for a new one.",
    )
}

async fn signed_in(visit: &Visit, user: User, method: Method, next: &str) -> Answer {
    let signin = &visit.state.kit.access.signin;
    let signed_in = signin.proved(user, method, &visit.context()).await?;
    second_factor::go_on(visit, signed_in, next, false).await
}

async fn signed_in_json(visit: &Visit, user: User) -> Answer {
    let signin = &visit.state.kit.access.signin;
    let body = wire::json(&json!({ "id": user.id, "name": user.name, "email": user.email }))?;
    match signin.proved(user, Method::Setup, &visit.context()).await? {
        SignIn::Session(session) => Ok(with_session(&visit.state, body, &session)),
        // The second factor is set up at the first sign-in.
        SignIn::SecondFactor(_) => Ok(body),
    }
}

pub(super) fn with_session(
    state: &RedashState,
    mut response: Response,
    session: &tessera_access::NewSession,
) -> Response {
    let settings = &state.kit.settings;
    let cookie = cookies::session_cookie(settings, &session.token, session.expires_at);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response.into_response()
}
