//! Limits: buckets that nodes share, places among running queries, and bad keys without end.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures::future::join_all;
use tessera_access::ports::{KeyRepo, LimitRepo};
use tessera_access::terms::{Limit, Unit};
use tessera_access::{
    Access, AccessSettings, BucketReport, Credential, Key, KeyKind, KeyOwner, MintedKey, Peppers,
    RequestContext, Sealer, SlotClaim, Transport, terms,
};
use tessera_bi::ports::JobRepo;
use tessera_bi::{JobError, Outcome};
use tessera_kernel::ids::UserId;
use tessera_kernel::{Clock, Code, Fault, Random, Secret, SystemRandom, TestClock};
use tessera_store::Store;

use crate::common::{add_source, add_user, at, on_both, sqlite};
use crate::jobs::job;

on_both! {
    reports_of_nodes_add_up a_state_never_goes_back only_buckets_in_use_are_kept
    places_are_given_exactly_and_come_back a_job_that_is_shared_takes_one_place_of_each_key
    nodes_share_a_limit_within_the_stated_bound what_was_used_survives_a_restart
    a_node_goes_on_limiting_without_its_store
    a_budget_that_is_used_up_on_one_node_is_used_up_on_all
    bad_keys_of_an_address_are_counted_on_all_nodes_together
}

fn report(bucket: &str, since: u64, added: u64, state: u64) -> BucketReport {
    BucketReport { bucket: bucket.to_owned(), since, added, state }
}

async fn told(store: &Store, report: BucketReport) -> u64 {
    store.exchange_limit_buckets(&[report]).await.unwrap()[0].1
}

async fn reports_of_nodes_add_up(store: Store) {
    assert_eq!(told(&store, report("a", 1000, 50, 1050)).await, 1050, "the first node");
    assert_eq!(told(&store, report("a", 1000, 30, 1030)).await, 1080, "the second on top");
    assert_eq!(told(&store, report("a", 5000, 30, 5030)).await, 5030, "all was paid off before");
    assert_eq!(told(&store, report("a", 0, 0, 0)).await, 5030, "only a question");
    let many: Vec<_> = (0..500).map(|n| report(&format!("b{n:03} \"'%"), 1, 1, 2)).collect();
    let all = join_all((0..8).map(|_| store.exchange_limit_buckets(&many))).await;
    assert!(all.into_iter().all(|rows| rows.unwrap().len() == 500), "nodes do not lock each other");
    assert_eq!(told(&store, report("b007 \"'%", 0, 0, 0)).await, 9, "eight nodes, one each");
}

async fn a_state_never_goes_back(store: Store) {
    let late = 9_000_000_000_000_000_000;
    assert_eq!(told(&store, report("a", 1, 1, late)).await, late);
    assert_eq!(told(&store, report("a", 1, 0, 5)).await, late);
}

async fn only_buckets_in_use_are_kept(store: Store) {
    told(&store, report("old", 10, 5, 15)).await;
    told(&store, report("new", 10, 50, 60)).await;
    assert_eq!(store.limit_buckets(20).await.unwrap(), [("new".to_owned(), 60)]);
    assert_eq!(store.purge_limit_buckets(20).await.unwrap(), 1);
    assert_eq!(told(&store, report("old", 0, 0, 0)).await, 0);
}

fn slot(bucket: &str, quota: u64) -> SlotClaim {
    SlotClaim { bucket: bucket.to_owned(), name: "slots".to_owned(), quota }
}

async fn places_are_given_exactly_and_come_back(store: Store) {
    let source = add_source(&store, "a").await;
    let submit = |number: usize| {
        let mut new = job(source, &format!("select {number}"), "key:1");
        new.slots = vec![slot("key:1/slots", 3), slot("user:1/all", 5)];
        let store = &store;
        async move { store.submit_job(&new).await }
    };
    let all = join_all((0..16).map(submit)).await;
    let refused: Vec<_> = all.iter().filter_map(|one| one.as_ref().err()).collect();
    assert_eq!(refused.len(), 13, "three places, sixteen at the same time");
    assert!(refused.iter().all(|fault| {
        fault.code() == Code::RateLimited && fault.retry_after_seconds() == Some(1)
    }));
    assert_eq!(store.count_jobs().await.unwrap(), (3, 0), "a refused job is not stored");
    let mut running: Vec<_> = all.iter().filter_map(|one| Some(one.as_ref().ok()?.0.uid)).collect();

    store.cancel_job(running.pop().unwrap(), at(1)).await.unwrap();
    let next = submit(20).await.unwrap().0;
    assert!(submit(21).await.is_err(), "one came back");
    running.push(next.uid);

    let claimed = store.claim_job("node", at(1), at(60)).await.unwrap().unwrap();
    let error = JobError { code: Code::SourceFailed, detail: "no".to_owned() };
    store.finish_job(claimed.uid, "node", &Outcome::Error(error), at(2)).await.unwrap();
    assert!(submit(22).await.is_ok(), "a job that failed gives its place back");
    assert!(submit(23).await.is_err());

    while store.claim_job("gone", at(3), at(4)).await.unwrap().is_some() {}
    store.reap_jobs(at(100), 1).await.unwrap();
    assert!(submit(24).await.is_ok(), "jobs of a dead node give theirs back");
}

