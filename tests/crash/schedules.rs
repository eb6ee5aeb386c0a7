//! Killing the server while schedules run: every moment that was begun comes to its end once.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tessera_e2e::{Engine, Shop, options};
use tessera_testkit::client::Client;
use tessera_testkit::server::{Options, Server};

use crate::cycles;

/// How often each engine's server is killed, unless `CRASH_CYCLES` says it.
const CYCLES: usize = 4;

fn fast(engine: Engine) -> Options {
    options(engine)
        .expect("an engine")
        .with("JOBS_LEASE_SECONDS", "1")
        .with("JOBS_ATTEMPTS_MAX", "100")
        .with("SCHEDULES_INTERVAL_SECONDS_MIN", "1")
        .with("SCHEDULES_RECHECK_SECONDS", "1")
        .with("SCHEDULES_FIRST_RUN_SECONDS", "0")
        .with("SCHEDULES_LOOK_SECONDS", "1")
}

/// Queries that run every second: a plain one, one with a value of its own, and a slow one.
fn scheduled(shop: &Shop) -> Vec<i64> {
    let number = json!([{ "name": "n", "type": "number", "value": 7 }]);
    let queries = [
        (shop.sqlite, "select count(*) as n from orders", json!([])),
        (shop.postgres, "select id from orders where id < {{ n }}", number),
        (shop.postgres, "select pg_sleep(0.4), 1 as one", json!([])),
    ];
    let make = |(source, text, parameters): (i64, &str, Value)| {
        let body = json!({
            "name": text, "query": text, "data_source_id": source,
            "options": { "parameters": parameters }, "schedule": { "interval": 1 },
        });
        let made = shop.admin.post("/api/queries", &body).expect("answers").ok().expect("good");
        made["id"].as_i64().expect("an id")
    };
    queries.map(make).to_vec()
}

/// All runs of a query, newest first.
fn runs(client: &Client, query: i64) -> Vec<Value> {
    let mut all = Vec::new();
    let mut path = format!("/v1/queries/{query}/schedule/runs?limit=250");
    loop {
        let page = client.get(&path).expect("answers").ok().expect("good");
        all.extend(page["data"].as_array().expect("a list").iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => {
                path = format!("/v1/queries/{query}/schedule/runs?limit=250&cursor={next}");
            }
            None => return all,
        }
    }
}

/// Takes the schedules away, lets what runs end, and looks at every run there was.
fn check(client: &Client, queries: &[i64], at_least: usize) {
    for query in queries {
        let body = json!({ "schedule": null });
        client.post(&format!("/api/queries/{query}"), &body).expect("answers").ok().expect("good");
    }
    let end = Instant::now() + Duration::from_secs(30);
    for query in queries {
        let runs = loop {
            let runs = runs(client, *query);
            if runs.iter().all(|run| run["state"] != "running") {
                break runs;
            }
            assert!(Instant::now() < end, "a run of {query} has no end: {:?}", runs[0]);
            std::thread::sleep(Duration::from_millis(50));
        };
        let distinct = |member: &str| {
            runs.iter().map(|run| run[member].to_string()).collect::<HashSet<_>>().len()
        };
        assert!(runs.len() >= at_least, "query {query} ran {} times", runs.len());
        assert_eq!(distinct("due_at"), runs.len(), "a moment of {query} was run twice");
        assert_eq!(distinct("job_uid"), runs.len(), "a job of {query} was for two moments");
        for run in &runs {
            assert_eq!(run["state"], "succeeded", "{run}");
        }
        let latest = client.get(&format!("/api/queries/{query}")).expect("answers");
        let latest = latest.ok().expect("good")["latest_query_data_id"].clone();
        assert_eq!(latest, runs[0]["result_id"], "the last run gave the latest result");
    }
}

/// Waits until every query was run since a moment of the log.
fn wait_for_runs(client: &Client, queries: &[i64], known: &[usize]) {
    let end = Instant::now() + Duration::from_secs(30);
    for (query, known) in queries.iter().zip(known) {
        while runs(client, *query).len() <= *known {
            assert!(Instant::now() < end, "query {query} is not run any more");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn key(admin: &Client) -> String {
    let me = admin.get("/api/users/1").expect("answers").ok().expect("good");
    me["api_key"].as_str().expect("a key").to_owned()
}

fn crash(engine: Engine) {
    let shop = Shop::open(fast(engine)).expect("opens");
    let queries = scheduled(&shop);
    let key = key(&shop.admin);
    let Shop { mut server, .. } = shop;
    for cycle in 0..cycles(CYCLES) {
        let client = server.anonymous().with_key(&key);
        let known: Vec<_> = queries.iter().map(|query| runs(&client, *query).len()).collect();
        wait_for_runs(&client, &queries, &known);
        // Moments that differ from cycle to cycle, by a generator that is the same every time.
        std::thread::sleep(Duration::from_millis((cycle as u64 * 7919) % 1000));
        server = server.kill_and_restart().expect("starts again");
    }
    check(&server.anonymous().with_key(&key), &queries, cycles(CYCLES));
}

#[test]
fn schedules_on_sqlite_survive_kills_without_loss_or_doubles() {
    crash(Engine::Sqlite);
}

#[test]
fn schedules_on_postgresql_survive_kills_without_loss_or_doubles() {
    crash(Engine::Postgres);
}

#[test]
fn two_nodes_on_one_postgresql_run_each_moment_once_while_one_is_killed() {
    let options = fast(Engine::Postgres);
    let shop = Shop::open(options.clone()).expect("opens");
    // Equal nodes: the same metadata, the same secrets and the same folder of results.
    let data = Some(shop.server.data().to_path_buf());
    let mut other = Server::start(Options { data, ..options }).expect("starts");
    let queries = scheduled(&shop);
    for cycle in 0..cycles(CYCLES) {
        std::thread::sleep(Duration::from_millis(1500 + (cycle as u64 * 7919) % 1000));
        other = other.kill_and_restart().expect("starts again");
    }
    check(&shop.admin, &queries, cycles(CYCLES));
}
