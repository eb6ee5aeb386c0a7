//! Queries and visualizations.

use serde_json::json;
use tessera_access::ports::{KeyRepo, UserRepo};
use tessera_access::{KeyKind, KeyOwner, Visible};
use tessera_bi::ports::{DashboardRepo, QueryRepo};
use tessera_bi::{QueryFilter, QueryOrder, QueryScope, TagCount};
use tessera_kernel::ids::{QueryId, SourceId, UserId, VisualizationId};
use tessera_kernel::{Code, PageRequest};
use tessera_store::Store;

use crate::common::{
    add, add_source, add_user, all, at, change, dashboard, filter, key, listed, on_both, page,
    query, visualization, widget,
};
use crate::jobs::run_result;

on_both! {
    queries_are_written_and_read an_outdated_change_is_refused a_late_change_keeps_the_latest_result
    archiving_removes_widgets_and_schedule lists_show_what_the_caller_may_see
    lists_follow_their_order recent_queries_are_ones_own_last_changed_first
    favourites_belong_to_a_user tags_filter_and_count visualizations_are_edited
    a_query_shows_its_newest_recoverable_key a_failed_insert_leaves_nothing_behind
}

async fn setting(store: &Store) -> (UserId, SourceId) {
    (add_user(store, "Ada").await, add_source(store, "shop").await)
}

async fn queries_are_written_and_read(store: Store) {
    let (ada, shop) = setting(&store).await;
    let mut wanted = query(ada, shop, "Tÿpes", "select '漢' -- \0 no".replace('\0', "").as_str());
    wanted.description = Some("d".to_owned());
    wanted.schedule = Some(json!({"interval": 60, "until": null}));
    wanted.tags = vec!["z".to_owned(), "a\"b".to_owned()];
    let made = key(KeyKind::Query, KeyOwner::Query(QueryId(77)));
    let shown = [visualization("Table"), visualization("Chart")];
    wanted.id = store.insert_query(&wanted, &made, &shown).await.unwrap();
    assert_eq!(store.query(wanted.id).await.unwrap().unwrap(), wanted);
    assert_eq!(store.query_id(wanted.uid).await.unwrap(), Some(wanted.id));
    let detail = store.query_detail(wanted.id, Some(ada)).await.unwrap().unwrap();
    let owner = store.user(ada).await.unwrap().unwrap();
    assert_eq!(detail.listing.query, wanted);
    assert_eq!((detail.listing.owner, detail.modified_by), (owner.clone(), Some(owner)));
    assert_eq!(detail.listing.key_lookup, Some(made.lookup));
    assert_eq!(detail.listing.sealed_key, made.sealed);
    let names: Vec<&str> = detail.visualizations.iter().map(|shown| shown.name.as_str()).collect();
    assert_eq!(names, ["Table", "Chart"]);
    assert!(detail.visualizations.iter().all(|shown| shown.query == wanted.id));
    assert_eq!(store.query_detail(QueryId(99), None).await.unwrap(), None);
}

async fn an_outdated_change_is_refused(store: Store) {
    let (ada, shop) = setting(&store).await;
    let mut edited = query(ada, shop, "old", "select 1");
    edited.id = add(&store, &edited).await;
    edited.name = "new".to_owned();
    edited.modified_by = None;
    edited.version = 2;
    let step = |version| change("queries", edited.id.0, version, ada);
    assert!(store.update_query(&edited, 1, &step(2)).await.unwrap());
    assert_eq!(store.query(edited.id).await.unwrap().unwrap(), edited);
    assert!(!store.update_query(&edited, 1, &step(2)).await.unwrap());
    let both = PageRequest { number: 1, size: 1 };
    let history = store.query_history(edited.id, both).await.unwrap();
    assert_eq!((history.items, history.total), (vec![step(2)], 1));
    let mut missing = edited.clone();
    missing.id = QueryId(99);
    assert_eq!(store.update_query(&missing, 1, &step(2)).await.unwrap_err().code(), Code::NotFound);
    edited.version = 3;
    assert!(store.update_query(&edited, 2, &step(3)).await.unwrap());
    let history = store.query_history(edited.id, page()).await.unwrap();
    assert_eq!(history.items, [step(3), step(2)]);
}

