//! The pages of a dashboard: widgets, their places, names, filters, links, copies.

mod standing;

use serde_json::{Value, json};

use super::queries::new_query;
use super::{Browser, has, has_or_null, rows};
use crate::shops;

const DASHBOARD: [&str; 16] = [
    "id",
    "slug",
    "name",
    "user_id",
    "user",
    "layout",
    "dashboard_filters_enabled",
    "widgets",
    "options",
    "is_archived",
    "is_draft",
    "tags",
    "updated_at",
    "created_at",
    "version",
    "is_favorite",
];

fn load(browser: &Browser, id: &Value) -> Value {
    let dashboard = browser.get(&format!("/api/dashboards/{id}"));
    has(&dashboard, &DASHBOARD);
    assert_eq!(dashboard["can_edit"], true);
    dashboard
}

/// Saves part of a dashboard as the client does.
fn save(browser: &Browser, dashboard: &mut Value, change: Value) {
    let mut body = change;
    body["id"] = dashboard["id"].clone();
    body["version"] = dashboard["version"].clone();
    let saved = browser.post(&format!("/api/dashboards/{}", dashboard["id"]), &body);
    for (member, value) in body.as_object().expect("an object") {
        if member != "version" {
            assert_eq!(&saved[member], value, "{member}");
        }
        dashboard[member] = saved[member].clone();
    }
    assert!(saved["widgets"].is_array() && saved["slug"].is_string(), "{saved}");
}

fn place(column: u8, row: u8) -> Value {
    json!({
        "autoHeight": false, "sizeX": 6, "sizeY": 3, "minSizeX": 1, "maxSizeX": 12,
        "minSizeY": 1, "maxSizeY": 1000, "col": column, "row": row,
    })
}

#[test]
fn the_web_client_edits_a_dashboard() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let query = new_query(&shop, &browser, "select id, amount from orders order by id");
        let made = browser.post("/api/dashboards", &json!({ "name": "Board" }));
        has(&made, &["id", "slug", "name", "user", "version", "options", "is_draft"]);
        let mut dashboard = load(&browser, &made["id"]);
        let id = dashboard["id"].clone();
        let table = &query["visualizations"][0]["id"];
        let mut widget = json!({
            "options": { "parameterMappings": {}, "isHidden": false, "position": place(0, 0) },
            "text": "", "width": 1, "dashboard_id": id, "visualization_id": table,
        });
        let added = browser.post("/api/widgets", &widget);
        has(&added, &["id", "width", "options", "dashboard_id", "text", "visualization"]);
        assert_eq!(added["options"], widget["options"], "places come back as they were sent");
        let shown = &added["visualization"];
        has(shown, &["id", "type", "name", "options", "query"]);
        has(&shown["query"], &["id", "name", "query", "options", "api_key", "data_source_id"]);
        // It saves a new widget again, and each that is moved.
        widget["id"] = added["id"].clone();
        widget["options"]["position"] = place(6, 3);
        let moved = browser.post(&format!("/api/widgets/{}", added["id"]), &widget);
        assert_eq!(moved["options"]["position"], place(6, 3));
        let text = json!({
            "options": { "isHidden": false, "position": place(0, 3) }, "text": "# Title",
            "width": 1, "dashboard_id": id, "visualization_id": null,
        });
        let text = browser.post("/api/widgets", &text);
        let change = json!({
            "options": text["options"], "text": "## Title", "id": text["id"], "width": 1,
            "dashboard_id": id,
        });
        let changed = browser.post(&format!("/api/widgets/{}", text["id"]), &change);
        assert_eq!(changed["text"], "## Title");
        browser.delete(&format!("/api/widgets/{}", text["id"]));

        save(&browser, &mut dashboard, json!({ "name": "Sales" }));
        browser.record("edit_name", "dashboard", &id);
        save(&browser, &mut dashboard, json!({ "tags": ["team", "sales"] }));
        save(&browser, &mut dashboard, json!({ "dashboard_filters_enabled": true }));
        save(&browser, &mut dashboard, json!({ "options": { "globalParamOrder": ["a"] } }));
        // Publishing comes without the version.
        let published = json!({ "is_draft": false, "id": id });
        let published = browser.post(&format!("/api/dashboards/{id}"), &published);
        assert_eq!(published["is_draft"], false);
        let now = load(&browser, &id);
        assert_eq!(now["widgets"].as_array().map(Vec::len), Some(1));
        assert_eq!(now["widgets"][0]["options"]["position"], place(6, 3));
        let by_slug = browser
            .get(&format!("/api/dashboards/{}?legacy", now["slug"].as_str().expect("a slug")));
        assert_eq!(by_slug["id"], id);

        assert_eq!(browser.post_nothing(&format!("/api/dashboards/{id}/favorite")), Value::Null);
        for list in ["", "/my", "/favorites"] {
            let path = format!("/api/dashboards{list}?order=-created_at&page=1&page_size=20");
            let found = browser.get(&path);
            has(&rows(&found)[0], &["id", "slug", "name", "user", "created_at", "tags"]);
            has_or_null(&rows(&found)[0], &["widgets"]);
        }
        browser.delete(&format!("/api/dashboards/{id}/favorite"));
        has(&browser.get("/api/dashboards/tags")["tags"][0], &["name", "count"]);
        let copy = browser.post(&format!("/api/dashboards/{id}/fork"), &json!({ "id": id }));
        has(&copy, &["id", "slug", "name", "options"]);
        let copied = load(&browser, &copy["id"]);
        assert_eq!(copied["widgets"][0]["visualization"]["id"], *table);
        let archived = browser.delete(&format!("/api/dashboards/{id}"));
        assert_eq!(archived["is_archived"], true);
    }
}

