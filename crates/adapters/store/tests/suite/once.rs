//! Work that counts once: nodes on one store do it once, and give the first answer again.

use std::sync::Arc;

use chrono::TimeDelta;
use futures::future::join_all;
use tessera_access::{
    Access, AccessSettings, OnceClaim, OnceRepo, OnceRequest, OnceSettings, Peppers, Sealer, Turn,
};
use tessera_kernel::{Clock, Code, Fault, Random, Secret, SystemRandom, TestClock};
use tessera_store::Store;

use crate::common::{at, on_both};

on_both! {
    what_one_node_did_the_other_gives_again
    while_one_node_works_the_other_one_refuses
    on_one_node_a_repetition_waits_for_the_first
    many_at_once_on_many_nodes_do_it_once
    what_failed_can_be_tried_again_with_another_body
    another_body_is_refused_whoever_did_the_work
    an_answer_is_for_its_caller_and_sealed
    a_node_that_ended_half_way_lets_nobody_do_it_twice
    answers_end_and_the_oldest_go_when_there_are_too_many
    digests_of_older_peppers_still_fit
}

/// A node with a memory of its own.
fn node_with(store: &Store, clock: &TestClock, peppers: &[(i64, [u8; 32])]) -> Access {
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let once =
        OnceSettings { entries_per_caller_max: 3, bytes_max: 1000, ..OnceSettings::default() };
    Access::new(
        Arc::new(store.clone()),
        Peppers::new(peppers.to_vec()).unwrap(),
        Sealer::new(&[(1, [8; 32])], Arc::clone(&random)).unwrap(),
        Arc::new(clock.clone()) as Arc<dyn Clock>,
        random,
        AccessSettings { once, ..AccessSettings::default() },
        None,
    )
}

fn node(store: &Store, clock: &TestClock) -> Access {
    node_with(store, clock, &[(1, [7; 32])])
}

fn request<'a>(caller: &'a str, key: &'a str, body: &'a [u8]) -> OnceRequest<'a> {
    OnceRequest { caller, operation: "POST /v1/queries", key, body }
}

/// Does it, or gets what was answered: the answer, and whether it was given before.
async fn ask(
    node: &Access,
    caller: &str,
    key: &str,
    body: &[u8],
    answer: &str,
) -> Result<(String, bool), Fault> {
    match node.once.begin(request(caller, key, body)).await? {
        Turn::Mine(mine) => {
            mine.done(&Secret::new(answer)).await?;
            Ok((answer.to_owned(), false))
        }
        Turn::Done(known) => Ok((known.expose().to_owned(), true)),
    }
}

fn mine(turn: Result<Turn, Fault>) -> tessera_access::Mine {
    match turn {
        Ok(Turn::Mine(mine)) => mine,
        Ok(Turn::Done(_)) => panic!("it was done before"),
        Err(fault) => panic!("{fault}"),
    }
}

async fn refused(node: &Access, caller: &str, key: &str, body: &[u8]) -> Fault {
    match node.once.begin(request(caller, key, body)).await {
        Err(fault) => fault,
        Ok(_) => panic!("it was let through"),
    }
}

/// An answer in the store, for other tests.
pub(crate) async fn answered(store: &Store) {
    ask(&node(store, &TestClock::at(at(0))), "user:1", "k", b"", "the answer").await.unwrap();
}

async fn what_one_node_did_the_other_gives_again(store: Store) {
    let clock = TestClock::at(at(0));
    let (one, two) = (node(&store, &clock), node(&store, &clock));
    let first = ask(&one, "user:1", "k", b"x", "made 1").await.unwrap();
    assert_eq!(first, ("made 1".to_owned(), false));
    let again = ask(&two, "user:1", "k", b"x", "made 2").await.unwrap();
    assert_eq!(again, ("made 1".to_owned(), true));
    // And after a restart.
    let fresh = node(&store, &clock);
    assert!(ask(&fresh, "user:1", "k", b"x", "made 3").await.unwrap().1);
    // Another key, and the same one for something else.
    assert!(!ask(&two, "user:1", "k2", b"x", "made 4").await.unwrap().1);
    let other = OnceRequest { operation: "POST /v1/alerts", ..request("user:1", "k", b"x") };
    drop(mine(two.once.begin(other).await));
}

