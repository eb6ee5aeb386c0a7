//! Searching queries: the same words are found on both engines.

use tessera_access::Visible;
use tessera_bi::ports::{DashboardRepo, ObjectRepo, QueryRepo};
use tessera_bi::{ObjectKind, QueryFilter, QueryOrder, SearchFilter, search_terms};
use tessera_kernel::ids::UserId;
use tessera_store::Store;

use crate::common::{
    add, add_source, add_user, all, at, change, dashboard, filter, listed, on_both, page, query,
    widget,
};

on_both! {
    every_word_begins_a_word names_come_first a_number_finds_its_query odd_texts_are_searched_safely
    a_changed_text_is_searched_anew fields_and_phrases_are_understood
    texts_without_spaces_are_found_in_every_part objects_of_all_kinds_are_found_best_first
    only_what_is_visible_is_found an_old_index_is_made_anew
}

fn search(user: UserId, words: &[&str]) -> QueryFilter {
    let mut wanted = filter(all(user));
    wanted.search = words.iter().map(|word| (*word).to_owned()).collect();
    wanted.order = QueryOrder::Rank;
    wanted
}

async fn every_word_begins_a_word(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let shop = add_source(&store, "shop").await;
    let text = "select customer_id, 1.50 from shop.orders where mail = 'a.b@example.com' -- RÉSUMÉ 漢字 x-y";
    let id = add(&store, &query(ada, shop, "By Customer", text)).await.0;
    for words in [
        vec!["ord"],
        vec!["ORDERS", "cust"],
        vec!["customer_id"],
        vec!["résu"],
        vec!["Example"],
        vec!["1", "50"],
        vec!["漢"],
        vec!["x-y"],
        vec!["shop.orders"],
        vec!["字"],
        vec!["漢字"],
        vec![],
    ] {
        assert_eq!(listed(&store, &search(ada, &words)).await, [id], "{words:?}");
    }
    for words in
        [vec!["rders"], vec!["orders", "nowhere"], vec!["resume"], vec!["字漢"], vec!["zzzzzz"]]
    {
        assert!(listed(&store, &search(ada, &words)).await.is_empty(), "{words:?}");
    }
}

async fn names_come_first(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let shop = add_source(&store, "shop").await;
    let mut ids = Vec::new();
    for (name, description, text) in [
        ("Orders all", None, "x"),
        ("by customer", None, "select * from orders"),
        ("cities", Some("of the orders"), "x"),
        ("Copy of Orders", None, "select * from orders"),
        ("by city", None, "orders"),
        ("none", None, "nothing"),
    ] {
        let mut made = query(ada, shop, name, text);
        made.description = description.map(str::to_owned);
        ids.push(add(&store, &made).await.0);
    }
    let mut wanted = search(ada, &["orders"]);
    assert_eq!(listed(&store, &wanted).await, [ids[3], ids[0], ids[2], ids[4], ids[1]]);
    wanted.order = QueryOrder::Name;
    wanted.descending = false;
    assert_eq!(listed(&store, &wanted).await, [ids[4], ids[1], ids[2], ids[3], ids[0]]);
}

async fn a_number_finds_its_query(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let shop = add_source(&store, "shop").await;
    let first = add(&store, &query(ada, shop, "a", "select")).await.0;
    let second = add(&store, &query(ada, shop, "b", &format!("limit {first}00"))).await.0;
    let found = listed(&store, &search(ada, &[&first.to_string()])).await;
    assert_eq!(found, [first, second]);
    assert!(listed(&store, &search(ada, &[&format!("0{first}")])).await.is_empty());
}

