//! Keys, each with a hidden account of its own.

use axum::extract::Path;
use tessera_access::{
    AccountKeyChange, CreateAccountKey, DeleteAccountKey, KeyShape, ListAccountKeys, NewAccountKey,
    RegenerateAccountKey, UpdateAccountKey,
};
use tessera_kernel::{Code, Fault};

use crate::credential::Call;
use crate::errors::{Refusal, Worded, sentence};
use crate::map::{id, number, number_if, text, text_if};
use crate::wire::{self, Answer, KeyOut};

pub(crate) async fn list(call: Call) -> Answer {
    let grant = call.permit(ListAccountKeys {}).await?;
    let keys = call.state.kit.access.account_keys.list(&grant).await?;
    wire::json(&keys.iter().map(KeyOut::new).collect::<Vec<_>>())
}

pub(crate) async fn count(call: Call) -> Answer {
    let grant = call.permit(ListAccountKeys {}).await?;
    wire::json(&call.state.kit.access.account_keys.list(&grant).await?.len())
}

pub(crate) async fn create(call: Call) -> Answer {
    let grant = call.permit(CreateAccountKey {}).await?;
    let body = call.object()?;
    let new = NewAccountKey {
        name: text(&body, "name")?,
        group: number(&body, "group_id")?,
        shape: KeyShape::Base64,
    };
    let made = call.state.kit.access.account_keys.create(&grant, new).await;
    let (view, text) = made.map_err(|fault| match fault.code() {
        Code::Duplicate => Refusal::field("name", "An API key with this name already exists."),
        Code::Invalid => group_id(&fault),
        _ => fault.into(),
    })?;
    wire::json(&KeyOut::new(&view).with_text(&text))
}

pub(crate) async fn update(Path(key): Path<String>, call: Call) -> Answer {
    let grant = call.permit(UpdateAccountKey { key: id(&key)? }).await?;
    let body = call.object()?;
    let change =
        AccountKeyChange { name: text_if(&body, "name")?, group: number_if(&body, "group_id")? };
    let changed = call.state.kit.access.account_keys.update(&grant, change).await;
    let view = changed.worded(Code::Invalid, group_id)?;
    wire::json(&KeyOut::new(&view))
}

pub(crate) async fn regenerate(Path(key): Path<String>, call: Call) -> Answer {
    let grant = call.permit(RegenerateAccountKey { key: id(&key)? }).await?;
    let (view, text) = call.state.kit.access.account_keys.regenerate(&grant).await?;
    wire::json(&KeyOut::new(&view).with_text(&text).with_prefix(&view))
}

pub(crate) async fn delete(Path(key): Path<String>, call: Call) -> Answer {
    let grant = call.permit(DeleteAccountKey { key: id(&key)? }).await?;
    call.state.kit.access.account_keys.delete(&grant).await?;
    wire::nothing()
}

/// The core calls the group `group`, clients `group_id`.
fn group_id(fault: &Fault) -> Refusal {
    match fault.field() {
        Some("group") => Refusal::field("group_id", sentence(fault)),
        Some(field) => Refusal::field(field, sentence(fault)),
        None => Refusal::field("body", sentence(fault)),
    }
}
