//! The pages of a query: running it, saving it, its charts, its schedule.

use serde_json::{Value, json};
use tessera_e2e::Shop;

use super::{Browser, has, has_or_null, rows};
use crate::shops;

const QUERY: [&str; 18] = [
    "id",
    "name",
    "query",
    "query_hash",
    "api_key",
    "is_archived",
    "is_draft",
    "updated_at",
    "created_at",
    "data_source_id",
    "options",
    "version",
    "tags",
    "is_safe",
    "user",
    "last_modified_by",
    "visualizations",
    "is_favorite",
];

/// What every page of a query loads.
pub(super) fn load(browser: &Browser, id: &Value) -> Value {
    let query = browser.get(&format!("/api/queries/{id}"));
    has(&query, &QUERY);
    has_or_null(&query, &["latest_query_data_id", "description", "schedule"]);
    assert_eq!(query["can_edit"], true);
    for user in ["user", "last_modified_by"] {
        has(&query[user], &["id", "name", "email", "profile_image_url", "is_disabled"]);
    }
    for visualization in query["visualizations"].as_array().expect("a list") {
        has(visualization, &["id", "type", "name", "options", "updated_at", "created_at"]);
    }
    query
}

/// Saves part of a query as the client does: with its number and the version that it read.
fn save(browser: &Browser, query: &mut Value, change: Value) {
    let mut body = change;
    body["id"] = query["id"].clone();
    body["version"] = query["version"].clone();
    let saved = browser.post(&format!("/api/queries/{}", query["id"]), &body);
    has(&saved, &["id", "version", "user", "visualizations"]);
    for (member, _) in body.as_object().expect("an object") {
        query[member] = saved[member].clone();
    }
}

/// Waits for a job as the client does, and loads its result.
pub(super) fn result(shop: &Shop, browser: &Browser, started: &Value) -> Value {
    has(&started["job"], &["id", "status", "updated_at"]);
    has_or_null(&started["job"], &["error", "result", "query_result_id"]);
    shop.admin.finish(started).expect("ends");
    let id = started["job"]["id"].as_str().expect("a number");
    let job = browser.get(&format!("/api/jobs/{id}"));
    assert_eq!((&job["job"]["status"], &job["job"]["error"]), (&json!(3), &json!("")));
    assert_eq!(job["job"]["result"], job["job"]["query_result_id"]);
    let found = browser.get(&format!("/api/query_results/{}", job["job"]["query_result_id"]));
    let found = found["query_result"].clone();
    has(
        &found,
        &["id", "query_hash", "query", "data", "data_source_id", "runtime", "retrieved_at"],
    );
    for column in found["data"]["columns"].as_array().expect("columns") {
        has(column, &["name", "friendly_name"]);
        has_or_null(column, &["type"]);
    }
    assert!(found["data"]["rows"].is_array());
    found
}

/// A query as the page for new ones saves it, after a run.
pub(super) fn new_query(shop: &Shop, browser: &Browser, text: &str) -> Value {
    let run = json!({
        "data_source_id": shop.postgres, "parameters": {}, "query": text,
        "apply_auto_limit": true, "max_age": 0,
    });
    let found = result(shop, browser, &browser.post("/api/query_results", &run));
    let made = browser.post(
        "/api/queries",
        &json!({
            "schedule": null, "query": text, "name": "New Query",
            "data_source_id": shop.postgres,
            "options": { "apply_auto_limit": true, "parameters": [] },
            "latest_query_data_id": found["id"],
        }),
    );
    has(&made, &QUERY);
    browser.record("create", "query", &made["id"]);
    made
}

