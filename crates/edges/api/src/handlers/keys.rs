//! Keys: made, listed, read, changed, revoked. What else happens in their lives is in `key_life`.

use axum::response::Response;
use chrono::{DateTime, Utc};
use tessera_access::{
    Action, AdministerKeys, CreateKey, KeyFilter, KeyKind, KeyState, ListKeys, ReadKey, RevokeKey,
    UpdateKey,
};
use tessera_kernel::ids::KeyId;
use tessera_kernel::{Fault, Result};

use crate::call::Call;
use crate::map::keys as map;
use crate::reply;
use crate::routes::{Param, Route, Verb};
use crate::wire::keys::{CreatedKey, Key, KeyChange, NewKey};

const FILTERS: [Param; 7] = [
    Param::new("all", "boolean", "Everybody's keys; needs `keys.administer`."),
    Param::new(
        "owner",
        "string",
        "Only those of `user:7`, `query:42`, `dashboard:3` or `workspace:1`; needs \
         `keys.administer` unless it is the caller.",
    ),
    Param::new("kind", "string", "Only `usr`, `svc`, `agt`, `ing`, `qry` or `dash`."),
    Param::new(
        "state",
        "string",
        "Only `pending`, `active`, `grace`, `expired`, `disabled` or `revoked`; all but revoked \
         ones if left out.",
    ),
    Param::new("expiring_before", "string", "Only those that end before this moment."),
    Param::new("unused_since", "string", "Only those made before this moment and not used since."),
    Param::new(
        "made",
        "boolean",
        "Also the keys that the caller made for queries, dashboards and workspaces.",
    ),
];

pub(crate) fn routes() -> Vec<Route> {
    let (all, one) = ("/v1/keys", "/v1/keys/{id}");
    vec![
        Route::new(Verb::Get, all, Action::KeysList, "list_keys", "List keys", list)
            .about("One's own, or with `all` or `owner` those of others; the oldest first.")
            .params(&FILTERS)
            .lists::<Key>(),
        Route::new(Verb::Post, all, Action::KeysCreate, "create_key", "Create a key", create)
            .about(
                "The key acts as its owner, within its terms. Its text is in the answer and \
                 nowhere else. A key that makes a key needs a grant that names `keys.create`; the \
                 new one is its child, can never do more, and ends with it. Where the policy wants \
                 approval the key is `pending` until an administrator approves it.",
            )
            .reads::<NewKey>()
            .creates()
            .gives::<CreatedKey>(201),
        Route::new(Verb::Get, one, Action::KeysRead, "read_key", "Read a key", get)
            .gives::<Key>(200),
        Route::new(
            Verb::Patch,
            one,
            Action::KeysUpdate,
            "update_key",
            "Rename a key, or narrow it",
            update,
        )
        .about(
            "Terms are accepted if they provably allow nothing that the present ones do not. For \
             more, make another key or ask for a widening.",
        )
        .reads::<KeyChange>()
        .gives::<Key>(200),
        Route::new(Verb::Delete, one, Action::KeysRevoke, "revoke_key", "Revoke a key", revoke)
            .about("It can be brought back at `POST /v1/keys/{id}/restoration` for some days.")
            .empty(),
    ]
}

pub(super) fn key_id(call: &Call) -> Result<KeyId> {
    call.number(0, "key")
}

fn moment(call: &Call, name: &str) -> Result<Option<DateTime<Utc>>> {
    let read = |text: &str| {
        text.parse().map_err(|_| Fault::invalid(name, "send a moment such as 2027-01-31T12:00:00Z"))
    };
    call.text(name).map(read).transpose()
}

async fn list(call: Call) -> Result<Response> {
    let grant = call.permit(ListKeys {}).await?;
    let paging = call.paging()?;
    let filter = KeyFilter {
        owner: call.text("owner").map(map::owner).transpose()?,
        kind: match call.text("kind") {
            None => None,
            Some(text) => Some(KeyKind::parse(text).ok_or_else(|| {
                let known = KeyKind::ALL.map(KeyKind::as_str).join(", ");
                Fault::invalid("kind", format!("send one of {known}"))
            })?),
        },
        state: call.choice(
            "state",
            &KeyState::ALL.map(|state| (state.as_str(), Some(state))),
            None,
        )?,
        expiring_before: moment(&call, "expiring_before")?,
        unused_since: moment(&call, "unused_since")?,
        ..KeyFilter::default()
    };
    let keys = &call.access().keys;
    let own = grant.user().ok().map(|user| tessera_access::KeyOwner::User(user.id));
    let others = call.flag("all")? || (filter.owner.is_some() && filter.owner != own);
    let page = if others {
        let over = call.permit(AdministerKeys {}).await?;
        keys.list_all(&over, &filter, paging.request).await?
    } else if call.flag("made")? {
        keys.list_kept(&grant, &filter, paging.request).await?
    } else {
        keys.list(&grant, &filter, paging.request).await?
    };
    let now = keys.now();
    reply::ok(&paging.view(page.map(|key| map::key(&key, now))))
}

async fn create(call: Call) -> Result<Response> {
    let grant = call.permit(CreateKey {}).await?;
    let new = map::new_key(call.json()?)?;
    let over = match new.owner {
        None => None,
        Some(tessera_access::KeyOwner::User(id)) if id == grant.user()?.id => None,
        Some(_) => Some(call.permit(AdministerKeys {}).await?),
    };
    let keys = &call.access().keys;
    let minted = keys.create(&grant, over.as_ref(), new).await?;
    let location = format!("/v1/keys/{}", minted.key.id);
    reply::created(&location, &map::minted(&minted, keys.now()))
}

async fn get(call: Call) -> Result<Response> {
    let grant = call.permit(ReadKey { key: key_id(&call)? }).await?;
    let keys = &call.access().keys;
    reply::ok(&map::key(&keys.get(&grant).await?, keys.now()))
}

async fn update(call: Call) -> Result<Response> {
    let grant = call.permit(UpdateKey { key: key_id(&call)? }).await?;
    let body: KeyChange = call.json()?;
    let change = tessera_access::KeyChange { name: body.name, terms: body.terms };
    let keys = &call.access().keys;
    reply::ok(&map::key(&keys.update(&grant, change).await?, keys.now()))
}

async fn revoke(call: Call) -> Result<Response> {
    let grant = call.permit(RevokeKey { key: key_id(&call)? }).await?;
    call.access().keys.revoke(&grant).await?;
    reply::no_content()
}
