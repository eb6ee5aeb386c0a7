//! The lives of keys: states, successors, ends, warnings, digests under other peppers; workspaces.

use tessera_access::ports::{KeyLifeRepo, KeyRepo, KeyUse, WorkspaceRepo};
use tessera_access::{
    Approval, Key, KeyFilter, KeyKind, KeyOwner, KeyState, Widening, Workspace, terms::Terms,
};
use tessera_kernel::ids::{KeyId, Uid, UserId, WorkspaceId};
use tessera_kernel::{Code, PageRequest};
use tessera_store::Store;

use crate::common::{add_user, at, key, on_both, page};

on_both! {
    every_state_is_found_and_only_there lists_are_narrowed_by_what_is_asked_for
    a_key_has_one_successor a_key_is_changed_and_read_back keys_are_revoked_restored_and_purged
    unused_keys_are_switched_off a_warning_is_noted_once digests_change_under_the_pepper_they_had
    workspaces_are_listed_and_unique
}

/// A key that cannot be shown again and does not end.
fn plain(owner: UserId) -> Key {
    Key { sealed: None, expires_at: None, ..key(KeyKind::User, KeyOwner::User(owner)) }
}

async fn add(store: &Store, mut key: Key) -> Key {
    key.id = store.insert_key(&key).await.unwrap();
    key
}

async fn list(store: &Store, filter: KeyFilter) -> Vec<KeyId> {
    let found = store.keys(&filter, at(100), page()).await.unwrap();
    assert_eq!(found.total, found.items.len() as u64);
    found.items.into_iter().map(|key| key.id).collect()
}

async fn every_state_is_found_and_only_there(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let owner = Some(KeyOwner::User(ada));
    let waiting = Approval {
        justification: r#"she wrote "approved_at":null"#.to_owned(),
        ..Approval::default()
    };
    let approved = Approval { approved_at: Some(at(1)), ..waiting.clone() };
    let ends = |end| Key { expires_at: Some(at(end)), ..plain(ada) };
    let keys = [
        (plain(ada), KeyState::Active),
        (Key { approval: Some(approved), ..plain(ada) }, KeyState::Active),
        (Key { approval: Some(waiting.clone()), ..plain(ada) }, KeyState::Pending),
        (Key { not_before: Some(at(101)), ..plain(ada) }, KeyState::Pending),
        (ends(100), KeyState::Expired),
        (Key { approval: Some(waiting.clone()), ..ends(9) }, KeyState::Expired),
        (Key { disabled_at: Some(at(5)), ..ends(9) }, KeyState::Disabled),
        (
            Key { revoked_at: Some(at(5)), disabled_at: Some(at(5)), ..plain(ada) },
            KeyState::Revoked,
        ),
    ];
    let mut expected = Vec::new();
    for (key, state) in keys {
        assert_eq!(key.state(at(100)), state);
        expected.push((add(&store, key).await.id, state));
    }
    let (old, new) = (add(&store, plain(ada)).await, plain(ada));
    let new = store.replace_key(old.id, at(200), at(50), &new).await.unwrap();
    expected.extend([(old.id, KeyState::Grace), (new, KeyState::Active)]);
    for state in KeyState::ALL {
        let filter = KeyFilter {
            state: Some(state),
            owner,
            recoverable: Some(false),
            ..KeyFilter::default()
        };
        let found: Vec<KeyId> =
            expected.iter().filter(|(_, known)| *known == state).map(|(id, _)| *id).collect();
        let mut listed = list(&store, filter).await;
        listed.sort();
        assert_eq!(listed, found, "{state:?}");
    }
    let all = KeyFilter { owner, recoverable: Some(false), ..KeyFilter::default() };
    assert_eq!(list(&store, all).await.len(), expected.len() - 1, "all but the revoked one");
}