async fn a_late_change_keeps_the_latest_result(store: Store) {
    let (ada, shop) = setting(&store).await;
    let mut edited = query(ada, shop, "q", "select 1");
    edited.id = add(&store, &edited).await;
    let result = run_result(&store, shop, Some(edited.id), "select 1", 5, false).await;
    // Read before the result was there, and written after it.
    edited.version = 2;
    let step = change("queries", edited.id.0, 2, ada);
    assert!(store.update_query(&edited, 1, &step).await.unwrap());
    let found = store.query_detail(edited.id, None).await.unwrap().unwrap().listing;
    assert_eq!(found.query.latest_result, Some(result.id));
    assert_eq!(found.retrieved_at, Some(at(5)));
    assert_eq!(found.runtime_seconds, Some(0.5));
    assert_eq!(found.query.updated_at, at(0));
}

async fn archiving_removes_widgets_and_schedule(store: Store) {
    let (ada, shop) = setting(&store).await;
    let mut scheduled = query(ada, shop, "q", "select 1");
    scheduled.schedule = Some(json!({"interval": 60}));
    let id = add(&store, &scheduled).await;
    let shown = store.query_detail(id, None).await.unwrap().unwrap().visualizations[0].id;
    let board = [widget(Some(shown)), widget(None)];
    let board = store.insert_dashboard(&dashboard(ada, "Board"), &board).await.unwrap();
    let step = change("queries", id.0, 2, ada);
    store.archive_query(id, at(9), &step).await.unwrap();
    let archived = store.query(id).await.unwrap().unwrap();
    assert!(archived.is_archived && archived.schedule.is_none());
    assert_eq!((archived.version, archived.updated_at), (2, at(9)));
    assert_eq!(store.widgets(board).await.unwrap().len(), 1);
    assert_eq!(store.query_history(id, page()).await.unwrap().items, std::slice::from_ref(&step));
    let missing = store.archive_query(QueryId(99), at(9), &step).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
}

async fn lists_show_what_the_caller_may_see(store: Store) {
    let (ada, shop) = setting(&store).await;
    let bob = add_user(&store, "Bob").await;
    let crm = add_source(&store, "crm").await;
    let mut draft = query(bob, shop, "draft", "x");
    draft.is_draft = true;
    let mut archived = query(bob, shop, "archived", "x");
    archived.is_archived = true;
    let mut archived_draft = archived.clone();
    (archived_draft.is_draft, archived_draft.uid) = (true, tessera_kernel::ids::Uid::now_v7());
    let mut detached = query(bob, shop, "detached", "x");
    detached.source = None;
    let mut ids = Vec::new();
    for query in [
        query(ada, crm, "own", "x"),
        query(bob, shop, "shared", "x"),
        query(bob, crm, "hidden", "x"),
        draft,
        archived,
        archived_draft,
        detached,
    ] {
        ids.push(add(&store, &query).await.0);
    }
    let caller = Visible { everything: false, user: ada, sources: vec![shop] };
    let mut wanted = filter(caller.clone());
    assert_eq!(listed(&store, &wanted).await, [ids[3], ids[1], ids[0]]);
    wanted.scope = QueryScope::Archived;
    assert_eq!(listed(&store, &wanted).await, [ids[4]], "others' drafts stay hidden");
    wanted.scope = QueryScope::Mine;
    assert_eq!(listed(&store, &wanted).await, [ids[0]]);
    assert_eq!(listed(&store, &filter(all(ada))).await, [ids[6], ids[3], ids[2], ids[1], ids[0]]);
    let runnable = QueryFilter { scope: QueryScope::Runnable, ..filter(all(ada)) };
    assert_eq!(listed(&store, &runnable).await, [ids[3], ids[2], ids[1], ids[0]]);
    let nothing = Visible { everything: false, user: UserId(99), sources: Vec::new() };
    assert!(listed(&store, &filter(nothing)).await.is_empty());
    let second = PageRequest { number: 2, size: 2 };
    let found = store.queries(&filter(all(ada)), second).await.unwrap();
    let found = (found.total, found.items.iter().map(|item| item.query.id.0).collect::<Vec<_>>());
    assert_eq!(found, (5, vec![ids[2], ids[1]]));
}

