//! Killing the server at random moments: nothing acknowledged is lost, no job is stuck.
#![expect(clippy::disallowed_methods, reason = "tests wait for processes in real time")]

mod alerts;
mod schedules;

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Engine, Shop, options};
use tessera_testkit::client::Client;

/// How often each engine's server is killed, unless `CRASH_CYCLES` says it.
const KILLS: usize = 25;

/// How often servers are killed: `CRASH_CYCLES`, which every test here obeys; else `usual`.
#[expect(clippy::disallowed_methods, reason = "longer runs are asked for by the environment")]
fn cycles(usual: usize) -> usize {
    std::env::var("CRASH_CYCLES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual).max(1)
}

/// A number that is the same every time, and looks like any other (splitmix64).
fn random(seed: usize) -> usize {
    let mixed = (seed as u64).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    // Half of the bits are enough on any machine.
    ((mixed ^ (mixed >> 31)) >> 32) as usize
}

/// What callers were told.
#[derive(Default)]
struct Told {
    queries: Mutex<HashSet<i64>>,
    jobs: Mutex<HashSet<String>>,
}

/// Works until told to stop; remembers only what was acknowledged.
fn work(client: &Client, source: i64, stop: &AtomicBool, told: &Told, seed: usize) {
    let mut number = seed;
    while !stop.load(Ordering::Relaxed) {
        number += 2;
        let body =
            json!({ "name": format!("q{number}"), "query": "select 1", "data_source_id": source });
        if let Ok(Ok(made)) = client.post("/api/queries", &body).map(|answer| answer.ok())
            && let Some(id) = made["id"].as_i64()
        {
            told.queries.lock().expect("lock").insert(id);
        }
        let text = format!("select {number} as n");
        let body = json!({ "query": text, "data_source_id": source, "max_age": 0 });
        if let Ok(Ok(started)) = client.post("/api/query_results", &body).map(|answer| answer.ok())
            && let Some(id) = started["job"]["id"].as_str()
        {
            told.jobs.lock().expect("lock").insert(id.to_owned());
        }
    }
}

fn crash(engine: Engine) {
    let options = options(engine).expect("an engine").with("JOBS_LEASE_SECONDS", "2");
    let shop = Shop::open(options).expect("opens");
    let (mut server, source) = (shop.server, shop.sqlite);
    let key = {
        let me = shop.admin.get("/api/users/1").expect("answers").ok().expect("good");
        me["api_key"].as_str().expect("a key").to_owned()
    };
    let told = Told::default();
    let kills = cycles(KILLS);
    for round in 0..kills {
        let stop = AtomicBool::new(false);
        let client = server.anonymous().with_key(&key);
        std::thread::scope(|scope| {
            for worker in 0..2 {
                let (client, stop, told) = (client.clone(), &stop, &told);
                scope.spawn(move || work(&client, source, stop, told, round * 100_000 + worker));
            }
            // Moments that differ from round to round, by a generator that is the same every time.
            std::thread::sleep(Duration::from_millis(20 + (round as u64 * 7919) % 180));
            server.kill().expect("killed");
            stop.store(true, Ordering::Relaxed);
        });
        server = server.kill_and_restart().expect("starts again");
    }
    let client = server.anonymous().with_key(&key);
    let queries = told.queries.into_inner().expect("lock");
    let jobs = told.jobs.into_inner().expect("lock");
    assert!(queries.len() > kills && jobs.len() > kills, "{} {}", queries.len(), jobs.len());
    for id in &queries {
        let answer = client.get(&format!("/api/queries/{id}")).expect("answers");
        assert_eq!(answer.status, 200, "query {id} was acknowledged and is lost");
    }
    let end = Instant::now() + Duration::from_secs(30);
    for id in &jobs {
        loop {
            let answer = client.get(&format!("/api/jobs/{id}")).expect("answers");
            assert_eq!(answer.status, 200, "job {id} was acknowledged and is lost");
            let job: Value = answer.json();
            match job["job"]["status"].as_i64() {
                Some(3) => {
                    let result = &job["job"]["query_result_id"];
                    let rows =
                        client.get(&format!("/api/query_results/{result}.json")).expect("answers");
                    assert_eq!(rows.status, 200, "the result of {id} is lost: {}", rows.text());
                    break;
                }
                Some(4) => {
                    assert!(!job["job"]["error"].as_str().unwrap_or_default().is_empty());
                    break;
                }
                _ => assert!(Instant::now() < end, "job {id} is stuck: {job}"),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    for engine in ENGINES {
        crash(engine);
    }
}
