//! Keys: the list, and one of them.

use axum::extract::Path;
use chrono::TimeDelta;
use http::StatusCode;
use tessera_access::{AdministerKeys, KeyFilter, KeyKind, KeyState, ListKeys, ReadKey};
use tessera_kernel::{PageRequest, Timestamp};

use super::{key_id, names};
use crate::call::{Answer, Call};
use crate::views::{key, key_list};

/// Keys on a page.
const PAGE_KEYS: u64 = 50;
/// Keys that end within so many days are about to end.
const ENDING_DAYS: i64 = 14;
/// Keys that nobody used for so many days are unused.
const UNUSED_DAYS: i64 = 90;

pub(crate) async fn list(call: Call) -> Answer {
    let grant = call.permit(ListKeys {}).await?;
    let keys = &call.access().keys;
    let now = keys.now();
    let filter = filter(&call, now);
    let number = call.query.get("page").parse().ok().filter(|page| *page > 0).unwrap_or(1);
    let page = PageRequest { number, size: PAGE_KEYS };
    let all = call.query.get("whose") == "all";
    let found = if all {
        let over = call.permit(AdministerKeys {}).await?;
        keys.list_all(&over, &filter, page).await?
    } else {
        keys.list_kept(&grant, &filter, page).await?
    };
    let names = names::of(&call, &found.items).await?;
    let view = key_list::List {
        found,
        page,
        names: &names,
        now,
        query: &call.query,
        all,
        is_admin: call.is_admin(),
        is_filtered: filter != KeyFilter::default(),
    };
    Ok(call.page(StatusCode::OK, "API keys", &view.html()))
}

/// What is asked for behind the `?`; what is no such thing asks for nothing.
fn filter(call: &Call, now: Timestamp) -> KeyFilter {
    let state = call.query.get("state");
    let mut filter = KeyFilter {
        kind: KeyKind::parse(call.query.get("kind")),
        state: KeyState::ALL.into_iter().find(|known| known.as_str() == state),
        ..KeyFilter::default()
    };
    match call.query.get("only") {
        "ending" => filter.expiring_before = Some(now + TimeDelta::days(ENDING_DAYS)),
        "unused" => filter.unused_since = Some(now - TimeDelta::days(UNUSED_DAYS)),
        _ => {}
    }
    filter
}

pub(crate) async fn get(Path(id): Path<String>, call: Call) -> Answer {
    let grant = call.permit(ReadKey { key: key_id(&id)? }).await?;
    let keys = &call.access().keys;
    let key = keys.get(&grant).await?;
    let names = names::of(&call, std::slice::from_ref(&key)).await?;
    let policy = keys.policy().await?;
    let view = key::Detail {
        key: &key,
        names: &names,
        now: keys.now(),
        proof: call.proof(),
        done: call.query.get("done"),
        restore_days: policy.restore_days,
    };
    Ok(call.page(StatusCode::OK, &view.title(), &view.html()))
}
