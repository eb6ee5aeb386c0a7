//! Records of requests: they tell what was refused and why, to those whose keys they are, and no
//! secrets to anybody.

#![expect(clippy::disallowed_methods, reason = "waiting for another process takes real time")]

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Engine, Shop, files, options};
use tessera_testkit::client::Client;

/// How long a record may take to be seen.
const SEEN_WITHIN: Duration = Duration::from_secs(2);

/// How long to wait for records where it does not matter when they are seen.
const PATIENCE: Duration = Duration::from_secs(60);

fn id_of(value: &Value) -> i64 {
    value["id"].as_i64().expect("an id")
}

/// A new key of a user: its caller and number.
fn key_of(shop: &Shop, user: &Client) -> Result<(Client, i64)> {
    let made = user.post("/v1/keys", &json!({ "name": "script" }))?.ok()?;
    let text = made["secret"].as_str().context("a key")?;
    Ok((shop.server.anonymous().with_key(text), id_of(&made["key"])))
}

/// The data source of records.
fn usage_source(shop: &Shop) -> Result<i64> {
    let new = json!({ "name": "Usage", "type": "usage", "options": {} });
    Ok(id_of(&shop.admin.post("/api/data_sources", &new)?.ok()?))
}

/// Runs a text; gives the answer's rows and the number of the result.
fn run(caller: &Client, source: i64, text: &str, max_age: i64) -> Result<(Vec<Value>, i64)> {
    let body = json!({ "query": text, "data_source_id": source, "max_age": max_age });
    let done = caller.finish(&caller.post("/api/query_results", &body)?.ok()?)?;
    let result = match done["query_result"]["id"].as_i64() {
        Some(id) => id,
        None => done["job"]["query_result_id"].as_i64().with_context(|| done.to_string())?,
    };
    let shown = caller.get(&format!("/api/query_results/{result}"))?.ok()?;
    let rows = shown["query_result"]["data"]["rows"].as_array().context("rows")?.clone();
    Ok((rows, result))
}

#[test]
fn requests_are_seen_within_two_seconds_with_the_right_reason() {
    for engine in ENGINES {
        let shop = Shop::open(options(engine).expect("an engine")).expect("opens");
        let (user, _) = shop.user("carol").expect("made");
        let (script, key) = key_of(&shop, &user).expect("made");
        let source = usage_source(&shop).expect("made");
        let missing = script.get("/v1/queries/99999").expect("answers");
        assert_eq!(missing.status, 404);
        let refused = script.get("/v1/system/queues").expect("answers");
        assert_eq!(refused.status, 403);
        assert_eq!(script.get("/v1/session").expect("answers").status, 200);
        let wrong = shop.server.anonymous().with_key("tsr_usr_wrong");
        assert_eq!(wrong.get("/v1/session").expect("answers").status, 401);
        let text = format!(
            "select action, object, decision, reason, status, method, route from key_events \
             where key_id = {key} or reason = 'key_malformed' order by at"
        );
        let end = Instant::now() + SEEN_WITHIN;
        let expected = [
            json!([
                "queries.read",
                "query:99999",
                "deny",
                "object_denied",
                404,
                "GET",
                "/v1/queries/{id}"
            ]),
            json!(["system.jobs", "", "deny", "scope_missing", 403, "GET", "/v1/system/queues"]),
            json!(["session.read", "", "allow", null, 200, "GET", "/v1/session"]),
            json!([null, "", "deny", "key_malformed", 401, "GET", "/v1/session"]),
        ];
        loop {
            let (rows, _) = run(&shop.admin, source, &text, 0).expect("runs");
            let rows: Vec<Value> = rows
                .iter()
                .map(|row| {
                    Value::Array(row.as_object().expect("a row").values().cloned().collect())
                })
                .collect();
            if rows == expected {
                break;
            }
            assert!(Instant::now() < end, "{rows:#?}");
        }
        let refusals = user.get(&format!("/v1/keys/{key}/refusals")).expect("answers").ok();
        let refusals = refusals.expect("good");
        assert_eq!(refusals["total"], 2, "{refusals}");
        assert_eq!(refusals["data"][0]["reason"], "scope_missing");
        assert_eq!(
            refusals["data"][0]["request_id"],
            refused.header("x-request-id").expect("there")
        );
        let usage = user.get(&format!("/v1/keys/{key}/usage?by=hour")).expect("answers").ok();
        let usage = usage.expect("good");
        assert_eq!((&usage["requests"], &usage["refused"]), (&json!(3), &json!(2)), "{usage}");
    }
}

