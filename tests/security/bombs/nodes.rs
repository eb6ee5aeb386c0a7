//! Two nodes on one PostgreSQL: a budget or a number of guesses is not doubled by asking both.

#![expect(
    clippy::disallowed_methods,
    reason = "how long to wait for another process is a real time"
)]

use std::time::{Duration, Instant};

use serde_json::json;
use tessera_e2e::{Engine, Shop, options};
use tessera_testkit::client::{Answer, Client};
use tessera_testkit::postgres::Postgres;
use tessera_testkit::server::{Options, Server};

use crate::limits::{key, limits, run};

/// When to give up waiting for what another process does.
const PATIENCE: Duration = Duration::from_secs(30);

fn second(first: &Server, options: &Options) -> Server {
    let data = Some(first.data().to_owned());
    Server::start(Options { data, ..options.clone() }).expect("starts")
}

#[test]
fn a_budget_that_is_used_up_on_one_node_is_used_up_on_the_other_at_once() {
    // Without budgets being told at once, the other node would learn of them in an hour.
    let options =
        options(Engine::Postgres).expect("options").with("LIMITS_SYNC_MILLISECONDS", "3600000");
    let shop = Shop::open(options.clone()).expect("opens");
    let other = second(&shop.server, &options);
    for (unit, quota) in [("rows", 8), ("content-bytes", 2000), ("query-seconds", 1)] {
        let terms = limits(&json!([{ "name": unit, "q": quota, "qu": unit, "w": 360_000 }]));
        let here = key(&shop.server, &options, &terms);
        let there = other.anonymous().with_key(here.key());
        let (mut served, mut refused) = (0, 0);
        let begun = Instant::now();
        while refused < 4 {
            assert!(begun.elapsed() < PATIENCE, "{unit}: served without end");
            let client = if (served + refused) % 2 == 0 { &here } else { &there };
            let text = match unit {
                "query-seconds" => format!("select pg_sleep(0.4), {served} as n"),
                _ => "select id from orders order by id".to_owned(),
            };
            match read(client, shop.postgres, &text) {
                200 => {
                    // Bytes are told a moment after the last of them.
                    let told = refused == 0 || unit == "content-bytes";
                    assert!(told, "{unit}: one node serves what the other refuses");
                    served += 1;
                }
                429 => refused += 1,
                status => panic!("{unit}: {status}"),
            }
        }
        // Four rows each; about 0.4 seconds each; bytes as they come.
        let most = match unit {
            "rows" => 2,
            "query-seconds" => 3,
            _ => 10,
        };
        assert!((1..=most).contains(&served), "{unit}: {served} were served");
    }
}

/// Runs a statement and reads its rows; the first refusal, or 200.
fn read(client: &Client, source: i64, text: &str) -> u16 {
    let started = run(client, source, text);
    if started.status == 429 {
        return 429;
    }
    let mut ended = started.json();
    if started.status == 202 {
        let uid = ended["job"]["uid"].as_str().expect("a job");
        let answer = client.get(&format!("/v1/jobs/{uid}?wait_ms=30000")).expect("answers");
        if answer.status == 429 {
            return 429;
        }
        ended = answer.ok().expect("good");
    }
    let uid = ended["result"]["uid"].as_str().expect("a result").to_owned();
    client.get(&format!("/v1/results/{uid}.json")).expect("answers").status
}

#[test]
fn guesses_at_keys_are_counted_on_both_nodes_together() {
    const QUOTA: usize = 20;
    let options = options(Engine::Postgres)
        .expect("options")
        .with("LIMITS_FAILED_KEYS_PER_MINUTE", &QUOTA.to_string())
        .with("LIMITS_SYNC_MILLISECONDS", "50");
    let (one, admin) = Server::set_up(options.clone()).expect("starts");
    let other = second(&one, &options);
    let url = options.database_url.as_deref().expect("PostgreSQL");
    let (_, database) = url.rsplit_once('/').expect("a name");
    let told = || -> u64 {
        let sql = "select 'state', coalesce(max(state), 0), 'end' from limit_buckets \
                   where bucket like 'bad:%'";
        let text = Postgres::shared().sql(database, sql).expect("reads");
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        digits.parse().expect("a number")
    };
    let wait_beyond = |state: u64| {
        let begun = Instant::now();
        while told() <= state {
            assert!(begun.elapsed() < PATIENCE, "it is not told");
        }
        told()
    };
    let guess = |server: &Server, number: usize| -> Answer {
        let header = format!("Bearer {number:040}");
        let headers = [("authorization", header.as_str())];
        server.anonymous().send("GET", "/v1/session", None, None, &headers).expect("answers")
    };
    let mut counted = 0;
    while guess(&one, counted).status == 401 {
        counted += 1;
        assert!(counted < 3 * QUOTA, "there is no limit");
    }
    // The other node takes one more, learns of the others by telling of it, and refuses.
    let state = wait_beyond(0);
    let mut late = 0;
    let begun = Instant::now();
    let mut state = state;
    while guess(&other, 1000 + late).status == 401 {
        late += 1;
        state = wait_beyond(state);
        assert!(begun.elapsed() < PATIENCE, "the other node counts for itself");
    }
    assert!(late <= 3, "{late} guesses beyond the limit of all nodes");
    // A good key is harmed on neither.
    for server in [&one, &other] {
        let good = server.anonymous().with_key(admin.key());
        assert_eq!(good.get("/v1/session").expect("answers").status, 200);
    }
}
