//! Results of queries as tables: nobody reads through them what is closed to him otherwise.

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Engine, Shop, options};
use tessera_testkit::client::{Answer, Client};

fn id_of(value: &Value) -> i64 {
    value["id"].as_i64().expect("an id")
}

/// The data source whose tables are results.
fn results_source(shop: &Shop) -> i64 {
    let new = json!({ "name": "Query Results", "type": "results", "options": {} });
    id_of(&shop.admin.post("/api/data_sources", &new).expect("answers").ok().expect("made"))
}

fn default_group(shop: &Shop) -> i64 {
    let groups = shop.admin.get("/api/groups").expect("answers").ok().expect("good");
    let groups = groups.as_array().expect("a list");
    id_of(groups.iter().find(|group| group["name"] == "default").expect("the default group"))
}

fn ask(caller: &Client, source: i64, text: &str) -> Answer {
    let body = json!({ "query": text, "data_source_id": source, "max_age": 0 });
    caller.post("/api/query_results", &body).expect("answers")
}

/// The rows of a text, or why there are none.
fn rows(caller: &Client, source: i64, text: &str) -> Result<Vec<Value>, String> {
    let answer = ask(caller, source, text);
    let started = answer.ok().map_err(|error| error.to_string())?;
    let done = caller.finish(&started).expect("ends");
    let Some(result) = done["job"]["query_result_id"].as_i64() else {
        return Err(done["job"]["error"].to_string());
    };
    let shown = caller.get(&format!("/api/query_results/{result}")).expect("answers");
    let shown = shown.ok().map_err(|error| error.to_string())?;
    Ok(shown["query_result"]["data"]["rows"].as_array().expect("rows").clone())
}

/// Runs a saved query; gives the number of its result.
fn run(caller: &Client, query: i64) -> i64 {
    let path = format!("/api/queries/{query}/results");
    let started = caller.post(&path, &json!({ "max_age": 0 })).expect("answers").ok();
    let done = caller.finish(&started.expect("runs")).expect("ends");
    done["job"]["query_result_id"].as_i64().unwrap_or_else(|| panic!("{done}"))
}

#[test]
fn rows_of_a_closed_data_source_are_not_read_through_query_results_on_both_engines() {
    for engine in ENGINES {
        let shop = Shop::open(options(engine).expect("an engine")).expect("opens");
        let source = results_source(&shop);
        let group = default_group(&shop);
        let secret =
            id_of(&shop.query(shop.postgres, "select note from orders", json!([])).expect("made"));
        let path = format!("/api/groups/{group}/data_sources/{}", shop.postgres);
        assert!(shop.admin.delete(&path).expect("answers").status < 300);
        let (carol, _) = shop.user("carol").expect("made");
        let stored = run(&shop.admin, secret);
        assert!(carol.get(&format!("/api/query_results/{stored}")).expect("answers").status >= 400);
        for text in [
            format!("select * from query_{secret}"),
            format!("select * from cached_query_{secret}"),
            format!("select * from param_query_{secret}_{{a=1}}"),
            format!("with x as (select note from QUERY_{secret}) select * from x"),
        ] {
            let refused = rows(&carol, source, &text).expect_err("closed");
            assert!(!refused.contains("it's"), "{refused}");
            // One that is not there looks the same.
            let missing = rows(&carol, source, &text.replace(&secret.to_string(), "9999"));
            let missing = missing.expect_err("missing").replace("9999", &secret.to_string());
            assert_eq!(refused, missing);
        }
        assert_eq!(
            rows(&shop.admin, source, &format!("select * from query_{secret}"))
                .expect("open")
                .len(),
            4
        );

        let joined = shop
            .query(
                source,
                &format!("select note from query_{secret} where note = 'it''s'"),
                json!([]),
            )
            .expect("made");
        let (joined, key) = (id_of(&joined), joined["api_key"].as_str().expect("a key").to_owned());
        let result = run(&shop.admin, joined);
        let script = shop.server.anonymous();
        let closed = |caller: &Client, why: &str| {
            for path in [
                format!("/api/queries/{joined}/results"),
                format!("/api/queries/{joined}/results.csv"),
                format!("/api/queries/{joined}/results/{result}.json"),
                format!("/api/query_results/{result}"),
                format!("/v1/queries/{joined}/result"),
                format!("/v1/queries/{joined}/result.csv"),
                format!("/v1/results/{result}"),
                format!("/v1/results/{result}.csv"),
                format!("/v1/results/{result}/view"),
                format!("/v1/results/{result}/statistics"),
                format!("/api/queries/{joined}/dropdown"),
            ] {
                let answer = caller.get(&path).expect("answers");
                assert!((400..500).contains(&answer.status), "{why} {path}: {}", answer.text());
                assert!(!answer.text().contains("it's"), "{why} {path}: {}", answer.text());
            }
            for age in [-1, 0, 3600] {
                let path = format!("/api/queries/{joined}/results");
                let answer = caller.post(&path, &json!({ "max_age": age })).expect("answers");
                assert!(answer.status >= 400, "{why} {age}: {}", answer.text());
            }
            let path = format!("/v1/results/{result}/view");
            let answer = caller.post(&path, &json!({})).expect("answers");
            assert!((400..500).contains(&answer.status), "{why}: {}", answer.text());
        };
        closed(&carol, "a user without the data source");
        closed(&script.with_key(&key), "the key of the query");
        let pinned = json!({ "name": "pinned" });
        let made = shop.admin.post(&format!("/v1/queries/{joined}/keys"), &pinned);
        let made = made.expect("answers");
        assert_eq!(made.status, 201, "{}", made.text());
        let pinned = made.json()["secret"].as_str().expect("a secret").to_owned();
        closed(&script.with_key(&pinned), "a pinned key");

        // Once everybody who sees the query sees the data source, all of them do.
        let body = json!({ "data_source_id": shop.postgres });
        let path = format!("/api/groups/{group}/data_sources");
        shop.admin.post(&path, &body).expect("answers").ok().expect("given back");
        let csv = |caller: &Client| {
            let answer =
                caller.get(&format!("/api/queries/{joined}/results.csv")).expect("answers");
            assert_eq!(answer.status, 200, "{}", answer.text());
            assert!(answer.text().contains("it's"), "{}", answer.text());
        };
        csv(&carol);
        csv(&script.with_key(&key));
        csv(&script.with_key(&pinned));
        // What is beneath stays closed to who holds the key of what is above.
        for caller in [script.with_key(&key), script.with_key(&pinned)] {
            for result in 1..=40 {
                let answer = caller.get(&format!("/v1/results/{result}.csv")).expect("answers");
                assert!(!answer.text().contains("多言語"), "{result}: {}", answer.text());
            }
        }
    }
}