#[test]
fn no_key_is_in_the_records() {
    let shop = Shop::open(options(Engine::Sqlite).expect("an engine")).expect("opens");
    let (script, _) = key_of(&shop, &shop.admin).expect("made");
    let query = shop.query(shop.sqlite, "select 1 as marker_text", json!([])).expect("made");
    let foreign = query["api_key"].as_str().expect("a key");
    let nobody = shop.server.anonymous();
    for key in [script.key(), foreign] {
        nobody.get(&format!("/v1/session?api_key={key}")).expect("answers");
        nobody.get(&format!("/v1/queries/{key}?api_key={key}")).expect("answers");
        nobody.get(&format!("/nowhere/{key}")).expect("answers");
        let agent = format!("{key}/{key}");
        for (name, value) in [("user-agent", key), ("user-agent", &agent), ("referer", key)] {
            let asked = script.send("GET", "/v1/session", None, None, &[(name, value)]);
            assert_eq!(asked.expect("answers").status, 200);
        }
        script.send("MARKER", "/v1/session", None, None, &[]).expect("answers");
    }
    let id = script.send("GET", "/v1/session", None, None, &[("x-request-id", script.key())]);
    assert_ne!(id.expect("answers").header("x-request-id"), Some(script.key()));
    let data = shop.server.data().join("usage");
    let (key, foreign) = (script.key().to_owned(), foreign.to_owned());
    let mut server = shop.server;
    server.terminate().expect("ends, and writes what waits");
    let mut found = files(&data).expect("readable");
    found.retain(|path| path.extension().is_some_and(|ending| ending == "parquet"));
    assert!(!found.is_empty());
    // Values are compressed in the files: they are read back to be searched.
    let options = tessera_testkit::server::Options {
        data: Some(data.parent().expect("the data folder").to_owned()),
        ..tessera_testkit::server::Options::default()
    };
    let again = tessera_testkit::server::Server::start(options).expect("starts again");
    let admin =
        again.sign_in("admin@example.com", tessera_testkit::server::PASSWORD).expect("signs in");
    let new = json!({ "name": "Usage", "type": "usage", "options": {} });
    let source =
        id_of(&admin.post("/api/data_sources", &new).expect("answers").ok().expect("good"));
    let (rows, _) = run(&admin, source, "select * from key_events", 0).expect("runs");
    let text = serde_json::to_string(&rows).expect("text");
    assert!(rows.len() > 10 && text.contains("/v1/session"), "{text}");
    let (secret, checksum) = (&key[21..53], &key[54..]);
    for marker in [key.as_str(), &foreign, secret, checksum, "marker_text", "MARKER"] {
        assert!(!text.contains(marker), "{marker} is in the records");
    }
    for file in found {
        let bytes = std::fs::read(&file).expect("readable");
        for marker in [key.as_bytes(), foreign.as_bytes()] {
            assert!(!bytes.windows(marker.len()).any(|part| part == marker), "{}", file.display());
        }
    }
}

