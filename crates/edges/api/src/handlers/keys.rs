//! The caller's own keys.

use axum::response::Response;
use tessera_access::{Action, CreateKey, ListKeys, RevokeKey};
use tessera_kernel::Result;

use crate::call::Call;
use crate::map::access;
use crate::reply;
use crate::routes::{Route, Verb};
use crate::wire::keys::{CreatedKey, Key, NewKey};

pub(crate) fn routes() -> Vec<Route> {
    let (all, one) = ("/v1/keys", "/v1/keys/{id}");
    vec![
        Route::new(Verb::Get, all, Action::KeysList, "list_keys", "List one's own keys", list)
            .lists::<Key>(),
        Route::new(Verb::Post, all, Action::KeysCreate, "create_key", "Create a key", create)
            .about("The key acts as its owner. Its text is in the answer and nowhere else.")
            .reads::<NewKey>()
            .creates()
            .gives::<CreatedKey>(201),
        Route::new(
            Verb::Delete,
            one,
            Action::KeysRevoke,
            "revoke_key",
            "Revoke a key for good",
            revoke,
        )
        .empty(),
    ]
}

async fn list(call: Call) -> Result<Response> {
    let grant = call.permit(ListKeys {}).await?;
    let keys = call.access().keys.list(&grant).await?;
    reply::ok(&call.paging()?.cut(keys.iter().map(access::key).collect()))
}

async fn create(call: Call) -> Result<Response> {
    let grant = call.permit(CreateKey {}).await?;
    let body: NewKey = call.json()?;
    let new = tessera_access::NewKey {
        name: body.name,
        not_before: body.not_before,
        expires_at: body.expires_at,
    };
    let minted = call.access().keys.create(&grant, new).await?;
    reply::created(&format!("/v1/keys/{}", minted.key.id), &access::minted(&minted))
}

async fn revoke(call: Call) -> Result<Response> {
    let grant = call.permit(RevokeKey { key: call.number(0, "key")? }).await?;
    call.access().keys.revoke(&grant).await?;
    reply::no_content()
}
