//! Embedded charts: the pages that a query's key opens, without a session.

use serde_json::{Value, json};
use tessera_e2e::Shop;
use tessera_testkit::client::Answer;

use super::queries::{load, new_query, result};
use super::{Browser, has};
use crate::shops;

/// Waits for a job as the embedded page does: below its query.
fn wait(browser: &Browser, query: &Value, started: &Value) {
    let job = started["job"]["id"].as_str().expect("a job").to_owned();
    for _ in 0..600 {
        let job = browser.get(&format!("/api/queries/{query}/jobs/{job}"))["job"].clone();
        match job["status"].as_i64() {
            Some(1 | 2) => std::thread::yield_now(),
            Some(3) => return assert!(!job["query_result_id"].is_null(), "{job}"),
            _ => panic!("{job}"),
        }
    }
    panic!("the job does not end");
}

fn message(answer: &Answer) -> String {
    answer.json()["message"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn an_embedded_chart_shows_the_stored_result() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let made = new_query(&shop, &browser, "select id, note from orders order by id");
        let query = load(&browser, &made["id"]);
        let (id, shown) = (&query["id"], &query["visualizations"][0]["id"]);
        let key = query["api_key"].as_str().expect("a key");
        let address = format!("/embed/query/{id}/visualization/{shown}?api_key={key}&");
        Browser::open(&shop.server).page(&address);

        let page = Browser::embedded(&shop.server, &query["api_key"]);
        let config = page.get("/api/config")["client_config"].clone();
        assert_eq!(config["disablePublicUrls"], false);
        let seen = page.get(&format!("/api/queries/{id}"));
        has(&seen, &["id", "name", "query", "options", "visualizations", "latest_query_data_id"]);
        has(&seen["visualizations"][0], &["id", "type", "name", "options"]);
        let latest = &seen["latest_query_data_id"];
        let stored = page.get(&format!("/api/queries/{id}/results/{latest}.json"));
        has(&stored["query_result"], &["data", "retrieved_at"]);
        assert_eq!(stored["query_result"]["data"]["rows"][0], json!({ "id": 1, "note": "a" }));
        for file in ["csv", "tsv", "xlsx"] {
            let path = format!("/api/queries/{id}/results/{latest}.{file}?api_key={key}");
            let answer = Browser::open(&shop.server).send("GET", &path, None, None);
            assert_eq!(answer.status, 200, "{path}");
        }
        // A browser that shows the editor too keeps what it got there apart.
        let path = format!("/api/queries/{id}/results/{latest}.json");
        let answer = browser.send("GET", &path, None, None);
        has(&answer.json()["query_result"], &["id", "query", "runtime", "data"]);
        let vary = |(name, value): &(String, String)| name == "vary" && value.contains("cookie");
        assert!(answer.headers.iter().any(vary), "{:?}", answer.headers);
        // Of what is not there, the page must not say that a session has ended.
        let missing = page.send("GET", &format!("/api/queries/{id}/results/999.json"), None, None);
        assert!(missing.status == 404 && !message(&missing).contains("Please login"));
    }
}

#[test]
fn an_embedded_chart_runs_its_query_with_parameters() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let query = with_parameter(&shop, &browser);
        let id = &query["id"];
        assert_eq!(query["is_safe"], true);
        for page in [
            Browser::embedded(&shop.server, &query["api_key"]),
            // Somebody who is signed in sees the same page.
            Browser {
                key: Some(format!("Key {}", query["api_key"].as_str().expect("a key"))),
                ..Browser::signed_in(&shop)
            },
        ] {
            page.get(&format!("/api/queries/{id}"));
            let run = json!({ "id": id, "parameters": { "n": 2 }, "apply_auto_limit": true });
            let started = page.post(&format!("/api/queries/{id}/results"), &run);
            if started.get("job").is_some() {
                wait(&page, id, &started);
            }
            let again = json!({ "queryId": id, "parameters": { "n": 2 } });
            let found = page.post(&format!("/api/queries/{id}/results"), &again);
            assert_eq!(found["query_result"]["data"]["rows"], json!([{ "id": 2 }]));
        }
        let off = json!({ "disable_public_urls": true });
        shop.admin.post("/api/settings/organization", &off).expect("answers").ok().expect("good");
        let page = Browser::embedded(&shop.server, &query["api_key"]);
        let config = page.get("/api/config")["client_config"].clone();
        assert_eq!(config["disablePublicUrls"], true, "the page stays empty then");
    }
}

fn with_parameter(shop: &Shop, browser: &Browser) -> Value {
    let text = "select id from orders where id = {{ n }}";
    // The editor runs first what is not saved, and saves the type of the parameter with it.
    let run = json!({
        "data_source_id": shop.postgres, "parameters": { "n": "1" }, "query": text,
        "apply_auto_limit": true, "max_age": 0,
    });
    let ran = result(shop, browser, &browser.post("/api/query_results", &run));
    assert_eq!(ran["data"]["rows"], json!([{ "id": 1 }]));
    let parameter = json!({
        "title": "n", "name": "n", "type": "number", "value": 1, "global": false, "locals": [],
    });
    let made = browser.post(
        "/api/queries",
        &json!({
            "schedule": null, "query": text, "name": "New Query", "data_source_id": shop.postgres,
            "options": { "apply_auto_limit": true, "parameters": [parameter] }, "tags": [],
            "latest_query_data_id": null,
        }),
    );
    load(browser, &made["id"])
}