async fn lists_are_narrowed_by_what_is_asked_for(store: Store) {
    let (ada, bob) = (add_user(&store, "Ada").await, add_user(&store, "Bob").await);
    let first = add(&store, Key { created_by: Some(bob), ..plain(ada) }).await;
    let second = Key { kind: KeyKind::Agent, created_at: at(50), ..plain(bob) };
    let second = add(&store, second).await;
    store.touch_keys(&[(first.id, KeyUse::new(at(60)))]).await.unwrap();
    let any = || KeyFilter { recoverable: Some(false), ..KeyFilter::default() };
    assert_eq!(list(&store, any()).await, [first.id, second.id]);
    let owner = Some(KeyOwner::User(bob));
    assert_eq!(list(&store, KeyFilter { owner, ..any() }).await, [second.id]);
    let agents = KeyFilter { kind: Some(KeyKind::Agent), ..any() };
    assert_eq!(list(&store, agents).await, [second.id]);
    assert_eq!(list(&store, KeyFilter { created_by: Some(bob), ..any() }).await, [first.id]);
    assert_eq!(list(&store, KeyFilter { kept_by: Some(bob), ..any() }).await, [second.id]);
    assert_eq!(list(&store, KeyFilter { ids: vec![second.id], ..any() }).await, [second.id]);
    let early = KeyFilter { created_before: Some(at(50)), ..any() };
    assert_eq!(list(&store, early).await, [first.id]);
    let unused = KeyFilter { unused_since: Some(at(60)), ..any() };
    assert_eq!(list(&store, unused).await, [second.id]);
    let recoverable = KeyFilter { recoverable: Some(true), ..KeyFilter::default() };
    assert_eq!(list(&store, recoverable).await.len(), 2, "each user's first key");
    let ending = KeyFilter { expiring_before: Some(at(1001)), ..KeyFilter::default() };
    assert_eq!(list(&store, ending).await.len(), 2);
    let one = PageRequest { number: 2, size: 1 };
    let found = store.keys(&any(), at(0), one).await.unwrap();
    assert_eq!((found.items[0].id, found.total), (second.id, 2));
}

async fn a_key_has_one_successor(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let old = add(&store, plain(ada)).await;
    let new = Key { predecessor: Some(old.id), ..plain(ada) };
    let id = store.replace_key(old.id, at(90), at(30), &new).await.unwrap();
    assert_eq!(store.key(id).await.unwrap().unwrap().predecessor, Some(old.id));
    let old = store.key(old.id).await.unwrap().unwrap();
    assert_eq!((old.expires_at, old.replaced_at), (Some(at(90)), Some(at(30))));
    let another = plain(ada);
    let fault = store.replace_key(old.id, at(99), at(31), &another).await.unwrap_err();
    assert_eq!(fault.code(), Code::Conflict);
    assert_eq!(store.key_by_lookup(&another.lookup).await.unwrap(), None, "nothing was left");
}

async fn a_key_is_changed_and_read_back(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let mut key = add(&store, plain(ada)).await;
    key.name = "new".to_owned();
    key.terms.caps.rows = Some(7);
    key.approval = Some(Approval { by: Some(ada), ..Approval::default() });
    key.widening = Some(Widening {
        terms: Terms::default(),
        justification: "the job at night".to_owned(),
        asked_by: ada,
        asked_at: at(3),
        until: Some(at(9)),
        decided_by: None,
        approved_at: None,
        refused_at: None,
    });
    store.update_key(&key).await.unwrap();
    assert_eq!(store.key(key.id).await.unwrap().unwrap(), key);
    key.disabled_at = Some(at(4));
    key.disabled_by = Some(ada);
    store.set_key_disabled(&key, at(4)).await.unwrap();
    assert_eq!(store.key(key.id).await.unwrap().unwrap(), key);
    key.id = KeyId(999);
    assert_eq!(store.update_key(&key).await.unwrap_err().code(), Code::NotFound);
}

