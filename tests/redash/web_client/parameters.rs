//! Parameters in the editor: lists, dropdowns of other queries, and texts that are not saved yet.

use serde_json::{Value, json};
use tessera_e2e::Shop;

use super::queries::{load, result};
use super::{Browser, has};
use crate::shops;

fn query(shop: &Shop, browser: &Browser, text: &str, parameters: Value) -> Value {
    let made = browser.post(
        "/api/queries",
        &json!({
            "name": "Query", "query": text, "data_source_id": shop.postgres, "schedule": null,
            "options": { "parameters": parameters },
        }),
    );
    load(browser, &made["id"])
}

/// Runs a saved query, and gives its rows.
fn run(shop: &Shop, browser: &Browser, query: &Value, values: Value) -> Value {
    let body = json!({
        "id": query["id"], "parameters": values, "apply_auto_limit": false, "max_age": 0,
    });
    let started = browser.post(&format!("/api/queries/{}/results", query["id"]), &body);
    result(shop, browser, &started)["data"]["rows"].clone()
}

/// Runs a text that is not saved, and gives its rows.
fn run_text(shop: &Shop, browser: &Browser, text: &str, values: Value, saved: Value) -> Value {
    let mut body = json!({
        "data_source_id": shop.postgres, "parameters": values, "query": text,
        "apply_auto_limit": false, "max_age": 0,
    });
    if !saved.is_null() {
        body["query_id"] = saved;
    }
    result(shop, browser, &browser.post("/api/query_results", &body))["data"]["rows"].clone()
}

fn quoted(quote: &str) -> Value {
    json!({ "prefix": quote, "suffix": quote, "separator": "," })
}

#[test]
fn several_values_within_a_text_are_written_as_their_definition_says() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let text = "SELECT '{{test-parameter}}' AS parameter";
        for (quote, shown) in [("\"", "\"value1\",\"value2\""), ("", "value1,value2")] {
            let saved = query(
                &shop,
                &browser,
                text,
                json!([{
                    "name": "test-parameter", "title": "Test", "type": "enum", "value": ["value1"],
                    "enumOptions": "value1\nvalue2\nvalue3", "multiValuesOptions": quoted(quote),
                    "global": false, "locals": [],
                }]),
            );
            let values = json!({ "test-parameter": ["value1", "value2"] });
            let rows = run(&shop, &browser, &saved, values);
            assert_eq!(rows, json!([{ "parameter": shown }]));
        }
    }
}

#[test]
fn the_web_client_takes_values_from_another_query() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let from = "select 'one' as name, 1 as value union all select 'two' as name, 2 as value";
        let dropdown = query(&shop, &browser, from, json!([]));
        // Without a result there is nothing to choose from, and the page says so by itself.
        let path = format!("/api/queries/{}/dropdown", dropdown["id"]);
        let answer = browser.send("GET", &path, None, None);
        assert!(answer.status == 200 || !answer.text().contains("Please login"));
        run(&shop, &browser, &dropdown, json!({}));
        let saved = query(
            &shop,
            &browser,
            "select id from orders where id = {{ n }}",
            json!([{ "name": "n", "title": "n", "type": "query", "queryId": dropdown["id"] }]),
        );
        let choices = json!([{ "name": "one", "value": "1" }, { "name": "two", "value": "2" }]);
        // A page of a new query asks for the query itself, any other below its own.
        assert_eq!(browser.get(&path), choices);
        let below = format!("/api/queries/{}/dropdowns/{}", saved["id"], dropdown["id"]);
        assert_eq!(browser.get(&below), choices);
        has(&browser.get(&format!("/api/queries/{}", dropdown["id"])), &["id", "name"]);
        assert_eq!(run(&shop, &browser, &saved, json!({ "n": "2" })), json!([{ "id": 2 }]));
    }
}

#[test]
fn a_text_that_is_not_saved_takes_values_as_the_saved_one_does() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let saved = query(
            &shop,
            &browser,
            "select 1",
            json!([
                { "name": "by", "title": "by", "type": "enum", "enumOptions": "id\nnote" },
                { "name": "notes", "title": "notes", "type": "enum", "enumOptions": "a\nit's",
                  "multiValuesOptions": quoted("'") },
            ]),
        );
        let text = "select id from orders where note in ({{ notes }}) and tenant in ({{ tenants }}) \
                    order by {{ by }} desc";
        // The values of a list are sent as they would stand in the text.
        let values = json!({ "by": "id", "notes": "'a','it's'", "tenants": "4,5" });
        let rows = run_text(&shop, &browser, text, values, saved["id"].clone());
        assert_eq!(rows, json!([{ "id": 2 }, { "id": 1 }]));
        // Of a page that was never saved nothing is known.
        let text = "select id from orders where note in ({{ notes }}) order by id";
        let rows = run_text(&shop, &browser, text, json!({ "notes": "'a','it's'" }), Value::Null);
        assert_eq!(rows, json!([{ "id": 1 }, { "id": 2 }]));
        // What does not fit the saved definition is taken as it is: the type may have been changed.
        let text = "select id from orders where note = {{ notes }}";
        let values = json!({ "notes": "多言語" });
        let rows = run_text(&shop, &browser, text, values, saved["id"].clone());
        assert_eq!(rows, json!([{ "id": 4 }]));
        let hostile = json!({ "notes": "'a') or 1=1 --','b'" });
        let rows = run_text(
            &shop,
            &browser,
            "select id from orders where note in ({{ notes }})",
            hostile,
            saved["id"].clone(),
        );
        assert_eq!(rows, json!([]));
    }
}

#[test]
fn old_definitions_without_a_type_are_texts() {
    let shop = shops().next().expect("an engine");
    let browser = Browser::signed_in(&shop);
    let saved = query(
        &shop,
        &browser,
        "select id from orders where note = {{ t }}",
        json!([{ "name": "t", "title": "t", "value": null }]),
    );
    assert_eq!(saved["is_safe"], false);
    assert_eq!(run(&shop, &browser, &saved, json!({ "t": "a" })), json!([{ "id": 1 }]));
}