async fn odd_texts_are_searched_safely(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let shop = add_source(&store, "shop").await;
    let long = "w".repeat(5000);
    let many: String = (0..60_000).map(|number| format!("word{number} ")).collect();
    add(&store, &query(ada, shop, "q", &format!("and or not near {long} {many}"))).await;
    for words in ["\"", "'", "*", "%", "a:b & !c", "NEAR(", "{name} :", "\\"] {
        let found = store.queries(&search(ada, &[words]), crate::common::page()).await;
        assert!(found.is_ok(), "{words}");
    }
    let numbers: String = (0..500).map(|number| format!("{number} ")).collect();
    for words in [many.as_str(), numbers.as_str()] {
        store.queries(&search(ada, &[words]), crate::common::page()).await.unwrap();
    }
    assert!(listed(&store, &search(ada, &["%_"])).await.is_empty(), "no word, so nothing");
    for words in [vec!["AND", "or"], vec!["NOT"], vec![long.as_str()], vec!["word59"]] {
        assert_eq!(listed(&store, &search(ada, &words)).await.len(), 1);
    }
}

async fn a_changed_text_is_searched_anew(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let shop = add_source(&store, "shop").await;
    let mut edited = query(ada, shop, "first", "alpha");
    edited.id = add(&store, &edited).await;
    (edited.text, edited.version) = ("beta".to_owned(), 2);
    let step = change("queries", edited.id.0, 2, ada);
    assert!(store.update_query(&edited, 1, &step).await.unwrap());
    assert!(listed(&store, &search(ada, &["alpha"])).await.is_empty());
    assert_eq!(listed(&store, &search(ada, &["beta"])).await, [edited.id.0]);
}

async fn fields_and_phrases_are_understood(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let shop = add_source(&store, "shop").await;
    let mut first = query(ada, shop, "Orders by Day", "select day, sum(total) from orders");
    first.description = Some("Umsätze je Tag, brutto".to_owned());
    let first = add(&store, &first).await.0;
    let second = query(ada, shop, "Customers", "select name from customers where day > 100%");
    let second = add(&store, &second).await.0;
    let id = format!("id:{first}");
    for (text, wanted) in [
        ("name:rder", vec![first]),
        ("name:\"by day\"", vec![first]),
        ("name:\"day by\"", vec![]),
        ("query:day", vec![second, first]),
        ("query:\"select name from\"", vec![second]),
        ("query:100%", vec![second]),
        ("description:brutto name:orders", vec![first]),
        ("description:umsätze", vec![first]),
        ("description:UMSÄTZE", vec![first]),
        ("description:umsütze", vec![]),
        ("description:orders", vec![]),
        (id.as_str(), vec![first]),
        ("id:x", vec![]),
        ("\"from orders\"", vec![first]),
        ("\"orders from\"", vec![]),
        ("\"umsätze je\"", vec![first]),
        ("cust query:day", vec![second]),
    ] {
        assert_eq!(listed(&store, &search(ada, &[text])).await, wanted, "{text}");
    }
}

async fn texts_without_spaces_are_found_in_every_part(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let shop = add_source(&store, "shop").await;
    let id = add(&store, &query(ada, shop, "東京の売上report", "-- 매출현황 보고서")).await.0;
    add(&store, &query(ada, shop, "京都 東の京", "x")).await;
    for text in
        ["東京", "京の", "の売上", "上", "東京の売上", "売上rep", "매출", "현황", "name:売上"]
    {
        assert_eq!(listed(&store, &search(ada, &[text])).await, [id], "{text}");
    }
    for text in ["売東", "東京売上", "上の", "東京の京の売"] {
        assert!(listed(&store, &search(ada, &[text])).await.is_empty(), "{text}");
    }
}

async fn found(store: &Store, kinds: Vec<(ObjectKind, Visible)>, text: &str) -> Vec<String> {
    let filter = SearchFilter { kinds, archived: false, terms: search_terms(text) };
    let found = store.search(&filter, page()).await.unwrap();
    assert_eq!(found.total, found.items.len() as u64);
    found.items.into_iter().map(|found| format!("{:?} {}", found.kind, found.name)).collect()
}

fn both(visible: &Visible) -> Vec<(ObjectKind, Visible)> {
    ObjectKind::ALL.into_iter().map(|kind| (kind, visible.clone())).collect()
}

