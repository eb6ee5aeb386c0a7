//! Killing servers while alerts are evaluated and told: every change of state is told, none is told
//! as two. What comes twice has the identifier of the first time.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Engine, Shop, options};
use tessera_testkit::client::Client;
use tessera_testkit::postgres::Postgres;
use tessera_testkit::receiver::{Received, Receiver};
use tessera_testkit::server::{Options, Server};

use crate::{cycles, random};

/// How often servers are killed, unless `CRASH_CYCLES` says it.
const CYCLES: usize = 3;
/// How often the value changes in each cycle of the test with two nodes.
const CHANGES: usize = 3;

fn fast(engine: Engine) -> Options {
    options(engine)
        .expect("an engine")
        .with("JOBS_LEASE_SECONDS", "2")
        .with("JOBS_ATTEMPTS_MAX", "100")
        .with("ALERTS_DELIVERY_SECONDS", "2")
        .with("ALERTS_RETRY_SECONDS", "1")
        .with("ALERTS_RETRY_SECONDS_MAX", "2")
        .with("ALERTS_ATTEMPTS_MAX", "100")
        .with("ALERTS_POLL_SECONDS", "1")
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
    let shop = Shop::open(fast(engine)).expect("opens");
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
    let rounds = cycles(CYCLES);
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

/// Two nodes on one PostgreSQL, and a query whose value changes without its text.
struct Pair {
    nodes: [Server; 2],
    key: String,
    database: String,
    run: String,
}

impl Pair {
    fn open(shop: Shop, options: Options, database: String, query: &Value) -> Self {
        let key = shop.admin.key().to_owned();
        // Equal nodes: the same metadata, the same secrets and the same folder of results.
        let data = Some(shop.server.data().to_path_buf());
        let other = Server::start(Options { data, ..options }).expect("starts");
        let run = format!("/api/queries/{}/results", query["id"]);
        Self { nodes: [shop.server, other], key, database, run }
    }

    fn client(&self, node: usize) -> Client {
        self.nodes[node].anonymous().with_key(&self.key)
    }

    /// Changes the value, and has the query run: by `first` if that lives long enough, else by
    /// `safe`, which joins a run that `first` began and could not tell of.
    fn change(&self, value: i64, first: &Client, safe: &Client) {
        let set = format!("update switch set n = {value}");
        Postgres::shared().sql(&self.database, &set).expect("set");
        let fresh = json!({ "max_age": 0 });
        let begun = first.post(&self.run, &fresh).ok().and_then(|answer| answer.ok().ok());
        let begun = begun.unwrap_or_else(|| made(safe, &self.run, fresh));
        safe.finish(&begun).expect("ends");
    }
}

/// The states that were told of an alert, each once; what came again came before anything newer.
fn told(received: &[Received], alert: &Value) -> (Vec<String>, HashSet<String>) {
    let own: Vec<&Received> =
        received.iter().filter(|one| one.body["alert"]["id"] == *alert).collect();
    let mut latest = String::new();
    let (mut states, mut seen) = (Vec::new(), HashSet::new());
    for one in own {
        let id = one.header("webhook-id").to_owned();
        if id == latest {
            continue;
        }
        assert!(seen.insert(id.clone()), "{id} of alert {alert} came again after a newer one");
        states.push(one.body["alert"]["state"].as_str().unwrap_or_default().to_owned());
        latest = id;
    }
    (states, seen)
}

/// `first`, the other one, and so on.
fn alternating(first: &'static str, number: usize) -> Vec<&'static str> {
    let other = if first == "ok" { "triggered" } else { "ok" };
    (0..number).map(|at| if at % 2 == 0 { first } else { other }).collect()
}

fn deliveries(client: &Client, alert: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    let mut path = format!("/v1/alerts/{alert}/deliveries?limit=250");
    loop {
        let page = client.get(&path).expect("answers").ok().expect("good");
        all.extend(page["data"].as_array().expect("a list").iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => path = format!("/v1/alerts/{alert}/deliveries?limit=250&cursor={next}"),
            None => return all,
        }
    }
}

/// A data source with one number, and a query for it.
fn switch(shop: &Shop) -> (String, Value) {
    let database = Postgres::shared().create_database("switch").expect("made");
    let table = "create table switch (n integer); insert into switch values (0);";
    Postgres::shared().sql(&database, table).expect("made");
    let source = json!({
        "name": "switch", "type": "pg", "options": tessera_e2e::postgres_options(&database),
    });
    let source = made(&shop.admin, "/api/data_sources", source)["id"].as_i64().expect("an id");
    let query = shop.query(source, "select n from switch", json!([])).expect("made");
    (database, query)
}

#[test]
fn two_nodes_on_one_postgresql_tell_every_change_once_while_either_is_killed() {
    let options = fast(Engine::Postgres);
    let shop = Shop::open(options.clone()).expect("opens");
    let receivers = [Receiver::start().expect("listens"), Receiver::start().expect("listens")];
    let (database, query) = switch(&shop);
    let alert = |name: &str, operator: &str| {
        let options = json!({ "column": "n", "op": operator, "value": 1, "selector": "first" });
        let body = json!({ "name": name, "query_id": query["id"], "options": options });
        made(&shop.admin, "/api/alerts", body)["id"].clone()
    };
    let (many, few) = (alert("many", ">"), alert("few", "<"));
    for (at, receiver) in receivers.iter().enumerate() {
        let options = json!({ "url": receiver.url("/hook") });
        let hook = json!({ "name": format!("hook {at}"), "type": "webhook", "options": options });
        let hook = made(&shop.admin, "/api/destinations", hook)["id"].clone();
        for alert in [&many, &few] {
            let path = format!("/api/alerts/{alert}/subscriptions");
            made(&shop.admin, &path, json!({ "destination_id": hook }));
        }
    }
    let mut pair = Pair::open(shop, options, database, &query);
    let rounds = cycles(CYCLES);
    let mut changed = 0;
    for round in 0..rounds {
        let victim = random(round * 4) % 2;
        let (doomed, safe) = (pair.client(victim), pair.client(1 - victim));
        let moment = Duration::from_millis((random(round * 4 + 1) % 400) as u64);
        let pid = pair.nodes[victim].pid().to_string();
        std::thread::scope(|scope| {
            let (pair, doomed, safe) = (&pair, &doomed, &safe);
            scope.spawn(move || {
                for change in changed..changed + CHANGES {
                    let value = if change % 2 == 0 { 7 } else { 0 };
                    // Who begins a run is the first to know that there is something to tell.
                    let first = if random(change).is_multiple_of(4) { safe } else { doomed };
                    pair.change(value, first, safe);
                }
            });
            if round % 3 == 0 {
                receivers[round % 2].refuse(1);
            }
            std::thread::sleep(moment);
            let killed = std::process::Command::new("kill").args(["-KILL", &pid]).status();
            assert!(killed.expect("kill runs").success());
        });
        changed += CHANGES;
        pair = restarted(pair, victim);
    }
    let client = pair.client(0);
    let first = |alert: &Value| if *alert == many { changed } else { changed - 1 };
    for alert in [&many, &few] {
        let wanted = alternating("triggered", first(alert));
        let mut arrived = HashSet::new();
        for receiver in &receivers {
            let enough = |all: &[Received]| told(all, alert).0.len() >= wanted.len();
            let received = receiver.wait(enough).expect("all is told");
            let (states, ids) = told(&received, alert);
            assert_eq!(states, wanted, "each change of alert {alert} is told once, in order");
            arrived.extend(ids);
        }
        let end = Instant::now() + Duration::from_secs(60);
        let log = loop {
            let log = deliveries(&client, alert);
            if log.iter().all(|delivery| delivery["state"] == "delivered") {
                break log;
            }
            assert!(Instant::now() < end, "a delivery of {alert} has no end: {log:?}");
            std::thread::sleep(Duration::from_millis(50));
        };
        assert_eq!(log.len(), wanted.len() * receivers.len(), "one delivery for each receiver");
        let logged: HashSet<String> =
            log.iter().map(|one| one["uid"].as_str().unwrap_or_default().to_owned()).collect();
        assert_eq!(logged, arrived, "the log has what arrived, and nothing else");
    }
}

fn restarted(pair: Pair, victim: usize) -> Pair {
    let Pair { nodes: [one, two], key, database, run } = pair;
    let nodes = if victim == 0 {
        [one.kill_and_restart().expect("starts again"), two]
    } else {
        [one, two.kill_and_restart().expect("starts again")]
    };
    Pair { nodes, key, database, run }
}
