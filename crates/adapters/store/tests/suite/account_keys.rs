//! Keys with accounts of their own, and what all groups reach.

use tessera_access::ports::{AccountKeyRepo, GroupRepo, KeyRepo, UserRepo};
use tessera_access::{AccessLevel, KeyKind, KeyOwner, User, UserFilter, UserKind, UserOrder};
use tessera_kernel::Code;
use tessera_kernel::ids::UserId;
use tessera_store::Store;

use crate::common::{add_group, add_source, add_user, at, key, on_both, page, user};

on_both! {
    an_account_is_made_changed_and_shut_out_with_its_key
    an_account_with_another_key_stays_in
    hints_of_revoked_keys_stay_taken
    access_changes_only_from_what_is_expected
    users_are_listed_by_group_and_in_any_state
}

async fn an_account_is_made_changed_and_shut_out_with_its_key(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let (one, two) = (add_group(&store, "one").await, add_group(&store, "two").await);
    let account = User { kind: UserKind::Service, groups: vec![one], ..user("robot") };
    let mut made = key(KeyKind::Service, KeyOwner::User(UserId(0)));
    made.name = "robot".to_owned();
    made.hint = "mb_aaaa".to_owned();
    let id = store.insert_account_key(&account, &made, ada).await.unwrap();
    let mut known = store.account_key(id).await.unwrap().unwrap();
    assert_eq!(known.key.owner, KeyOwner::User(known.account.id), "the key is the account's");
    assert_eq!((&known.account.groups, known.changed_by), (&vec![one], Some(ada)));
    assert_eq!(store.account_keys().await.unwrap(), [known.clone()]);

    known.account.groups = vec![one, two];
    known.account.name = "android".to_owned();
    known.key.name = "android".to_owned();
    store.update_account_key(&known.account, &known.key, at(70), ada).await.unwrap();
    known.changed_at = at(70);
    assert_eq!(store.account_key(id).await.unwrap(), Some(known.clone()));

    known.key.lookup = "another".to_owned();
    known.key.digest = [77; 32];
    known.key.hint = "mb_bbbb".to_owned();
    store.replace_account_key_text(&known.key, at(80), ada).await.unwrap();
    assert_eq!(store.key_by_lookup("another").await.unwrap(), Some(known.key.clone()));
    assert_eq!(store.key_by_lookup(&made.lookup).await.unwrap(), None, "the old text is gone");

    store.delete_account_key(&known, at(90), ada).await.unwrap();
    assert_eq!(store.account_key(id).await.unwrap(), None);
    assert!(store.account_keys().await.unwrap().is_empty());
    let account = store.user(known.account.id).await.unwrap().unwrap();
    assert_eq!((account.disabled_at, account.epoch), (Some(at(90)), known.account.epoch + 1));
    let fault = store.delete_account_key(&known, at(95), ada).await.unwrap_err();
    assert_eq!(fault.code(), Code::NotFound);
    let fault = store.replace_account_key_text(&known.key, at(95), ada).await.unwrap_err();
    assert_eq!(fault.code(), Code::NotFound);
}

async fn an_account_with_another_key_stays_in(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let account = User { kind: UserKind::Service, ..user("robot") };
    let made = key(KeyKind::Service, KeyOwner::User(UserId(0)));
    let id = store.insert_account_key(&account, &made, ada).await.unwrap();
    let known = store.account_key(id).await.unwrap().unwrap();
    store.insert_key(&key(KeyKind::Service, known.key.owner)).await.unwrap();
    assert_eq!(store.account_keys().await.unwrap().len(), 2);
    store.delete_account_key(&known, at(90), ada).await.unwrap();
    assert_eq!(store.user(known.account.id).await.unwrap().unwrap().disabled_at, None);
}

async fn hints_of_revoked_keys_stay_taken(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let mut made = key(KeyKind::Service, KeyOwner::User(ada));
    made.hint = "mb_cccc".to_owned();
    assert!(!store.is_hint_taken("mb_cccc").await.unwrap());
    let id = store.insert_key(&made).await.unwrap();
    store.revoke_key(id, at(9)).await.unwrap();
    assert!(store.is_hint_taken("mb_cccc").await.unwrap());
}

async fn access_changes_only_from_what_is_expected(store: Store) {
    let (one, two) = (add_group(&store, "one").await, add_group(&store, "two").await);
    let (shop, crm) = (add_source(&store, "shop").await, add_source(&store, "crm").await);
    store.set_group_source(two, crm, AccessLevel::ViewOnly).await.unwrap();
    let before = store.group_access().await.unwrap();
    assert_eq!(before, [(two, crm, AccessLevel::ViewOnly)]);
    let changes = [(one, shop, Some(AccessLevel::Full)), (two, crm, None)];
    store.change_group_access(&before, &changes).await.unwrap();
    let after = store.group_access().await.unwrap();
    assert_eq!(after, [(one, shop, AccessLevel::Full)]);
    let fault = store.change_group_access(&before, &changes).await.unwrap_err();
    assert_eq!(fault.code(), Code::Conflict);
    assert_eq!(store.group_access().await.unwrap(), after);
}

async fn users_are_listed_by_group_and_in_any_state(store: Store) {
    let (ada, bob) = (add_user(&store, "Ada").await, add_user(&store, "Bob").await);
    let one = add_group(&store, "one").await;
    store.add_group_member(one, ada).await.unwrap();
    store.add_group_member(one, bob).await.unwrap();
    let mut gone = store.user(bob).await.unwrap().unwrap();
    gone.disabled_at = Some(at(5));
    store.update_user(&gone).await.unwrap();
    assert_eq!(store.group_member_counts().await.unwrap(), [(one, 1)]);
    assert_eq!(store.memberships().await.unwrap(), [(ada, one)]);
    let list = async |filter: UserFilter| -> Vec<UserId> {
        let found = store.users(&filter, UserOrder::Name, false, page()).await.unwrap();
        found.items.into_iter().map(|user| user.id).collect()
    };
    let of_group = UserFilter { group: Some(one), ..UserFilter::default() };
    assert_eq!(list(of_group.clone()).await, [ada]);
    assert_eq!(list(UserFilter { any_state: true, ..of_group }).await, [ada, bob]);
}
