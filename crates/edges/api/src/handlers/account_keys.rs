//! Keys with accounts of their own: a program that is known by one key and has the rights of a group.

use axum::response::Response;
use tessera_access as core;
use tessera_access::{
    Action, CreateAccountKey, DeleteAccountKey, KeyShape, ListAccountKeys, RegenerateAccountKey,
    UpdateAccountKey,
};
use tessera_kernel::Result;
use tessera_kernel::ids::GroupId;

use super::keys::key_id;
use crate::call::Call;
use crate::map::{access, keys};
use crate::reply;
use crate::routes::{Route, Verb};
use crate::wire::account_keys::{AccountKey, AccountKeyChange, CreatedAccountKey, NewAccountKey};

pub(crate) fn routes() -> Vec<Route> {
    let (all, one) = ("/v1/account-keys", "/v1/account-keys/{id}");
    vec![
        Route::new(
            Verb::Get,
            all,
            Action::AccountKeysList,
            "list_account_keys",
            "List keys with accounts of their own",
            list,
        )
        .lists::<AccountKey>(),
        Route::new(
            Verb::Post,
            all,
            Action::AccountKeysCreate,
            "create_account_key",
            "Create a key with an account of its own",
            create,
        )
        .about(
            "The key has the rights of its group and of the default one. Its text is in the answer \
             and nowhere else.",
        )
        .reads::<NewAccountKey>()
        .creates()
        .gives::<CreatedAccountKey>(201),
        Route::new(
            Verb::Patch,
            one,
            Action::AccountKeysUpdate,
            "update_account_key",
            "Change name or group of such a key",
            update,
        )
        .reads::<AccountKeyChange>()
        .gives::<AccountKey>(200),
        Route::new(
            Verb::Post,
            "/v1/account-keys/{id}/regenerations",
            Action::AccountKeysRegenerate,
            "regenerate_account_key",
            "Give such a key another text",
            regenerate,
        )
        .about("The old text stops working at once.")
        .gives::<CreatedAccountKey>(200),
        Route::new(
            Verb::Delete,
            one,
            Action::AccountKeysDelete,
            "delete_account_key",
            "Revoke such a key with its account",
            delete,
        )
        .empty(),
    ]
}

async fn list(call: Call) -> Result<Response> {
    let grant = call.permit(ListAccountKeys {}).await?;
    let found = call.access().account_keys.list(&grant).await?;
    reply::ok(&call.paging()?.cut(found.iter().map(|known| view(&call, known)).collect()))
}

async fn create(call: Call) -> Result<Response> {
    let grant = call.permit(CreateAccountKey {}).await?;
    let body: NewAccountKey = call.json()?;
    let (name, group) = (body.name, GroupId(body.group_id));
    let new = core::NewAccountKey { name, group, shape: KeyShape::Base64 };
    let (known, secret) = call.access().account_keys.create(&grant, new).await?;
    let place = format!("/v1/account-keys/{}", known.known.key.id);
    reply::created(&place, &shown(&call, &known, &secret))
}

async fn update(call: Call) -> Result<Response> {
    let grant = call.permit(UpdateAccountKey { key: key_id(&call)? }).await?;
    let body: AccountKeyChange = call.json()?;
    let change = core::AccountKeyChange { name: body.name, group: body.group_id.map(GroupId) };
    let known = call.access().account_keys.update(&grant, change).await?;
    reply::ok(&view(&call, &known))
}

async fn regenerate(call: Call) -> Result<Response> {
    let grant = call.permit(RegenerateAccountKey { key: key_id(&call)? }).await?;
    let (known, secret) = call.access().account_keys.regenerate(&grant).await?;
    reply::ok(&shown(&call, &known, &secret))
}

async fn delete(call: Call) -> Result<Response> {
    let grant = call.permit(DeleteAccountKey { key: key_id(&call)? }).await?;
    call.access().account_keys.delete(&grant).await?;
    reply::no_content()
}

fn view(call: &Call, known: &core::AccountKeyView) -> AccountKey {
    AccountKey {
        key: keys::key(&known.known.key, call.access().keys.now()),
        account: access::service_account(&known.known.account),
        group: known.group.as_ref().map(access::group),
        changed_at: known.known.changed_at,
        changed_by_id: known.known.changed_by.map(|id| id.0),
    }
}

fn shown(
    call: &Call,
    known: &core::AccountKeyView,
    secret: &tessera_kernel::Secret,
) -> CreatedAccountKey {
    CreatedAccountKey { account_key: view(call, known), secret: secret.expose().to_owned() }
}
