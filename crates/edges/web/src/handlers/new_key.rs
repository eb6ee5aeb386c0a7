//! A new key of one's own.

use http::StatusCode;
use tessera_access::{Action, CreateKey, Object, ReadSession};

use super::{address, at_field, made, new_form};
use crate::call::{Answer, Call};
use crate::controls::Errors;
use crate::map::keys as map;
use crate::sent::Sent;
use crate::views::new_key as view;
use crate::words::Names;

pub(crate) async fn form(call: Call) -> Answer {
    call.permit(ReadSession {}).await?;
    // Asking makes no key: only what the button does is written down.
    call.access().gate.decide(&call.caller, Action::KeysCreate, Object::None).await?;
    show(&call, StatusCode::OK, &Errors::default()).await
}

pub(crate) async fn create(call: Call) -> Answer {
    let grant = call.permit(CreateKey {}).await?;
    let keys = &call.access().keys;
    let new = match map::new_key(&call.form, keys.now()) {
        Ok(new) => new,
        Err(errors) => return show(&call, StatusCode::UNPROCESSABLE_ENTITY, &errors).await,
    };
    let (who, form) = (call.caller.label(), call.form.get("form"));
    let sent = Sent::begin(&call.access().once, &who, form).await?;
    let minted = match keys.create(&grant, None, new).await {
        Ok(minted) => minted,
        Err(fault) => {
            sent.forget().await;
            let errors = at_field(fault)?;
            return show(&call, StatusCode::UNPROCESSABLE_ENTITY, &errors).await;
        }
    };
    sent.made().await;
    Ok(made(&call, &minted, &Names::default()))
}

async fn show(call: &Call, status: StatusCode, errors: &Errors) -> Answer {
    let policy = call.access().keys.policy().await?;
    let context = call.context();
    let view = view::Form {
        typed: &call.form,
        errors,
        proof: call.proof(),
        form: new_form(call),
        address: address(&context),
        longest_days: policy.lifetime_days_max,
        approved: !policy.approval_actions.is_empty() || !policy.approval_kinds.is_empty(),
    };
    Ok(call.page(status, "New key", &view.html()))
}
