//! Signing in and out. Sessions are those of the whole server; their token is the number that
//! clients send back.

use axum::response::IntoResponse;
use http::{StatusCode, header};
use serde_json::json;
use tessera_access::EndSession;
use tessera_kernel::{Code, Fault, Secret};

use crate::credential::{Call, Visit};
use crate::errors::{Refusal, Worded};
use crate::map::text;
use crate::quirks;
use crate::wire::{self, Answer};

pub(crate) async fn create(visit: Visit) -> Answer {
    let kit = &visit.state.kit;
    kit.check_origin(&visit.parts, &visit.info)?;
    let body = visit.object()?;
    let (name, password) = (text(&body, "username")?, text(&body, "password")?);
    let context = kit.context(&visit.info);
    let signed_in = kit.access.signin.password(&name, &Secret::new(password), &context).await;
    let signed_in = signed_in.and_then(quirks::only_whole_sign_ins);
    // The words are the same whether there is such a user or not.
    let session = signed_in.worded(Code::Unauthenticated, |_| {
        let text = "did not match stored password";
        Refusal::field_with(StatusCode::UNAUTHORIZED, "password", text)
    })?;
    let mut response = wire::json(&json!({ "id": session.token.expose() }))?;
    for cookie in quirks::session_cookies(&kit.settings, &session.token, session.expires_at) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

pub(crate) async fn delete(call: Call) -> Answer {
    let grant = call.permit(EndSession {}).await?;
    let token = call.session.as_ref().ok_or_else(|| Fault::not_found("session"))?;
    call.state.kit.access.sessions.end(&grant, token).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    for cookie in quirks::clear_cookies(&call.state.kit.settings) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
