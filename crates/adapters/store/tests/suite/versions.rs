//! Versions of queries, attributes, keys below keys, and results of one's own runs.

use std::collections::BTreeMap;

use serde_json::json;
use tessera_access::ports::{FactsRepo, KeyRepo, UserRepo};
use tessera_access::{KeyKind, KeyOwner, Object};
use tessera_bi::ports::{JobRepo, QueryRepo};
use tessera_kernel::Code;
use tessera_kernel::ids::{KeyId, QueryId, ResultId, UserId};
use tessera_store::Store;

use crate::common::{add, add_source, add_user, change, key, on_both, page, query};
use crate::jobs::run_result;

on_both! {
    a_version_is_kept_when_what_runs_changes_and_not_otherwise
    a_version_is_approved_and_the_approval_taken_back attributes_of_a_user_are_replaced_as_a_whole
    keys_below_a_key_are_listed_until_they_are_revoked
    who_joins_the_job_of_a_result_is_among_its_facts
}

async fn a_version_is_kept_when_what_runs_changes_and_not_otherwise(store: Store) {
    let (ada, shop) = (add_user(&store, "Ada").await, add_source(&store, "shop").await);
    let mut edited = query(ada, shop, "one", "select 1");
    edited.id = add(&store, &edited).await;
    let step = |version| change("queries", edited.id.0, version, ada);
    let mut next = edited.clone();
    (next.version, next.name, next.tags) = (2, "two".to_owned(), vec!["t".to_owned()]);
    assert!(store.update_query(&next, 1, &step(2)).await.unwrap());
    (next.version, next.text) = (3, "select 3".to_owned());
    assert!(store.update_query(&next, 2, &step(3)).await.unwrap());
    (next.version, next.options) = (4, json!({ "parameters": [], "apply_auto_limit": true }));
    assert!(store.update_query(&next, 3, &step(4)).await.unwrap());
    let text = |version| {
        let (store, id) = (&store, edited.id);
        async move {
            store.query_version(id, version).await.unwrap().map(|found| (found.version, found.text))
        }
    };
    let first = Some((1, "select 1".to_owned()));
    assert_eq!((text(1).await, text(2).await), (first.clone(), first));
    assert_eq!(text(3).await, Some((3, "select 3".to_owned())));
    assert_eq!((text(0).await, text(5).await), (None, None), "there are no such versions");
    let all = store.query_versions(edited.id, page()).await.unwrap();
    let numbers: Vec<i64> = all.items.iter().map(|version| version.version).collect();
    assert_eq!((numbers, all.total), (vec![4, 3, 1], 3));
    assert_eq!(all.items[0].options, json!({ "parameters": [], "apply_auto_limit": true }));
    assert_eq!((all.items[0].source, all.items[0].name.as_str()), (Some(shop), "two"));
    assert!(!store.update_query(&next, 1, &step(2)).await.unwrap());
    assert_eq!(store.query_versions(edited.id, page()).await.unwrap().total, 3, "a refused change");
}

async fn a_version_is_approved_and_the_approval_taken_back(store: Store) {
    let (ada, shop) = (add_user(&store, "Ada").await, add_source(&store, "shop").await);
    let mut edited = query(ada, shop, "one", "select 1");
    edited.id = add(&store, &edited).await;
    assert_eq!(store.approved_version(edited.id).await.unwrap(), None);
    store.set_approved_version(edited.id, Some(1)).await.unwrap();
    edited.version = 2;
    assert!(store.update_query(&edited, 1, &change("queries", edited.id.0, 2, ada)).await.unwrap());
    assert_eq!(store.approved_version(edited.id).await.unwrap(), Some(1), "an edit leaves it");
    store.set_approved_version(edited.id, None).await.unwrap();
    assert_eq!(store.approved_version(edited.id).await.unwrap(), None);
    let missing = store.set_approved_version(QueryId(99), None).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
}

async fn attributes_of_a_user_are_replaced_as_a_whole(store: Store) {
    let ada = add_user(&store, "Ada").await;
    assert_eq!(store.user_attributes(ada).await.unwrap(), Some(BTreeMap::new()));
    let attributes = BTreeMap::from([("a".to_owned(), json!("漢")), ("b".to_owned(), json!(5))]);
    store.set_user_attributes(ada, &attributes).await.unwrap();
    assert_eq!(store.user_attributes(ada).await.unwrap().as_ref(), Some(&attributes));
    let rights = store.user_with_rights(ada).await.unwrap().unwrap();
    assert_eq!(rights.attributes, attributes);
    let user = store.user(ada).await.unwrap().unwrap();
    store.update_user(&user).await.unwrap();
    assert_eq!(store.user_attributes(ada).await.unwrap(), Some(attributes), "a change leaves them");
    store.set_user_attributes(ada, &BTreeMap::new()).await.unwrap();
    assert_eq!(store.user_attributes(ada).await.unwrap(), Some(BTreeMap::new()));
    assert_eq!(store.user_attributes(UserId(99)).await.unwrap(), None);
    let missing = store.set_user_attributes(UserId(99), &BTreeMap::new()).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
}

async fn keys_below_a_key_are_listed_until_they_are_revoked(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let owner = KeyOwner::User(ada);
    let parent = store.insert_key(&key(KeyKind::User, owner)).await.unwrap();
    let mut below = key(KeyKind::User, owner);
    below.parent = Some(parent);
    below.id = store.insert_key(&below).await.unwrap();
    assert_eq!(store.keys_below(parent).await.unwrap(), [below.clone()]);
    assert_eq!(store.keys_below(KeyId(99)).await.unwrap(), []);
    store.revoke_key(below.id, crate::common::at(9)).await.unwrap();
    assert_eq!(store.keys_below(parent).await.unwrap(), []);
}

async fn who_joins_the_job_of_a_result_is_among_its_facts(store: Store) {
    let (ada, shop) = (add_user(&store, "Ada").await, add_source(&store, "shop").await);
    let mut asked = query(ada, shop, "one", "select 1");
    asked.id = add(&store, &asked).await;
    let result = run_result(&store, shop, Some(asked.id), "select 1", 5, true).await;
    let job = store.join_job_of(result.id, "key:7").await.unwrap().expect("the job");
    assert_eq!(job.result, Some(result.id));
    store.join_job_of(result.id, "key:7").await.unwrap().expect("again");
    let facts = store.facts(Object::Result(result.id)).await.unwrap().unwrap();
    assert!(facts.participants.contains(&"key:7".to_owned()), "{facts:?}");
    assert_eq!((facts.source, facts.query, facts.has_values), (Some(shop), Some(asked.id), true));
    assert_eq!(store.join_job_of(ResultId(99), "key:7").await.unwrap(), None);
}