async fn while_one_node_works_the_other_one_refuses(store: Store) {
    let clock = TestClock::at(at(0));
    let (one, two) = (node(&store, &clock), node(&store, &clock));
    let working = mine(one.once.begin(request("user:1", "k", b"x")).await);
    let fault = refused(&two, "user:1", "k", b"x").await;
    assert_eq!((fault.code(), fault.retry_after_seconds()), (Code::Conflict, Some(1)));
    working.done(&Secret::new("made")).await.unwrap();
    assert!(ask(&two, "user:1", "k", b"x", "again").await.unwrap().1);
}

async fn on_one_node_a_repetition_waits_for_the_first(store: Store) {
    let clock = TestClock::at(at(0));
    let one = node(&store, &clock);
    let working = mine(one.once.begin(request("user:1", "k", b"x")).await);
    let mut second = Box::pin(ask(&one, "user:1", "k", b"x", "again"));
    assert!(futures::poll!(second.as_mut()).is_pending());
    working.done(&Secret::new("made")).await.unwrap();
    assert_eq!(second.await.unwrap(), ("made".to_owned(), true));
}

async fn many_at_once_on_many_nodes_do_it_once(store: Store) {
    let clock = TestClock::at(at(0));
    let nodes: Vec<Access> = (0..4).map(|_| node(&store, &clock)).collect();
    let asked = (0..40).map(|number| {
        let (node, answer) = (&nodes[number % 4], format!("made {number}"));
        async move { ask(node, "user:1", "k", b"x", &answer).await }
    });
    let all = join_all(asked).await;
    let done: Vec<_> = all.iter().flatten().filter(|(_, replayed)| !replayed).collect();
    assert_eq!(done.len(), 1, "{all:?}");
    assert!(all.iter().flatten().all(|(answer, _)| *answer == done[0].0));
    let others = all.iter().filter_map(|one| one.as_ref().err());
    assert!(others.into_iter().all(|fault| fault.code() == Code::Conflict));
}

async fn what_failed_can_be_tried_again_with_another_body(store: Store) {
    let clock = TestClock::at(at(0));
    let (one, two) = (node(&store, &clock), node(&store, &clock));
    let working = mine(one.once.begin(request("user:1", "k", b"x")).await);
    working.undone().await.unwrap();
    assert_eq!(ask(&two, "user:1", "k", b"y", "made").await.unwrap(), ("made".to_owned(), false));
}

async fn another_body_is_refused_whoever_did_the_work(store: Store) {
    let clock = TestClock::at(at(0));
    let (one, two) = (node(&store, &clock), node(&store, &clock));
    let working = mine(one.once.begin(request("user:1", "k", b"x")).await);
    let early = refused(&two, "user:1", "k", b"y").await;
    working.done(&Secret::new("made")).await.unwrap();
    for fault in [early, refused(&one, "user:1", "k", b"y").await] {
        assert_eq!((fault.code(), fault.field()), (Code::Invalid, Some("Idempotency-Key")));
    }
}

async fn an_answer_is_for_its_caller_and_sealed(store: Store) {
    let clock = TestClock::at(at(0));
    let one = node(&store, &clock);
    ask(&one, "user:1 key:5", "k", b"my password", "tsr_usr_the_secret").await.unwrap();
    assert!(!ask(&one, "user:1 key:6", "k", b"my password", "other").await.unwrap().1);
    let values = tessera_access::SealedRepo::sealed_values(
        &store,
        tessera_access::SealedKind::Answer,
        i64::MIN,
        10,
    );
    let values = values.await.unwrap();
    assert_eq!(values.len(), 2);
    for value in &values {
        assert!(!value.sealed.windows(10).any(|part| part == b"the_secret"));
    }
    // Exchanged answers do not open.
    store_sealed(&store, &values[1], &values[0].sealed).await;
    assert!(ask(&one, "user:1 key:6", "k", b"my password", "x").await.is_err());
}

