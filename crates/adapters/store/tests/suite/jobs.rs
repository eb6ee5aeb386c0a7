//! Jobs and results.

use std::collections::HashSet;

use futures::future::join_all;
use tessera_access::Object;
use tessera_access::ports::FactsRepo;
use tessera_bi::ports::{JobRepo, QueryRepo};
use tessera_bi::{JobError, JobKind, JobState, NewJob, Outcome, QueryResult, QueryRun};
use tessera_kernel::Code;
use tessera_kernel::ids::{QueryId, ResultId, SourceId, Uid};
use tessera_store::Store;

use crate::common::{add, add_source, add_user, at, change, digest, on_both, query};

on_both! {
    a_job_lives_from_queue_to_result the_same_work_is_one_job fifty_submits_make_one_job
    a_job_is_never_claimed_twice a_cancelled_job_cannot_finish a_lost_lease_is_reported
    a_dead_nodes_jobs_go_back_and_fail_in_the_end a_leaving_node_gives_its_jobs_back
    a_result_is_the_latest_of_its_text_only only_unused_results_are_purged results_are_found
    old_jobs_are_purged a_certain_job_is_taken_once a_result_knows_what_it_was_made_of
}

fn run(text: &str) -> QueryRun {
    let run = serde_json::json!({
        "text": text,
        "definitions": [],
        "values": {},
        "cache_key": "00",
        "template_digest": "00",
        "display_text": text,
        "query_hash": "hash",
        "time_limit_seconds": 60,
        "rows_max": 1000,
        "bytes_max": 1_000_000,
    });
    serde_json::from_value(run).unwrap()
}

pub(crate) fn job(source: SourceId, text: &str, participant: &str) -> NewJob {
    NewJob {
        uid: Uid::now_v7(),
        kind: JobKind::Query,
        source,
        query: None,
        dedup: digest(text),
        run: Some(run(text)),
        participant: participant.to_owned(),
        slots: Vec::new(),
        created_at: at(0),
    }
}

fn result(source: SourceId, text: &str, seconds: i64) -> QueryResult {
    QueryResult {
        id: ResultId(0),
        uid: Uid::now_v7(),
        source,
        cache_key: digest(&format!("key {text}")),
        template_digest: digest(text),
        has_parameters: false,
        display_text: text.to_owned(),
        query_hash: "hash".to_owned(),
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        runtime_seconds: seconds as f64 / 10.0,
        retrieved_at: at(seconds),
        rows: 3,
        bytes: 100,
        viewer: None,
        inputs: Vec::new(),
    }
}

/// Runs a job to its result.
pub(crate) async fn run_result(
    store: &Store,
    source: SourceId,
    query: Option<QueryId>,
    text: &str,
    seconds: i64,
    has_parameters: bool,
) -> QueryResult {
    let mut new = job(source, &format!("{text} {seconds}"), "user:1");
    new.query = query;
    store.submit_job(&new).await.unwrap();
    let claimed = store.claim_job("node", at(seconds), at(seconds + 60)).await.unwrap().unwrap();
    assert_eq!(claimed.uid, new.uid);
    let mut made = result(source, text, seconds);
    made.has_parameters = has_parameters;
    let outcome = Outcome::Result(made.clone());
    assert!(store.finish_job(new.uid, "node", &outcome, at(seconds)).await.unwrap());
    made.id = store.job(new.uid).await.unwrap().unwrap().result.unwrap();
    assert_eq!(store.result(made.id).await.unwrap().as_ref(), Some(&made));
    made
}

