//! Snippets, what people did, how much is stored, and visualizations that nobody described.

use serde_json::json;
use tessera_access::Object;
use tessera_access::ports::{FactsRepo, SettingRepo};
use tessera_bi::ports::{ActivityRepo, ContentCounts, CountRepo, QueryRepo, SnippetRepo};
use tessera_bi::{Activity, Snippet};
use tessera_kernel::ids::{SnippetId, Uid, UserId};
use tessera_kernel::{Code, PageRequest};
use tessera_store::Store;

use crate::common::{add, add_source, add_user, at, on_both, page, query, visualization};

on_both! {
    a_snippet_is_kept_changed_and_deleted the_word_of_a_snippet_is_unique
    what_people_did_comes_latest_first_and_old_records_go
    what_was_done_outlives_nobody_but_keeps_its_actor
    a_description_that_was_left_out_stays_left_out results_and_widgets_are_counted
    a_setting_may_be_set_to_null
}

pub(crate) fn snippet(owner: UserId, trigger: &str) -> Snippet {
    Snippet {
        id: SnippetId(0),
        uid: Uid::now_v7(),
        trigger: trigger.to_owned(),
        description: "d".to_owned(),
        text: "select ${1:x}".to_owned(),
        owner,
        created_at: at(0),
        updated_at: at(0),
    }
}

async fn a_snippet_is_kept_changed_and_deleted(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let mut kept = snippet(ada, "sel");
    kept.id = store.insert_snippet(&kept).await.unwrap();
    let found = store.snippet(kept.id).await.unwrap().unwrap();
    assert_eq!((&found.snippet, found.owner.id), (&kept, ada));
    (kept.description, kept.text, kept.updated_at) = (String::new(), "漢".to_owned(), at(5));
    assert!(store.update_snippet(&kept, at(0)).await.unwrap());
    let stale = Snippet { text: "lost".to_owned(), ..kept.clone() };
    assert!(!store.update_snippet(&stale, at(0)).await.unwrap(), "it was changed since");
    assert_eq!(store.snippet_id(kept.uid).await.unwrap(), Some(kept.id));
    let all = store.snippets().await.unwrap();
    assert_eq!(all.iter().map(|one| &one.snippet).collect::<Vec<_>>(), [&kept]);
    let facts = store.facts(Object::Snippet(kept.id)).await.unwrap().unwrap();
    assert_eq!(facts.owner, Some(ada));
    store.delete_snippet(kept.id).await.unwrap();
    assert_eq!(store.snippet(kept.id).await.unwrap(), None);
    assert_eq!(store.facts(Object::Snippet(kept.id)).await.unwrap(), None);
    assert_eq!(store.delete_snippet(kept.id).await.unwrap_err().code(), Code::NotFound);
    assert!(!store.update_snippet(&kept, at(5)).await.unwrap());
}

async fn the_word_of_a_snippet_is_unique(store: Store) {
    let ada = add_user(&store, "Ada").await;
    store.insert_snippet(&snippet(ada, "b")).await.unwrap();
    let mut other = snippet(ada, "a");
    other.id = store.insert_snippet(&other).await.unwrap();
    let taken = store.insert_snippet(&snippet(ada, "b")).await.unwrap_err();
    assert_eq!((taken.code(), taken.field()), (Code::Duplicate, Some("trigger")));
    other.trigger = "b".to_owned();
    assert_eq!(store.update_snippet(&other, at(0)).await.unwrap_err().code(), Code::Duplicate);
    let words: Vec<String> =
        store.snippets().await.unwrap().into_iter().map(|one| one.snippet.trigger).collect();
    assert_eq!(words, ["a", "b"]);
}

fn done(user: Option<UserId>, action: &str, seconds: i64) -> Activity {
    Activity {
        id: 0,
        at: at(seconds),
        user,
        user_name: String::new(),
        actor: user.map_or("key:7".to_owned(), |user| format!("user:{user}")),
        action: action.to_owned(),
        object_kind: "query".to_owned(),
        object: Some("7".to_owned()),
        address: Some("10.0.0.1".to_owned()),
        client: None,
        detail: json!({ "a": "漢" }),
    }
}

async fn what_people_did_comes_latest_first_and_old_records_go(store: Store) {
    let (ada, bob) = (add_user(&store, "Ada").await, add_user(&store, "Bob").await);
    store.insert_activities(&[]).await.unwrap();
    let all = [done(Some(ada), "one", 1), done(Some(bob), "two", 2), done(Some(ada), "three", 3)];
    store.insert_activities(&all).await.unwrap();
    let found = store.activities(None, PageRequest { number: 1, size: 2 }).await.unwrap();
    let seen = |page: &tessera_kernel::Page<Activity>| -> Vec<String> {
        page.items.iter().map(|one| one.action.clone()).collect()
    };
    assert_eq!((seen(&found), found.total), (vec!["three".to_owned(), "two".to_owned()], 3));
    let mut first = found.items[0].clone();
    assert_eq!(first.user_name, "Ada");
    (first.id, first.user_name) = (0, String::new());
    assert_eq!(first, all[2]);
    let own = store.activities(Some(ada), page()).await.unwrap();
    assert_eq!((seen(&own), own.total), (vec!["three".to_owned(), "one".to_owned()], 2));
    assert_eq!(store.purge_activities(at(3)).await.unwrap(), 2);
    assert_eq!(store.activities(None, page()).await.unwrap().total, 1);
}

async fn what_was_done_outlives_nobody_but_keeps_its_actor(store: Store) {
    let gone = done(Some(UserId(99)), "view", 1);
    store.insert_activities(&[gone, done(None, "view", 2)]).await.unwrap();
    let found = store.activities(None, page()).await.unwrap();
    let seen: Vec<_> = found.items.iter().map(|one| (one.actor.as_str(), one.user)).collect();
    assert_eq!(seen, [("key:7", None), ("user:99", Some(UserId(99)))]);
    assert!(found.items.iter().all(|one| one.user_name.is_empty()));
}

async fn a_description_that_was_left_out_stays_left_out(store: Store) {
    let (ada, shop) = (add_user(&store, "Ada").await, add_source(&store, "shop").await);
    let query = add(&store, &query(ada, shop, "one", "select 1")).await;
    let mut shown = visualization("Chart");
    (shown.query, shown.description, shown.options) = (query, None, serde_json::Value::Null);
    shown.id = store.insert_visualization(&shown).await.unwrap();
    assert_eq!(store.visualization(shown.id).await.unwrap().as_ref(), Some(&shown));
    shown.description = Some(String::new());
    store.update_visualization(&shown).await.unwrap();
    assert_eq!(store.visualization(shown.id).await.unwrap().as_ref(), Some(&shown));
}

async fn results_and_widgets_are_counted(store: Store) {
    assert_eq!(store.content_counts(at(0)).await.unwrap(), ContentCounts::default());
    let (ada, shop) = (add_user(&store, "Ada").await, add_source(&store, "shop").await);
    let query = add(&store, &query(ada, shop, "one", "select 1")).await;
    crate::jobs::run_result(&store, shop, Some(query), "select 1", 5, false).await;
    let counts = store.content_counts(at(1_000_000)).await.unwrap();
    assert_eq!((counts.results, counts.widgets), (1, 0));
}

async fn a_setting_may_be_set_to_null(store: Store) {
    let name = || "date_format".to_owned();
    store.set_settings(&[(name(), json!("YYYY"))]).await.unwrap();
    store.set_settings(&[(name(), serde_json::Value::Null)]).await.unwrap();
    assert_eq!(store.settings().await.unwrap(), [(name(), serde_json::Value::Null)]);
}
