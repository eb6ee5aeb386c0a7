//! `Idempotency-Key`: a request that is sent again is done once, on another node and after a restart.

#![expect(
    clippy::disallowed_methods,
    reason = "how long to wait for another process is a real time"
)]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Engine, Shop, options};
use tessera_testkit::client::{Answer, Client};
use tessera_testkit::postgres::Postgres;
use tessera_testkit::server::{Options, Server};

/// When to give up waiting for what another process does.
const PATIENCE: Duration = Duration::from_secs(30);

fn post(client: &Client, path: &str, key: &str, body: &Value) -> Answer {
    let headers = [("idempotency-key", key)];
    let body = serde_json::to_vec(body).expect("written");
    client.send("POST", path, Some("application/json"), Some(body), &headers).expect("answers")
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotency-replayed") == Some("true")
}

/// Two nodes on one PostgreSQL: the second one, as its administrator, and the name of the database.
fn second(shop: &Shop, options: &Options) -> (Server, Client, String) {
    let data = Some(shop.server.data().to_owned());
    let other = Server::start(Options { data, ..options.clone() }).expect("starts");
    let admin = other.anonymous().with_key(shop.admin.key());
    let url = options.database_url.as_deref().expect("PostgreSQL");
    let (_, database) = url.rsplit_once('/').expect("a name");
    (other, admin, database.to_owned())
}

/// What a question to the metadata gives.
fn stored(database: &str, sql: &str) -> String {
    Postgres::shared().sql(database, sql).expect("reads").trim().to_owned()
}

/// Waits until somebody works under a key of the caller.
fn wait_for_work(database: &str) {
    let begun = Instant::now();
    let question = "select 'works' from once_records where answer is null";
    while !stored(database, question).contains("works") {
        assert!(begun.elapsed() < PATIENCE, "nobody begins");
        std::thread::yield_now();
    }
}

fn queries_of(client: &Client, name: &str) -> usize {
    let list = client.get("/v1/queries?limit=250").expect("answers").ok().expect("good");
    let all = list["data"].as_array().expect("a list");
    all.iter().filter(|query| query["name"] == name).count()
}

#[test]
fn what_one_node_made_the_other_one_gives_again() {
    let options = options(Engine::Postgres).expect("options");
    let shop = Shop::open(options.clone()).expect("opens");
    let (_other, there, database) = second(&shop, &options);
    let here = &shop.admin;
    let body = json!({ "name": "once", "text": "select 1", "source_id": shop.sqlite });
    let first = post(here, "/v1/queries", "k", &body);
    assert_eq!(first.status, 201, "{}", first.text());
    let again = post(&there, "/v1/queries", "k", &body);
    assert_eq!((again.status, is_replayed(&again)), (201, true), "{}", again.text());
    assert_eq!(again.json(), first.json());
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(queries_of(here, "once"), 1);
    let changed = json!({ "name": "twice", "text": "select 1", "source_id": shop.sqlite });
    assert_eq!(post(&there, "/v1/queries", "k", &changed).status, 422);
    // Nobody else gets it.
    let (ada, _) = shop.user("ada").expect("made");
    let own = post(&ada, "/v1/snippets", "k", &json!({ "trigger": "t", "snippet": "x" }));
    assert!(!is_replayed(&own));

    // A new key: its text is in the answer on both nodes, and nowhere in the store.
    let made = post(here, "/v1/keys", "k", &json!({ "name": "mine" }));
    assert_eq!(made.status, 201, "{}", made.text());
    let secret = made.json()["secret"].as_str().expect("a key").to_owned();
    let again = post(&there, "/v1/keys", "k", &json!({ "name": "mine" }));
    assert_eq!((again.json()["secret"].as_str(), is_replayed(&again)), (Some(&*secret), true));
    let inside = format!(
        "select 'readable' from once_records where position('{secret}'::bytea in answer) > 0 \
         or position('secret'::bytea in answer) > 0"
    );
    assert!(!stored(&database, &inside).contains("readable"));
    assert!(stored(&database, "select 'kept' from once_records").contains("kept"));
    let all = here.get("/v1/keys?limit=250").expect("answers").ok().expect("good");
    let mine = all["data"].as_array().expect("a list").iter().filter(|key| key["name"] == "mine");
    assert_eq!(mine.count(), 1);
}

