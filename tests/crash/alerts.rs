//! Killing the server while alerts are evaluated and told: every change of state is told, none is
//! told as two.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Engine, Shop, options};
use tessera_testkit::client::Client;
use tessera_testkit::receiver::{Received, Receiver};

/// How often each engine's server is killed, unless `TESSERA_ALERT_KILLS` says otherwise (up to 50).
const KILLS: usize = 3;

#[expect(clippy::disallowed_methods, reason = "how long a test runs is the tester's choice")]
fn kills() -> usize {
    let asked = std::env::var("TESSERA_ALERT_KILLS").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(KILLS).clamp(1, 50)
}

fn made(client: &Client, path: &str, body: Value) -> Value {
    client.post(path, &body).expect("answers").ok().expect("good")
}

/// Deliveries by identifier, in the order in which they first came.
fn distinct(received: &[Received]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for one in received {
        let id = one.header("webhook-id").to_owned();
        let state = one.body["alert"]["state"].as_str().unwrap_or_default().to_owned();
        if !found.iter().any(|(known, _)| *known == id) {
            found.push((id, state));
        }
    }
    found
}

fn crash(engine: Engine) {
    let options = options(engine)
        .expect("an engine")
        .with("JOBS_LEASE_SECONDS", "2")
        .with("ALERTS_DELIVERY_SECONDS", "1")
        .with("ALERTS_RETRY_SECONDS", "1");
    let shop = Shop::open(options).expect("opens");
    let receiver = Receiver::start().expect("listens");
    let key = shop.admin.key().to_owned();
    let query = shop.query(shop.sqlite, "select 0 as n", json!([])).expect("made");
    let (text, run) =
        (format!("/api/queries/{}", query["id"]), format!("/api/queries/{}/results", query["id"]));
    let alert = json!({
        "name": "many", "query_id": query["id"],
        "options": { "column": "n", "op": ">", "value": 1, "selector": "first" },
    });
    let alert = made(&shop.admin, "/api/alerts", alert)["id"].clone();
    let hook = json!({
        "name": "hook", "type": "webhook", "options": { "url": receiver.url("/hook") },
    });
    let hook = made(&shop.admin, "/api/destinations", hook);
    let subscriptions = format!("/api/alerts/{alert}/subscriptions");
    made(&shop.admin, &subscriptions, json!({ "destination_id": hook["id"] }));
    let mut server = shop.server;
    let rounds = kills();
    for round in 0..rounds {
        let (value, state) = if round % 2 == 0 { (7, "triggered") } else { (0, "ok") };
        let client = server.anonymous().with_key(&key);
        let same = format!("select {value} as n -- {round}");
        made(&client, &text, json!({ "query": same }));
        let fresh = json!({ "max_age": 0 });
        std::thread::scope(|scope| {
            let (client, run, fresh) = (client.clone(), &run, &fresh);
            // Whether it is answered is a matter of luck.
            scope.spawn(move || drop(client.post(run, fresh)));
            std::thread::sleep(Duration::from_millis((round as u64 * 7919) % 90));
            server.kill().expect("killed");
        });
        server = server.kill_and_restart().expect("starts again");
        let client = server.anonymous().with_key(&key);
        // If the run was lost before anybody was told of it, this is the one that counts; if not, it
        // changes nothing.
        client.finish(&made(&client, &run, fresh)).expect("ends");
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let now = client.get(&format!("/api/alerts/{alert}")).expect("answers").json();
            if now["state"] == state {
                break;
            }
            assert!(Instant::now() < end, "round {round} never became {state}: {now}");
            std::thread::sleep(Duration::from_millis(20));
        }
        let received = receiver.wait(|all| distinct(all).len() > round).expect("is told");
        let states: Vec<String> = distinct(&received).into_iter().map(|(_, state)| state).collect();
        let wanted: Vec<&str> =
            (0..=round).map(|round| if round % 2 == 0 { "triggered" } else { "ok" }).collect();
        assert_eq!(states, wanted, "each change is told once");
    }
    let client = server.anonymous().with_key(&key);
    let log = client.get(&format!("/v1/alerts/{alert}/deliveries?limit=250")).expect("answers");
    let log = log.ok().expect("good");
    assert_eq!(log["total"].as_u64(), Some(rounds as u64), "{log}");
}

#[test]
fn every_change_of_an_alert_is_told_once_when_the_server_is_killed() {
    for engine in ENGINES {
        crash(engine);
    }
}