async fn keys_are_revoked_restored_and_purged(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let (one, two) = (add(&store, plain(ada)).await, add(&store, plain(ada)).await);
    let child = add(&store, Key { parent: Some(one.id), ..plain(ada) }).await;
    let ids = [one.id, two.id];
    assert_eq!(store.revoke_keys(&ids, Some(ada), at(10)).await.unwrap(), 2);
    assert_eq!(store.revoke_keys(&ids, None, at(20)).await.unwrap(), 0, "they were revoked");
    let found = store.key(one.id).await.unwrap().unwrap();
    assert_eq!((found.revoked_at, found.revoked_by), (Some(at(10)), Some(ada)));
    store.restore_key(two.id).await.unwrap();
    assert_eq!(store.key(two.id).await.unwrap().unwrap(), two);
    assert_eq!(store.purge_keys(at(10)).await.unwrap(), 0);
    assert_eq!(store.purge_keys(at(11)).await.unwrap(), 1);
    assert_eq!(store.key(one.id).await.unwrap(), None);
    assert_eq!(store.key(child.id).await.unwrap(), None, "what was made from it goes with it");
}

async fn unused_keys_are_switched_off(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let (used, unused) = (add(&store, plain(ada)).await, add(&store, plain(ada)).await);
    let young = add(&store, Key { created_at: at(60), ..plain(ada) }).await;
    store.touch_keys(&[(used.id, KeyUse::new(at(70)))]).await.unwrap();
    assert_eq!(store.disable_unused_keys(at(50), at(99)).await.unwrap(), [unused.id]);
    assert!(store.disable_unused_keys(at(50), at(99)).await.unwrap().is_empty());
    // Switched on again it has its time once more.
    store.set_key_disabled(&unused, at(80)).await.unwrap();
    assert!(store.disable_unused_keys(at(50), at(99)).await.unwrap().is_empty());
    let mut both = store.disable_unused_keys(at(90), at(99)).await.unwrap();
    both.sort();
    assert_eq!(both, [used.id, unused.id, young.id], "recoverable keys stay");
}

async fn a_warning_is_noted_once(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let key = add(&store, plain(ada)).await;
    let mut noted = Vec::new();
    for days in [30, 30, 7, 30, 1, 1] {
        noted.push(store.note_key_warning(key.id, days).await.unwrap());
    }
    assert_eq!(noted, [true, false, true, false, true, false]);
}

async fn digests_change_under_the_pepper_they_had(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let old = add(&store, plain(ada)).await;
    let fresh = Key { digest: [9; 32], pepper_version: 2, lookup: "n".to_owned(), ..old.clone() };
    assert!(!store.redigest_key(&fresh, 5).await.unwrap(), "it has another pepper");
    assert!(store.redigest_key(&fresh, 1).await.unwrap());
    assert_eq!(store.key_by_lookup("n").await.unwrap().unwrap(), fresh);
    assert_eq!(store.key_by_lookup(&old.lookup).await.unwrap(), None);
    assert_eq!(store.count_keys_by_pepper().await.unwrap(), [(1, 1), (2, 1)]);
    let rest = store.recoverable_keys_under_other_peppers(2, 10).await.unwrap();
    assert_eq!(rest.len(), 1, "the user's recoverable key");
}

async fn workspaces_are_listed_and_unique(store: Store) {
    let shop = Workspace {
        id: WorkspaceId(0),
        uid: Uid::now_v7(),
        name: "Shop".to_owned(),
        created_at: at(0),
    };
    let id = store.insert_workspace(&shop).await.unwrap();
    let shop = Workspace { id, ..shop };
    assert_eq!(store.workspaces().await.unwrap(), std::slice::from_ref(&shop));
    assert_eq!(store.workspace(id).await.unwrap(), Some(shop.clone()));
    assert_eq!(store.workspace(WorkspaceId(99)).await.unwrap(), None);
    let again = Workspace { uid: Uid::now_v7(), ..shop };
    let fault = store.insert_workspace(&again).await.unwrap_err();
    assert_eq!((fault.code(), fault.field()), (Code::Duplicate, Some("name")));
    let key = add(&store, key(KeyKind::Service, KeyOwner::Workspace(id))).await;
    assert_eq!(
        list(&store, KeyFilter { owner: Some(key.owner), ..KeyFilter::default() }).await,
        [key.id]
    );
}