async fn a_job_that_is_shared_takes_one_place_of_each_key(store: Store) {
    let source = add_source(&store, "a").await;
    let submit = |text: &'static str, key: &'static str| {
        let mut new = job(source, text, key);
        new.slots = vec![slot(key, 1)];
        let store = &store;
        async move { store.submit_job(&new).await }
    };
    let first = submit("select 1", "key:1").await.unwrap().0;
    let again = submit("select 1", "key:1").await.unwrap().0;
    assert_eq!(first.uid, again.uid, "the same work needs no second place");
    let (shared, new) = submit("select 1", "key:2").await.unwrap();
    assert!(shared.uid == first.uid && !new);
    assert!(submit("select 2", "key:2").await.is_err(), "who waits with others has a place too");
}

fn clock() -> TestClock {
    TestClock::at(at(0))
}

fn access(store: &Store, clock: &TestClock, settings: AccessSettings) -> Access {
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    Access::new(
        Arc::new(store.clone()),
        Peppers::new(vec![(1, [7; 32])]).unwrap(),
        Sealer::new(&[(1, [8; 32])], Arc::clone(&random)).unwrap(),
        Arc::new(clock.clone()) as Arc<dyn Clock>,
        random,
        settings,
        None,
    )
}

fn settings() -> AccessSettings {
    AccessSettings { cache_seconds: 3600, ..AccessSettings::default() }
}

fn limited(quota: u64, window_seconds: u64) -> terms::Terms {
    let name = "burst".to_owned();
    let limit = Limit { name, quota, unit: Unit::Requests, window_seconds, bucket: None };
    terms::Terms { limits: vec![limit], ..terms::Terms::default() }
}

pub(crate) async fn mint(access: &Access, user: UserId, terms: terms::Terms) -> MintedKey {
    access.keys.mint_with_terms(user, "key", terms, None).await.unwrap()
}

/// One request with a key.
async fn ask(access: &Access, key: &str, address: &str) -> Result<(), Code> {
    let credential = Credential { secret: Secret::new(key), transport: Transport::Header };
    let context = RequestContext { address: Some(address.to_owned()), ..RequestContext::default() };
    let caller = access.gate.authenticate_key(&credential, &context).await;
    caller.map(drop).map_err(|fault| fault.code())
}

const HERE: &str = "203.0.113.9";

async fn nodes_share_a_limit_within_the_stated_bound(store: Store) {
    const QUOTA: u64 = 600;
    let clock = clock();
    let user = add_user(&store, "Ada").await;
    let nodes = [(); 3].map(|()| access(&store, &clock, settings()));
    let minted = mint(&nodes[0], user, limited(QUOTA, 60)).await;
    let key = minted.secret.expose();
    for node in &nodes {
        node.gate.limits().sync().await.unwrap();
    }
    // Each node is asked two hundred times a second, which is more than all of them may admit.
    let (mut admitted, mut most_in_interval) = (0_u64, 0_u64);
    let seconds = 20;
    for _ in 0..seconds {
        let mut of_nodes = [0_u64; 3];
        for _ in 0..200 {
            for (node, count) in nodes.iter().zip(&mut of_nodes) {
                if ask(node, key, HERE).await.is_ok() {
                    *count += 1;
                }
            }
            clock.advance(TimeDelta::milliseconds(5));
        }
        admitted += of_nodes.iter().sum::<u64>();
        most_in_interval = most_in_interval.max(*of_nodes.iter().max().unwrap());
        for node in &nodes {
            node.gate.limits().sync().await.unwrap();
        }
    }
    let exact = QUOTA + QUOTA * seconds / 60;
    let bound = (nodes.len() as u64 - 1) * most_in_interval;
    let text = format!("{admitted} admitted, {exact} without sharing nodes, bound {bound}");
    assert!(admitted <= exact + bound, "{text}");
    assert!(admitted + QUOTA / 10 >= exact, "and what there is is given: {text}");
    // Told also to a person who measures: cargo test -- --nocapture.
    tracing::info!("{text}");
}

