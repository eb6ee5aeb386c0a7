//! Data sources.

use tessera_access::AccessLevel;
use tessera_access::Object;
use tessera_access::ports::{FactsRepo, GroupRepo};
use tessera_bi::ports::{JobRepo, QueryRepo, SourceRepo};
use tessera_bi::{Table, TableColumn};
use tessera_kernel::Code;
use tessera_kernel::ids::SourceId;
use tessera_store::Store;

use crate::common::{add, add_group, add_source, add_user, at, on_both, query, source};
use crate::jobs::run_result;

on_both! {
    sources_are_written_and_read deleting_a_source_detaches_its_queries tables_are_kept
}

async fn sources_are_written_and_read(store: Store) {
    let group = add_group(&store, "one").await;
    let mut shop = source("shop");
    shop.id = store.insert_source(&shop, &[group]).await.unwrap();
    let zoo = add_source(&store, "Zoo").await;
    let other = add_source(&store, "Shop").await;
    assert_eq!(store.source_groups(shop.id).await.unwrap(), [(group, AccessLevel::Full)]);
    shop.paused = true;
    shop.pause_reason = Some("repairs".to_owned());
    shop.sealed_options = None;
    shop.version = 2;
    store.update_source(&shop).await.unwrap();
    assert_eq!(store.source(shop.id).await.unwrap().unwrap(), shop);
    let listed: Vec<SourceId> =
        store.sources().await.unwrap().into_iter().map(|source| source.id).collect();
    assert_eq!(listed, [shop.id, other, zoo], "by name without case, then id");
    shop.id = SourceId(99);
    assert_eq!(store.update_source(&shop).await.unwrap_err().code(), Code::NotFound);
}

async fn deleting_a_source_detaches_its_queries(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let shop = add_source(&store, "shop").await;
    let id = add(&store, &query(ada, shop, "q", "select 1")).await;
    let result = run_result(&store, shop, Some(id), "select 1", 1, false).await;
    assert_eq!(store.query(id).await.unwrap().unwrap().latest_result, Some(result.id));
    let removed = store.delete_source(shop).await.unwrap().unwrap();
    assert_eq!(removed, [result.uid]);
    let left = store.query(id).await.unwrap().unwrap();
    assert_eq!((left.source, left.latest_result, left.template_digest), (None, None, None));
    let facts = store.facts(Object::Query(id)).await.unwrap().unwrap();
    assert!(facts.detached && facts.source.is_none());
    assert_eq!(store.result(result.id).await.unwrap(), None);
    assert_eq!(store.delete_source(shop).await.unwrap(), None);
}

async fn tables_are_kept(store: Store) {
    let shop = add_source(&store, "shop").await;
    assert_eq!(store.cached_schema(shop).await.unwrap(), None);
    let column = TableColumn { name: "id".to_owned(), kind: "bigint".to_owned() };
    let tables = [Table { name: "orders".to_owned(), columns: vec![column] }];
    store.save_schema(shop, &[], at(1)).await.unwrap();
    store.save_schema(shop, &tables, at(2)).await.unwrap();
    assert_eq!(store.cached_schema(shop).await.unwrap(), Some((tables.to_vec(), at(2))));
    let missing = store.save_schema(SourceId(99), &tables, at(2)).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
}