#[test]
fn the_web_client_shows_a_dashboard_behind_its_link() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let query = new_query(&shop, &browser, "select id from orders order by id");
        let board = browser.post("/api/dashboards", &json!({ "name": "Board" }));
        let path = format!("/api/dashboards/{}", board["id"]);
        browser.post(
            "/api/widgets",
            &json!({
                "options": { "isHidden": false, "position": place(0, 0) }, "text": "", "width": 1,
                "dashboard_id": board["id"], "visualization_id": query["visualizations"][0]["id"],
            }),
        );
        let link = browser.post_nothing(&format!("{path}/share"));
        let token = link["api_key"].as_str().expect("a token");
        assert!(link["public_url"].as_str().expect("an address").contains(token));
        assert_eq!(load(&browser, &board["id"])["public_url"], link["public_url"]);

        let guest = Browser::open(&shop.server);
        guest.page(&format!("/public/dashboards/{token}"));
        guest.get("/api/config");
        let public = guest.get(&format!("/api/dashboards/public/{token}"));
        has(&public, &["name", "widgets", "dashboard_filters_enabled", "options"]);
        let widget = &public["widgets"][0];
        has(widget, &["id", "width", "options", "visualization"]);
        has(&widget["visualization"], &["type", "name", "options", "query"]);
        let query = &widget["visualization"]["query"];
        has(query, &["id", "name", "options"]);
        let holder = shop.server.anonymous().with_key(token);
        let results = format!("/api/queries/{}/results", query["id"]);
        let ask = json!({
            "id": query["id"], "parameters": {}, "apply_auto_limit": false, "max_age": 0
        });
        let started = holder.post(&results, &ask).expect("answers").ok().expect("good");
        shop.admin.finish(&started).expect("ends");
        let job = format!("/api/queries/{}/jobs/{}", query["id"], {
            started["job"]["id"].as_str().expect("a job")
        });
        let job = holder.get(&job).expect("answers").ok().expect("good");
        assert_eq!(job["job"]["status"], 3);
        // Without a session it asks for the rows once more, by the query.
        let ask = json!({ "queryId": query["id"], "parameters": {} });
        let found = holder.post(&results, &ask).expect("answers").ok().expect("good");
        assert_eq!(found["query_result"]["data"]["rows"][0], json!({ "id": 1 }));
        assert_eq!(browser.delete(&format!("{path}/share")), Value::Null);
        assert_eq!(load(&browser, &board["id"]).get("public_url"), None);
    }
}
