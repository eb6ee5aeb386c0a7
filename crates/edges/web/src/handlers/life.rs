//! What happens in the life of a key: a successor, off and on, revoked and brought back.

use axum::extract::Path;
use http::StatusCode;
use tessera_access::{DisableKey, RestoreKey, RevokeKey, RotateKey};
use tessera_kernel::Fault;
use tessera_kernel::ids::KeyId;

use super::{key_id, names, shown_once};
use crate::call::{Answer, Call};
use crate::views::secret;

pub(crate) async fn rotate(Path(id): Path<String>, call: Call) -> Answer {
    let grant = call.permit(RotateKey { key: key_id(&id)? }).await?;
    let overlap = call.form.get("overlap_seconds");
    let overlap = overlap.parse().map_err(|_| {
        Fault::invalid("overlap_seconds", "choose for how long the present text works on")
    })?;
    let keys = &call.access().keys;
    let minted = keys.rotate(&grant, overlap).await?;
    let names = names::of(&call, std::slice::from_ref(&minted.key)).await?;
    let signing = keys.signing_secret(&minted.key)?;
    let view = secret::Once {
        minted: &minted,
        signing: signing.as_ref(),
        base_url: &call.info.base_url,
        names: &names,
        now: keys.now(),
        predecessor: Some(grant.act().key),
    };
    Ok(shown_once(call.page(StatusCode::CREATED, "The new text of the key", &view.html())))
}

pub(crate) async fn disable(Path(id): Path<String>, call: Call) -> Answer {
    set_disabled(&id, &call, true).await
}

pub(crate) async fn enable(Path(id): Path<String>, call: Call) -> Answer {
    set_disabled(&id, &call, false).await
}

async fn set_disabled(id: &str, call: &Call, disabled: bool) -> Answer {
    let grant = call.permit(DisableKey { key: key_id(id)? }).await?;
    let key = call.access().keys.set_disabled(&grant, disabled).await?;
    back(call, key.id, if disabled { "disabled" } else { "enabled" })
}

pub(crate) async fn revoke(Path(id): Path<String>, call: Call) -> Answer {
    let grant = call.permit(RevokeKey { key: key_id(&id)? }).await?;
    call.access().keys.revoke(&grant).await?;
    back(&call, grant.act().key, "revoked")
}

pub(crate) async fn restore(Path(id): Path<String>, call: Call) -> Answer {
    let grant = call.permit(RestoreKey { key: key_id(&id)? }).await?;
    let key = call.access().keys.restore(&grant).await?;
    back(&call, key.id, "restored")
}

/// To the page of the key, which tells what was done.
fn back(call: &Call, key: KeyId, done: &str) -> Answer {
    call.go(&format!("/keys/{key}?done={done}"))
}
