//! What goes by mail: forgotten passwords, and proofs of e-mail addresses.

use axum::extract::Path;
use http::StatusCode;
use serde_json::json;
use tessera_access::{ReadSession, TokenPurpose};
use tessera_kernel::{Code, Secret};

use super::accounts::spent;
use super::forms;
use crate::credential::{Call, Visit};
use crate::errors::{Refusal, sentence};
use crate::wire::{self, Answer};

const FORGOT: &str = "Forgot your password?";

pub(crate) async fn forgot_page(visit: Visit) -> Answer {
    let access = &visit.state.kit.access;
    if !access.mails.configured() || !access.signin.takes_passwords().await? {
        return Ok(ask_administrator());
    }
    Ok(forms::forgot(StatusCode::OK, "", None))
}

/// Says the same whether there is such a user or not.
pub(crate) async fn forgot(visit: Visit) -> Answer {
    visit.state.kit.check_origin(&visit.parts, &visit.info)?;
    let fields = visit.fields();
    let email = fields.get("email");
    match visit.state.kit.access.users.forgot(email, &visit.context()).await {
        Ok(()) => Ok(forms::notice(
            StatusCode::OK,
            FORGOT,
            "If there is an account with this address, a mail with a link is on its way.",
        )),
        Err(fault) if fault.code() == Code::Unsupported => Ok(ask_administrator()),
        Err(fault) => {
            let text = sentence(&fault);
            Ok(forms::forgot(Refusal::from(fault).status(), email, Some(&text)))
        }
    }
}

fn ask_administrator() -> axum::response::Response {
    forms::notice(
        StatusCode::OK,
        FORGOT,
        "Ask an administrator for a link to set a new one. This server sends no mail.",
    )
}

/// Asks before it confirms: programs that look into mails follow links, too.
pub(crate) async fn verify_page(Path(token): Path<String>, visit: Visit) -> Answer {
    let users = &visit.state.kit.access.users;
    let (token, context) = (Secret::new(token), visit.context());
    match users.peek_link(&token, TokenPurpose::Verify, &context).await {
        Ok(user) => Ok(forms::confirm(StatusCode::OK, "Confirm your address", &user.email)),
        Err(fault) if fault.code() == Code::NotFound => Ok(spent()),
        Err(fault) => Err(Refusal::from(fault).into_page()),
    }
}

pub(crate) async fn verify(Path(token): Path<String>, visit: Visit) -> Answer {
    visit.state.kit.check_origin(&visit.parts, &visit.info)?;
    let users = &visit.state.kit.access.users;
    match users.verify_email(&Secret::new(token), &visit.context()).await {
        Ok(user) => Ok(forms::notice(
            StatusCode::OK,
            "Thank you",
            &format!("The address {} is confirmed.", user.email),
        )),
        Err(fault) if fault.code() == Code::NotFound => Ok(spent()),
        Err(fault) => Err(Refusal::from(fault).into_page()),
    }
}

pub(crate) async fn send_verification(call: Call) -> Answer {
    let grant = call.permit(ReadSession {}).await?;
    call.state.kit.access.users.request_verification(&grant).await?;
    wire::json(&json!({
        "message": "Please check your email inbox in order to verify your email address."
    }))
}
