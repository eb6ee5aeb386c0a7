//! The pages of alerts, groups, users, settings and of the server's inside.

mod driven;
mod forms;

use serde_json::{Value, json};
use tessera_e2e::Shop;
use tessera_testkit::client::Answer;
use tessera_testkit::server::PASSWORD;

use super::queries::new_query;
use super::{Browser, has, has_or_null, rows};
use crate::shops;

#[test]
fn the_web_client_sets_an_alert() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let query = new_query(&shop, &browser, "select count(*) as n from orders");
        let found = browser.get("/api/queries?q=new");
        assert_eq!(rows(&found)[0]["id"], query["id"]);
        let made = browser.post(
            "/api/alerts",
            &json!({
                "options": {
                    "selector": "first", "op": ">", "value": 1, "muted": false, "column": "n"
                },
                "name": "New Query: n > 1", "rearm": null, "query_id": query["id"],
            }),
        );
        let id = made["id"].clone();
        let path = format!("/api/alerts/{id}");
        let mut alert = browser.get(&path);
        has(&alert, &["id", "name", "options", "state", "updated_at", "query", "user"]);
        has_or_null(&alert, &["last_triggered_at", "rearm"]);
        has(&alert["query"], &["id", "name", "query", "options", "latest_query_data_id"]);
        has(&alert["user"], &["id", "name"]);

        // The page shows who is told; everybody who sets alerts may read the names of destinations.
        assert_eq!(browser.get(&format!("{path}/subscriptions")), json!([]));
        let kinds = browser.get("/api/destinations/types");
        for kind in kinds.as_array().expect("a list") {
            has(kind, &["name", "type", "icon", "configuration_schema"]);
            has(&kind["configuration_schema"], &["properties"]);
        }
        let destination = browser.post(
            "/api/destinations",
            &json!({
                "name": "Team", "type": "email", "options": { "addresses": "team@example.com" }
            }),
        );
        let (bob, _) = shop.user("bob").expect("made");
        let told = bob.get("/api/destinations").expect("answers").ok().expect("good");
        has(&told[0], &["id", "name", "type", "icon"]);
        let own = browser.post(&format!("{path}/subscriptions"), &json!({ "alert_id": id }));
        has(&own["user"], &["id", "email"]);
        let to = json!({ "alert_id": id, "destination_id": destination["id"] });
        let sub = browser.post(&format!("{path}/subscriptions"), &to);
        has(&sub["destination"], &["id", "name", "type", "icon"]);
        let subs = browser.get(&format!("{path}/subscriptions"));
        assert_eq!(subs.as_array().map(Vec::len), Some(2));
        browser.delete(&format!("{path}/subscriptions/{}", own["id"]));

        // It saves all that it read, with the number of the query in the place of the query.
        let members = alert.as_object_mut().expect("an object");
        members.remove("query");
        members.insert("query_id".to_owned(), query["id"].clone());
        alert["options"] = json!({
            "selector": "max", "op": ">=", "value": "3", "muted": false, "column": "n",
            "custom_subject": "{{ALERT_NAME}}", "custom_body": "{{QUERY_RESULT_VALUE}}",
        });
        alert["rearm"] = json!(3600);
        let saved = browser.post(&path, &alert);
        assert_eq!((&saved["options"], &saved["rearm"]), (&alert["options"], &json!(3600)));
        browser.post_nothing(&format!("{path}/mute"));
        assert_eq!(browser.get(&path)["options"]["muted"], true);
        browser.delete(&format!("{path}/mute"));
        assert_eq!(browser.post_nothing(&format!("{path}/eval")), Value::Null);
        let listed = browser.get("/api/alerts");
        has(&listed[0], &["id", "name", "state", "query", "user", "created_at", "options"]);
        assert_eq!(listed[0]["state"], "triggered");
        assert_eq!(browser.delete(&path), Value::Null);
        browser.delete(&format!("/api/destinations/{}", destination["id"]));
    }
}

#[test]
fn the_web_client_edits_a_group() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let (_, carol) = shop.user("carol").expect("made");
        let mut group = browser.post("/api/groups", &json!({ "name": "viewers" }));
        has(&group, &["id", "name", "permissions", "type", "created_at"]);
        let path = format!("/api/groups/{}", group["id"]);
        group["name"] = json!("readers");
        assert_eq!(browser.post(&path, &group)["name"], "readers");
        assert_eq!(browser.get(&path)["type"], "regular");
        let found = browser.get("/api/users?q=carol&page=1&page_size=20&order=-created_at");
        has(&rows(&found)[0], &["id", "name", "email", "groups", "profile_image_url"]);
        let added = browser.post(&format!("{path}/members"), &json!({ "user_id": carol }));
        assert!(added["groups"].as_array().expect("a list").contains(&group["id"]));
        let members = browser.get(&format!("{path}/members"));
        has(&members[0], &["id", "name", "email", "created_at", "is_disabled"]);
        let source = format!("{path}/data_sources/{}", shop.postgres);
        let given = json!({ "data_source_id": shop.postgres });
        let given = browser.post(&format!("{path}/data_sources"), &given);
        has(&given, &["id", "name", "type", "view_only"]);
        assert_eq!(browser.post(&source, &json!({ "view_only": true }))["view_only"], true);
        let sources = browser.get(&format!("{path}/data_sources"));
        assert_eq!(sources[0]["view_only"], true);
        assert_eq!(browser.delete(&source), Value::Null);
        assert_eq!(browser.delete(&format!("{path}/members/{carol}")), Value::Null);
        let groups = browser.get("/api/groups");
        assert_eq!(groups.as_array().map(Vec::len), Some(3));
        assert_eq!(browser.delete(&path), Value::Null);
    }
}

