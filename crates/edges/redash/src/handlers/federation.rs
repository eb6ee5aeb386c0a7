//! Signing in by the word of others: to an identity provider and back, and through a proxy.

use axum::extract::Path;
use axum::response::Response;
use http::{StatusCode, header};
use tessera_access::FlowEnd;
use tessera_httpkit::cookies;
use tessera_kernel::{Code, Fault, Secret};

use super::accounts::login_form;
use super::redirect;
use super::second_factor::go_on;
use crate::credential::Visit;
use crate::errors::{Refusal, sentence};
use crate::map::next_path;
use crate::wire::Answer;

/// Longest error of a provider that is repeated, in characters.
const ERROR_CHARACTERS_MAX: usize = 60;

/// Sends the browser to the provider.
pub(crate) async fn start(Path(provider): Path<String>, visit: Visit) -> Answer {
    let next = next_path(visit.param("next"));
    let back = back_to(&visit, &provider);
    let federation = &visit.state.kit.access.federation;
    match federation.start(&provider, &back, &next, &visit.context()).await {
        Ok(begun) => {
            let mut response = redirect(&begun.location);
            let settings = &visit.state.kit.settings;
            let cookie = cookies::state_cookie(settings, &begun.state, begun.expires_at);
            response.headers_mut().append(header::SET_COOKIE, cookie);
            Ok(response)
        }
        Err(fault) => refuse(&visit, fault, &next).await,
    }
}

/// Takes the browser back from the provider.
pub(crate) async fn callback(Path(provider): Path<String>, visit: Visit) -> Answer {
    let mut response = match visit.param("error") {
        Some(error) => {
            let known: String = error
                .chars()
                .filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_')
                .take(ERROR_CHARACTERS_MAX)
                .collect();
            let text = format!("The identity provider refused: {known}.");
            login_form(&visit, StatusCode::OK, "/", "", Some(&text)).await?
        }
        None => finish(&visit, &provider).await?,
    };
    let cleared = cookies::clear_state(&visit.state.kit.settings);
    response.headers_mut().append(header::SET_COOKIE, cleared);
    Ok(response)
}

async fn finish(visit: &Visit, provider: &str) -> Answer {
    let given = |name| Secret::new(visit.param(name).unwrap_or_default());
    let end = FlowEnd {
        code: given("code"),
        state: given("state"),
        cookie: cookies::state(&visit.parts.headers).unwrap_or_else(|| Secret::new("")),
        issuer: visit.param("iss").map(str::to_owned),
    };
    let federation = &visit.state.kit.access.federation;
    match federation.finish(provider, end, &visit.context()).await {
        // The path was checked when the sign-in began; what is stored is checked all the same.
        Ok((signed_in, next)) => go_on(visit, signed_in, &next_path(Some(&next)), false).await,
        Err(fault) => refuse(visit, fault, "/").await,
    }
}

/// Signs in whom a trusted proxy names.
pub(crate) async fn remote_user(visit: Visit) -> Answer {
    let next = next_path(visit.param("next"));
    let federation = &visit.state.kit.access.federation;
    if !federation.takes_remote_user() {
        return Err(Refusal::from(Fault::not_found("page")).into_page());
    }
    let assertions = &visit.state.kit.settings.assertions;
    let Some(name) = assertions.remote_user(&visit.parts.headers, &visit.info) else {
        let text = "No trusted proxy says who you are.";
        return login_form(&visit, StatusCode::FORBIDDEN, &next, "", Some(text)).await;
    };
    match federation.remote_user(&name, &visit.context()).await {
        Ok(signed_in) => go_on(&visit, signed_in, &next, false).await,
        Err(fault) => refuse(&visit, fault, &next).await,
    }
}

fn back_to(visit: &Visit, provider: &str) -> String {
    format!("{}/oauth/{provider}/callback", visit.info.base_url)
}

async fn refuse(visit: &Visit, fault: Fault, next: &str) -> Result<Response, Refusal> {
    let status = match fault.code() {
        Code::NotFound => return Err(Refusal::from(fault).into_page()),
        Code::Unauthenticated | Code::Forbidden | Code::Invalid => StatusCode::FORBIDDEN,
        _ => Refusal::from(Fault::new(fault.code(), "")).status(),
    };
    let text = sentence(&fault);
    login_form(visit, status, next, "", Some(&text)).await
}