async fn a_job_lives_from_queue_to_result(store: Store) {
    let shop = add_source(&store, "shop").await;
    let new = job(shop, "select 1", "user:1");
    let (queued, is_new) = store.submit_job(&new).await.unwrap();
    assert!(is_new);
    assert_eq!((queued.uid, queued.state, queued.attempts), (new.uid, JobState::Queued, 0));
    assert_eq!((&queued.run, queued.kind), (&new.run, JobKind::Query));
    assert_eq!(store.count_jobs().await.unwrap(), (1, 0));
    let running = store.claim_job("a", at(1), at(61)).await.unwrap().unwrap();
    assert_eq!((running.state, running.attempts), (JobState::Running, 1));
    assert_eq!(running.started_at, Some(at(1)));
    assert_eq!(store.count_jobs().await.unwrap(), (0, 1));
    let running = store.running_jobs(9).await.unwrap();
    assert_eq!(running.len(), 1);
    assert_eq!((running[0].job.state, running[0].scheduled), (JobState::Running, false));
    assert!(!running[0].node.is_empty());
    assert_eq!(store.running_jobs(0).await.unwrap(), []);
    assert_eq!(store.claim_job("a", at(1), at(61)).await.unwrap(), None);
    let failed = JobError { code: Code::SourceFailed, detail: "no such table".to_owned() };
    let outcome = Outcome::Error(failed.clone());
    assert!(!store.finish_job(new.uid, "b", &outcome, at(2)).await.unwrap(), "not its node");
    assert!(store.finish_job(new.uid, "a", &outcome, at(2)).await.unwrap());
    assert!(!store.finish_job(new.uid, "a", &outcome, at(3)).await.unwrap(), "only once");
    let done = store.job(new.uid).await.unwrap().unwrap();
    assert_eq!((done.state, done.finished_at), (JobState::Failed, Some(at(2))));
    assert_eq!(done.error, Some(failed));
    let mut schema = job(shop, "schema", "user:1");
    (schema.kind, schema.run) = (JobKind::Schema, None);
    store.submit_job(&schema).await.unwrap();
    store.claim_job("a", at(4), at(61)).await.unwrap().unwrap();
    let output = Outcome::Output(serde_json::json!([{"name": "orders"}]));
    assert!(store.finish_job(schema.uid, "a", &output, at(5)).await.unwrap());
    let done = store.job(schema.uid).await.unwrap().unwrap();
    assert_eq!(done.state, JobState::Succeeded);
    assert_eq!(Some(Outcome::Output(done.output.unwrap())), Some(output));
}

async fn the_same_work_is_one_job(store: Store) {
    let shop = add_source(&store, "shop").await;
    let one = job(shop, "select 1", "user:1");
    let two = job(shop, "select 1", "key:2");
    assert!(store.submit_job(&one).await.unwrap().1);
    let (joined, is_new) = store.submit_job(&two).await.unwrap();
    assert_eq!((joined.uid, is_new), (one.uid, false));
    assert!(!store.submit_job(&two).await.unwrap().1);
    let facts = store.facts(Object::Job(one.uid)).await.unwrap().unwrap();
    assert_eq!(facts.participants, ["key:2", "user:1"]);
    assert_eq!((facts.source, facts.query), (Some(shop), None));
    assert_eq!(store.facts(Object::Job(two.uid)).await.unwrap(), None);
    store.claim_job("a", at(1), at(2)).await.unwrap().unwrap();
    assert!(!store.submit_job(&two).await.unwrap().1, "a running job is joined as well");
    store.cancel_job(one.uid, at(3)).await.unwrap();
    let (fresh, is_new) = store.submit_job(&two).await.unwrap();
    assert_eq!((fresh.uid, is_new), (two.uid, true));
    let missing = store.submit_job(&job(SourceId(99), "x", "user:1")).await.unwrap_err();
    assert_eq!(missing.code(), Code::NotFound);
}

async fn fifty_submits_make_one_job(store: Store) {
    let shop = add_source(&store, "shop").await;
    let jobs: Vec<NewJob> =
        (0..50).map(|number| job(shop, "select 1", &format!("user:{number}"))).collect();
    let answers = join_all(jobs.iter().map(|job| store.submit_job(job))).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|(_, is_new)| *is_new).count(), 1);
    let uids: HashSet<Uid> = answers.iter().map(|(job, _)| job.uid).collect();
    assert_eq!(uids.len(), 1);
    assert_eq!(store.count_jobs().await.unwrap(), (1, 0));
    let facts = store.facts(Object::Job(answers[0].0.uid)).await.unwrap().unwrap();
    assert_eq!(facts.participants.len(), 50);
}

async fn a_job_is_never_claimed_twice(store: Store) {
    let shop = add_source(&store, "shop").await;
    let mut uids = Vec::new();
    for number in 0..20 {
        let mut new = job(shop, &format!("select {number}"), "user:1");
        new.created_at = at(100 - number);
        uids.push(new.uid);
        store.submit_job(&new).await.unwrap();
    }
    let oldest = store.claim_job("a", at(200), at(300)).await.unwrap().unwrap();
    assert_eq!(oldest.uid, uids[19], "the oldest first");
    let claims = (0..40).map(|number| {
        let node = if number % 2 == 0 { "a" } else { "b" };
        store.claim_job(node, at(200), at(300))
    });
    let claimed: Vec<Uid> = join_all(claims)
        .await
        .into_iter()
        .filter_map(|claim| claim.unwrap().map(|job| job.uid))
        .collect();
    let distinct: HashSet<Uid> = claimed.iter().copied().collect();
    assert_eq!((claimed.len(), distinct.len()), (19, 19));
}