async fn lists_follow_their_order(store: Store) {
    let (ada, shop) = setting(&store).await;
    let bob = add_user(&store, "bob").await;
    let mut one = query(ada, shop, "bravo", "select 1");
    (one.updated_at, one.schedule) = (at(5), Some(json!({"interval": "3600"})));
    let mut two = query(bob, shop, "Alpha", "select 2");
    (two.created_at, two.updated_at) = (at(3), at(4));
    let mut three = query(bob, shop, "charlie", "select 3");
    (three.created_at, three.schedule) = (at(3), Some(json!({"interval": 60})));
    let mut ids = Vec::new();
    for query in [&one, &two, &three] {
        ids.push(add(&store, query).await);
    }
    run_result(&store, shop, None, "select 2", 8, false).await;
    run_result(&store, shop, None, "select 3", 7, false).await;
    store.set_query_favorite(ids[2], ada, true, at(1)).await.unwrap();
    let orders = [
        (QueryOrder::Name, [1, 0, 2], [2, 0, 1]),
        (QueryOrder::CreatedAt, [0, 1, 2], [2, 1, 0]),
        (QueryOrder::UpdatedAt, [2, 1, 0], [0, 1, 2]),
        (QueryOrder::Schedule, [2, 0, 1], [0, 2, 1]),
        (QueryOrder::Runtime, [2, 1, 0], [1, 2, 0]),
        (QueryOrder::ExecutedAt, [2, 1, 0], [1, 2, 0]),
        (QueryOrder::CreatedBy, [0, 1, 2], [1, 2, 0]),
        (QueryOrder::StarredAt, [2, 0, 1], [2, 0, 1]),
        (QueryOrder::Rank, [2, 1, 0], [2, 1, 0]),
    ];
    for (order, up, down) in orders {
        for (descending, places) in [(false, up), (true, down)] {
            let mut wanted = filter(all(ada));
            (wanted.order, wanted.descending) = (order, descending);
            let expected: Vec<i64> = places.iter().map(|place: &usize| ids[*place].0).collect();
            assert_eq!(listed(&store, &wanted).await, expected, "{order:?} {descending}");
        }
    }
}

async fn recent_queries_are_ones_own_last_changed_first(store: Store) {
    let (ada, shop) = setting(&store).await;
    let bob = add_user(&store, "Bob").await;
    let mut ids = Vec::new();
    for (number, owner) in [(1, ada), (3, ada), (2, ada), (9, bob)] {
        let mut made = query(owner, shop, "q", "x");
        made.updated_at = at(number);
        ids.push(add(&store, &made).await);
    }
    let recent = store.recent_queries(ada, 2).await.unwrap();
    let recent: Vec<QueryId> = recent.into_iter().map(|listing| listing.query.id).collect();
    assert_eq!(recent, [ids[1], ids[2]]);
}

async fn favourites_belong_to_a_user(store: Store) {
    let (ada, shop) = setting(&store).await;
    let bob = add_user(&store, "Bob").await;
    let id = add(&store, &query(ada, shop, "q", "x")).await;
    for _ in 0..2 {
        store.set_query_favorite(id, bob, true, at(1)).await.unwrap();
    }
    let marked = async |user| {
        store.query_detail(id, user).await.unwrap().unwrap().listing.starred_at.is_some()
    };
    assert_eq!(
        (marked(Some(bob)).await, marked(Some(ada)).await, marked(None).await),
        (true, false, false)
    );
    let mut wanted = filter(all(bob));
    wanted.scope = QueryScope::Favorites;
    assert_eq!(listed(&store, &wanted).await, [id.0]);
    wanted.visible = all(ada);
    assert!(listed(&store, &wanted).await.is_empty());
    store.set_query_favorite(id, bob, false, at(1)).await.unwrap();
    assert!(!marked(Some(bob)).await);
    let missing = store.set_query_favorite(QueryId(99), bob, true, at(1)).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
}