async fn a_budget_that_is_used_up_on_one_node_is_used_up_on_all(store: Store) {
    let clock = clock();
    let user = add_user(&store, "Ada").await;
    let nodes = [(); 3].map(|()| access(&store, &clock, settings()));
    let budget = |name: &str, unit| {
        let name = name.to_owned();
        Limit { name, quota: 10, unit, window_seconds: 3600, bucket: None }
    };
    let limits = vec![budget("rows", Unit::Rows), budget("work", Unit::QuerySeconds)];
    let minted = mint(&nodes[0], user, terms::Terms { limits, ..terms::Terms::default() }).await;
    let credential =
        || Credential { secret: Secret::new(minted.secret.expose()), transport: Transport::Header };
    // Asks a node, and is given rows of what it answers.
    let take = async |node: &Access, rows| {
        let context = RequestContext::default();
        node.gate.authenticate_key(&credential(), &context).await?;
        let meter = context.ledger.meter().expect("it has limits");
        meter.allow_run()?;
        context.ledger.give_rows(rows);
        if meter.owes() {
            meter.settle().await;
        }
        Ok::<_, Fault>(meter)
    };
    let reason = |taken: Result<_, Fault>| taken.map(drop).map_err(|fault| fault.reason());
    for (number, node) in nodes.iter().cycle().take(9).enumerate() {
        assert_eq!(reason(take(node, 1).await), Ok(()), "{number}");
    }
    assert_eq!(reason(take(&nodes[1], 21).await), Ok(()), "one row was left");
    for node in &nodes {
        assert_eq!(reason(take(node, 1).await), Err(Some("budget_exceeded")));
    }
    clock.advance(TimeDelta::hours(3));
    let meter = take(&nodes[0], 0).await.expect("paid off");
    let payers = meter.allow_run().expect("nothing was run").payers;
    nodes[1].gate.limits().charge_seconds(&payers, Duration::from_secs(11));
    nodes[1].gate.limits().settle_seconds(&payers).await;
    assert_eq!(reason(take(&nodes[2], 1).await), Err(Some("budget_exceeded")));
    // Many at once share statements and lose nothing.
    clock.advance(TimeDelta::hours(3));
    join_all(nodes.iter().cycle().take(30).map(|node| take(node, 1))).await;
    clock.advance(TimeDelta::seconds(1));
    for node in &nodes {
        assert_eq!(reason(take(node, 1).await), Err(Some("budget_exceeded")));
    }
}

async fn bad_keys_of_an_address_are_counted_on_all_nodes_together(store: Store) {
    let clock = clock();
    let user = add_user(&store, "Ada").await;
    let nodes = [(); 3].map(|()| access(&store, &clock, settings()));
    let minted = mint(&nodes[0], user, terms::Terms::default()).await;
    let bad = || SystemRandom.alphanumeric(40);
    for node in &nodes[..2] {
        for _ in 0..30 {
            assert_eq!(ask(node, &bad(), HERE).await, Err(Code::Unauthenticated));
        }
    }
    for node in nodes[..2].iter().chain(&nodes[..2]) {
        node.gate.limits().sync().await.unwrap();
    }
    // The first one told what it had before the second did, and has nothing new to tell.
    assert_eq!(ask(&nodes[1], &bad(), HERE).await, Err(Code::RateLimited));
    assert_eq!(ask(&nodes[0], &bad(), HERE).await, Err(Code::Unauthenticated));
    nodes[0].gate.limits().sync().await.unwrap();
    assert_eq!(ask(&nodes[0], &bad(), HERE).await, Err(Code::RateLimited));
    // One that starts now knows, and nobody else is harmed.
    nodes[2].gate.limits().sync().await.unwrap();
    assert_eq!(ask(&nodes[2], &bad(), HERE).await, Err(Code::RateLimited));
    assert_eq!(ask(&nodes[2], minted.secret.expose(), HERE).await, Ok(()));
    assert_eq!(ask(&nodes[2], &bad(), "203.0.113.10").await, Err(Code::Unauthenticated));
    clock.advance(TimeDelta::minutes(2));
    for node in &nodes {
        assert_eq!(ask(node, &bad(), HERE).await, Err(Code::Unauthenticated));
    }
}

