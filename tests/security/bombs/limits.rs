//! Limits of keys: exact with many clients, told in every answer, paid for what was used.

#![expect(clippy::disallowed_methods, reason = "what is told is compared with the time")]

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Engine, Shop, options};
use tessera_testkit::client::{Answer, Client};
use tessera_testkit::server::{Options, Server, binary};

/// Makes a key of the administrator with terms, through the command line.
pub(crate) fn key(server: &Server, options: &Options, terms: &Value) -> Client {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("terms.json");
    std::fs::write(&file, terms.to_string()).expect("written");
    let mut command = Command::new(binary().expect("built"));
    command
        .args(["keys", "create", "admin@example.com", "--name", "limited", "--terms"])
        .arg(&file);
    command.arg("--data").arg(server.data()).current_dir(folder.path());
    if let Some(url) = &options.database_url {
        command.env("TESSERA_STORE_URL", url);
    }
    let made = command.output().expect("runs");
    let text = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    assert!(text.starts_with("tsr_usr_"), "{text}{}", String::from_utf8_lossy(&made.stderr));
    server.anonymous().with_key(&text)
}

pub(crate) fn limits(limits: &Value) -> Value {
    json!({ "limits": limits })
}

fn ask(client: &Client) -> Answer {
    client.get("/v1/session").expect("answers")
}

pub(crate) fn run(client: &Client, source: i64, text: &str) -> Answer {
    let body = json!({ "source_id": source, "text": text, "max_age_seconds": 0 });
    client.post("/v1/statements/runs", &body).expect("answers")
}

/// Waits until the job of a run is over; returns it.
fn finish(client: &Client, started: &Answer) -> Value {
    let started = started.json();
    let path = format!("/v1/jobs/{}?wait_ms=30000", started["job"]["uid"].as_str().expect("a job"));
    client.get(&path).expect("answers").ok().expect("good")
}

#[track_caller]
fn assert_refused(answer: &Answer, reason: &str, policy: &str) {
    assert_eq!(answer.status, 429, "{}", answer.text());
    let document = answer.json();
    assert_eq!(document["code"], "rate_limited");
    assert_eq!(document["reason"], reason);
    assert_eq!(document["violated-policies"], json!([policy]));
    let kind = "https://iana.org/assignments/http-problem-types#quota-exceeded";
    assert_eq!(document["type"], kind);
    let wait = answer.header("retry-after").expect("when to come again");
    assert_eq!(document["retry_after_seconds"].to_string(), wait);
}

#[test]
fn exactly_the_quota_is_served_to_many_clients_of_one_key() {
    for engine in ENGINES {
        let options = options(engine).expect("options");
        let (server, _) = Server::set_up(options.clone()).expect("starts");
        let terms = limits(&json!([{ "name": "burst", "q": 50, "w": 3600 }]));
        let client = key(&server, &options, &terms);
        let (served, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..32 {
                let client = server.anonymous().with_key(client.key());
                let (served, refused) = (&served, &refused);
                scope.spawn(move || {
                    for _ in 0..6 {
                        match ask(&client).status {
                            200 => served.fetch_add(1, Ordering::Relaxed),
                            429 => refused.fetch_add(1, Ordering::Relaxed),
                            other => panic!("status {other}"),
                        };
                    }
                });
            }
        });
        assert_eq!((served.into_inner(), refused.into_inner()), (50, 142), "{engine:?}");
    }
}

