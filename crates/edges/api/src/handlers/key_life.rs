//! What happens in the life of a key: successors, off and on, back from revocation, approval,
//! widening; many revoked at once; the policy for all of them.

use axum::response::Response;
use serde_json::Value;
use tessera_access::{
    Action, AdministerKeys, ApproveKey, DisableKey, GovernKeys, RestoreKey, RotateKey, WidenKey,
};
use tessera_kernel::{Fault, Result};

use super::keys::key_id;
use crate::call::Call;
use crate::map::keys as map;
use crate::reply;
use crate::routes::{Route, Verb};
use crate::wire::key_policy::{KeyPolicy, KeyPolicyChange};
use crate::wire::keys::{
    BulkRevocation, CreatedKey, Decision, Key, NewRotation, NewWidening, RevokedKeys, Verdict,
};

pub(crate) fn routes() -> Vec<Route> {
    let disabled = "/v1/keys/{id}/disabled";
    let policy = "/v1/organization/key-policy";
    vec![
        Route::new(
            Verb::Post,
            "/v1/keys/{id}/rotations",
            Action::KeysRotate,
            "rotate_key",
            "Make a successor of a key",
            rotate,
        )
        .about(
            "The successor has the same terms and a text of its own, which is in the answer and \
             nowhere else. The predecessor ends after the overlap, or at its own end if that comes \
             first; keys that were made from it end with it.",
        )
        .reads::<NewRotation>()
        .creates()
        .gives::<CreatedKey>(201),
        Route::new(
            Verb::Put,
            disabled,
            Action::KeysDisable,
            "disable_key",
            "Switch a key off",
            disable,
        )
        .gives::<Key>(200),
        Route::new(
            Verb::Delete,
            disabled,
            Action::KeysDisable,
            "enable_key",
            "Switch a key on",
            enable,
        )
        .about("One that an administrator switched off is switched on by administrators only.")
        .gives::<Key>(200),
        Route::new(
            Verb::Post,
            "/v1/keys/{id}/restoration",
            Action::KeysRestore,
            "restore_key",
            "Bring a revoked key back",
            restore,
        )
        .about("Its text works again. Only for some days after it was revoked (`restore_days`).")
        .gives::<Key>(200),
        Route::new(
            Verb::Post,
            "/v1/keys/{id}/approval",
            Action::KeysApprove,
            "decide_key_approval",
            "Approve or refuse what waits at a key",
            decide,
        )
        .about("The key itself, or else its widening. Nobody approves what they asked for.")
        .reads::<Decision>()
        .gives::<Key>(200),
        Route::new(
            Verb::Post,
            "/v1/keys/{id}/widenings",
            Action::KeysWiden,
            "widen_key",
            "Ask for other terms of a key",
            widen,
        )
        .about("They hold once they are approved, and end by themselves at `until`.")
        .reads::<NewWidening>()
        .gives::<Key>(200),
        Route::new(
            Verb::Post,
            "/v1/keys/bulk-revocations",
            Action::KeysAdminister,
            "revoke_keys",
            "Revoke many keys at once",
            revoke_many,
        )
        .reads::<BulkRevocation>()
        .gives::<RevokedKeys>(200),
        Route::new(
            Verb::Get,
            policy,
            Action::KeysPolicy,
            "read_key_policy",
            "Read the policy of keys",
            read_policy,
        )
        .gives::<KeyPolicy>(200),
        Route::new(
            Verb::Patch,
            policy,
            Action::KeysPolicy,
            "update_key_policy",
            "Change the policy of keys",
            change_policy,
        )
        .about("Keys that exist keep their terms and ends.")
        .reads::<KeyPolicyChange>()
        .gives::<KeyPolicy>(200),
    ]
}

async fn rotate(call: Call) -> Result<Response> {
    let grant = call.permit(RotateKey { key: key_id(&call)? }).await?;
    let body: NewRotation = call.json()?;
    let keys = &call.access().keys;
    let minted = keys.rotate(&grant, body.overlap_seconds).await?;
    let location = format!("/v1/keys/{}", minted.key.id);
    reply::created(&location, &map::minted(&minted, keys.now()))
}

async fn disable(call: Call) -> Result<Response> {
    set_disabled(call, true).await
}

async fn enable(call: Call) -> Result<Response> {
    set_disabled(call, false).await
}

async fn set_disabled(call: Call, disabled: bool) -> Result<Response> {
    let grant = call.permit(DisableKey { key: key_id(&call)? }).await?;
    let keys = &call.access().keys;
    reply::ok(&map::key(&keys.set_disabled(&grant, disabled).await?, keys.now()))
}

async fn restore(call: Call) -> Result<Response> {
    let grant = call.permit(RestoreKey { key: key_id(&call)? }).await?;
    let keys = &call.access().keys;
    reply::ok(&map::key(&keys.restore(&grant).await?, keys.now()))
}

async fn decide(call: Call) -> Result<Response> {
    let grant = call.permit(ApproveKey { key: key_id(&call)? }).await?;
    let body: Decision = call.json()?;
    let keys = &call.access().keys;
    let key = keys.decide_approval(&grant, body.decision == Verdict::Approve).await?;
    reply::ok(&map::key(&key, keys.now()))
}

async fn widen(call: Call) -> Result<Response> {
    let grant = call.permit(WidenKey { key: key_id(&call)? }).await?;
    let body: NewWidening = call.json()?;
    let new = tessera_access::NewWidening {
        terms: body.terms,
        justification: body.justification,
        until: body.until,
    };
    let keys = &call.access().keys;
    reply::ok(&map::key(&keys.ask_widening(&grant, new).await?, keys.now()))
}

async fn revoke_many(call: Call) -> Result<Response> {
    let grant = call.permit(AdministerKeys {}).await?;
    let asked = map::bulk_revocation(call.json()?)?;
    let dry_run = asked.dry_run;
    let keys = &call.access().keys;
    let found = keys.revoke_many(&grant, asked).await?;
    let now = keys.now();
    let view = RevokedKeys {
        dry_run,
        count: found.len() as u64,
        keys: found.iter().map(|key| map::key(key, now)).collect(),
    };
    reply::ok(&view)
}

async fn read_policy(call: Call) -> Result<Response> {
    let grant = call.permit(GovernKeys {}).await?;
    reply::ok(&map::policy(&call.access().keys.read_policy(&grant).await?))
}

async fn change_policy(call: Call) -> Result<Response> {
    let grant = call.permit(GovernKeys {}).await?;
    let body: KeyPolicyChange = call.json()?;
    let change = serde_json::to_value(&body)
        .map_err(|error| Fault::internal("a change of the policy cannot be written", error))?;
    let Value::Object(change) = change else {
        return Err(Fault::new(tessera_kernel::Code::Internal, "a change is an object"));
    };
    reply::ok(&map::policy(&call.access().keys.change_policy(&grant, change).await?))
}