async fn a_cancelled_job_cannot_finish(store: Store) {
    let shop = add_source(&store, "shop").await;
    let new = job(shop, "select 1", "user:1");
    store.submit_job(&new).await.unwrap();
    store.claim_job("a", at(1), at(60)).await.unwrap().unwrap();
    let cancelled = store.cancel_job(new.uid, at(2)).await.unwrap().unwrap();
    assert_eq!((cancelled.state, cancelled.finished_at), (JobState::Cancelled, Some(at(2))));
    let outcome = Outcome::Result(result(shop, "select 1", 3));
    assert!(!store.finish_job(new.uid, "a", &outcome, at(3)).await.unwrap());
    assert_eq!(store.result_bytes().await.unwrap(), 0, "its result was not stored");
    let again = store.cancel_job(new.uid, at(9)).await.unwrap().unwrap();
    assert_eq!(again.finished_at, Some(at(2)));
    assert_eq!(store.cancel_job(Uid::now_v7(), at(9)).await.unwrap(), None);
}

async fn a_lost_lease_is_reported(store: Store) {
    let shop = add_source(&store, "shop").await;
    let mut uids = Vec::new();
    for number in 0..3 {
        let mut new = job(shop, &format!("select {number}"), "user:1");
        new.created_at = at(number);
        store.submit_job(&new).await.unwrap();
        uids.push(new.uid);
    }
    for node in ["a", "a", "b"] {
        store.claim_job(node, at(5), at(60)).await.unwrap().unwrap();
    }
    store.cancel_job(uids[1], at(6)).await.unwrap();
    let lost = store.renew_leases("a", &uids, at(120)).await.unwrap();
    assert_eq!(lost, [uids[1], uids[2]]);
    assert!(store.renew_leases("a", &[], at(120)).await.unwrap().is_empty());
    assert_eq!(store.reap_jobs(at(100), 3).await.unwrap(), (1, 0), "only that of b ran out");
}

async fn a_dead_nodes_jobs_go_back_and_fail_in_the_end(store: Store) {
    let shop = add_source(&store, "shop").await;
    let new = job(shop, "select 1", "user:1");
    store.submit_job(&new).await.unwrap();
    for attempt in 1..=2 {
        let claimed = store.claim_job("a", at(0), at(10)).await.unwrap().unwrap();
        assert_eq!(claimed.attempts, attempt);
        assert_eq!(store.reap_jobs(at(5), 2).await.unwrap(), (0, 0), "the lease still runs");
        let expected = if attempt < 2 { (1, 0) } else { (0, 1) };
        assert_eq!(store.reap_jobs(at(11), 2).await.unwrap(), expected);
    }
    let failed = store.job(new.uid).await.unwrap().unwrap();
    assert_eq!((failed.state, failed.finished_at), (JobState::Failed, Some(at(11))));
    assert!(failed.error.is_some());
}

async fn a_leaving_node_gives_its_jobs_back(store: Store) {
    let shop = add_source(&store, "shop").await;
    let new = job(shop, "select 1", "user:1");
    store.submit_job(&new).await.unwrap();
    store.claim_job("a", at(0), at(10)).await.unwrap().unwrap();
    assert_eq!(store.release_jobs("b").await.unwrap(), 0);
    assert_eq!(store.release_jobs("a").await.unwrap(), 1);
    let claimed = store.claim_job("b", at(1), at(10)).await.unwrap().unwrap();
    assert_eq!(claimed.uid, new.uid);
}

async fn a_result_is_the_latest_of_its_text_only(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let shop = add_source(&store, "shop").await;
    let mut ids = Vec::new();
    let mut archived = query(ada, shop, "archived", "select 1");
    archived.is_archived = true;
    for made in [
        query(ada, shop, "one", "select 1"),
        query(ada, shop, "two", "select 1"),
        query(ada, shop, "other", "select 2"),
        archived,
    ] {
        ids.push(add(&store, &made).await);
    }
    let latest = async |place: usize| store.query(ids[place]).await.unwrap().unwrap().latest_result;
    run_result(&store, shop, Some(ids[0]), "select 1", 1, true).await;
    assert_eq!(latest(0).await, None, "values were put in");
    let plain = run_result(&store, shop, Some(ids[0]), "select 1", 2, false).await;
    let found = (latest(0).await, latest(1).await, latest(2).await, latest(3).await);
    assert_eq!(found, (Some(plain.id), Some(plain.id), None, None));
    let read = store.query(ids[0]).await.unwrap().unwrap();
    assert_eq!((read.version, read.updated_at), (1, at(0)));
    let facts = store.facts(Object::Result(plain.id)).await.unwrap().unwrap();
    assert_eq!(facts.source, Some(shop));
    let mut edited = read;
    (edited.text, edited.template_digest) = ("select 2".to_owned(), Some(digest("select 2")));
    (edited.latest_result, edited.version) = (None, 2);
    let step = change("queries", ids[0].0, 2, ada);
    assert!(store.update_query(&edited, 1, &step).await.unwrap());
    assert_eq!(latest(0).await, None, "another text, no result yet");
}