async fn objects_of_all_kinds_are_found_best_first(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let shop = add_source(&store, "shop").await;
    let mut late = query(ada, shop, "Sales late", "x");
    late.updated_at = at(9);
    add(&store, &late).await;
    add(&store, &query(ada, shop, "Totals", "select sales")).await;
    let mut text = widget(None);
    text.text = "# About sales and 東京の売上".to_owned();
    let notes = store.insert_dashboard(&dashboard(ada, "Notes"), &[text]).await.unwrap();
    store.insert_dashboard(&dashboard(ada, "Sales board"), &[]).await.unwrap();
    let everything = both(&all(ada));
    assert_eq!(
        found(&store, everything.clone(), "sales").await,
        ["Query Sales late", "Dashboard Sales board", "Query Totals", "Dashboard Notes"]
    );
    assert_eq!(found(&store, everything.clone(), "の売上").await, ["Dashboard Notes"]);
    assert_eq!(found(&store, everything.clone(), "text:about").await, ["Dashboard Notes"]);
    let only = vec![(ObjectKind::Dashboard, all(ada))];
    assert_eq!(found(&store, only, "sal").await.len(), 2);

    // The index follows what is on the dashboard.
    let mut widget = store.widgets(notes).await.unwrap().remove(0).widget;
    widget.text = "about costs".to_owned();
    store.update_widget(&widget, ada).await.unwrap();
    assert_eq!(found(&store, everything.clone(), "costs").await, ["Dashboard Notes"]);
    assert_eq!(found(&store, everything.clone(), "about sales").await.len(), 0);
    store.delete_widget(widget.id, ada, at(9)).await.unwrap();
    assert_eq!(found(&store, everything.clone(), "costs").await.len(), 0);
    let mut board = store.dashboard(notes, None).await.unwrap().unwrap().dashboard;
    (board.name, board.version) = ("Memos".to_owned(), 2);
    let step = change("dashboards", notes.0, 2, ada);
    assert!(store.update_dashboard(&board, 1, &step).await.unwrap());
    assert_eq!(found(&store, everything.clone(), "memos").await, ["Dashboard Memos"]);
    assert!(found(&store, everything, "notes").await.is_empty());
}

async fn only_what_is_visible_is_found(store: Store) {
    let (ada, bob) = (add_user(&store, "Ada").await, add_user(&store, "Bob").await);
    let (shop, crm) = (add_source(&store, "shop").await, add_source(&store, "crm").await);
    for (source, name) in [(shop, "sales shop"), (crm, "sales crm")] {
        let id = add(&store, &query(bob, source, name, "x")).await;
        let shown = store.query_detail(id, None).await.unwrap().unwrap().visualizations[0].id;
        let board = dashboard(bob, &format!("board {name}"));
        store.insert_dashboard(&board, &[widget(Some(shown))]).await.unwrap();
    }
    let mut draft = dashboard(bob, "sales draft");
    draft.is_draft = true;
    store.insert_dashboard(&draft, &[]).await.unwrap();
    let hers = Visible { everything: false, user: ada, sources: vec![shop] };
    let mut names = found(&store, both(&hers), "sales").await;
    names.sort_unstable();
    assert_eq!(names, ["Dashboard board sales shop", "Query sales shop"]);
    assert_eq!(found(&store, Vec::new(), "sales").await.len(), 0);
    let his = Visible { everything: false, user: bob, sources: Vec::new() };
    assert_eq!(found(&store, both(&his), "sales").await.len(), 5);
}

async fn an_old_index_is_made_anew(store: Store) {
    // What an earlier program left: objects without words.
    let ada = add_user(&store, "Ada").await;
    let shop = add_source(&store, "shop").await;
    for number in 0..3 {
        add(&store, &query(ada, shop, &format!("Orders {number}"), "x")).await;
        store.insert_dashboard(&dashboard(ada, "Orders"), &[widget(None)]).await.unwrap();
    }
    store.forget_search_index().await.unwrap();
    assert!(found(&store, both(&all(ada)), "orders").await.is_empty());
    store.rebuild_search_index().await.unwrap();
    assert_eq!(found(&store, both(&all(ada)), "orders").await.len(), 6);
    store.rebuild_search_index().await.unwrap();
    assert_eq!(found(&store, both(&all(ada)), "orders").await.len(), 6);
}