#[test]
fn the_web_client_runs_and_saves_a_query() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let sources = browser.get("/api/data_sources");
        for source in sources.as_array().expect("a list") {
            let members = ["id", "name", "type", "syntax", "supports_auto_limit", "view_only"];
            has(source, &members);
            assert_eq!(source["paused"], 0);
            has_or_null(source, &["pause_reason"]);
        }
        let source = browser.get(&format!("/api/data_sources/{}", shop.postgres));
        has(&source, &["id", "name", "type", "syntax", "options", "view_only"]);
        browser.get("/api/query_snippets");
        let schema = browser.get(&format!("/api/data_sources/{}/schema", shop.postgres));
        shop.admin.finish(&schema).expect("ends");
        let id = schema["job"]["id"].as_str().expect("a job");
        let tables = browser.get(&format!("/api/jobs/{id}"))["job"]["result"].clone();
        let orders = tables.as_array().expect("tables").iter().find(|t| t["name"] == "orders");
        has(&orders.expect("a table")["columns"][0], &["name", "type"]);
        let again = browser.get(&format!("/api/data_sources/{}/schema", shop.postgres));
        assert_eq!(again["schema"], tables);

        let text = "select id, note from orders order by id";
        let made = new_query(&shop, &browser, text);
        let mut query = load(&browser, &made["id"]);
        let id = query["id"].clone();
        assert_eq!(query["name"], "New Query");
        let stored = &query["latest_query_data_id"];
        assert!(stored.is_number(), "the run before saving is its result: {query}");
        let kept = browser.get(&format!("/api/queries/{id}/results/{stored}.json"));
        assert_eq!(kept["query_result"]["data"]["rows"][0], json!({ "id": 1, "note": "a" }));

        let run = json!({ "id": id, "parameters": {}, "apply_auto_limit": true, "max_age": 0 });
        let started = browser.post(&format!("/api/queries/{id}/results"), &run);
        browser.record("execute", "query", &id);
        let ran = result(&shop, &browser, &started);
        assert!(ran["query"].as_str().expect("a text").ends_with("LIMIT 1000"), "{ran}");
        let cached = json!({ "id": id, "parameters": {}, "apply_auto_limit": true, "max_age": -1 });
        let cached = browser.post(&format!("/api/queries/{id}/results"), &cached);
        assert_eq!(cached["query_result"]["id"], ran["id"]);

        save(&browser, &mut query, json!({ "name": "Orders", "is_draft": false }));
        assert_eq!((&query["name"], &query["is_draft"]), (&json!("Orders"), &json!(false)));
        browser.record("edit_name", "query", &id);
        save(&browser, &mut query, json!({ "description": "All *orders*" }));
        save(&browser, &mut query, json!({ "tags": ["sales"] }));
        let whole = json!({
            "schedule": null, "query": "select {{ n }} as n, '{{ d.start }}' as d",
            "description": "All *orders*", "name": "Orders", "data_source_id": shop.postgres,
            "options": { "apply_auto_limit": false, "parameters": [
                { "title": "n", "name": "n", "type": "number", "value": 1, "global": false,
                  "locals": [] },
                { "title": "d", "name": "d", "type": "date-range", "value": "d_this_week",
                  "global": false, "locals": [] },
            ] },
            "latest_query_data_id": null, "is_draft": false,
        });
        save(&browser, &mut query, whole);
        let run = json!({
            "id": id, "apply_auto_limit": false, "max_age": 0,
            "parameters": { "n": 5, "d": { "start": "2020-01-01", "end": "2020-01-07" } },
        });
        let started = browser.post(&format!("/api/queries/{id}/results"), &run);
        let ran = result(&shop, &browser, &started);
        assert_eq!(ran["data"]["rows"], json!([{ "n": 5, "d": "2020-01-01" }]));

        assert_eq!(browser.post_nothing(&format!("/api/queries/{id}/favorite")), Value::Null);
        let favorites = browser.get("/api/queries/favorites?order=-starred_at&page=1&page_size=20");
        assert_eq!(rows(&favorites)[0]["id"], id);
        browser.delete(&format!("/api/queries/{id}/favorite"));
        has(&browser.get("/api/queries/tags")["tags"][0], &["name", "count"]);
        for list in ["", "/my", "/archive"] {
            let path = format!("/api/queries{list}?order=-created_at&page=1&page_size=20");
            rows(&browser.get(&path));
        }
        let tagged = browser.get("/api/queries?page=1&page_size=20&tags=sales&order=name");
        let listed = &rows(&tagged)[0];
        has(listed, &["id", "name", "user", "created_at", "tags", "is_favorite"]);
        has_or_null(listed, &["schedule", "retrieved_at", "runtime", "latest_query_data_id"]);
        let sql = json!({ "query": "select a from b" });
        has(&browser.post("/api/queries/format", &sql), &["query"]);
        let copy = browser.post(&format!("/api/queries/{id}/fork"), &json!({ "id": id }));
        assert_eq!(copy["name"], format!("Copy of (#{id}) Orders"));
        let key = browser.post_nothing(&format!("/api/queries/{id}/regenerate_api_key"));
        assert_ne!(key["api_key"], query["api_key"]);
        assert_eq!(browser.delete(&format!("/api/queries/{}", copy["id"])), Value::Null);
    }
}

