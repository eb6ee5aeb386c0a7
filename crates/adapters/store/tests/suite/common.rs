//! Stores to test with, and records to put into them.

use chrono::DateTime;
use serde_json::json;
use tempfile::TempDir;
use tessera_access::ports::{GroupRepo, UserRepo};
use tessera_access::{Group, Key, KeyKind, KeyOwner, Method, Session, User, UserKind, Visible};
use tessera_bi::ports::{QueryRepo, SourceRepo};
use tessera_bi::{
    Change, Dashboard, Query, QueryFilter, QueryOrder, QueryScope, Source, Visualization, Widget,
};
use tessera_kernel::ids::{
    DashboardId, GroupId, QueryId, SourceId, Uid, UserId, VisualizationId, WidgetId,
};
use tessera_kernel::{PageRequest, Timestamp};
use tessera_store::{Store, StoreSettings};
use tessera_testkit::postgres::Postgres;

/// A store of its own for one test, and the folder it is in.
pub(crate) async fn sqlite() -> (Store, Option<TempDir>) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("store.db").display());
    (Store::open(StoreSettings { url, ..StoreSettings::default() }).await.unwrap(), Some(folder))
}

/// The address of an empty database.
pub(crate) fn postgres_url() -> String {
    let server = Postgres::shared();
    server.url(&server.create_database("store").unwrap())
}

pub(crate) async fn postgres() -> (Store, Option<TempDir>) {
    let settings =
        StoreSettings { url: postgres_url(), postgres_connections: 5, ..StoreSettings::default() };
    (Store::open(settings).await.unwrap(), None)
}

/// Makes a test for each engine out of a function that takes a store.
macro_rules! on_both {
    ($($name:ident)*) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let (store, _folder) = crate::common::sqlite().await;
                super::$name(store).await;
            })*
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let (store, _folder) = crate::common::postgres().await;
                super::$name(store).await;
            })*
        }
    };
}

pub(crate) use on_both;

/// A moment, in seconds after an arbitrary one.
pub(crate) fn at(seconds: i64) -> Timestamp {
    DateTime::from_timestamp(1_800_000_000 + seconds, 123_456_000).unwrap()
}

pub(crate) fn page() -> PageRequest {
    PageRequest { number: 1, size: 100 }
}

pub(crate) fn user(name: &str) -> User {
    User {
        id: UserId(0),
        kind: UserKind::Person,
        uid: Uid::now_v7(),
        name: name.to_owned(),
        email: format!("{}@example.com", name.to_lowercase()),
        password_hash: None,
        groups: Vec::new(),
        disabled_at: None,
        invitation_pending: false,
        email_verified: true,
        active_at: None,
        epoch: 0,
        created_at: at(0),
        updated_at: at(0),
    }
}

pub(crate) fn key(kind: KeyKind, owner: KeyOwner) -> Key {
    let uid = Uid::now_v7();
    let mut digest = [0; 32];
    digest[..16].copy_from_slice(uid.as_bytes());
    Key {
        uid,
        lookup: uid.simple().to_string(),
        digest,
        pepper_version: 1,
        sealed: Some(vec![1, 2, 3]),
        name: "key".to_owned(),
        hint: "tsr_usr_ab".to_owned(),
        expires_at: Some(at(1000)),
        ..Key::blank(kind, owner, at(0))
    }
}

pub(crate) fn session(user: UserId, byte: u8, end: i64) -> Session {
    Session {
        uid: Uid::now_v7(),
        digest: [byte; 32],
        user,
        epoch: 3,
        created_at: at(0),
        expires_at: at(end),
        last_seen_at: at(0),
        address: Some("10.0.0.1".to_owned()),
        client: None,
        method: Method::Password,
    }
}

pub(crate) fn group(name: &str) -> Group {
    Group {
        id: GroupId(0),
        uid: Uid::now_v7(),
        name: name.to_owned(),
        builtin: false,
        permissions: vec!["view_query".to_owned(), "list_users".to_owned()],
        created_at: at(0),
    }
}

pub(crate) async fn add_user(store: &Store, name: &str) -> UserId {
    let key = key(KeyKind::User, KeyOwner::User(UserId(0)));
    store.insert_user(&user(name), &key).await.unwrap()
}