#[test]
fn the_web_client_edits_users_and_settings() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let body = json!({ "name": "Bob", "email": "bob@example.com" });
        let bob = browser.post("/api/users", &body);
        let path = format!("/api/users/{}", bob["id"]);
        has(&browser.get(&path), &["id", "name", "email", "groups", "api_key", "auth_type"]);
        let change =
            json!({ "id": bob["id"], "name": "Bob B", "email": "b@example.com", "group_ids": [2] });
        assert_eq!(browser.post(&path, &change)["name"], "Bob B");
        has(&browser.post_nothing(&format!("{path}/reset_password")), &["reset_link"]);
        has(&browser.post_nothing(&format!("{path}/regenerate_api_key")), &["api_key"]);
        assert_eq!(browser.post_nothing(&format!("{path}/disable"))["is_disabled"], true);
        assert_eq!(browser.delete(&format!("{path}/disable"))["is_disabled"], false);
        for list in ["pending=false", "pending=true", "disabled=true"] {
            rows(&browser.get(&format!("/api/users?{list}&order=name&page=1&page_size=20")));
        }
        let me = browser.get("/api/session")["user"]["id"].clone();
        let new = json!({ "id": me, "old_password": PASSWORD, "password": "another good one" });
        browser.post(&format!("/api/users/{me}"), &new);
        browser.get("/api/session");

        let board = browser.post("/api/dashboards", &json!({ "name": "Board" }));
        let acl = format!("/api/dashboards/{}/acl", board["id"]);
        let grant = json!({ "access_type": "modify", "user_id": bob["id"] });
        browser.post(&acl, &grant);
        assert_eq!(browser.get(&acl)["modify"][0]["id"], bob["id"]);
        let bytes = grant.to_string().into_bytes();
        let gone: Answer = browser.send("DELETE", &acl, Some("application/json"), Some(bytes));
        assert_eq!(gone.status, 200);

        let snippet = json!({ "trigger": "sel", "description": "", "snippet": "select ${1:x}" });
        let snippet = browser.post("/api/query_snippets", &snippet);
        browser.post(&format!("/api/query_snippets/{}", snippet["id"]), &snippet);
        let settings = browser.get("/api/settings/organization")["settings"].clone();
        let saved = browser.post("/api/settings/organization", &settings);
        assert_eq!(saved["settings"], settings, "all settings can be sent back as they are");
    }
}

#[test]
fn the_web_client_shows_what_runs() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let status = browser.get("/status.json");
        has(&status, &["version", "manager", "database_metrics", "queries_count"]);
        let members = ["last_refresh_at", "started_at", "outdated_queries_count", "queues"];
        has(&status["manager"], &members);
        has(&status["database_metrics"], &["metrics"]);
        has(&browser.get("/api/admin/queries/outdated"), &["queries", "updated_at"]);
        let jobs = || browser.get("/api/admin/queries/rq_status");
        let idle = jobs();
        assert_eq!(idle["queues"]["queries"]["started"], json!([]));
        let worker = &idle["workers"][0];
        has(worker, &["name", "hostname", "pid", "queues", "last_heartbeat", "birth_date"]);
        assert_eq!((&worker["state"], &worker["pid"]), (&json!("idle"), &json!(shop.server.pid())));
        let job = hold(&shop, &browser);
        let busy = jobs();
        let started = &busy["queues"]["queries"]["started"][0];
        has(started, &["id", "name", "origin", "enqueued_at", "started_at", "meta"]);
        assert_eq!(started["meta"]["data_source_id"], shop.postgres);
        assert_eq!(busy["workers"][0]["state"], "busy");
        assert_eq!(browser.delete(&format!("/api/jobs/{job}")), Value::Null);
        // A data source is edited with all that was read.
        let path = format!("/api/data_sources/{}", shop.postgres);
        let source = browser.get(&path);
        assert_eq!(browser.post(&path, &source)["options"]["password"], "--------");
        assert_eq!(browser.post_nothing(&format!("{path}/test"))["ok"], true);
        for kind in browser.get("/api/data_sources/types").as_array().expect("a list") {
            has(kind, &["name", "type", "configuration_schema"]);
        }
    }
}

/// Starts a run that lasts until it is cancelled, and gives its number once it runs.
#[expect(clippy::disallowed_methods, reason = "it waits for a server that runs")]
fn hold(shop: &Shop, browser: &Browser) -> String {
    let run = json!({
        "data_source_id": shop.postgres, "parameters": {}, "query": "select pg_sleep(60)",
        "apply_auto_limit": false, "max_age": 0,
    });
    let started = browser.post("/api/query_results", &run);
    let id = started["job"]["id"].as_str().expect("a job").to_owned();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while browser.get(&format!("/api/jobs/{id}"))["job"]["status"] != 2 {
        assert!(std::time::Instant::now() < end, "the run does not start");
        std::thread::yield_now();
    }
    id
}
