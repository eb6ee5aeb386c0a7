//! Numbers kept by imports, and values sealed anew.

use serde_json::json;
use tessera_access::ports::MailRepo;
use tessera_access::{KeyKind, KeyOwner, SealedKind, SealedRepo};
use tessera_bi::ports::{DashboardRepo, DestinationRepo, ImportRepo, QueryRepo, SnippetRepo};
use tessera_bi::{ImportMark, ImportRecord, Numbered, Snippet, TakenOver};
use tessera_kernel::Code;
use tessera_kernel::ids::{SnippetId, Uid};
use tessera_store::Store;

use crate::common::{
    add, add_source, add_user, at, dashboard, key, on_both, query, visualization, widget,
};

on_both! {
    the_next_number_is_the_wanted_one_unless_a_higher_one_was_given
    what_was_imported_is_remembered an_object_and_its_mark_are_made_together_and_once
    sealed_values_are_read_and_replaced
}

async fn the_next_number_is_the_wanted_one_unless_a_higher_one_was_given(store: Store) {
    let ada = add_user(&store, "Ada").await;
    store.advance_numbers(Numbered::Sources, 1).await.unwrap();
    let shop = add_source(&store, "shop").await;
    assert_eq!(shop.0, 1);
    store.advance_numbers(Numbered::Queries, 7).await.unwrap();
    let seven = add(&store, &query(ada, shop, "q", "x")).await;
    assert_eq!(seven.0, 7);
    store.advance_numbers(Numbered::Queries, 3).await.unwrap();
    assert_eq!(add(&store, &query(ada, shop, "q", "x")).await.0, 8, "never backwards");
    store.advance_numbers(Numbered::Queries, 10).await.unwrap();
    assert_eq!(add(&store, &query(ada, shop, "q", "x")).await.0, 10);
    store.advance_numbers(Numbered::Visualizations, 40).await.unwrap();
    let mut shown = visualization("Chart");
    shown.query = seven;
    assert_eq!(store.insert_visualization(&shown).await.unwrap().0, 40);
    store.advance_numbers(Numbered::Dashboards, 5).await.unwrap();
    assert_eq!(store.insert_dashboard(&dashboard(ada, "Board"), &[]).await.unwrap().0, 5);
    for kind in [Numbered::Users, Numbered::Groups, Numbered::Widgets] {
        store.advance_numbers(kind, 90).await.unwrap();
    }
    assert_eq!(add_user(&store, "Bob").await.0, 90);
}

async fn what_was_imported_is_remembered(store: Store) {
    let record = |old_id, new_id| ImportRecord {
        origin: "https://a".to_owned(),
        kind: "queries".to_owned(),
        old_id,
        new_id,
        digest: "d".to_owned(),
        at: at(1),
    };
    for record in [record(2, 5), record(1, 4), record(2, 6)] {
        store.note_import(&record).await.unwrap();
    }
    assert_eq!(store.imports("https://a").await.unwrap(), [record(1, 4), record(2, 6)]);
    assert!(store.imports("https://b").await.unwrap().is_empty());
    let ada = add_user(&store, "Ada").await;
    let shop = add_source(&store, "shop").await;
    let id = add(&store, &query(ada, shop, "q", "x")).await;
    let options = json!({ "parameters": [], "x": 1 });
    store.set_query_options(id, &options).await.unwrap();
    let found = store.query(id).await.unwrap().unwrap();
    assert_eq!((found.options, found.version), (options.clone(), 1));
    assert_eq!(store.query_version(id, 1).await.unwrap().unwrap().options, options);
}

