//! Opening, migrating, closing, and what holds an engine together.

use futures::future::join_all;
use tessera_access::ports::{SettingRepo, UserRepo};
use tessera_bi::ports::StoreHealth;
use tessera_kernel::Code;
use tessera_store::{Engine, Store, StoreSettings};
use tessera_testkit::postgres::Postgres;

use crate::common::{add_user, on_both, postgres_url, sqlite, user};

on_both! {
    a_store_answers_until_it_is_closed one_failure_does_not_undo_its_neighbours
}

fn settings(url: String) -> StoreSettings {
    StoreSettings { url, ..StoreSettings::default() }
}

async fn a_store_answers_until_it_is_closed(store: Store) {
    store.ping().await.unwrap();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");
    let numbers = std::fs::read_dir(folder).unwrap().map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        name.split('_').next().unwrap().parse::<i64>().unwrap()
    });
    assert_eq!(store.schema_version(), numbers.max().unwrap());
    store.close().await;
    assert_eq!(store.ping().await.unwrap_err().code(), Code::Unavailable);
    let fault = store.set_settings(&[("a".to_owned(), 1.into())]).await.unwrap_err();
    assert_eq!(fault.code(), Code::Unavailable);
}

async fn one_failure_does_not_undo_its_neighbours(store: Store) {
    let names: Vec<String> = (0..40).map(|number| format!("user{}", number % 20)).collect();
    let made = join_all(names.iter().map(|name| {
        let key = crate::common::key(
            tessera_access::KeyKind::User,
            tessera_access::KeyOwner::User(tessera_kernel::ids::UserId(0)),
        );
        let store = store.clone();
        async move { store.insert_user(&user(name), &key).await }
    }))
    .await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 20);
    for fault in made.into_iter().filter_map(Result::err) {
        assert_eq!((fault.code(), fault.field()), (Code::Duplicate, Some("email")));
    }
    assert_eq!(store.count_users().await.unwrap(), 20);
}

#[tokio::test]
async fn a_file_is_opened_again_with_all_that_is_in_it() {
    let (store, folder) = sqlite().await;
    assert_eq!(store.engine(), Engine::Sqlite);
    add_user(&store, "Ada").await;
    store.close().await;
    let folder = folder.unwrap();
    let path = folder.path().join("store.db").display().to_string();
    let again = Store::open(settings(path)).await.unwrap();
    assert_eq!(again.count_users().await.unwrap(), 1);
    let files = std::fs::read_dir(folder.path()).unwrap();
    let backups = files
        .filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().contains("backup"));
    assert_eq!(backups.count(), 0, "nothing was to be migrated");
}

/// Who may do what with a file.
fn mode(path: &std::path::Path) -> u32 {
    let permissions = std::fs::metadata(path).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::mode(&permissions) & 0o777
}

#[tokio::test]
async fn only_its_owner_reads_a_new_file() {
    let (store, folder) = sqlite().await;
    add_user(&store, "Ada").await;
    for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
}

#[tokio::test]
async fn a_file_is_copied_before_it_is_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch("CREATE TABLE precious (x); INSERT INTO precious VALUES (42)").unwrap();
    drop(old);
    Store::open(settings(path.display().to_string())).await.unwrap().close().await;
    let backup = rusqlite::Connection::open(folder.path().join("store.db.backup-0")).unwrap();
    let kept: i64 = backup.query_row("SELECT x FROM precious", (), |row| row.get(0)).unwrap();
    assert_eq!(kept, 42);
    assert_eq!(mode(&folder.path().join("store.db.backup-0")), 0o600);
}

#[tokio::test]
async fn a_newer_file_is_refused() {
    let (store, folder) = sqlite().await;
    store.close().await;
    let path = folder.unwrap().keep().join("store.db");
    let newer = rusqlite::Connection::open(&path).unwrap();
    newer.execute("INSERT INTO schema_migrations VALUES (999, 0)", ()).unwrap();
    drop(newer);
    let fault = Store::open(settings(path.display().to_string())).await.unwrap_err();
    assert!(fault.detail().contains("999"), "{fault}");
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let url = postgres_url();
    Store::open(settings(url.clone())).await.unwrap().close().await;
    let database = url.rsplit('/').next().unwrap();
    Postgres::shared().sql(database, "INSERT INTO schema_migrations VALUES (999, 0)").unwrap();
    let fault = Store::open(settings(url)).await.unwrap_err();
    assert!(fault.detail().contains("999"), "{fault}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_together_migrate_once() {
    let url = postgres_url();
    let opened = join_all((0..4).map(|_| Store::open(settings(url.clone())))).await;
    for store in opened {
        assert_eq!(store.unwrap().engine(), Engine::Postgres);
    }
}

#[tokio::test]
async fn an_address_that_is_none_is_refused() {
    for url in ["", "mysql://localhost/x", "sqlite://"] {
        let fault = Store::open(settings(url.to_owned())).await.unwrap_err();
        assert_eq!((fault.code(), fault.field()), (Code::Invalid, Some("metadata")), "{url}");
    }
    let fault = Store::open(settings("postgres://u:secret@[::1/x".to_owned())).await.unwrap_err();
    assert!(!format!("{fault:?}").contains("secret"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://a:b@127.0.0.1:{port}/x");
    assert_eq!(Store::open(settings(url)).await.unwrap_err().code(), Code::Unavailable);
}