#[test]
fn two_users_with_the_same_text_never_see_each_others_rows() {
    for engine in ENGINES {
        let shop = Shop::open(options(engine).expect("an engine")).expect("opens");
        let source = usage_source(&shop).expect("made");
        let (carol, carol_id) = shop.user("carol").expect("made");
        let (dave, dave_id) = shop.user("dave").expect("made");
        for user in [&carol, &dave] {
            for _ in 0..3 {
                assert_eq!(user.get("/v1/session").expect("answers").status, 200);
            }
        }
        let text = "select distinct owner_id from key_events order by 1";
        let owners = |rows: &[Value]| -> Vec<i64> {
            rows.iter().filter_map(|row| row["owner_id"].as_i64()).collect()
        };
        let end = Instant::now() + PATIENCE;
        let all = loop {
            let (rows, result) = run(&shop.admin, source, text, 0).expect("runs");
            if owners(&rows).contains(&dave_id) && owners(&rows).contains(&carol_id) {
                break result;
            }
            assert!(Instant::now() < end, "{rows:?}");
        };
        // Fresh, then from the cache of results: each time only one's own.
        let mut results = Vec::new();
        for max_age in [0, -1, 3600] {
            for (user, id) in [(&carol, carol_id), (&dave, dave_id)] {
                let (rows, result) = run(user, source, text, max_age).expect("runs");
                assert_eq!(owners(&rows), [id], "max_age {max_age}");
                results.push((id, result));
            }
        }
        let of = |id: i64| results.iter().find(|(of, _)| *of == id).expect("ran").1;
        assert_eq!(
            results.iter().filter(|(_, result)| *result == of(carol_id)).count(),
            3,
            "one's own result comes from the cache: {results:?}"
        );
        // Somebody else's result is as good as none, in every form.
        for (user, other) in [(&carol, of(dave_id)), (&dave, of(carol_id)), (&carol, all)] {
            for path in [
                format!("/api/query_results/{other}"),
                format!("/api/query_results/{other}.csv"),
                format!("/v1/results/{other}"),
                format!("/v1/results/{other}.csv"),
                format!("/v1/results/{other}.parquet"),
            ] {
                let answer = user.get(&path).expect("answers");
                assert_eq!(answer.status, 404, "{path}: {}", answer.text());
            }
        }
        for result in [of(carol_id), of(dave_id), all] {
            let answer = shop.admin.get(&format!("/v1/results/{result}.csv")).expect("answers");
            assert_eq!(answer.status, 200, "an administrator sees all: {}", answer.text());
        }
    }
}

#[test]
fn a_saved_query_on_the_records_shows_everybody_their_own_rows() {
    let shop = Shop::open(options(Engine::Sqlite).expect("an engine")).expect("opens");
    let source = usage_source(&shop).expect("made");
    let (carol, carol_id) = shop.user("carol").expect("made");
    assert_eq!(carol.get("/v1/session").expect("answers").status, 200);
    let text = "select distinct owner_id from key_events";
    let query = shop.query(source, text, json!([])).expect("made");
    let id = &query["id"];
    let path = format!("/api/queries/{id}/results");
    let ask = |caller: &Client| -> Value {
        let started = caller.post(&path, &json!({ "max_age": 0 })).expect("answers").ok();
        caller.finish(&started.expect("good")).expect("ends")
    };
    let result = &ask(&shop.admin)["job"]["query_result_id"];
    assert!(result.is_i64(), "{result}");
    // What the administrator saw is not the query's latest result for others, nor for its key.
    let key = query["api_key"].as_str().expect("a key");
    let nobody = shop.server.anonymous();
    for ending in ["results.json", "results.csv"] {
        let latest = format!("/api/queries/{id}/{ending}");
        assert_eq!(carol.get(&latest).expect("answers").status, 404);
        let open = nobody.get(&format!("{latest}?api_key={key}")).expect("answers");
        assert_eq!(open.status, 404, "{}", open.text());
    }
    let by_key = nobody.get(&format!("/api/queries/{id}/results/{result}.json?api_key={key}"));
    assert!(by_key.expect("answers").status >= 400);
    let by_key = nobody.post(&format!("{path}?api_key={key}"), &json!({ "max_age": 0 }));
    let by_key = by_key.expect("answers");
    assert!((400..500).contains(&by_key.status), "{} {}", by_key.status, by_key.text());
    let end = Instant::now() + SEEN_WITHIN;
    loop {
        let own = &ask(&carol)["job"]["query_result_id"];
        let shown = carol.get(&format!("/api/query_results/{own}")).expect("answers").ok();
        let rows = shown.expect("good")["query_result"]["data"]["rows"].clone();
        if rows == json!([{ "owner_id": carol_id }]) {
            break;
        }
        assert_eq!(rows, json!([]), "never anybody else's");
        assert!(Instant::now() < end, "{rows}");
    }
}

