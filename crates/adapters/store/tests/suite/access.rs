//! Users, groups, keys, sessions, settings and facts.

use serde_json::json;
use tessera_access::ports::{
    FactsRepo, GroupRepo, KeyRepo, KeyUse, SessionRepo, SettingRepo, UserRepo,
};
use tessera_access::{
    AccessLevel, Key, KeyKind, KeyOwner, Object, TokenPurpose, Transport, User, UserFilter,
    UserKind, UserOrder, UserToken,
};
use tessera_kernel::ids::{GroupId, KeyId, UserId};
use tessera_kernel::{Code, PageRequest};
use tessera_store::Store;

use crate::common::{
    add, add_group, add_source, add_user, at, group, key, on_both, page, query, session, user,
};

on_both! {
    service_accounts_are_listed_apart
    setup_happens_once users_are_written_and_read users_are_listed_in_order
    an_address_is_unique deleting_a_user_takes_all_that_is_the_users
    a_user_who_owns_objects_is_not_deleted rights_are_read_in_one_go groups_have_members_and_access
    keys_are_found_replaced_and_revoked times_never_go_back a_link_works_once
    keys_in_addresses_are_listed
    sessions_are_extended_and_purged settings_are_kept
    facts_tell_owner_source_and_members editing_is_granted_and_taken_back
}

async fn service_accounts_are_listed_apart(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let group = add_group(&store, "one").await;
    let robot = User { kind: UserKind::Service, groups: vec![group], ..user("Robot") };
    let id = store.insert_service_account(&robot).await.unwrap();
    assert_eq!(store.user(id).await.unwrap().unwrap(), User { id, ..robot });
    assert!(store.keys_of(KeyOwner::User(id)).await.unwrap().is_empty(), "it has no key yet");
    let list = async |kind| -> Vec<UserId> {
        let filter = UserFilter { kind, ..UserFilter::default() };
        let found = store.users(&filter, UserOrder::CreatedAt, false, page()).await.unwrap();
        found.items.into_iter().map(|user| user.id).collect()
    };
    assert_eq!(list(UserKind::Person).await, [ada]);
    assert_eq!(list(UserKind::Service).await, [id]);
}

async fn setup_happens_once(store: Store) {
    let key = key(KeyKind::User, KeyOwner::User(UserId(0)));
    let groups = [group("admin"), group("default")];
    let settings = [("name".to_owned(), json!("Shop"))];
    let store = &store;
    let attempts = (0..4).map(|number| {
        let (groups, settings, mut key) = (groups.clone(), settings.clone(), key.clone());
        key.lookup = format!("lookup{number}");
        async move { store.initialize(&groups, &user("Ada"), &key, &settings).await.unwrap() }
    });
    let made = futures::future::join_all(attempts).await;
    assert_eq!(made.iter().filter(|made| **made).count(), 1);
    assert_eq!(store.count_users().await.unwrap(), 1);
    let found = store.user_by_email("ada@example.com").await.unwrap().unwrap();
    let groups: Vec<GroupId> =
        store.groups().await.unwrap().into_iter().map(|group| group.id).collect();
    assert_eq!((found.groups, groups.len()), (groups.clone(), 2));
    assert_eq!(store.keys_of(KeyOwner::User(found.id)).await.unwrap().len(), 1);
    assert_eq!(store.settings().await.unwrap(), settings);
}