#[test]
fn every_answer_tells_how_the_limits_stand() {
    let options = Options::default();
    let (server, admin) = Server::set_up(options.clone()).expect("starts");
    let terms = limits(&json!([
        { "name": "burst", "q": 6, "w": 60 },
        { "name": "daily", "q": 1000, "qu": "rows", "w": 86400 },
        { "name": "slots", "q": 2, "qu": "concurrent-requests" },
    ]));
    let client = key(&server, &options, &terms);
    let answer = ask(&client);
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("ratelimit-policy"),
        Some(
            "\"burst\";q=6;w=60, \"daily\";q=1000;qu=\"rows\";w=86400, \
             \"slots\";q=2;qu=\"concurrent-requests\""
        )
    );
    assert_eq!(answer.header("ratelimit"), Some("\"burst\";r=5;t=10, \"daily\";r=1000;t=0"));
    assert_eq!(answer.header("x-ratelimit-limit"), Some("6"));
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("5"));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let reset: u64 = answer.header("x-ratelimit-reset").expect("there").parse().expect("a number");
    assert!(reset >= now && reset <= now + 12, "{reset} at {now}");
    // Also where nothing is found, in the other dialect, and when it is too much.
    assert_eq!(
        client.get("/v1/queries/999").expect("answers").header("x-ratelimit-remaining"),
        Some("4")
    );
    assert_eq!(
        client.get("/api/session").expect("answers").header("x-ratelimit-remaining"),
        Some("3")
    );
    let refused = (0..10).map(|_| ask(&client)).find(|answer| answer.status == 429);
    let refused = refused.expect("used up");
    assert_refused(&refused, "rate_limited", "burst");
    assert_eq!(refused.header("x-ratelimit-remaining"), Some("0"));
    let dialect = client.get("/api/session").expect("answers");
    assert_eq!(dialect.status, 429, "{}", dialect.text());
    assert!(dialect.json()["message"].is_string() && dialect.header("retry-after").is_some());
    let free = ask(&admin);
    assert!(free.header("ratelimit").is_none() && free.header("x-ratelimit-limit").is_none());
}

#[test]
fn who_waits_as_told_is_served() {
    let options = Options::default();
    let (server, _) = Server::set_up(options.clone()).expect("starts");
    let client = key(&server, &options, &limits(&json!([{ "name": "slow", "q": 2, "w": 4 }])));
    let refused = (0..10).map(|_| ask(&client)).find(|answer| answer.status == 429);
    let wait = refused.expect("used up").json()["retry_after_seconds"].as_u64().expect("a number");
    assert!((1..=2).contains(&wait), "{wait}");
    std::thread::sleep(Duration::from_secs(wait));
    assert_eq!(ask(&client).status, 200);
}

