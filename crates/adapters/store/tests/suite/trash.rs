//! History and trash of queries and dashboards.

use serde_json::json;
use tessera_access::Visible;
use tessera_bi::ports::{AlertRepo, DashboardRepo, ObjectRepo, QueryRepo};
use tessera_bi::{ObjectKind, SearchFilter, TrashWeight};
use tessera_kernel::Code;
use tessera_store::Store;

use crate::alerts::alert;
use crate::common::{
    add, add_source, add_user, all, at, change, dashboard, on_both, page, query, widget,
};

on_both! {
    steps_are_read_newest_first_and_from_a_version
    an_archived_object_goes_with_all_that_belongs_to_it
    only_what_was_archived_and_left_alone_expires
}

async fn steps_are_read_newest_first_and_from_a_version(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let mut board = dashboard(ada, "Board");
    board.id = store.insert_dashboard(&board, &[]).await.unwrap();
    let id = board.id.0;
    for version in 2..5 {
        board.version = version;
        let step = change("dashboards", id, version, ada);
        assert!(store.update_dashboard(&board, version - 1, &step).await.unwrap());
    }
    let mut other = dashboard(ada, "Other board");
    other.id = store.insert_dashboard(&other, &[]).await.unwrap();
    other.version = 2;
    let step = change("dashboards", other.id.0, 2, ada);
    assert!(store.update_dashboard(&other, 1, &step).await.unwrap());
    let shop = add_source(&store, "shop").await;
    let query = add(&store, &query(ada, shop, "Of the same number", "x")).await;
    assert_eq!(query.0, id, "kinds are told apart");
    store.archive_query(query, at(5), &change("queries", query.0, 2, ada)).await.unwrap();
    let history = store.history(ObjectKind::Dashboard, id, page()).await.unwrap();
    let versions = |steps: &[tessera_bi::Change]| -> Vec<i64> {
        steps.iter().map(|step| step.version).collect()
    };
    assert_eq!((versions(&history.items), history.total), (vec![4, 3, 2], 3));
    let since = store.changes_since(ObjectKind::Dashboard, id, 2).await.unwrap();
    assert_eq!(versions(&since), [4, 3]);
    assert_eq!(since[0].changes, json!({"name": {"previous": "a", "current": "b"}}));
}

async fn trashed(store: &Store, visible: &Visible) -> Vec<String> {
    let kinds = ObjectKind::ALL.into_iter().map(|kind| (kind, visible.clone())).collect();
    let filter = SearchFilter { kinds, archived: true, terms: Vec::new() };
    let found = store.search(&filter, page()).await.unwrap();
    found.items.into_iter().map(|found| found.name).collect()
}

async fn an_archived_object_goes_with_all_that_belongs_to_it(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let shop = add_source(&store, "shop").await;
    let id = add(&store, &query(ada, shop, "Old orders", "x")).await;
    let shown = store.query_detail(id, None).await.unwrap().unwrap().visualizations[0].id;
    let mut board = dashboard(ada, "Old board");
    let widgets = [widget(Some(shown)), widget(None)];
    board.id = store.insert_dashboard(&board, &widgets).await.unwrap();
    assert!(trashed(&store, &all(ada)).await.is_empty());
    let early = store.erase(ObjectKind::Query, id.0).await.unwrap_err();
    assert_eq!(early.code(), Code::NotFound, "it is not archived");
    assert!(store.query(id).await.unwrap().is_some());

    let step = change("queries", id.0, 2, ada);
    store.archive_query(id, at(5), &step).await.unwrap();
    (board.is_archived, board.version, board.updated_at) = (true, 2, at(9));
    let step = change("dashboards", board.id.0, 2, ada);
    assert!(store.update_dashboard(&board, 1, &step).await.unwrap());
    // Archiving took the alerts there were; this one came after that.
    store.insert_alert(&alert(ada, id)).await.unwrap();
    assert_eq!(trashed(&store, &all(ada)).await, ["Old board", "Old orders"]);
    let nobody =
        Visible { everything: false, user: add_user(&store, "Bob").await, sources: vec![] };
    assert_eq!(trashed(&store, &nobody).await, ["Old board"], "it shows no query any more");

    let weight = store.weigh(ObjectKind::Query, id.0).await.unwrap();
    let wanted =
        TrashWeight { visualizations: 1, widgets: 0, alerts: 1, keys: 1, results: 0, steps: 1 };
    assert_eq!(weight, wanted, "archiving took the widget already");
    let weight = store.weigh(ObjectKind::Dashboard, board.id.0).await.unwrap();
    assert_eq!((weight.widgets, weight.steps), (1, 2), "the widget that went is a step");
    store.erase(ObjectKind::Query, id.0).await.unwrap();
    store.erase(ObjectKind::Dashboard, board.id.0).await.unwrap();
    assert!(store.query(id).await.unwrap().is_none());
    assert!(store.dashboard(board.id, None).await.unwrap().is_none());
    assert!(trashed(&store, &all(ada)).await.is_empty());
    let left = store.history(ObjectKind::Query, id.0, page()).await.unwrap();
    assert_eq!(left.total, 0);
}

async fn only_what_was_archived_and_left_alone_expires(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let shop = add_source(&store, "shop").await;
    let mut ids = Vec::new();
    for archived_at in [1, 50, 100] {
        let id = add(&store, &query(ada, shop, "q", "x")).await;
        store.archive_query(id, at(archived_at), &change("queries", id.0, 2, ada)).await.unwrap();
        ids.push(id.0);
    }
    add(&store, &query(ada, shop, "in use", "x")).await;
    let mut board = dashboard(ada, "Board");
    board.is_archived = true;
    let board = store.insert_dashboard(&board, &[]).await.unwrap();
    let expired = store.expired_trash(at(60), 10).await.unwrap();
    assert_eq!(
        expired,
        [
            (ObjectKind::Dashboard, board.0),
            (ObjectKind::Query, ids[0]),
            (ObjectKind::Query, ids[1])
        ]
    );
    assert_eq!(store.expired_trash(at(60), 1).await.unwrap().len(), 1);
}