#[test]
fn the_web_client_overwrites_what_somebody_else_changed_when_told_to() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let made = new_query(&shop, &browser, "select 1 as one");
        let mut query = load(&browser, &made["id"]);
        let path = format!("/api/queries/{}", query["id"]);
        let other = json!({ "description": "Somebody's", "version": query["version"] });
        shop.admin.post(&path, &other).expect("answers").ok().expect("good");
        let mut mine = json!({
            "id": query["id"], "version": query["version"], "name": "Mine", "is_draft": false,
        });
        let (status, refused) = browser.refused(&path, &mine);
        assert_eq!(status, 409);
        has(&refused, &["message"]);
        mine.as_object_mut().expect("an object").remove("version");
        let saved = browser.post(&path, &mine);
        assert_eq!((&saved["name"], &saved["description"]), (&json!("Mine"), &json!("Somebody's")));
        query["version"] = saved["version"].clone();
        save(&browser, &mut query, json!({ "tags": ["a", "b"] }));
    }
}

#[test]
fn the_web_client_goes_on_editing_a_query_that_it_archived() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let made = new_query(&shop, &browser, "select 1 as one");
        let mut query = load(&browser, &made["id"]);
        let path = format!("/api/queries/{}", query["id"]);
        // Archiving answers nothing, so the page still has the version that it read.
        assert_eq!(browser.delete(&path), Value::Null);
        let stranger = shop.user("stranger").expect("made").0;
        let stale = json!({ "name": "No", "version": query["version"] });
        assert_eq!(stranger.post(&path, &stale).expect("answers").status, 403);
        save(&browser, &mut query, json!({ "name": "Old orders" }));
        assert_eq!(query["name"], "Old orders");
        assert_eq!(load(&browser, &query["id"])["is_archived"], true);
        let (status, _) = browser.refused(&path, &stale);
        assert_eq!(status, 409, "once, and not for ever");
    }
}

#[test]
fn a_query_whose_last_editor_is_gone_still_shows_one() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let made = new_query(&shop, &browser, "select 1 as one");
        let path = format!("/api/queries/{}", made["id"]);
        let (editor, id) = shop.user("guest").expect("made");
        browser.post(&format!("{path}/acl"), &json!({ "access_type": "modify", "user_id": id }));
        let change = json!({ "description": "By a guest" });
        editor.post(&path, &change).expect("answers").ok().expect("good");
        assert_eq!(load(&browser, &made["id"])["last_modified_by"]["id"], id);
        browser.delete(&format!("/api/users/{id}"));
        // The page reads the picture of whoever it was, and breaks without one.
        let query = load(&browser, &made["id"]);
        assert_eq!(query["last_modified_by"]["id"], query["user"]["id"]);
    }
}

#[test]
fn the_web_client_changes_the_data_source_of_a_query() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let made = new_query(&shop, &browser, "select count(*) as n from orders");
        let mut query = load(&browser, &made["id"]);
        assert!(query["latest_query_data_id"].is_number());
        let moved = json!({
            "data_source_id": shop.sqlite, "latest_query_data_id": null, "latest_query_data": null,
        });
        save(&browser, &mut query, moved);
        assert_eq!(query["data_source_id"], shop.sqlite);
        assert_eq!(query["latest_query_data_id"], Value::Null);
        browser.post(
            "/api/events",
            &json!([{
                "action": "update_data_source", "object_type": "query", "object_id": query["id"],
                "dataSourceId": shop.sqlite, "timestamp": 1.5, "screen_resolution": "1x1",
            }, {
                "action": "view_source", "object_type": "query", "timestamp": 1.5,
                "screen_resolution": "1x1",
            }]),
        );
        // A query without data source asks for one that is called null.
        let missing = browser.send("GET", "/api/data_sources/null", None, None);
        assert_eq!(missing.status, 404);
        assert!(!missing.text().contains("Please login"));
    }
}

