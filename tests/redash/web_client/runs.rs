//! Running a query in the editor: cancelling, errors, and the states that the page shows.

use serde_json::{Value, json};

use super::queries::{load, new_query, result};
use super::{Browser, has};
use crate::shops;

#[test]
fn the_web_client_cancels_a_run() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let run = json!({
            "data_source_id": shop.postgres, "parameters": {}, "query": "select pg_sleep(600)",
            "apply_auto_limit": false, "max_age": 0,
        });
        let started = browser.post("/api/query_results", &run);
        let id = started["job"]["id"].as_str().expect("a job");
        let job = browser.get(&format!("/api/jobs/{id}"))["job"].clone();
        assert!(matches!(job["status"].as_i64(), Some(1 | 2)), "{job}");
        assert_eq!((&job["error"], &job["query_result_id"]), (&json!(""), &Value::Null));
        assert_eq!(browser.delete(&format!("/api/jobs/{id}")), Value::Null);
        browser.record("cancel_execute", "query", &Value::Null);
        shop.admin.finish(&started).expect("ends");
        let job = browser.get(&format!("/api/jobs/{id}"))["job"].clone();
        assert_eq!(job["status"], 4);
        assert_eq!(job["error"], "Query cancelled by user.");
    }
}

#[test]
fn what_goes_wrong_in_a_run_is_a_text_that_the_web_client_shows() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let broken = json!({
            "data_source_id": shop.postgres, "parameters": {}, "query": "select nothing",
            "apply_auto_limit": true, "max_age": 0,
        });
        let started = browser.post("/api/query_results", &broken);
        shop.admin.finish(&started).expect("ends");
        let id = started["job"]["id"].as_str().expect("a job");
        let job = browser.get(&format!("/api/jobs/{id}"))["job"].clone();
        assert_eq!(job["status"], 4);
        assert!(job["error"].as_str().expect("a text").contains("nothing"), "{job}");

        let made = new_query(&shop, &browser, "select 1 as one");
        let path = format!("/api/queries/{}", made["id"]);
        let text = json!({
            "query": "select {{ n }} as n", "version": load(&browser, &made["id"])["version"],
            "options": { "parameters": [{ "name": "n", "title": "n", "type": "number" }] },
        });
        browser.post(&path, &text);
        let results = format!("{path}/results");
        let run = |values: Value| json!({ "id": made["id"], "parameters": values, "max_age": 0 });
        let (status, missing) = browser.refused(&results, &run(json!({})));
        assert_eq!((status, &missing["job"]["status"]), (400, &json!(4)));
        assert!(missing["job"]["error"].is_string());
        let (status, bad) = browser.refused(&results, &run(json!({ "n": "x" })));
        assert!(status == 400 && bad["message"].is_string(), "{bad}");

        let pause = format!("/api/data_sources/{}/pause", shop.postgres);
        shop.admin.post(&pause, &json!({ "reason": "holidays" })).expect("answers");
        let (status, paused) = browser.refused(&results, &run(json!({ "n": 1 })));
        assert_eq!(status, 400);
        assert!(paused["job"]["error"].as_str().expect("a text").contains("holidays"), "{paused}");
    }
}

#[test]
fn the_address_of_a_page_says_how_old_a_result_may_be() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let made = new_query(&shop, &browser, "select 1 as one");
        let path = format!("/api/queries/{}/results", made["id"]);
        let run = |age: Value| json!({ "id": made["id"], "parameters": {}, "apply_auto_limit": false, "max_age": age });
        let first = result(&shop, &browser, &browser.post(&path, &run(json!(0))));
        // What stands in an address is a text, and `true` for a name without a value.
        for age in [json!(-1), json!("600")] {
            let found = browser.post(&path, &run(age.clone()));
            assert_eq!(found["query_result"]["id"], first["id"], "{age}");
        }
        let answer = browser.post(&path, &run(json!(true)));
        assert!(answer.get("job").is_some() || answer.get("query_result").is_some(), "{answer}");
    }
}

#[test]
fn the_web_client_reads_the_schema_again() {
    let shop = shops().next().expect("an engine");
    let browser = Browser::signed_in(&shop);
    let path = format!("/api/data_sources/{}/schema?refresh=true", shop.sqlite);
    let schema = browser.get(&path);
    let tables = match schema.get("job") {
        Some(job) => {
            shop.admin.finish(&schema).expect("ends");
            let id = job["id"].as_str().expect("a job");
            browser.get(&format!("/api/jobs/{id}"))["job"]["result"].clone()
        }
        None => schema["schema"].clone(),
    };
    has(&tables[0], &["name", "columns"]);
    let broken = json!({
        "name": "Gone", "type": "sqlite", "options": { "dbpath": "/nowhere/at/all.sqlite" },
    });
    let broken = browser.post("/api/data_sources", &broken);
    let schema = browser.get(&format!("/api/data_sources/{}/schema", broken["id"]));
    shop.admin.finish(&schema).expect("ends");
    let id = schema["job"]["id"].as_str().expect("a job");
    let job = browser.get(&format!("/api/jobs/{id}"))["job"].clone();
    // The page asks for the number of the error, not for its words.
    assert_eq!((&job["status"], &job["error"]["code"]), (&json!(4), &json!(2)), "{job}");
}
