//! The audit log: one chain whoever writes, nothing changed or deleted, nothing done unlogged.

use std::sync::Arc;

use futures::StreamExt;
use futures::future::join_all;
use serde_json::json;
use tessera_access::ports::{AuditRepo, GroupRepo, KeyRepo, UserRepo};
use tessera_access::{
    Access, AccessSettings, AdministerGroup, AuditEvent, AuditFilter, AuditRecord, AuditVerifier,
    BreakKind, Caller, CreateGroup, CreateKey, ExportAudit, NewGroup, NewKey, Peppers, ReadAudit,
    RequestContext, Sealer, StoredRecord, UserPrincipal, VerifyAudit,
};
use tessera_kernel::ids::UserId;
use tessera_kernel::{Code, SystemRandom, TestClock};
use tessera_store::{Store, StoreSettings};
use tessera_testkit::postgres::Postgres;

use crate::common::{add_user, at, on_both, postgres_url};

on_both! {
    a_thousand_writers_make_one_chain records_come_back_as_they_were_written
    records_are_filtered_and_paged an_export_is_whole_and_verifies
    changes_tell_before_and_after_and_refusals_are_written_down
}

fn event(number: i64) -> AuditEvent {
    AuditEvent {
        at: at(number),
        actor: format!("user:{}", number % 2),
        action: if number % 3 == 0 { "keys.create" } else { "queries.run" },
        object: format!("query:{number}"),
        detail: json!({ "number": number, "text": "ü\u{1}\"" }),
        address: (number % 2 == 0).then(|| "127.0.0.1".to_owned()),
    }
}

async fn all(store: &Store) -> Vec<StoredRecord> {
    store.audit_from(&AuditFilter::default(), 0, u64::MAX >> 1, 100_000).await.unwrap()
}

async fn verify(store: &Store) -> tessera_access::AuditVerification {
    let mut verifier = AuditVerifier::default();
    all(store).await.iter().for_each(|stored| verifier.push_stored(stored));
    verifier.finish(Some(store.audit_head().await.unwrap()), 0)
}

async fn write_all(stores: &[Store], count: i64) {
    let writes = (0..count).map(|number| {
        let store = stores[usize::try_from(number).unwrap() % stores.len()].clone();
        async move { store.insert_audit(&[event(number)]).await }
    });
    for written in join_all(writes).await {
        written.unwrap();
    }
}