pub(crate) async fn add_group(store: &Store, name: &str) -> GroupId {
    store.insert_group(&group(name)).await.unwrap()
}

pub(crate) fn source(name: &str) -> Source {
    Source {
        id: SourceId(0),
        uid: Uid::now_v7(),
        name: name.to_owned(),
        kind: "pg".to_owned(),
        options: json!({"host": "localhost", "port": 5432}),
        sealed_options: Some(vec![0, 255]),
        version: 1,
        paused: false,
        pause_reason: None,
        created_at: at(0),
        updated_at: at(0),
    }
}

pub(crate) async fn add_source(store: &Store, name: &str) -> SourceId {
    store.insert_source(&source(name), &[]).await.unwrap()
}

pub(crate) fn query(owner: UserId, source: SourceId, name: &str, text: &str) -> Query {
    Query {
        id: QueryId(0),
        uid: Uid::now_v7(),
        name: name.to_owned(),
        description: None,
        text: text.to_owned(),
        hash: "hash".to_owned(),
        template_digest: Some(digest(text)),
        source: Some(source),
        owner,
        modified_by: Some(owner),
        options: json!({"parameters": []}),
        schedule: None,
        tags: Vec::new(),
        is_draft: false,
        is_archived: false,
        version: 1,
        latest_result: None,
        created_at: at(0),
        updated_at: at(0),
    }
}

/// Stands in for a digest: the first bytes of the text.
pub(crate) fn digest(text: &str) -> [u8; 32] {
    let mut digest = [0; 32];
    for (place, byte) in digest.iter_mut().zip(text.bytes()) {
        *place = byte;
    }
    digest
}

pub(crate) async fn add(store: &Store, query: &Query) -> QueryId {
    let key = key(KeyKind::Query, KeyOwner::Query(QueryId(0)));
    store.insert_query(query, &key, &[visualization("Table")]).await.unwrap()
}

pub(crate) fn visualization(name: &str) -> Visualization {
    Visualization {
        id: VisualizationId(0),
        uid: Uid::now_v7(),
        query: QueryId(0),
        kind: "TABLE".to_owned(),
        name: name.to_owned(),
        description: Some(String::new()),
        options: json!({}),
        created_at: at(0),
        updated_at: at(0),
    }
}

pub(crate) fn change(kind: &'static str, id: i64, version: i64, user: UserId) -> Change {
    Change {
        object_kind: kind,
        object_id: id,
        version,
        user: Some(user),
        changes: json!({"name": {"previous": "a", "current": "b"}}),
        at: at(version),
    }
}

pub(crate) fn dashboard(owner: UserId, name: &str) -> Dashboard {
    Dashboard {
        id: DashboardId(0),
        uid: Uid::now_v7(),
        slug: name.to_lowercase().replace(' ', "-"),
        name: name.to_owned(),
        owner,
        layout: json!([]),
        filters_enabled: false,
        options: json!({}),
        tags: Vec::new(),
        is_draft: false,
        is_archived: false,
        version: 1,
        created_at: at(0),
        updated_at: at(0),
    }
}

pub(crate) fn widget(shown: Option<VisualizationId>) -> Widget {
    Widget {
        id: WidgetId(0),
        uid: Uid::now_v7(),
        dashboard: DashboardId(0),
        visualization: shown,
        text: "text".to_owned(),
        width: 1,
        options: json!({"position": {"col": 0}}),
        created_at: at(0),
        updated_at: at(0),
    }
}

pub(crate) fn all(user: UserId) -> Visible {
    Visible { everything: true, user, sources: Vec::new() }
}

pub(crate) fn filter(visible: Visible) -> QueryFilter {
    QueryFilter {
        visible,
        scope: QueryScope::All,
        search: Vec::new(),
        tags: Vec::new(),
        order: QueryOrder::CreatedAt,
        descending: true,
    }
}

/// The ids of a list of queries.
pub(crate) async fn listed(store: &Store, filter: &QueryFilter) -> Vec<i64> {
    let found = store.queries(filter, page()).await.unwrap();
    assert_eq!(found.total, found.items.len() as u64);
    found.items.into_iter().map(|listing| listing.query.id.0).collect()
}