#[test]
fn a_right_that_is_lost_before_a_run_begins_counts() {
    let shop = Shop::open(options(Engine::Sqlite).expect("an engine")).expect("opens");
    let source = results_source(&shop);
    let (carol, _) = shop.user("carol").expect("made");
    let query =
        id_of(&shop.query(shop.postgres, "select id from orders", json!([])).expect("made"));
    let text = format!("select count(*) as n from query_{query}");
    assert_eq!(rows(&carol, source, &text).expect("open"), [json!({ "n": 4 })]);
    let path = format!("/api/groups/{}/data_sources/{}", default_group(&shop), shop.postgres);
    assert!(shop.admin.delete(&path).expect("answers").status < 300);
    // Also what is stored already is closed now.
    let body = json!({ "query": text, "data_source_id": source, "max_age": -1 });
    assert!(carol.post("/api/query_results", &body).expect("answers").status >= 400);
}

#[test]
fn values_with_quotes_stay_values() {
    let shop = Shop::open(options(Engine::Sqlite).expect("an engine")).expect("opens");
    let source = results_source(&shop);
    let parameters = json!([{ "name": "s", "title": "S", "type": "text", "value": "a" }]);
    for inner in [shop.postgres, shop.sqlite] {
        let text = "select id, note from orders where note = {{ s }} order by id";
        let query = id_of(&shop.query(inner, text, parameters.clone()).expect("made"));
        let of = |values: &str| {
            rows(&shop.admin, source, &format!("select id from param_query_{query}_{{{values}}}"))
        };
        assert_eq!(of("s=it's").expect("runs"), [json!({ "id": 2 })]);
        assert_eq!(of("s=a").expect("runs"), [json!({ "id": 1 })]);
        for attack in [
            "s=a' or '1'='1",
            "s=a%27+or+%271%27%3D%271",
            "s=' union select 1, note from orders --",
            "s=a\"; drop table orders; --",
        ] {
            assert_eq!(of(attack).expect("runs"), Vec::<Value>::new(), "{attack}");
        }
        assert!(of("t=1").is_err(), "a name that the query does not have");
        assert_eq!(
            rows(&shop.admin, source, &format!("select id from query_{query}")).expect("runs"),
            [json!({ "id": 1 })]
        );
        // A value that comes through the outer query.
        let outer = shop
            .query(
                source,
                &format!("select id from param_query_{query}_{{s={{{{ v }}}}}} where '{{{{ v }}}}' <> 'x'"),
                json!([{ "name": "v", "title": "V", "type": "text", "value": "a" }]),
            )
            .expect("made");
        for (value, expected) in
            [("it's", vec![json!({ "id": 2 })]), ("a&s=b'} --", vec![]), ("a' or 1=1 --", vec![])]
        {
            let path = format!("/api/queries/{}/results", outer["id"]);
            let body = json!({ "max_age": 0, "parameters": { "v": value } });
            let started = shop.admin.post(&path, &body).expect("answers").ok().expect("runs");
            let done = shop.admin.finish(&started).expect("ends");
            let result =
                done["job"]["query_result_id"].as_i64().unwrap_or_else(|| panic!("{done}"));
            let shown = shop.admin.get(&format!("/api/query_results/{result}")).expect("answers");
            assert_eq!(shown.json()["query_result"]["data"]["rows"], json!(expected), "{value}");
        }
    }
}

#[test]
fn nothing_but_the_named_results_can_be_read() {
    let shop = Shop::open(options(Engine::Sqlite).expect("an engine")).expect("opens");
    let source = results_source(&shop);
    let query = id_of(&shop.query(shop.sqlite, "select id from orders", json!([])).expect("made"));
    for text in [
        "select * from orders",
        "select * from sqlite_master",
        "select * from information_schema.tables",
        "select * from '/etc/passwd'",
        "select * from read_csv('/etc/passwd')",
        "create table x (a int)",
        "create external table x stored as csv location '/etc/passwd'",
        "copy (select 1) to '/tmp/x.csv'",
        "attach database '/tmp/x' as y",
        "explain analyze select 1",
        "set datafusion.execution.batch_size = 1",
    ] {
        assert!(rows(&shop.admin, source, text).is_err(), "{text}");
    }
    let text = format!("select count(*) as n from query_{query}");
    assert_eq!(rows(&shop.admin, source, &text).expect("runs"), [json!({ "n": 4 })]);
}
