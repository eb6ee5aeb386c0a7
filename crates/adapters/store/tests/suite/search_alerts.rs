//! Searching alerts and snippets: found like everything else, by those who may list them.

use serde_json::json;
use tessera_access::Visible;
use tessera_bi::ports::{AlertRepo, ObjectRepo, QueryRepo, SnippetRepo};
use tessera_bi::{Found, ObjectKind, SearchFilter, search_terms};
use tessera_kernel::ids::UserId;
use tessera_store::Store;

use crate::alerts::alert;
use crate::common::{add, add_source, add_user, all, at, change, on_both, page, query};
use crate::organisation::snippet;

on_both! {
    alerts_are_found_by_name_and_own_texts snippets_are_found_by_word_description_and_text
    alerts_are_found_by_those_who_see_the_data_source
    an_index_without_alerts_and_snippets_is_made_anew
}

async fn found(store: &Store, kind: ObjectKind, visible: Visible, text: &str) -> Vec<Found> {
    let kinds = vec![(kind, visible)];
    let filter = SearchFilter { kinds, archived: false, terms: search_terms(text) };
    let found = store.search(&filter, page()).await.unwrap();
    assert_eq!(found.total, found.items.len() as u64);
    found.items
}

async fn names(store: &Store, kind: ObjectKind, user: UserId, text: &str) -> Vec<String> {
    found(store, kind, all(user), text).await.into_iter().map(|found| found.name).collect()
}

async fn alerts_are_found_by_name_and_own_texts(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let shop = add_source(&store, "shop").await;
    let orders = add(&store, &query(ada, shop, "Orders", "select 1")).await;
    let mut late = alert(ada, orders);
    late.name = "Too LATE, Ünal".to_owned();
    late.options = json!({
        "column": "hidden", "custom_subject": "Delay of {{QUERY_NAME}}", "custom_body": "売上 is late",
    });
    late.id = store.insert_alert(&late).await.unwrap();
    let mut old = alert(ada, orders);
    let template = "an \"old\" text \0 \\u0000";
    (old.name, old.options) = ("delay".to_owned(), json!({ "template": template }));
    old.id = store.insert_alert(&old).await.unwrap();
    let kind = ObjectKind::Alert;
    for (text, wanted) in [
        ("late", vec!["Too LATE, Ünal"]),
        ("delay", vec!["delay", "Too LATE, Ünal"]),
        ("ünal", vec!["Too LATE, Ünal"]),
        ("name:TE,", vec!["Too LATE, Ünal"]),
        ("text:\"an \"", vec![]),
        ("\"old text\"", vec![]),
        ("text:\"売上 is\"", vec!["Too LATE, Ünal"]),
        ("old", vec!["delay"]),
        ("hidden", vec![]),
        ("column", vec![]),
        ("description:late", vec![]),
    ] {
        assert_eq!(names(&store, kind, ada, text).await, wanted, "{text}");
    }
    let number = format!("id:{}", late.id);
    let shown = found(&store, kind, all(ada), &number).await.remove(0);
    assert_eq!((shown.id, shown.uid, shown.owner), (late.id.0, late.uid, ada));
    assert!(shown.text.contains("Delay of") && shown.text.contains("売上"), "{}", shown.text);
    assert_eq!((shown.description, shown.is_draft), (None, false));

    // The index follows.
    (late.name, late.options, late.version) = ("Prompt".to_owned(), json!({}), 2);
    assert!(!store.update_alert(&late, 7).await.unwrap());
    assert_eq!(names(&store, kind, ada, "late").await.len(), 1, "that was refused");
    assert!(store.update_alert(&late, 1).await.unwrap());
    assert!(names(&store, kind, ada, "late").await.is_empty());
    assert_eq!(names(&store, kind, ada, "prompt").await, ["Prompt"]);
    store.delete_alert(late.id).await.unwrap();
    assert!(names(&store, kind, ada, "prompt").await.is_empty());
    let step = change("queries", orders.0, 2, ada);
    store.archive_query(orders, at(5), &step).await.unwrap();
    assert!(names(&store, kind, ada, "delay").await.is_empty(), "it went with the query");
}

