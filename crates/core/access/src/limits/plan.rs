//! Which limits hold for a key, and in which buckets they count.

use sha2::{Digest, Sha256};

use crate::AccessSettings;
use crate::keys::terms::{Limit, Terms, Unit};
use crate::keys::{ActiveKey, Key, KeyOwner};

/// The name of the limits that settings give to keys.
const DEFAULT_NAME: &str = "default";

/// A limit and the name of its bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) bucket: String,
    pub(super) limit: Limit,
}

/// Whether any limit holds for a key. Cheap: most keys have none.
pub(super) fn concerns(key: &ActiveKey, settings: &AccessSettings) -> bool {
    let by_settings = match key.key.owner {
        KeyOwner::Workspace(_) => settings.workspace_requests_per_hour > 0,
        _ => settings.requests_per_minute_per_key > 0,
    };
    by_settings || key.terms().any(|terms| !terms.limits.is_empty())
}

/// All limits of a key, of the keys above it, of tokens made from it, and of the settings. Two that
/// count in one bucket become one, the stricter one.
pub(super) fn plan(key: &ActiveKey, settings: &AccessSettings) -> Vec<Planned> {
    let mut all: Vec<Planned> = Vec::new();
    for record in std::iter::once(&key.key).chain(&key.above) {
        for limit in &record.terms.limits {
            add(&mut all, &own_scope(record, limit), limit.clone());
        }
        match record.owner {
            KeyOwner::Workspace(_) if settings.workspace_requests_per_hour > 0 => {
                let limit = by_setting(settings.workspace_requests_per_hour, 3600);
                add(&mut all, &format!("{}/{DEFAULT_NAME}", owner(record)), limit);
            }
            KeyOwner::User(_) | KeyOwner::Query(_) | KeyOwner::Dashboard(_)
                if settings.requests_per_minute_per_key > 0 =>
            {
                let limit = by_setting(settings.requests_per_minute_per_key, 60);
                add(&mut all, &own_scope(record, &limit), limit);
            }
            _ => {}
        }
    }
    for caveat in key.caveats.iter().filter(|caveat| !caveat.limits.is_empty()) {
        let token = fingerprint(caveat);
        for limit in &caveat.limits {
            add(&mut all, &format!("key:{}/{token}/{}", key.id(), limit.name), limit.clone());
        }
    }
    all
}

fn by_setting(quota: u64, window_seconds: u64) -> Limit {
    let name = DEFAULT_NAME.to_owned();
    Limit { name, quota, unit: Unit::Requests, window_seconds, bucket: None }
}

fn own_scope(key: &Key, limit: &Limit) -> String {
    match &limit.bucket {
        Some(shared) => format!("{}/{shared}", owner(key)),
        None => format!("key:{}/{}", key.id, limit.name),
    }
}

fn owner(key: &Key) -> String {
    match key.owner {
        KeyOwner::User(id) => format!("user:{id}"),
        KeyOwner::Query(id) => format!("query:{id}"),
        KeyOwner::Dashboard(id) => format!("dashboard:{id}"),
        KeyOwner::Workspace(id) => format!("workspace:{id}"),
    }
}

/// The same for the same terms: a token that was made twice is one token.
fn fingerprint(terms: &Terms) -> String {
    let text = serde_json::to_vec(terms).unwrap_or_default();
    crate::keys::hex(&Sha256::digest(text)[..8])
}

fn add(all: &mut Vec<Planned>, scope: &str, limit: Limit) {
    let bucket = format!("{scope}/{}/{}", limit.unit.as_str(), limit.window_seconds);
    if let Some(known) = all.iter_mut().find(|known| known.bucket == bucket) {
        known.limit.quota = known.limit.quota.min(limit.quota);
        return;
    }
    // A name stands once in an answer.
    let mut limit = limit;
    let (base, mut number) = (limit.name.clone(), 1);
    while all.iter().any(|known| known.limit.name == limit.name) {
        number += 1;
        limit.name = format!("{base}-{number}");
    }
    all.push(Planned { bucket, limit });
}

#[cfg(test)]
mod tests {
    use tessera_kernel::Timestamp;
    use tessera_kernel::ids::{KeyId, UserId, WorkspaceId};

    use super::*;
    use crate::KeyKind;

    fn key(id: i64, owner: KeyOwner, limits: Vec<Limit>) -> Key {
        let mut key = Key::blank(KeyKind::User, owner, Timestamp::UNIX_EPOCH);
        key.id = KeyId(id);
        key.terms.limits = limits;
        key
    }

    fn limit(name: &str, quota: u64, bucket: Option<&str>) -> Limit {
        let (name, bucket) = (name.to_owned(), bucket.map(str::to_owned));
        Limit { name, quota, unit: Unit::Requests, window_seconds: 60, bucket }
    }

    fn buckets(key: &ActiveKey, settings: &AccessSettings) -> Vec<(String, u64)> {
        plan(key, settings).into_iter().map(|one| (one.bucket, one.limit.quota)).collect()
    }

    #[test]
    fn a_key_without_limits_is_not_concerned() {
        let settings = AccessSettings::default();
        let plain = ActiveKey::alone(key(1, KeyOwner::User(UserId(7)), Vec::new()));
        assert!(!concerns(&plain, &settings));
        assert!(plan(&plain, &settings).is_empty());
        let each = AccessSettings { requests_per_minute_per_key: 5, ..settings };
        assert!(concerns(&plain, &each));
        assert_eq!(buckets(&plain, &each), [("key:1/default/requests/60".to_owned(), 5)]);
    }

    #[test]
    fn keys_of_a_workspace_share_its_bucket() {
        let settings = AccessSettings::default();
        let of = |id| {
            let key = key(id, KeyOwner::Workspace(WorkspaceId(3)), Vec::new());
            buckets(&ActiveKey::alone(key), &settings)
        };
        assert_eq!(of(1), [("workspace:3/default/requests/3600".to_owned(), 250_000)]);
        assert_eq!(of(1), of(2));
    }

    #[test]
    fn limits_of_all_keys_above_hold_and_shared_buckets_count_once() {
        let owner = KeyOwner::User(UserId(7));
        let mut active = ActiveKey::alone(key(
            2,
            owner,
            vec![limit("burst", 5, None), limit("team", 50, Some("team"))],
        ));
        active.above =
            vec![key(1, owner, vec![limit("burst", 9, None), limit("all", 40, Some("team"))])];
        let planned = plan(&active, &AccessSettings::default());
        let names: Vec<_> = planned.iter().map(|one| one.limit.name.as_str()).collect();
        assert_eq!(names, ["burst", "team", "burst-2"]);
        assert_eq!(
            buckets(&active, &AccessSettings::default()),
            [
                ("key:2/burst/requests/60".to_owned(), 5),
                ("user:7/team/requests/60".to_owned(), 40),
                ("key:1/burst/requests/60".to_owned(), 9),
            ]
        );
    }

    #[test]
    fn a_tokens_own_limits_count_for_that_token() {
        let mut active = ActiveKey::alone(key(2, KeyOwner::User(UserId(7)), Vec::new()));
        let token = |quota| Terms { limits: vec![limit("t", quota, None)], ..Terms::default() };
        active.caveats = vec![token(3)];
        let one = buckets(&active, &AccessSettings::default());
        active.caveats = vec![token(4)];
        let other = buckets(&active, &AccessSettings::default());
        assert!(one.len() == 1 && one[0].0 != other[0].0, "{one:?} {other:?}");
    }
}
