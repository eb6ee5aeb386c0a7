//! Records of who signed in and who was refused.

use serde_json::{Value as Json, json};
use tessera_kernel::Result;
use tessera_kernel::ids::UserId;

use super::Method;
use crate::users::clean_email;
use crate::{AuditEntry, Gate, RequestContext, Session, events};

/// A session begins.
pub(crate) async fn begun(gate: &Gate, session: &Session, context: &RequestContext) -> Result<()> {
    let detail = json!({
        "method": session.method.as_str(),
        "session": session.uid,
        "client": session.client,
    });
    let user = format!("user:{}", session.user);
    record(gate, user.clone(), events::SIGN_IN, user, detail, context).await
}

/// Somebody was refused. Unknown accounts are written down as well, so that both cases take as long.
pub(crate) async fn refused(
    gate: &Gate,
    user: Option<UserId>,
    method: &'static str,
    typed: Option<&str>,
    context: &RequestContext,
) -> Result<()> {
    let mut detail = json!({ "method": method });
    // What is no address may be a password in the wrong field.
    if let Some(email) = typed.and_then(|typed| clean_email(typed).ok()) {
        detail["email"] = email.into();
    }
    let object = user.map_or_else(String::new, |user| format!("user:{user}"));
    let actor = "anonymous".to_owned();
    record(gate, actor, events::SIGN_IN_REFUSED, object, detail, context).await
}

/// An account of a trusted party becomes that of a user.
pub(crate) async fn linked(
    gate: &Gate,
    user: Option<UserId>,
    action: &'static str,
    detail: Json,
    context: &RequestContext,
) -> Result<()> {
    let object = user.map_or_else(String::new, |user| format!("user:{user}"));
    record(gate, "anonymous".to_owned(), action, object, detail, context).await
}

async fn record(
    gate: &Gate,
    actor: String,
    action: &'static str,
    object: String,
    detail: Json,
    context: &RequestContext,
) -> Result<()> {
    gate.audit().record(context, AuditEntry { actor, action, object, detail }).await
}

/// The method is told apart in records only; nothing is decided by it.
pub(crate) fn with_code(method: Method) -> Method {
    match method {
        Method::Password => Method::PasswordAndCode,
        Method::Provider => Method::ProviderAndCode,
        Method::RemoteUser => Method::RemoteUserAndCode,
        other => other,
    }
}