async fn snippets_are_found_by_word_description_and_text(store: Store) {
    let (ada, bob) = (add_user(&store, "Ada").await, add_user(&store, "Bob").await);
    let mut kept = snippet(ada, "last_week");
    kept.description = "Days of a week".to_owned();
    kept.text = "where day > now() - interval '7 days'".to_owned();
    kept.id = store.insert_snippet(&kept).await.unwrap();
    let kind = ObjectKind::Snippet;
    for text in ["last_w", "name:t_we", "description:week", "text:interval", "days interval"] {
        assert_eq!(names(&store, kind, bob, text).await, ["last_week"], "{text}");
    }
    for text in ["description:interval", "name:days", "month"] {
        assert!(names(&store, kind, bob, text).await.is_empty(), "{text}");
    }
    let nothing = Visible { everything: false, user: bob, sources: Vec::new() };
    let shown = found(&store, kind, nothing, "days").await.remove(0);
    assert_eq!((shown.owner, shown.description.as_deref()), (ada, Some("Days of a week")));
    kept.trigger = "month".to_owned();
    assert!(store.update_snippet(&kept, at(0)).await.unwrap());
    assert_eq!(names(&store, kind, ada, "month").await, ["month"]);
    assert!(names(&store, kind, ada, "last_week").await.is_empty());
    store.delete_snippet(kept.id).await.unwrap();
    assert!(names(&store, kind, ada, "month").await.is_empty());
}

async fn alerts_are_found_by_those_who_see_the_data_source(store: Store) {
    let (ada, bob) = (add_user(&store, "Ada").await, add_user(&store, "Bob").await);
    let (shop, crm) = (add_source(&store, "shop").await, add_source(&store, "crm").await);
    for (source, name) in [(Some(shop), "many shop"), (Some(crm), "many crm"), (None, "many gone")]
    {
        let mut of = query(bob, shop, name, "x");
        of.source = source;
        let mut made = alert(bob, add(&store, &of).await);
        made.name = name.to_owned();
        store.insert_alert(&made).await.unwrap();
    }
    let sees = |everything, user, sources| {
        let visible = Visible { everything, user, sources };
        let store = store.clone();
        async move {
            let found = found(&store, ObjectKind::Alert, visible, "many").await;
            let mut names: Vec<String> = found.into_iter().map(|found| found.name).collect();
            names.sort_unstable();
            names
        }
    };
    assert_eq!(sees(true, ada, vec![]).await, ["many crm", "many gone", "many shop"]);
    assert_eq!(sees(false, ada, vec![shop]).await, ["many shop"]);
    assert!(sees(false, ada, vec![]).await.is_empty());
    assert_eq!(sees(false, bob, vec![crm]).await, ["many crm", "many gone"]);
}

async fn an_index_without_alerts_and_snippets_is_made_anew(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let shop = add_source(&store, "shop").await;
    let orders = add(&store, &query(ada, shop, "Orders", "select 1")).await;
    let mut many = alert(ada, orders);
    many.options = json!({ "template": "old text" });
    store.insert_alert(&many).await.unwrap();
    store.insert_snippet(&snippet(ada, "old")).await.unwrap();
    store.forget_search_index().await.unwrap();
    for kind in [ObjectKind::Alert, ObjectKind::Snippet] {
        assert!(names(&store, kind, ada, "old").await.is_empty());
    }
    store.rebuild_search_index().await.unwrap();
    for kind in [ObjectKind::Alert, ObjectKind::Snippet] {
        assert_eq!(names(&store, kind, ada, "old").await.len(), 1);
    }
    // What an archived list asks for has neither.
    let kinds = ObjectKind::ALL.into_iter().map(|kind| (kind, all(ada))).collect();
    let filter = SearchFilter { kinds, archived: true, terms: Vec::new() };
    assert_eq!(store.search(&filter, page()).await.unwrap().total, 0);
}