async fn what_was_used_survives_a_restart(store: Store) {
    let clock = clock();
    let user = add_user(&store, "Ada").await;
    let first = access(&store, &clock, settings());
    let minted = mint(&first, user, limited(3, 3600)).await;
    let key = minted.secret.expose();
    for _ in 0..3 {
        assert_eq!(ask(&first, key, HERE).await, Ok(()));
    }
    first.gate.limits().sync().await.unwrap();
    let second = access(&store, &clock, settings());
    second.gate.limits().sync().await.unwrap();
    assert_eq!(ask(&second, key, HERE).await, Err(Code::RateLimited));
    clock.advance(TimeDelta::seconds(1200));
    assert_eq!(ask(&second, key, HERE).await, Ok(()), "a third of an hour gives one of three");
    assert_eq!(ask(&second, key, HERE).await, Err(Code::RateLimited));
}

async fn a_node_goes_on_limiting_without_its_store(store: Store) {
    let clock = clock();
    let user = add_user(&store, "Ada").await;
    let node = access(&store, &clock, settings());
    let minted = mint(&node, user, limited(3, 3600)).await;
    let key = minted.secret.expose();
    assert_eq!(ask(&node, key, HERE).await, Ok(()));
    node.gate.limits().sync().await.unwrap();
    // A bad key makes the index of keys be read, so that the rest of this needs no storage.
    for _ in 0..=60 {
        assert!(ask(&node, &SystemRandom.alphanumeric(40), HERE).await.is_err());
    }
    assert_eq!(ask(&node, &SystemRandom.alphanumeric(40), HERE).await, Err(Code::RateLimited));
    store.close().await;
    assert_eq!(ask(&node, key, HERE).await, Ok(()));
    assert!(node.gate.limits().sync().await.is_err(), "told, not swallowed");
    assert_eq!(ask(&node, key, HERE).await, Ok(()));
    assert_eq!(ask(&node, key, HERE).await, Err(Code::RateLimited), "the third was the last");
    let bad = ask(&node, &SystemRandom.alphanumeric(40), HERE).await;
    assert_eq!(bad, Err(Code::RateLimited), "refused without a look-up: there is no store");
    let elsewhere = ask(&node, &SystemRandom.alphanumeric(40), "203.0.113.10").await;
    assert_ne!(elsewhere, Err(Code::RateLimited), "a look-up, which fails");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_key_works_from_an_address_that_sends_bad_ones() {
    let (store, _folder) = sqlite().await;
    let clock = clock();
    let user = add_user(&store, "Ada").await;
    let node = access(&store, &clock, settings());
    let warm = mint(&node, user, terms::Terms::default()).await;
    assert_eq!(ask(&node, warm.secret.expose(), HERE).await, Ok(()));
    for _ in 0..200 {
        assert!(ask(&node, &SystemRandom.alphanumeric(40), HERE).await.is_err());
    }
    assert_eq!(ask(&node, &SystemRandom.alphanumeric(40), HERE).await, Err(Code::RateLimited));
    assert_eq!(ask(&node, "no key at all", HERE).await, Err(Code::RateLimited));
    assert_eq!(ask(&node, warm.secret.expose(), HERE).await, Ok(()), "known");
    // Made here, and never used before; then one of another node.
    let cold = mint(&node, user, terms::Terms::default()).await;
    assert_eq!(ask(&node, cold.secret.expose(), HERE).await, Ok(()), "new");
    let other = access(&store, &clock, settings());
    let foreign = mint(&other, user, terms::Terms::default()).await;
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(ask(&node, foreign.secret.expose(), HERE).await, Ok(()), "of another node");
    let forms = [KeyKind::User].map(|kind| {
        let key: Key = node.keys.mint_recoverable(kind, KeyOwner::User(user), None).unwrap();
        let text = node.keys.open(key.sealed.as_deref().unwrap(), &key.lookup).unwrap();
        (key, text)
    });
    for (key, text) in forms {
        store.insert_key(&key).await.unwrap();
        clock.advance(TimeDelta::seconds(1));
        assert_eq!(ask(&node, text.expose(), HERE).await, Ok(()), "in the plain form");
    }
}