#[test]
fn the_web_client_searches_and_shares_queries() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let made = new_query(&shop, &browser, "select 1 as one");
        let mut query = load(&browser, &made["id"]);
        save(&browser, &mut query, json!({ "name": "Weekly sales", "is_draft": false }));
        save(&browser, &mut query, json!({ "tags": ["sales", "week"] }));
        // While searching it names no order, and says so by a name without a value.
        for list in [
            "/api/queries?order&page=1&page_size=20&q=weekly",
            "/api/queries?order=-created_at&page=1&page_size=20&tags=sales&tags=week",
            "/api/queries?q=weekly",
            "/api/queries/my?order=-executed_at&page=1&page_size=20",
        ] {
            let found = browser.get(list);
            assert_eq!(rows(&found)[0]["id"], query["id"], "{list}");
            has(&rows(&found)[0]["user"], &["name", "profile_image_url"]);
        }
        let none = browser.get("/api/queries?order=name&page=1&page_size=20&tags=sales&tags=no");
        assert!(rows(&none).is_empty());
        let recent = browser.get("/api/queries/recent");
        has(&recent[0], &["id", "name", "is_draft", "tags", "options"]);

        let (_, bob) = shop.user("bob").expect("made");
        let found = browser.get("/api/users?q=bob");
        assert_eq!(rows(&found)[0]["id"], bob);
        let acl = format!("/api/queries/{}/acl", query["id"]);
        assert_eq!(browser.get(&acl), json!({}));
        let grant = json!({ "access_type": "modify", "user_id": bob });
        browser.post(&acl, &grant);
        let editors = browser.get(&acl)["modify"].clone();
        has(&editors[0], &["id", "name", "email", "profile_image_url"]);
        browser.delete_with(&acl, &grant);
        assert_eq!(browser.get(&acl), json!({}));
    }
}

#[test]
fn the_web_client_edits_a_chart() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let query = new_query(&shop, &browser, "select id, amount from orders order by id");
        let options = json!({
            "globalSeriesType": "column", "sortX": true, "legend": { "enabled": true },
            "xAxis": { "type": "-", "labels": { "enabled": true } },
            "yAxis": [{ "type": "linear" }, { "type": "linear", "opposite": true }],
            "columnMapping": { "id": "x", "amount": "y" }, "seriesOptions": {},
        });
        let mut chart = browser.post(
            "/api/visualizations",
            &json!({
                "type": "CHART", "name": "Chart", "description": "", "options": options,
                "query_id": query["id"],
            }),
        );
        has(&chart, &["id", "type", "name", "description", "options", "updated_at"]);
        chart["query_id"] = query["id"].clone();
        chart["name"] = json!("Amounts");
        chart["options"]["globalSeriesType"] = json!("line");
        let saved = browser.post(&format!("/api/visualizations/{}", chart["id"]), &chart);
        assert_eq!((&saved["name"], &saved["options"]), (&json!("Amounts"), &chart["options"]));
        browser.record("update", "visualization", &chart["id"]);
        let shown = load(&browser, &query["id"])["visualizations"].clone();
        let kinds: Vec<_> =
            shown.as_array().expect("a list").iter().map(|shown| &shown["type"]).collect();
        assert_eq!(kinds, ["TABLE", "CHART"]);
        browser.delete(&format!("/api/visualizations/{}", chart["id"]));
        assert_eq!(load(&browser, &query["id"])["visualizations"][1], Value::Null);
    }
}

#[test]
fn the_web_client_sets_a_schedule_and_takes_it_away() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let made = new_query(&shop, &browser, "select count(*) as n from orders");
        let mut query = load(&browser, &made["id"]);
        for schedule in [
            json!({ "interval": 300, "time": null, "day_of_week": null, "until": null }),
            json!({ "interval": 86400, "time": "22:15", "day_of_week": null, "until": null }),
            json!({
                "interval": 1_209_600, "time": "00:15", "day_of_week": "Monday",
                "until": "2035-01-01"
            }),
            Value::Null,
        ] {
            save(&browser, &mut query, json!({ "schedule": schedule }));
            assert_eq!(query["schedule"], schedule);
            browser.record("edit_schedule", "query", &query["id"]);
            assert_eq!(load(&browser, &query["id"])["schedule"], schedule);
        }
    }
}