#[test]
fn rows_and_bytes_are_paid_after_they_were_given() {
    let options = Options::default();
    let shop = Shop::open(options.clone()).expect("opens");
    let text = "select id from orders";
    for query in [false, true] {
        let terms = limits(&json!([{ "name": "rows", "q": 8, "qu": "rows", "w": 3600 }]));
        let client = key(&shop.server, &options, &terms);
        let read = || {
            if query {
                let body = json!({ "query": text, "data_source_id": shop.sqlite, "max_age": -1 });
                client.post("/api/query_results", &body).expect("answers")
            } else {
                let job = finish(&shop.admin, &run(&shop.admin, shop.sqlite, text));
                let id = job["result"]["uid"].as_str().expect("a result");
                client.get(&format!("/v1/results/{id}.csv")).expect("answers")
            }
        };
        for _ in 0..2 {
            let answer = read();
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        assert_refused(&ask(&client), "budget_exceeded", "rows");
    }
    let terms = limits(&json!([{ "name": "bytes", "q": 2000, "qu": "content-bytes", "w": 3600 }]));
    let client = key(&shop.server, &options, &terms);
    let large = ask(&client);
    assert!(large.status == 200 && large.body.len() > 2000, "{}", large.body.len());
    assert_refused(&ask(&client), "budget_exceeded", "bytes");
    assert_eq!(ask(&shop.admin).status, 200);
}

#[test]
fn seconds_of_databases_are_charged_to_who_asked_whoever_fetches_the_answer() {
    for engine in ENGINES {
        let options = options(engine).expect("options");
        let shop = Shop::open(options.clone()).expect("opens");
        let terms = limits(&json!([{ "name": "work", "q": 1, "qu": "query-seconds", "w": 3600 }]));
        let client = key(&shop.server, &options, &terms);
        let started = run(&client, shop.postgres, "select pg_sleep(1.2)");
        assert_eq!(started.status, 202, "{}", started.text());
        assert_eq!(finish(&shop.admin, &started)["state"], "succeeded");
        let own = format!("/v1/jobs/{}", started.json()["job"]["uid"].as_str().expect("a job"));
        assert_eq!(client.get(&own).expect("answers").status, 200, "what is paid may be fetched");
        assert_refused(&run(&client, shop.postgres, "select 2"), "budget_exceeded", "work");
        assert_eq!(run(&shop.admin, shop.postgres, "select 2").status, 202, "other keys are free");
        // A run that fails costs what it took.
        let client = key(&shop.server, &options, &terms);
        let started = run(&client, shop.postgres, "select pg_sleep(1.2), 1 / (random() * 0)::int");
        assert_eq!(finish(&client, &started)["state"], "failed");
        assert_refused(&run(&client, shop.postgres, "select 2"), "budget_exceeded", "work");
    }
}

#[test]
fn places_for_queries_are_held_until_the_job_is_over() {
    for engine in ENGINES {
        let options = options(engine).expect("options");
        let shop = Shop::open(options.clone()).expect("opens");
        let terms = limits(&json!([{ "name": "slots", "q": 2, "qu": "concurrent-requests" }]));
        let client = key(&shop.server, &options, &terms);
        let long =
            |number: usize| run(&client, shop.postgres, &format!("select pg_sleep(60), {number}"));
        let first = long(1);
        assert_eq!((first.status, long(2).status), (202, 202));
        assert_refused(&long(3), "rate_limited", "slots");
        assert_eq!(long(1).json()["job"]["uid"], first.json()["job"]["uid"], "the same work");
        assert_eq!(ask(&client).status, 200, "other requests are free");
        assert_eq!(run(&shop.admin, shop.postgres, "select 1").status, 202, "other keys are free");
        let path = format!("/v1/jobs/{}", first.json()["job"]["uid"].as_str().expect("a job"));
        client.delete(&path).expect("answers").ok().expect("cancelled");
        for text in ["select no_such_column", "select 1 as one"] {
            let started = run(&client, shop.postgres, text);
            assert_eq!(started.status, 202, "one place came back: {}", started.text());
            finish(&client, &started);
        }
        assert_eq!(long(3).status, 202, "a job that failed gave its place back as well");
        assert_refused(&long(4), "rate_limited", "slots");
    }
}

#[test]
fn what_was_used_is_remembered_over_a_restart() {
    for engine in ENGINES {
        let options = options(engine).expect("options");
        let (server, _) = Server::set_up(options.clone()).expect("starts");
        let terms = limits(&json!([{ "name": "burst", "q": 3, "w": 3600 }]));
        let client = key(&server, &options, &terms);
        assert_eq!([(); 3].map(|()| ask(&client).status), [200; 3]);
        let server = server.stop_and_restart().expect("restarts");
        let client = server.anonymous().with_key(client.key());
        assert_eq!(ask(&client).status, 429, "{engine:?}");
    }
}

#[test]
fn two_nodes_share_the_limits_of_a_key() {
    const QUOTA: usize = 300;
    let interval = Duration::from_millis(100);
    let options =
        options(Engine::Postgres).expect("options").with("LIMITS_SYNC_MILLISECONDS", "100");
    let (one, _) = Server::set_up(options.clone()).expect("starts");
    let data = Some(one.data().to_owned());
    let other = Server::start(Options { data, ..options.clone() }).expect("starts");
    let terms = limits(&json!([{ "name": "burst", "q": QUOTA, "w": 36000 }]));
    let client = key(&one, &options, &terms);
    let served: Vec<Vec<Instant>> = std::thread::scope(|scope| {
        let asking = [&one, &other].map(|server| {
            let client = server.anonymous().with_key(client.key());
            scope.spawn(move || {
                let (mut served, mut refused) = (Vec::new(), 0);
                while refused < 100 {
                    match ask(&client).status {
                        200 => served.push(Instant::now()),
                        _ => refused += 1,
                    }
                }
                served
            })
        });
        asking.map(|thread| thread.join().expect("ends")).into()
    });
    let total: usize = served.iter().map(Vec::len).sum();
    // An exchange may be late on a busy machine: three intervals count as one.
    let most = |times: &Vec<Instant>| {
        let inside = |from: &Instant| {
            times.iter().filter(|at| **at >= *from && **at < *from + interval * 3).count()
        };
        times.iter().map(inside).max().unwrap_or(0)
    };
    let bound = served.iter().map(most).max().unwrap_or(0);
    assert!(total >= QUOTA, "{total}");
    assert!(total <= QUOTA + bound, "{total} of {QUOTA}, bound {bound}");
}

#[test]
fn bad_keys_without_end_are_refused_and_harm_no_good_key() {
    let options = Options::default().with("LIMITS_FAILED_KEYS_PER_MINUTE", "20");
    let (server, admin) = Server::set_up(options.clone()).expect("starts");
    let fresh = admin.post("/v1/keys", &json!({ "name": "cold" })).expect("answers").ok();
    let fresh = fresh.expect("good")["secret"].as_str().expect("a key").to_owned();
    let resident = || -> u64 {
        let text = std::fs::read_to_string(format!("/proc/{}/statm", server.pid())).expect("read");
        text.split_whitespace().nth(1).expect("pages").parse::<u64>().expect("a number") * 4096
    };
    let bad = server.anonymous();
    let (mut unknown, mut refused, mut before) = (0, 0, 0);
    for number in 0..4000 {
        let header = format!("Bearer {number:040}");
        let answer = bad.send("GET", "/v1/session", None, None, &[("authorization", &header)]);
        let answer = answer.expect("answers");
        match answer.status {
            401 => unknown += 1,
            429 => {
                assert!(answer.header("retry-after").is_some());
                refused += 1;
            }
            other => panic!("status {other}"),
        }
        if number % 100 == 0 {
            assert_eq!(ask(&admin).status, 200);
        }
        if number == 1000 {
            before = resident();
        }
    }
    assert!((20..80).contains(&unknown) && refused > 3900, "{unknown} unknown, {refused} refused");
    let cold = server.anonymous().with_key(&fresh);
    assert_eq!(ask(&cold).status, 200, "never used before, from the same address");
    let grown = resident().saturating_sub(before);
    assert!(grown < 16 << 20, "{grown} bytes more");
}

#[test]
fn limits_can_be_switched_off() {
    let options = Options::default().with("LIMITS_ENABLED", "false");
    let (server, _) = Server::set_up(options.clone()).expect("starts");
    let client = key(&server, &options, &limits(&json!([{ "name": "burst", "q": 1, "w": 3600 }])));
    assert!((0..5).all(|_| ask(&client).status == 200));
    assert!(ask(&client).header("ratelimit").is_none());
}

#[test]
fn limits_that_mean_nothing_are_refused() {
    let (server, _) = Server::set_up(Options::default()).expect("starts");
    for wrong in [
        json!([{ "name": "a", "q": 0, "w": 60 }]),
        json!([{ "name": "a", "q": 1 }]),
        json!([{ "name": "", "q": 1, "w": 60 }]),
        json!([{ "name": "a", "q": 1, "qu": "concurrent-requests", "w": 60 }]),
        json!([{ "name": "a", "q": 1, "w": 60 }, { "name": "a", "q": 2, "w": 60 }]),
        json!([{ "name": "a", "q": 1, "qu": "pounds", "w": 60 }]),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("terms.json");
        std::fs::write(&file, limits(&wrong).to_string()).expect("written");
        let made = Command::new(binary().expect("built"))
            .args(["keys", "create", "admin@example.com", "--name", "x", "--terms"])
            .arg(&file)
            .arg("--data")
            .arg(server.data())
            .current_dir(folder.path())
            .output()
            .expect("runs");
        assert!(!made.status.success(), "{wrong}");
    }
}