async fn an_object_and_its_mark_are_made_together_and_once(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let mark = |old_id, digest: &str| ImportMark {
        origin: "https://a".to_owned(),
        old_id,
        digest: digest.to_owned(),
    };
    let snippet = |trigger: &str| {
        TakenOver::Snippet(Snippet {
            id: SnippetId(0),
            uid: Uid::now_v7(),
            trigger: trigger.to_owned(),
            description: String::new(),
            text: "limit 10".to_owned(),
            owner: ada,
            created_at: at(0),
            updated_at: at(0),
        })
    };
    let first = store.take_over(snippet("top"), &mark(7, "d"), at(1)).await.unwrap();
    assert_eq!(first, 7);
    let again = store.take_over(snippet("other"), &mark(7, "e"), at(2)).await.unwrap();
    assert_eq!((again, store.snippets().await.unwrap().len()), (7, 1), "nothing is made twice");
    // What fails leaves neither the object nor its mark.
    let fault = store.take_over(snippet("top"), &mark(9, "d"), at(3)).await.unwrap_err();
    assert_eq!(fault.code(), Code::Duplicate);
    let records = store.imports("https://a").await.unwrap();
    assert_eq!(records.len(), 1);
    assert!(records[0].is_finished() && records[0].digest == "d", "{records:?}");

    // One of which more is to come, by many at the same time.
    let shop = add_source(&store, "shop").await;
    let taken = |number: i64| {
        let owner = KeyOwner::Query(tessera_kernel::ids::QueryId(0));
        let key = Box::new(key(KeyKind::Query, owner));
        let made = query(ada, shop, &format!("q{number}"), "x");
        let (store, mark) = (&store, mark(40, ""));
        async move {
            let new = TakenOver::Query(Box::new(made), key);
            store.take_over(new, &mark, at(number)).await.unwrap()
        }
    };
    let all = futures::future::join_all((0..8).map(taken)).await;
    assert_eq!(all, [40; 8]);
    let detail = store.query_detail(all[0].into(), None).await.unwrap().unwrap();
    assert!(detail.listing.query.name.starts_with('q'));
    assert!(store.query(41.into()).await.unwrap().is_none());
    let board = TakenOver::Dashboard(dashboard(ada, "Board"));
    let board = store.take_over(board, &mark(3, ""), at(4)).await.unwrap();
    let mut tile = widget(None);
    tile.dashboard = board.into();
    for _ in 0..2 {
        let tile = TakenOver::Widget(tile.clone());
        assert_eq!(store.take_over(tile, &mark(11, "d"), at(5)).await.unwrap(), 11);
    }
    let records = store.imports("https://a").await.unwrap();
    let begun: Vec<(&str, i64)> = records
        .iter()
        .filter(|record| !record.is_finished())
        .map(|record| (record.kind.as_str(), record.new_id))
        .collect();
    assert_eq!(begun, [("dashboards", 3), ("queries", 40)]);
    store.begin_import(Numbered::Users, &mark(5, ""), at(6)).await.unwrap();
    let about = ImportRecord {
        origin: "https://a".to_owned(),
        kind: "users".to_owned(),
        old_id: 5,
        new_id: 0,
        digest: String::new(),
        at: at(6),
    };
    assert!(store.imports("https://a").await.unwrap().contains(&about));
    let done = ImportRecord { new_id: 2, digest: "d".to_owned(), ..about };
    store.note_import(&done).await.unwrap();
    store.begin_import(Numbered::Users, &mark(5, ""), at(7)).await.unwrap();
    assert!(store.imports("https://a").await.unwrap().contains(&done), "it stays as it is");
}

async fn sealed_values_are_read_and_replaced(store: Store) {
    let ada = add_user(&store, "Ada").await;
    add_source(&store, "shop").await;
    store.insert_destination(&crate::alerts::destination("hook")).await.unwrap();
    store.insert_mail(&crate::mails::queued(1)).await.unwrap();
    crate::once::answered(&store).await;
    for (kind, word) in [
        (SealedKind::Source, "source:"),
        (SealedKind::Key, "key:"),
        (SealedKind::Destination, "destination:"),
        (SealedKind::Mail, "mail:"),
        (SealedKind::Answer, "once:"),
    ] {
        let values = store.sealed_values(kind, i64::MIN, 10).await.unwrap();
        assert_eq!(values.len(), 1, "{kind:?}");
        let value = &values[0];
        assert!(value.context.starts_with(word), "{}", value.context);
        assert!(store.replace_sealed(value, &[9, 9]).await.unwrap());
        assert!(!store.replace_sealed(value, &[8]).await.unwrap(), "it changed meanwhile");
        let now = store.sealed_values(kind, i64::MIN, 10).await.unwrap();
        assert_eq!(now[0].sealed, [9, 9]);
        assert!(store.sealed_values(kind, value.id, 10).await.unwrap().is_empty());
    }
    let none = store.sealed_values(SealedKind::SecondFactor, i64::MIN, 10).await.unwrap();
    assert!(none.is_empty(), "user {ada} has none");
}