#[test]
fn a_key_can_ask_what_it_is_and_what_it_may() {
    let shop = Shop::open(options(Engine::Sqlite).expect("an engine")).expect("opens");
    let (carol, carol_id) = shop.user("carol").expect("made");
    let (script, key) = key_of(&shop, &carol).expect("made");
    let own = script.get("/v1/keys/self").expect("answers").ok().expect("good");
    assert_eq!((&own["id"], &own["kind"]), (&json!(key), &json!("usr")));
    assert_eq!(own["owner"], json!(format!("user:{carol_id}")));
    assert!(!own.to_string().contains(script.key()));
    let query = shop.query(shop.sqlite, "select 1 as one", json!([])).expect("made");
    let of_query = shop.server.anonymous().with_key(query["api_key"].as_str().expect("a key"));
    let own = of_query.get("/v1/keys/self").expect("answers").ok().expect("good");
    assert_eq!(
        (&own["kind"], &own["owner"]),
        (&json!("qry"), &json!(format!("query:{}", query["id"])))
    );
    assert_eq!(shop.server.anonymous().get("/v1/keys/self").expect("answers").status, 401);

    let ask = |caller: &Client, action: &str, resource: &str| -> Value {
        let body = json!({ "action": action, "resource": resource });
        caller.post("/v1/keys/self/can", &body).expect("answers").ok().expect("good")
    };
    let object = format!("query:{}", query["id"]);
    assert_eq!(ask(&script, "queries.run", &object)["allow"], true);
    assert_eq!(ask(&of_query, "queries.run", &object)["allow"], true);
    let no = ask(&of_query, "queries.update", &object);
    assert_eq!((&no["allow"], &no["reason"]), (&json!(false), &json!("scope_missing")), "{no}");
    let no = ask(&script, "queries.archive", &object);
    assert_eq!(no["allow"], false);
    assert_eq!(no["needed"], json!(["to own it"]), "{no}");
    let no = ask(&script, "system.jobs", "*");
    assert_eq!(no["needed"], json!(["a group with the permission super_admin"]), "{no}");
    // The answer is what happens.
    assert_eq!(script.get("/v1/system/queues").expect("answers").status, 403);
    assert_eq!(
        script.delete(&format!("/v1/queries/{}", query["id"])).expect("answers").status,
        403
    );
}