#[test]
fn many_at_once_on_two_nodes_make_one_object() {
    let options = options(Engine::Postgres).expect("options");
    let shop = Shop::open(options.clone()).expect("opens");
    let (_other, there, _) = second(&shop, &options);
    let body = json!({ "name": "many", "text": "select 1", "source_id": shop.sqlite });
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..16)
            .map(|number| {
                let client = if number % 2 == 0 { shop.admin.clone() } else { there.clone() };
                let body = &body;
                scope.spawn(move || post(&client, "/v1/queries", "many", body))
            })
            .collect();
        asking.into_iter().map(|thread| thread.join().expect("ends")).collect()
    });
    let first = answers.iter().filter(|answer| answer.status == 201 && !is_replayed(answer));
    assert_eq!(first.count(), 1);
    for answer in &answers {
        assert!(matches!(answer.status, 201 | 409), "{}: {}", answer.status, answer.text());
        if answer.status == 409 {
            assert_eq!(answer.header("retry-after"), Some("1"));
        }
    }
    assert_eq!(queries_of(&there, "many"), 1);
    assert!(is_replayed(&post(&there, "/v1/queries", "many", &body)));
}

#[test]
fn answers_outlive_a_kill_on_both_engines() {
    for engine in ENGINES {
        let shop = Shop::open(options(engine).expect("options")).expect("opens");
        let body = json!({ "name": "kept", "text": "select 1", "source_id": shop.sqlite });
        let first = post(&shop.admin, "/v1/queries", "k", &body);
        assert_eq!(first.status, 201, "{}", first.text());
        let Shop { server, admin, .. } = shop;
        let server = server.kill_and_restart().expect("starts");
        let admin = server.anonymous().with_key(admin.key());
        let again = post(&admin, "/v1/queries", "k", &body);
        assert_eq!((again.status, is_replayed(&again)), (201, true), "{}", again.text());
        assert_eq!(again.json(), first.json());
        assert_eq!(queries_of(&admin, "kept"), 1);
    }
}

#[test]
fn while_a_node_works_the_other_refuses_and_after_its_end_nothing_is_done_twice() {
    let options =
        options(Engine::Postgres).expect("options").with("API_IDEMPOTENCY_FLIGHT_SECONDS", "2");
    let shop = Shop::open(options.clone()).expect("opens");
    let (_other, there, database) = second(&shop, &options);
    let run = |seconds| {
        json!({
            "source_id": shop.postgres, "text": format!("select 1 as n, pg_sleep({seconds})"),
            "max_age_seconds": 0, "wait_ms": 60_000,
        })
    };
    let (body, here) = (run(1), shop.admin.clone());
    std::thread::scope(|scope| {
        let first = scope.spawn(|| post(&here, "/v1/statements/runs", "short", &body));
        wait_for_work(&database);
        let early = post(&there, "/v1/statements/runs", "short", &body);
        if early.status == 409 {
            assert_eq!(early.header("retry-after"), Some("1"), "{}", early.text());
        } else {
            assert!(is_replayed(&early), "{}: {}", early.status, early.text());
        }
        let first = first.join().expect("ends");
        assert_eq!(first.status, 200, "{}", first.text());
        let again = post(&there, "/v1/statements/runs", "short", &body);
        assert!(is_replayed(&again), "{}: {}", again.status, again.text());
        assert_eq!(again.json(), first.json());
    });
    // A node that is killed half way: nobody knows whether it was done, and nobody does it again.
    let Shop { mut server, .. } = shop;
    let body = run_for(&body, 300);
    std::thread::scope(|scope| {
        let client = here.clone();
        let body = &body;
        scope.spawn(move || {
            let headers = [("idempotency-key", "long")];
            let text = serde_json::to_vec(body).expect("written");
            let kind = Some("application/json");
            drop(client.send("POST", "/v1/statements/runs", kind, Some(text), &headers));
        });
        wait_for_work(&database);
        server.kill().expect("killed");
    });
    let begun = Instant::now();
    loop {
        let answer = post(&there, "/v1/statements/runs", "long", &body);
        assert_eq!(answer.status, 409, "{}", answer.text());
        if answer.header("retry-after").is_none() {
            assert!(answer.text().contains("its end is not known"), "{}", answer.text());
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "it is never told that the end is not known");
    }
}

/// The same run for so many seconds.
fn run_for(body: &Value, seconds: u32) -> Value {
    let mut body = body.clone();
    body["text"] = json!(format!("select 1 as n, pg_sleep({seconds})"));
    body
}
