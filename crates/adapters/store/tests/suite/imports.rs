//! Numbers kept by imports, and values sealed anew.

use serde_json::json;
use tessera_access::ports::MailRepo;
use tessera_access::{SealedKind, SealedRepo};
use tessera_bi::ports::{DashboardRepo, DestinationRepo, ImportRepo, QueryRepo};
use tessera_bi::{ImportRecord, Numbered};
use tessera_store::Store;

use crate::common::{add, add_source, add_user, at, dashboard, on_both, query, visualization};

on_both! {
    the_next_number_is_the_wanted_one_unless_a_higher_one_was_given
    what_was_imported_is_remembered sealed_values_are_read_and_replaced
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

async fn sealed_values_are_read_and_replaced(store: Store) {
    let ada = add_user(&store, "Ada").await;
    add_source(&store, "shop").await;
    store.insert_destination(&crate::alerts::destination("hook")).await.unwrap();
    store.insert_mail(&crate::mails::queued(1)).await.unwrap();
    for (kind, word) in [
        (SealedKind::Source, "source:"),
        (SealedKind::Key, "key:"),
        (SealedKind::Destination, "destination:"),
        (SealedKind::Mail, "mail:"),
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