async fn users_are_written_and_read(store: Store) {
    let (one, two) = (add_group(&store, "one").await, add_group(&store, "two").await);
    let mut ada = user("Ada Ödön");
    ada.groups = vec![two, one];
    ada.password_hash = Some("$argon2id$".to_owned());
    let first = key(KeyKind::User, KeyOwner::User(UserId(99)));
    ada.id = store.insert_user(&ada, &first).await.unwrap();
    assert_eq!(store.user(ada.id).await.unwrap().unwrap(), ada);
    let keys = store.keys_of(KeyOwner::User(ada.id)).await.unwrap();
    assert_eq!(keys[0].owner, KeyOwner::User(ada.id), "the key belongs to the new user");

    ada.groups = vec![one, two];
    ada.disabled_at = Some(at(5));
    ada.epoch = 7;
    store.update_user(&ada).await.unwrap();
    assert_eq!(store.users_by_ids(&[ada.id, UserId(0)]).await.unwrap(), [ada.clone()]);
    ada.id = UserId(1000);
    assert_eq!(store.update_user(&ada).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(store.user(ada.id).await.unwrap(), None);
}

async fn users_are_listed_in_order(store: Store) {
    let mut ids = Vec::new();
    for name in ["bob", "Ada", "Öbb", "a_b"] {
        ids.push(add_user(&store, name).await);
    }
    store.touch_users(&[(ids[1], at(9)), (ids[0], at(3))]).await.unwrap();
    let list = async |filter: &UserFilter, order, descending| -> Vec<usize> {
        let found = store.users(filter, order, descending, page()).await.unwrap();
        let place = |id| ids.iter().position(|known| *known == id).unwrap();
        found.items.into_iter().map(|user| place(user.id)).collect()
    };
    let any = UserFilter::default();
    assert_eq!(list(&any, UserOrder::Name, false).await, [3, 1, 0, 2]);
    assert_eq!(list(&any, UserOrder::Name, true).await, [2, 0, 1, 3]);
    assert_eq!(list(&any, UserOrder::CreatedAt, true).await, [3, 2, 1, 0]);
    assert_eq!(list(&any, UserOrder::ActiveAt, false).await, [0, 1, 2, 3]);
    assert_eq!(list(&any, UserOrder::ActiveAt, true).await, [1, 0, 2, 3]);
    let search = |text: &str| UserFilter { search: Some(text.to_owned()), ..any.clone() };
    assert_eq!(list(&search("öB"), UserOrder::Name, false).await, [2]);
    assert_eq!(list(&search("_"), UserOrder::Name, false).await, [3], "no wildcard");
    assert_eq!(list(&search("%"), UserOrder::Name, false).await, [0_usize; 0]);
    let pending = UserFilter { pending: Some(true), ..any.clone() };
    assert_eq!(list(&pending, UserOrder::Name, false).await, [0_usize; 0]);
    let disabled = UserFilter { disabled: true, ..any.clone() };
    assert_eq!(list(&disabled, UserOrder::Name, false).await, [0_usize; 0]);
    let beyond = PageRequest { number: 3, size: 2 };
    let found = store.users(&any, UserOrder::Name, false, beyond).await.unwrap();
    assert_eq!((found.items.len(), found.total), (0, 4));
}

async fn an_address_is_unique(store: Store) {
    add_user(&store, "Ada").await;
    let key = key(KeyKind::User, KeyOwner::User(UserId(0)));
    let fault = store.insert_user(&user("Ada"), &key).await.unwrap_err();
    assert_eq!((fault.code(), fault.field()), (Code::Duplicate, Some("email")));
    let mut bob = store.user(add_user(&store, "Bob").await).await.unwrap().unwrap();
    bob.email = "ada@example.com".to_owned();
    assert_eq!(store.update_user(&bob).await.unwrap_err().field(), Some("email"));
    assert_eq!(store.key_by_lookup(&key.lookup).await.unwrap(), None, "nothing was left behind");
}

async fn deleting_a_user_takes_all_that_is_the_users(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let group = add_group(&store, "one").await;
    store.add_group_member(group, ada).await.unwrap();
    store.insert_session(&session(ada, 1, 9)).await.unwrap();
    store.delete_user(ada).await.unwrap();
    assert_eq!(store.session(&[1; 32]).await.unwrap(), None);
    assert!(store.group_members(group).await.unwrap().is_empty());
    assert!(store.keys_of(KeyOwner::User(ada)).await.unwrap().is_empty());
    assert_eq!(store.delete_user(ada).await.unwrap_err().code(), Code::NotFound);
}

async fn a_user_who_owns_objects_is_not_deleted(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let source = add_source(&store, "shop").await;
    add(&store, &query(ada, source, "q", "select 1")).await;
    assert_eq!(store.delete_user(ada).await.unwrap_err().code(), Code::Conflict);
    assert!(store.user(ada).await.unwrap().is_some());
}

async fn rights_are_read_in_one_go(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let empty = store.user_with_rights(ada).await.unwrap().unwrap();
    assert_eq!((empty.groups.len(), empty.sources.len()), (0, 0));
    let (one, two) = (add_group(&store, "one").await, add_group(&store, "two").await);
    let (shop, crm) = (add_source(&store, "shop").await, add_source(&store, "crm").await);
    store.add_group_member(two, ada).await.unwrap();
    store.add_group_member(one, ada).await.unwrap();
    store.set_group_source(one, shop, AccessLevel::Full).await.unwrap();
    store.set_group_source(two, shop, AccessLevel::ViewOnly).await.unwrap();
    store.set_group_source(two, crm, AccessLevel::ViewOnly).await.unwrap();
    let mut rights = store.user_with_rights(ada).await.unwrap().unwrap();
    let groups: Vec<GroupId> = rights.groups.iter().map(|group| group.id).collect();
    assert_eq!((&groups, &rights.user.groups), (&vec![two, one], &vec![two, one]));
    rights.sources.sort_unstable();
    let wanted =
        [(shop, AccessLevel::ViewOnly), (shop, AccessLevel::Full), (crm, AccessLevel::ViewOnly)];
    assert_eq!(rights.sources, wanted);
    assert_eq!(store.user_with_rights(UserId(99)).await.unwrap(), None);
}

async fn groups_have_members_and_access(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let shop = add_source(&store, "shop").await;
    let mut one = group("one");
    one.id = store.insert_group(&one).await.unwrap();
    one.name = "uno".to_owned();
    store.update_group(&one).await.unwrap();
    assert_eq!(store.group(one.id).await.unwrap().unwrap(), one);
    for _ in 0..2 {
        store.add_group_member(one.id, ada).await.unwrap();
    }
    assert_eq!(store.group_members(one.id).await.unwrap().len(), 1);
    let missing = store.add_group_member(one.id, UserId(99)).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
    store.set_group_source(one.id, shop, AccessLevel::ViewOnly).await.unwrap();
    store.set_group_source(one.id, shop, AccessLevel::Full).await.unwrap();
    assert_eq!(store.group_sources(one.id).await.unwrap(), [(shop, AccessLevel::Full)]);
    assert_eq!(store.source_groups(shop).await.unwrap(), [(one.id, AccessLevel::Full)]);
    store.remove_group_source(one.id, shop).await.unwrap();
    assert!(store.group_sources(one.id).await.unwrap().is_empty());
    store.remove_group_member(one.id, ada).await.unwrap();
    store.remove_group_member(one.id, ada).await.unwrap();
    store.delete_group(one.id).await.unwrap();
    assert_eq!(store.delete_group(one.id).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(store.update_group(&one).await.unwrap_err().code(), Code::NotFound);
}

async fn keys_are_found_replaced_and_revoked(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let owner = KeyOwner::User(ada);
    let mut plain = key(KeyKind::User, owner);
    plain.sealed = None;
    plain.id = store.insert_key(&plain).await.unwrap();
    assert_eq!(store.key_by_lookup(&plain.lookup).await.unwrap().unwrap(), plain);
    let fault = store.insert_key(&plain).await.unwrap_err();
    assert_eq!(fault.code(), Code::Duplicate);
    let mut same = key(KeyKind::User, owner);
    same.lookup.clone_from(&plain.lookup);
    assert_eq!(store.insert_key(&same).await.unwrap_err().field(), Some("lookup"));

    let old = store.keys_of(owner).await.unwrap();
    let fresh = key(KeyKind::User, owner);
    let fresh = store.replace_recoverable_key(KeyKind::User, &fresh, at(50)).await.unwrap();
    let now: Vec<KeyId> = store.keys_of(owner).await.unwrap().iter().map(|key| key.id).collect();
    assert_eq!(now, [plain.id, fresh], "only the recoverable one went");
    let gone = old.iter().find(|key| key.sealed.is_some()).unwrap();
    assert_eq!(store.key(gone.id).await.unwrap().unwrap().revoked_at, Some(at(50)));
    assert!(store.revoke_key(plain.id, at(60)).await.unwrap());
    assert!(!store.revoke_key(plain.id, at(70)).await.unwrap());
    store.revoke_keys_of(owner, at(80)).await.unwrap();
    assert!(store.keys_of(owner).await.unwrap().is_empty());
    assert_eq!(store.key(plain.id).await.unwrap().unwrap().revoked_at, Some(at(60)));
}

async fn times_never_go_back(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let key = store.keys_of(KeyOwner::User(ada)).await.unwrap()[0].id;
    for seconds in [5, 9, 7] {
        store.touch_users(&[(ada, at(seconds)), (UserId(99), at(1))]).await.unwrap();
        let address = Some(format!("192.0.2.{seconds}"));
        let client = Some("curl/8".to_owned());
        let used = KeyUse { address, client, ..KeyUse::new(at(seconds)) };
        store.touch_keys(&[(key, used)]).await.unwrap();
    }
    assert_eq!(store.user(ada).await.unwrap().unwrap().active_at, Some(at(9)));
    let used = store.key(key).await.unwrap().unwrap();
    assert_eq!(used.last_used_at, Some(at(9)));
    assert_eq!(used.last_use.address.as_deref(), Some("192.0.2.9"), "of the same use");
    assert_eq!(used.last_use.client.as_deref(), Some("curl/8"));
    assert_eq!(used.last_use.transport.as_deref(), Some("header"));
    assert_eq!(used.last_use.url_at, None);
}

async fn keys_in_addresses_are_listed(store: Store) {
    let (ada, ben) = (add_user(&store, "Ada").await, add_user(&store, "Ben").await);
    let key_of = async |user| store.keys_of(KeyOwner::User(user)).await.unwrap()[0].id;
    let (of_ada, of_ben) = (key_of(ada).await, key_of(ben).await);
    let seen = |seconds| KeyUse {
        transport: Transport::Url,
        url_at: Some(at(seconds)),
        ..KeyUse::new(at(seconds))
    };
    store.touch_keys(&[(of_ada, seen(5)), (of_ben, seen(6))]).await.unwrap();
    // A later use in a header hides nothing, and an earlier one in an address changes nothing.
    store.touch_keys(&[(of_ada, KeyUse::new(at(9)))]).await.unwrap();
    store.touch_keys(&[(of_ada, seen(2))]).await.unwrap();
    let ids = |keys: Vec<Key>| keys.into_iter().map(|key| key.id).collect::<Vec<_>>();
    assert_eq!(ids(store.keys_seen_in_urls(None).await.unwrap()), [of_ben, of_ada]);
    let own = store.keys_seen_in_urls(Some(ada)).await.unwrap();
    assert_eq!(own[0].last_use.url_at, Some(at(5)));
    assert_eq!(own[0].last_use.transport.as_deref(), Some("header"));
    assert_eq!(ids(own), [of_ada]);
    assert!(store.revoke_key(of_ben, at(10)).await.unwrap());
    assert_eq!(ids(store.keys_seen_in_urls(None).await.unwrap()), [of_ada]);
}

async fn a_link_works_once(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let token =
        |byte, purpose| UserToken { digest: [byte; 32], user: ada, purpose, expires_at: at(10) };
    store.insert_token(&token(1, TokenPurpose::Invite)).await.unwrap();
    store.insert_token(&token(2, TokenPurpose::Reset)).await.unwrap();
    let latest = token(3, TokenPurpose::Invite);
    store.insert_token(&latest).await.unwrap();
    assert_eq!(store.token(&[1; 32]).await.unwrap(), None, "a later invitation replaces it");
    assert_eq!(store.token(&[3; 32]).await.unwrap(), Some(latest));
    assert!(store.token(&[2; 32]).await.unwrap().is_some());
    assert!(store.take_token(&[3; 32]).await.unwrap());
    assert!(!store.take_token(&[3; 32]).await.unwrap());
}

async fn sessions_are_extended_and_purged(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let mut all = [(1, 10), (2, 20), (3, 30)].map(|(byte, end)| session(ada, byte, end));
    for session in &all {
        store.insert_session(session).await.unwrap();
    }
    assert_eq!(store.session(&[2; 32]).await.unwrap().as_ref(), Some(&all[1]));
    store.extend_session(&[1; 32], at(40), at(7), Some("10.0.0.2")).await.unwrap();
    store.extend_session(&[1; 32], at(39), at(6), None).await.unwrap();
    assert_eq!(store.purge_sessions(at(25)).await.unwrap(), 1);
    all[0].expires_at = at(40);
    all[0].last_seen_at = at(7);
    all[0].address = Some("10.0.0.2".to_owned());
    assert_eq!(store.session(&[1; 32]).await.unwrap().as_ref(), Some(&all[0]), "never earlier");
    assert_eq!(store.session(&[2; 32]).await.unwrap(), None);
    store.delete_session(&[1; 32]).await.unwrap();
    store.delete_session(&[1; 32]).await.unwrap();
    assert_eq!(store.session(&[1; 32]).await.unwrap(), None);
}

async fn settings_are_kept(store: Store) {
    store.set_settings(&[("b".into(), json!(1)), ("a".into(), json!({"x": null}))]).await.unwrap();
    store.set_settings(&[("b".into(), json!("two"))]).await.unwrap();
    let wanted = [("a".to_owned(), json!({"x": null})), ("b".to_owned(), json!("two"))];
    assert_eq!(store.settings().await.unwrap(), wanted);
}

async fn facts_tell_owner_source_and_members(store: Store) {
    let (ada, bob) = (add_user(&store, "Ada").await, add_user(&store, "Bob").await);
    let group = add_group(&store, "one").await;
    store.add_group_member(group, bob).await.unwrap();
    store.add_group_member(group, ada).await.unwrap();
    let source = add_source(&store, "shop").await;
    let query = add(&store, &query(ada, source, "q", "select 1")).await;
    store.grant_editor(Object::Query(query), bob).await.unwrap();

    let facts = store.facts(Object::Query(query)).await.unwrap().unwrap();
    assert_eq!((facts.owner, facts.source, facts.query), (Some(ada), Some(source), Some(query)));
    assert_eq!((facts.detached, facts.editors), (false, vec![bob]));
    let members = store.facts(Object::Group(group)).await.unwrap().unwrap().members;
    assert_eq!(members, [ada, bob]);
    let mut made = key(KeyKind::Query, KeyOwner::Query(query));
    made.created_by = Some(bob);
    let made = store.insert_key(&made).await.unwrap();
    assert_eq!(store.facts(Object::Key(made)).await.unwrap().unwrap().owner, Some(bob));
    assert_eq!(store.facts(Object::User(ada)).await.unwrap().unwrap().owner, Some(ada));
    assert_eq!(store.facts(Object::Source(source)).await.unwrap().unwrap().source, Some(source));
    for missing in [Object::User(UserId(99)), Object::Group(GroupId(99)), Object::Key(KeyId(99))] {
        assert_eq!(store.facts(missing).await.unwrap(), None);
    }
}

async fn editing_is_granted_and_taken_back(store: Store) {
    let (ada, bob) = (add_user(&store, "Ada").await, add_user(&store, "Bob").await);
    let source = add_source(&store, "shop").await;
    let query = Object::Query(add(&store, &query(ada, source, "q", "select 1")).await);
    for user in [bob, ada, bob] {
        store.grant_editor(query, user).await.unwrap();
    }
    assert_eq!(store.editors(query).await.unwrap(), [ada, bob]);
    store.revoke_editor(query, ada).await.unwrap();
    store.revoke_editor(query, ada).await.unwrap();
    assert_eq!(store.editors(query).await.unwrap(), [bob]);
}