#[test]
fn what_a_key_reaches_and_did_is_told_to_its_owner_and_administrators_only() {
    let shop = Shop::open(options(Engine::Sqlite).expect("an engine")).expect("opens");
    let (carol, _) = shop.user("carol").expect("made");
    let (dave, _) = shop.user("dave").expect("made");
    let (script, key) = key_of(&shop, &carol).expect("made");
    let query = shop.query(shop.sqlite, "select 1 as one", json!([])).expect("made");
    let path = format!("/api/queries/{}/results", query["id"]);
    let started = script.post(&path, &json!({ "max_age": 0 })).expect("answers").ok();
    let done = script.finish(&started.expect("good")).expect("ends");
    let result = &done["job"]["query_result_id"];
    let csv = format!("/api/query_results/{result}.csv?api_key={}", script.key());
    assert_eq!(shop.server.anonymous().get(&csv).expect("answers").status, 200);

    let alert = json!({
        "name": "many", "query_id": query["id"],
        "options": { "column": "one", "op": ">", "value": 1 },
    });
    let alert = shop.admin.post("/api/alerts", &alert).expect("answers").ok().expect("good");

    for path in ["reach", "usage", "refusals", "proposal"] {
        let path = format!("/v1/keys/{key}/{path}");
        assert_eq!(dave.get(&path).expect("answers").status, 403, "{path}");
        for caller in [&carol, &shop.admin, &script] {
            let answer = caller.get(&path).expect("answers");
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            assert!(!answer.text().contains(script.key()));
        }
    }
    let reach = carol.get(&format!("/v1/keys/{key}/reach")).expect("answers").ok().expect("good");
    let objects = reach["objects"].as_array().expect("a list");
    let found =
        objects.iter().find(|found| found["object"] == json!(format!("query:{}", query["id"])));
    let actions = found.expect("it is reached")["actions"].to_string();
    assert!(actions.contains("queries.run") && !actions.contains("queries.archive"), "{actions}");
    assert!(actions.contains("alerts.create"), "{actions}");
    let alert = json!(format!("alert:{}", alert["id"]));
    let found = objects.iter().find(|found| found["object"] == alert).expect("it is reached");
    assert_eq!(found["actions"], json!(["alerts.read", "alerts.subscribe"]), "another's: {found}");
    assert_eq!(reach["alerts"], json!({ "used": 1, "of": 1 }));
    let all = reach["actions"].to_string();
    assert!(all.contains("alerts.unsubscribe") && !all.contains("alerts.update"), "{all}");

    let end = Instant::now() + SEEN_WITHIN;
    let proposal = loop {
        let proposal = carol.get(&format!("/v1/keys/{key}/proposal")).expect("answers").ok();
        let proposal = proposal.expect("good");
        if proposal["formats"] == json!(["csv"]) {
            break proposal;
        }
        assert!(Instant::now() < end, "{proposal:#}");
    };
    let grants = proposal["terms"]["grants"].to_string();
    let object = format!("query:{}", query["id"]);
    for action in ["queries.run", "results.read"] {
        assert!(grants.contains(action), "{proposal:#}");
    }
    assert!(grants.contains(&object) && !grants.contains("queries.update"), "{grants}");
    assert_eq!(proposal["terms"]["caps"]["formats"], json!(["csv"]));
    assert_eq!(proposal["networks"], json!(["127.0.0.0/24"]));
    assert_eq!(proposal["queries"]["used"], 1);

    // Once the times of last use are written, which is within a minute.
    let server = shop.server.stop_and_restart().expect("starts again");
    let carol = server.anonymous().with_key(carol.key());
    let seen = carol.get("/v1/keys/seen-in-urls").expect("answers").ok().expect("good");
    assert_eq!((&seen["total"], &seen["data"][0]["key"]["id"]), (&json!(1), &json!(key)), "{seen}");
    assert_eq!(seen["data"][0]["key"]["last_used_address"], "127.0.0.1");
    let dave = server.anonymous().with_key(dave.key());
    let none = dave.get("/v1/keys/seen-in-urls").expect("answers").ok().expect("good");
    assert_eq!(none["total"], 0);
}

#[test]
fn addresses_and_programs_can_be_left_out() {
    let options = options(Engine::Sqlite).expect("an engine");
    let options = options.with("USAGE_ADDRESSES", "false").with("USAGE_CLIENTS", "false");
    let shop = Shop::open(options).expect("opens");
    let source = usage_source(&shop).expect("made");
    assert_eq!(shop.admin.get("/v1/session").expect("answers").status, 200);
    let text = "select count(*) as n, count(address) as a, count(client) as c, \
                count(client_class) as k from key_events";
    let end = Instant::now() + SEEN_WITHIN;
    loop {
        let (rows, _) = run(&shop.admin, source, text, 0).expect("runs");
        assert_eq!(
            (&rows[0]["a"], &rows[0]["c"], &rows[0]["k"]),
            (&json!(0), &json!(0), &json!(0))
        );
        if rows[0]["n"].as_i64() > Some(0) {
            break;
        }
        assert!(Instant::now() < end, "{rows:?}");
    }
}