async fn a_thousand_writers_make_one_chain(store: Store) {
    write_all(std::slice::from_ref(&store), 1000).await;
    let found = verify(&store).await;
    assert!(found.is_good(), "{found:?}");
    assert_eq!((found.count, found.head), (1000, store.audit_head().await.unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_of_two_nodes_make_one_chain() {
    let settings = StoreSettings { url: postgres_url(), ..StoreSettings::default() };
    let one = Store::open(settings.clone()).await.unwrap();
    let other = Store::open(settings).await.unwrap();
    write_all(&[one.clone(), other], 300).await;
    let found = verify(&one).await;
    assert!(found.is_good() && found.count == 300, "{found:?}");
}

async fn records_come_back_as_they_were_written(store: Store) {
    store.insert_audit(&[]).await.unwrap();
    store.insert_audit(&[event(1), event(2)]).await.unwrap();
    let found = all(&store).await;
    let record = found[0].record.clone().unwrap();
    let wanted = AuditRecord::after(&tessera_access::ChainHead::EMPTY, &event(1));
    assert_eq!(record, wanted);
    let next = AuditRecord::after(&record.head(), &event(2));
    assert_eq!((found.len(), found[1].record.as_ref()), (2, Some(&next)));
    assert_eq!(store.audit_head().await.unwrap(), next.head());
}

async fn records_are_filtered_and_paged(store: Store) {
    let events: Vec<_> = (1..=12).map(event).collect();
    store.insert_audit(&events).await.unwrap();
    let list = async |filter: AuditFilter, before| {
        let (found, total) = store.audit_newest(&filter, before, 3).await.unwrap();
        (found.into_iter().map(|stored| stored.seq).collect::<Vec<_>>(), total)
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(list(AuditFilter::default(), None).await, (vec![12, 11, 10], 12));
    assert_eq!(list(AuditFilter::default(), Some(3)).await, (vec![2, 1], 12));
    let actor = AuditFilter { actor: text("user:1"), ..AuditFilter::default() };
    assert_eq!(list(actor, Some(9)).await, (vec![7, 5, 3], 6));
    let action = AuditFilter { action: text("keys.create"), ..AuditFilter::default() };
    assert_eq!(list(action, None).await, (vec![12, 9, 6], 4));
    let object = AuditFilter { object: text("query:4"), ..AuditFilter::default() };
    assert_eq!(list(object, None).await, (vec![4], 1));
    let time = AuditFilter { from: Some(at(4)), to: Some(at(6)), ..AuditFilter::default() };
    assert_eq!(list(time, None).await, (vec![5, 4], 2));
}

/// The services over a store, with an administrator.
async fn access(store: &Store) -> (Access, Caller) {
    let random: Arc<dyn tessera_kernel::Random> = Arc::new(SystemRandom);
    let key: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
    let user = add_user(store, "Ada").await;
    let access = Access::new(
        Arc::new(store.clone()),
        Peppers::new(vec![(1, key)]).unwrap(),
        Sealer::new(&[(1, key)], Arc::clone(&random)).unwrap(),
        Arc::new(TestClock::at(at(0))),
        random,
        AccessSettings::default(),
        None,
    );
    (access, caller(user, &["admin"]))
}

fn caller(id: UserId, words: &[&str]) -> Caller {
    let user = UserPrincipal {
        id,
        uid: tessera_kernel::ids::Uid::nil(),
        name: "Ada".to_owned(),
        email: "ada@example.com".to_owned(),
        email_verified: true,
        groups: Vec::new(),
        permissions: words.iter().map(|word| (*word).to_owned()).collect(),
        sources: std::collections::HashMap::new(),
        attributes: std::collections::BTreeMap::new(),
    };
    Caller::User { user: Arc::new(user), key: None }
}

fn context() -> RequestContext {
    RequestContext {
        address: Some("10.0.0.1".to_owned()),
        request_id: Some("r1".to_owned()),
        ..RequestContext::default()
    }
}

async fn an_export_is_whole_and_verifies(store: Store) {
    store.insert_audit(&(1..=1200).map(event).collect::<Vec<_>>()).await.unwrap();
    let (access, admin) = access(&store).await;
    let grant = access.gate.permit(&admin, &context(), ExportAudit {}).await.unwrap();
    let lines: Vec<String> = access
        .audit
        .export(&grant, AuditFilter::default())
        .await
        .unwrap()
        .map(Result::unwrap)
        .collect()
        .await;
    assert_eq!(lines.len(), 1201, "the export itself is in it");
    let mut verifier = AuditVerifier::default();
    for line in &lines {
        verifier.push(&AuditRecord::parse_line(line).unwrap());
    }
    let head = store.audit_head().await.unwrap();
    assert!(verifier.finish(Some(head), 0).is_good());
    let last = AuditRecord::parse_line(&lines[1200]).unwrap();
    assert_eq!((last.action.as_str(), last.actor.contains("user:")), ("audit.export", true));
    let grant = access.gate.permit(&admin, &context(), VerifyAudit {}).await.unwrap();
    let found = access.audit.verify(&grant).await.unwrap();
    assert!(found.is_good() && found.count == 1201, "{found:?}");
}

async fn changes_tell_before_and_after_and_refusals_are_written_down(store: Store) {
    let (access, admin) = access(&store).await;
    let grant = access.gate.permit(&admin, &context(), CreateGroup {}).await.unwrap();
    let new = NewGroup { name: "Sales".to_owned() };
    let group = access.groups.create(&grant, new).await.unwrap().id;
    let grant = access.gate.permit(&admin, &context(), AdministerGroup { group }).await.unwrap();
    let change = tessera_access::GroupChange { name: Some("Buyers".to_owned()) };
    access.groups.update(&grant, change).await.unwrap();
    let nobody = caller(UserId(99), &[]);
    let refused = access.gate.permit(&nobody, &context(), AdministerGroup { group }).await;
    assert_eq!(refused.unwrap_err().code(), Code::Forbidden);
    access.audit.flush().await.unwrap();
    let grant = access.gate.permit(&admin, &context(), ReadAudit {}).await.unwrap();
    let page = access.audit.list(&grant, &AuditFilter::default(), None, 10).await.unwrap();
    let details: Vec<serde_json::Value> =
        page.records.iter().map(|record| serde_json::from_str(&record.detail).unwrap()).collect();
    assert_eq!(page.total, 5, "{details:?}");
    assert_eq!(page.records[0].actor, "user:99");
    assert_eq!(details[0], json!({ "refused": "scope_missing", "request_id": "r1" }));
    let wanted = json!({
        "changes": { "name": { "before": "Sales", "after": "Buyers" } }, "request_id": "r1",
    });
    assert_eq!((page.records[1].object.clone(), &details[1]), (format!("group:{group}"), &wanted));
    assert_eq!(page.records[1].address.as_deref(), Some("10.0.0.1"));
}

/// A store whose log cannot be written any more, by a trigger of the test's own.
async fn broken_log(store: &Store, statement: impl Fn(&str)) {
    let (access, admin) = access(store).await;
    let key = || NewKey { name: "k".to_owned(), ..NewKey::default() };
    let grant = access.gate.permit(&admin, &context(), CreateKey {}).await.unwrap();
    access.keys.create(&grant, None, key()).await.unwrap();
    let group = access.gate.permit(&admin, &context(), CreateGroup {}).await.unwrap();
    let user = admin.user().unwrap().id;
    let owner = tessera_access::KeyOwner::User(user);
    let before = (
        store.keys_of(owner).await.unwrap().len(),
        store.groups().await.unwrap().len(),
        store.user(user).await.unwrap(),
    );
    statement("break");
    // The gate gives no right, and a right that was given before has no effect either.
    assert!(access.gate.permit(&admin, &context(), CreateKey {}).await.is_err());
    assert!(access.gate.permit(&admin, &context(), CreateGroup {}).await.is_err());
    let new = NewGroup { name: "unlogged".to_owned() };
    assert!(access.groups.create(&group, new).await.is_err());
    let disable = tessera_access::AdministerUser { user };
    assert!(access.gate.permit(&admin, &context(), disable).await.is_err());
    let after = (
        store.keys_of(owner).await.unwrap().len(),
        store.groups().await.unwrap().len(),
        store.user(user).await.unwrap(),
    );
    assert_eq!(before, after, "nothing is done that was not written down");
    assert!(verify(store).await.is_good());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_done_on_sqlite_that_cannot_be_written_down() {
    let (store, folder) = crate::common::sqlite().await;
    let path = folder.as_ref().unwrap().path().join("store.db");
    broken_log(&store, |_| {
        let file = rusqlite::Connection::open(&path).unwrap();
        file.execute_batch(
            "CREATE TRIGGER fail BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'fault'); END",
        )
        .unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_done_on_postgres_that_cannot_be_written_down() {
    let url = postgres_url();
    let database = url.rsplit('/').next().unwrap().to_owned();
    let settings = StoreSettings { url, ..StoreSettings::default() };
    let store = Store::open(settings).await.unwrap();
    broken_log(&store, |_| {
        let text = "CREATE TRIGGER fail BEFORE INSERT ON audit \
                    FOR EACH ROW EXECUTE FUNCTION audit_refuse()";
        Postgres::shared().sql(&database, text).unwrap();
    })
    .await;
}

const FORBIDDEN: [&str; 4] = [
    "UPDATE audit SET actor = 'user:9' WHERE seq = 2",
    "DELETE FROM audit WHERE seq = 3",
    "DELETE FROM audit_head",
    "UPDATE audit_head SET seq = 1",
];

#[tokio::test]
async fn a_file_refuses_to_change_its_log_and_shows_it_when_forced() {
    let (store, folder) = crate::common::sqlite().await;
    store.insert_audit(&(1..=5).map(event).collect::<Vec<_>>()).await.unwrap();
    let path = folder.as_ref().unwrap().path().join("store.db");
    let file = rusqlite::Connection::open(path).unwrap();
    for text in FORBIDDEN {
        let error = file.execute_batch(text).unwrap_err().to_string();
        assert!(error.contains("append-only"), "{text}: {error}");
    }
    assert!(verify(&store).await.is_good());
    file.execute_batch("DROP TRIGGER audit_no_update; UPDATE audit SET hash = x'00' WHERE seq = 2")
        .unwrap();
    let found = verify(&store).await.broken.unwrap();
    assert_eq!((found.index, found.kind), (2, BreakKind::Changed), "unreadable, and named");
}

#[tokio::test]
async fn a_server_refuses_to_change_its_log() {
    let url = postgres_url();
    let database = url.rsplit('/').next().unwrap().to_owned();
    let settings = StoreSettings { url, ..StoreSettings::default() };
    let store = Store::open(settings).await.unwrap();
    store.insert_audit(&(1..=5).map(event).collect::<Vec<_>>()).await.unwrap();
    for text in FORBIDDEN.into_iter().chain(["TRUNCATE audit", "TRUNCATE audit_head"]) {
        let error = format!("{:#}", Postgres::shared().sql(&database, text).unwrap_err());
        assert!(error.contains("append-only"), "{text}: {error}");
    }
    assert!(verify(&store).await.is_good());
}

#[tokio::test]
async fn what_was_written_before_the_chain_is_put_into_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let settings = StoreSettings { url: path.display().to_string(), ..StoreSettings::default() };
    let store = Store::open(settings.clone()).await.unwrap();
    store.insert_audit(&[event(1)]).await.unwrap();
    store.close().await;
    let file = rusqlite::Connection::open(&path).unwrap();
    for number in 1..=1500 {
        file.execute(
            "INSERT INTO audit_unchained (at, actor, action, object, detail, address)
             VALUES (?1, 'user:1', 'keys.create', '', '{\"b\": 1, \"a\": null}', NULL)",
            [number],
        )
        .unwrap();
    }
    drop(file);
    let store = Store::open(settings).await.unwrap();
    let found = verify(&store).await;
    assert!(found.is_good() && found.count == 1501, "{found:?}");
    let records = all(&store).await;
    let record = records[1500].record.as_ref().unwrap();
    assert_eq!(
        (record.at.timestamp_micros(), record.detail.as_str()),
        (1500, "{\"a\":null,\"b\":1}")
    );
}
