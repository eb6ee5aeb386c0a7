//! Two nodes on one PostgreSQL: what is ended on one of them is refused by the other within five
//! seconds, also what it remembers, and also the job that runs there.

#![expect(clippy::disallowed_methods, reason = "what is promised is a time between two processes")]

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tessera_e2e::pins::{pin, secret};
use tessera_e2e::{Engine, Shop, options};
use tessera_testkit::client::{Answer, Client};
use tessera_testkit::server::{Options, Server};

/// What the default of `keys.cache_seconds` promises.
const PROMISED: Duration = Duration::from_secs(5);

/// When to give up: a node that never learns of it is told from one that is late.
const PATIENCE: Duration = Duration::from_secs(15);

/// A caller, and what it is served until it is ended.
struct Door {
    name: &'static str,
    caller: Client,
    path: String,
    /// When the last request began that was served.
    served: Option<Instant>,
    closed: bool,
}

#[track_caller]
fn good(answer: anyhow::Result<Answer>) -> Value {
    answer.expect("answers").ok().expect("good")
}

fn new_key(by: &Client, name: &str) -> (i64, String) {
    let made = good(by.post("/v1/keys", &json!({ "name": name })));
    (made["key"]["id"].as_i64().expect("a number"), secret(&made))
}

#[test]
fn what_is_ended_on_one_node_is_refused_by_the_other_within_five_seconds() {
    let options = options(Engine::Postgres).expect("options");
    let shop = Shop::open(options.clone()).expect("opens");
    let data = Some(shop.server.data().to_owned());
    let other = Server::start(Options { data, ..options }).expect("starts");
    let admin = &shop.admin;
    let query = shop.query(shop.sqlite, "select id, tenant from orders", json!([]));
    let query = query.expect("made");
    let id = &query["id"];
    let run = format!("/api/queries/{id}/results");
    let started = good(admin.post(&run, &json!({ "max_age": 0 })));
    admin.finish(&started).expect("ends");
    let (carol, _) = shop.user("carol").expect("made");
    let (dave, dave_id) = shop.user("dave").expect("made");
    let (erin, erin_id) = shop.user("erin").expect("made");
    let (revoked, revoked_text) = new_key(&carol, "revoked");
    let (disabled, disabled_text) = new_key(&carol, "disabled");
    let (_, own_text) = new_key(&dave, "of somebody shut out");
    let pinned = pin(admin, &query, json!({}));
    let groups = good(admin.get("/api/groups"));
    let default = groups.as_array().expect("a list").iter().find(|one| one["name"] == "default");
    let default = default.expect("the default group")["id"].clone();

    let shown = format!("/v1/queries/{id}");
    let table = format!("/api/queries/{id}/results.csv");
    let door = |name, text: &str, path: &String| Door {
        name,
        caller: other.anonymous().with_key(text),
        path: path.clone(),
        served: None,
        closed: false,
    };
    let mut doors = vec![
        door("a revoked key", &revoked_text, &table),
        door("a disabled key", &disabled_text, &shown),
        door("a key of a user who is shut out", &own_text, &shown),
        door("the user who is shut out", dave.key(), &table),
        door("a user who left the group", erin.key(), &shown),
        door("a query's key", query["api_key"].as_str().expect("a key"), &table),
        door("a pinned key", &secret(&pinned), &table),
    ];
    for door in &doors {
        let answer = door.caller.get(&door.path).expect("answers");
        assert_eq!(answer.status, 200, "{}: {}", door.name, answer.text());
    }
    // It runs on the other node, which remembers its key.
    let sleeps = json!({
        "query": "select pg_sleep(60)", "data_source_id": shop.postgres, "max_age": 0,
    });
    let started = good(doors[0].caller.post("/api/query_results", &sleeps));
    let job = format!("/api/jobs/{}", started["job"]["id"].as_str().expect("a job"));
    let holder = doors[0].caller.clone();
    assert_eq!(holder.get(&job).expect("answers").status, 200);
    doors.push(Door { name: "its job", caller: holder, path: job, served: None, closed: false });

    good(admin.delete(&format!("/v1/keys/{revoked}")));
    good(admin.request("PUT", &format!("/v1/keys/{disabled}/disabled"), None));
    good(admin.post(&format!("/api/users/{dave_id}/disable"), &json!({})));
    good(admin.delete(&format!("/api/groups/{default}/members/{erin_id}")));
    good(admin.post(&format!("/api/queries/{id}/regenerate_api_key"), &json!({})));
    good(admin.delete(&format!("/v1/keys/{}", pinned["key"]["id"])));
    let ended = Instant::now();
    for door in &doors {
        let here = shop.server.anonymous().with_key(door.caller.key());
        let answer = here.get(&door.path).expect("answers");
        assert!(answer.status >= 400, "{}, on the same node: {}", door.name, answer.status);
    }
    while doors.iter().any(|door| !door.closed) && ended.elapsed() < PATIENCE {
        for door in &mut doors {
            let began = Instant::now();
            let status = door.caller.get(&door.path).expect("answers").status;
            match status {
                401 | 403 | 404 => door.closed = true,
                200 => {
                    assert!(!door.closed, "{} is open again", door.name);
                    door.served = Some(began);
                }
                status => panic!("{}: {status}", door.name),
            }
        }
    }
    for door in &doors {
        let longest = door.served.map(|last| last.saturating_duration_since(ended));
        assert!(door.closed, "{} is open for ever", door.name);
        assert!(longest.is_none_or(|longest| longest <= PROMISED), "{}: {longest:?}", door.name);
    }
}