async fn only_unused_results_are_purged(store: Store) {
    let ada = add_user(&store, "Ada").await;
    let shop = add_source(&store, "shop").await;
    add(&store, &query(ada, shop, "q", "select 1")).await;
    let mut uids = Vec::new();
    for seconds in 1..=4 {
        uids.push(run_result(&store, shop, None, "select 1", seconds, false).await.uid);
    }
    assert_eq!(store.result_bytes().await.unwrap(), 400);
    let purged = async |before: Option<i64>, limit| -> Vec<Uid> {
        let removed = store.purge_results(before.map(at), limit).await.unwrap();
        removed.into_iter().map(|result| result.uid).collect()
    };
    assert_eq!(purged(Some(2), 10).await, uids[..1]);
    assert_eq!(purged(None, 1).await, uids[1..2], "the oldest");
    assert_eq!(purged(None, 10).await, uids[2..3], "the latest of a query stays");
    assert_eq!(store.result_bytes().await.unwrap(), 100);
    assert_eq!(store.orphaned_results(&uids).await.unwrap(), uids[..3]);
}

async fn results_are_found(store: Store) {
    let shop = add_source(&store, "shop").await;
    let one = run_result(&store, shop, None, "select 1", 1, false).await;
    let two = run_result(&store, shop, None, "select 1", 9, true).await;
    assert_eq!(store.result_by_uid(one.uid).await.unwrap(), Some(one.clone()));
    let latest = async |since: Option<i64>| {
        store.latest_result(&one.cache_key, since.map(at)).await.unwrap().map(|found| found.id)
    };
    assert_eq!(latest(None).await, Some(two.id));
    assert_eq!(latest(Some(9)).await, Some(two.id));
    assert_eq!(latest(Some(10)).await, None);
    let own = store.latest_of_template(&one.template_digest).await.unwrap();
    assert_eq!(own, Some(one), "that with values does not count");
    assert_eq!(store.latest_of_template(&[9; 32]).await.unwrap(), None);
}

async fn old_jobs_are_purged(store: Store) {
    let shop = add_source(&store, "shop").await;
    run_result(&store, shop, None, "select 1", 1, false).await;
    run_result(&store, shop, None, "select 2", 5, false).await;
    store.submit_job(&job(shop, "select 3", "user:1")).await.unwrap();
    assert_eq!(store.purge_jobs(at(5)).await.unwrap(), 1);
    assert_eq!(store.purge_jobs(at(100)).await.unwrap(), 1);
    assert_eq!(store.count_jobs().await.unwrap(), (1, 0));
    assert_eq!(store.result_bytes().await.unwrap(), 200, "results stay");
}

async fn a_certain_job_is_taken_once(store: Store) {
    let shop = add_source(&store, "shop").await;
    let (first, second) = (job(shop, "select 1", "user:1"), job(shop, "select 2", "user:1"));
    store.submit_job(&first).await.unwrap();
    store.submit_job(&second).await.unwrap();
    let taken = store.claim_this_job(second.uid, "a", at(1), at(61)).await.unwrap().unwrap();
    assert_eq!((taken.uid, taken.state, taken.attempts), (second.uid, JobState::Running, 1));
    assert_eq!(store.claim_this_job(second.uid, "b", at(1), at(61)).await.unwrap(), None);
    assert_eq!(store.claim_this_job(Uid::now_v7(), "b", at(1), at(61)).await.unwrap(), None);
    let next = store.claim_job("b", at(2), at(62)).await.unwrap().unwrap();
    assert_eq!(next.uid, first.uid);
    assert_eq!(store.claim_job("b", at(2), at(62)).await.unwrap(), None);
}

async fn a_result_knows_what_it_was_made_of(store: Store) {
    let (shop, other) = (add_source(&store, "shop").await, add_source(&store, "other").await);
    let new = job(shop, "select 1", "user:1");
    store.submit_job(&new).await.unwrap();
    store.claim_job("a", at(1), at(61)).await.unwrap().unwrap();
    let mut made = result(shop, "select 1", 1);
    made.inputs = vec![other, SourceId(77)];
    let outcome = Outcome::Result(made.clone());
    assert!(store.finish_job(new.uid, "a", &outcome, at(2)).await.unwrap());
    let found = store.result_by_uid(made.uid).await.unwrap().unwrap();
    assert_eq!(found.inputs, made.inputs);
    let facts = store.facts(Object::Result(found.id)).await.unwrap().unwrap();
    assert_eq!((facts.source, facts.inputs), (Some(shop), made.inputs));
}
