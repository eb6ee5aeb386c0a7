//! Keys below the key in use.

use axum::response::Response;
use tessera_access::{Action, BoundedKey, Caller, CreateChildKey};
use tessera_kernel::{Code, Fault, Result};

use crate::call::Call;
use crate::handlers::queries::anonymous;
use crate::map::pins;
use crate::reply;
use crate::routes::{Route, Verb};
use crate::wire::pins::{CreatedBoundKey, NewChildKey};

const ABOUT: &str = "The new key can do what both its own terms and those of the key in use allow, \
and ends with that key. Keys of queries and dashboards need the grant `keys.delegate`.";

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Verb::Post,
            "/v1/keys/self/children",
            Action::KeysDelegate,
            "create_child_key",
            "Make a narrower key below one's own",
            create,
        )
        .about(ABOUT)
        .reads::<NewChildKey>()
        .creates()
        .gives::<CreatedBoundKey>(201),
    ]
}

async fn create(call: Call) -> Result<Response> {
    let key = match call.caller().await? {
        Caller::Anonymous => return Err(anonymous()),
        caller => caller.key().map(|key| key.id()),
    };
    let Some(key) = key else {
        let detail = "only a key makes keys below itself; with a session use /v1/keys";
        return Err(Fault::new(Code::Forbidden, detail).with_reason("scope_missing"));
    };
    let grant = call.permit(CreateChildKey { key }).await?;
    let body: NewChildKey = call.json()?;
    let new = BoundedKey {
        name: body.name,
        not_before: body.not_before,
        expires_at: body.expires_at,
        terms: body.terms,
    };
    let minted = call.access().keys.create_child(&grant, new).await?;
    let signing = call.access().keys.signing_secret(&minted.key)?;
    let view = pins::created(&minted, signing.as_ref(), None, call.access().keys.now());
    reply::created(&format!("/v1/keys/{}", minted.key.id), &view)
}