async fn tags_filter_and_count(store: Store) {
    let (ada, shop) = setting(&store).await;
    let crm = add_source(&store, "crm").await;
    let mut ids = Vec::new();
    for (source, tags) in [(shop, vec!["sales", "demo"]), (shop, vec!["sales"]), (crm, vec!["Zoo"])]
    {
        let mut made = query(ada, source, "q", "x");
        made.tags = tags.into_iter().map(str::to_owned).collect();
        made.id = add(&store, &made).await;
        ids.push(made);
    }
    let mut wanted = filter(all(ada));
    wanted.tags = vec!["sales".to_owned(), "demo".to_owned()];
    assert_eq!(listed(&store, &wanted).await, [ids[0].id.0]);
    wanted.tags = vec!["Sales".to_owned()];
    assert!(listed(&store, &wanted).await.is_empty(), "tags are exact");
    let tag = |name: &str, count| TagCount { name: name.to_owned(), count };
    let counts = store.query_tags(&all(ada)).await.unwrap();
    assert_eq!(counts, [tag("Zoo", 1), tag("demo", 1), tag("sales", 2)]);
    let caller = Visible { everything: false, user: UserId(99), sources: vec![shop] };
    assert_eq!(store.query_tags(&caller).await.unwrap(), [tag("demo", 1), tag("sales", 2)]);
    let mut edited = ids.swap_remove(1);
    (edited.tags, edited.version) = (vec!["new".to_owned()], 2);
    let step = change("queries", edited.id.0, 2, ada);
    assert!(store.update_query(&edited, 1, &step).await.unwrap());
    let counts = store.query_tags(&caller).await.unwrap();
    assert_eq!(counts, [tag("demo", 1), tag("new", 1), tag("sales", 1)]);
}

async fn visualizations_are_edited(store: Store) {
    let (ada, shop) = setting(&store).await;
    let id = add(&store, &query(ada, shop, "q", "x")).await;
    let mut chart = visualization("Chart");
    chart.query = id;
    chart.id = store.insert_visualization(&chart).await.unwrap();
    chart.options = json!({"series": [1.5]});
    store.update_visualization(&chart).await.unwrap();
    assert_eq!(store.visualization(chart.id).await.unwrap(), Some(chart.clone()));
    let board = [widget(Some(chart.id))];
    let board = store.insert_dashboard(&dashboard(ada, "Board"), &board).await.unwrap();
    store.delete_visualization(chart.id, ada, at(7)).await.unwrap();
    assert!(store.widgets(board).await.unwrap().is_empty());
    for fault in [
        store.delete_visualization(chart.id, ada, at(7)).await.unwrap_err(),
        store.update_visualization(&chart).await.unwrap_err(),
    ] {
        assert_eq!(fault.code(), Code::NotFound);
    }
    assert_eq!(store.visualization(VisualizationId(99)).await.unwrap(), None);
}

async fn a_query_shows_its_newest_recoverable_key(store: Store) {
    let (ada, shop) = setting(&store).await;
    let id = add(&store, &query(ada, shop, "q", "x")).await;
    let fresh = key(KeyKind::Query, KeyOwner::Query(id));
    store.replace_recoverable_key(KeyKind::Query, &fresh, at(1)).await.unwrap();
    let listing = store.queries(&filter(all(ada)), page()).await.unwrap().items.remove(0);
    assert_eq!(listing.key_lookup, Some(fresh.lookup));
    store.revoke_keys_of(KeyOwner::Query(id), at(2)).await.unwrap();
    let listing = store.query_detail(id, None).await.unwrap().unwrap().listing;
    assert_eq!((listing.key_lookup, listing.sealed_key), (None, None));
}

async fn a_failed_insert_leaves_nothing_behind(store: Store) {
    let (ada, shop) = setting(&store).await;
    let taken = store.keys_of(KeyOwner::User(ada)).await.unwrap().remove(0);
    let fault = store.insert_query(&query(ada, shop, "q", "x"), &taken, &[]).await.unwrap_err();
    assert_eq!(fault.code(), Code::Duplicate);
    assert!(listed(&store, &filter(all(ada))).await.is_empty());
    let missing = query(ada, SourceId(99), "q", "x");
    let made = key(KeyKind::Query, KeyOwner::Query(QueryId(0)));
    assert_eq!(store.insert_query(&missing, &made, &[]).await.unwrap_err().code(), Code::NotFound);
}
