//! Searching queries: the same words are found on both engines.

use tessera_bi::ports::QueryRepo;
use tessera_bi::{QueryFilter, QueryOrder};
use tessera_kernel::ids::UserId;
use tessera_store::Store;

use crate::common::{add, add_source, add_user, all, change, filter, listed, on_both, query};

on_both! {
    every_word_begins_a_word names_come_first a_number_finds_its_query odd_texts_are_searched_safely
    a_changed_text_is_searched_anew
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
        vec![],
    ] {
        assert_eq!(listed(&store, &search(ada, &words)).await, [id], "{words:?}");
    }
    for words in
        [vec!["rders"], vec!["orders", "nowhere"], vec!["resume"], vec!["字"], vec!["zzzzzz"]]
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