async fn store_sealed(store: &Store, value: &tessera_access::SealedValue, sealed: &[u8]) {
    assert!(tessera_access::SealedRepo::replace_sealed(store, value, sealed).await.unwrap());
}

async fn a_node_that_ended_half_way_lets_nobody_do_it_twice(store: Store) {
    let clock = TestClock::at(at(0));
    let (one, two) = (node(&store, &clock), node(&store, &clock));
    drop(mine(one.once.begin(request("user:1", "k", b"x")).await));
    let early = refused(&two, "user:1", "k", b"x").await;
    assert_eq!(early.retry_after_seconds(), Some(1));
    clock.advance(TimeDelta::seconds(60));
    for node in [&one, &two] {
        let fault = refused(node, "user:1", "k", b"x").await;
        assert_eq!((fault.code(), fault.retry_after_seconds()), (Code::Conflict, None));
    }
    clock.advance(TimeDelta::hours(24));
    assert!(!ask(&two, "user:1", "k", b"x", "made").await.unwrap().1, "a day is over");
}

async fn answers_end_and_the_oldest_go_when_there_are_too_many(store: Store) {
    let clock = TestClock::at(at(0));
    let one = node(&store, &clock);
    let replayed = async |caller: &'static str, key: &str| {
        store.once_record(&name_of(caller, key)).await.unwrap().is_some()
    };
    for key in ["a", "b", "c", "d"] {
        ask(&one, "user:1", key, b"", "made").await.unwrap();
        clock.advance(TimeDelta::seconds(1));
    }
    ask(&one, "user:2", "a", b"", "made").await.unwrap();
    assert_eq!(one.once.tidy().await.unwrap(), 1, "the fourth of one caller");
    assert_eq!(one.once.tidy().await.unwrap(), 0, "nothing was begun since");
    assert!(!replayed("user:1", "a").await);
    assert!(replayed("user:1", "b").await && replayed("user:2", "a").await);
    clock.advance(TimeDelta::seconds(1));
    ask(&one, "user:3", "a", b"", &"x".repeat(800)).await.unwrap();
    assert!(one.once.purge().await.unwrap() >= 1, "all answers together have a limit");
    assert!(!replayed("user:1", "b").await);
    assert!(replayed("user:3", "a").await);
    clock.advance(TimeDelta::hours(24));
    one.once.purge().await.unwrap();
    assert!(!replayed("user:3", "a").await);
}

/// The name of a request in the store.
fn name_of(caller: &str, key: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let digest = |text: &str| hex::encode(Sha256::digest(text.as_bytes()));
    let operation = "POST /v1/queries";
    let of_caller = digest(caller);
    digest(&format!("{of_caller}{}:{operation}\0{key}", operation.len()))
}

async fn digests_of_older_peppers_still_fit(store: Store) {
    let clock = TestClock::at(at(0));
    ask(&node(&store, &clock), "user:1", "k", b"x", "made").await.unwrap();
    let rotated = node_with(&store, &clock, &[(1, [7; 32]), (2, [9; 32])]);
    assert!(ask(&rotated, "user:1", "k", b"x", "again").await.unwrap().1);
    assert_eq!(refused(&rotated, "user:1", "k", b"y").await.code(), Code::Invalid);
    let claim = OnceClaim {
        name: "n".to_owned(),
        caller: "c".to_owned(),
        body: [1; 32],
        pepper: 1,
        began: at(0),
        until: at(10),
    };
    assert!(store.begin_once(&claim).await.unwrap());
    assert!(!store.begin_once(&OnceClaim { began: at(9), ..claim.clone() }).await.unwrap());
    let late = OnceClaim { began: at(10), until: at(20), ..claim.clone() };
    assert!(store.begin_once(&late).await.unwrap(), "what is forgotten may be begun again");
    store.settle_once(&claim, b"late").await.unwrap();
    store.forget_once(&claim).await.unwrap();
    let known = store.once_record("n").await.unwrap().expect("it is there");
    assert_eq!((known.answer, known.began), (None, at(10)), "the first claim changes nothing");
}
