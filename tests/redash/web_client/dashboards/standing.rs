//! The standing of a dashboard: published, archived, shared with editors, changed by two at once.

use serde_json::{Value, json};
use tessera_e2e::Shop;
use tessera_testkit::client::Client;

use super::super::queries::new_query;
use super::super::{Browser, has};
use super::{load, place};
use crate::shops;

/// A change as the page sends it; `version` is the one that it read, if it tells one.
fn change(id: &Value, version: Option<&Value>, members: Value) -> Value {
    let mut body = members;
    body["id"] = id.clone();
    if let Some(version) = version {
        body["version"] = version.clone();
    }
    body
}

#[test]
fn the_web_client_goes_on_editing_what_it_published_archived_and_took_back() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let made = browser.post("/api/dashboards", &json!({ "name": "Board" }));
        let (id, path) = (made["id"].clone(), format!("/api/dashboards/{}", made["id"]));
        let seen = load(&browser, &id)["version"].clone();
        // These come without the version, and the page keeps the one that it has.
        for state in [json!({ "is_draft": false }), json!({ "is_draft": true })] {
            assert_eq!(browser.post(&path, &change(&id, None, state.clone()))["id"], id);
        }
        let named = change(&id, Some(&seen), json!({ "name": "Sales" }));
        let named = browser.post(&path, &named);
        has(&named, &["version", "slug"]);
        let seen = named["version"].clone();
        assert_eq!(browser.delete(&path)["is_archived"], true);
        let back = browser.post(&path, &change(&id, None, json!({ "is_archived": false })));
        assert_eq!(back["is_archived"], false);
        // "Done editing" stores the values of the dashboard's parameters.
        let options = json!({ "options": { "globalParamOrder": ["n"], "parameters": [
            { "name": "n", "title": "n", "type": "number", "value": 5, "global": false },
        ] } });
        let done = browser.post(&path, &change(&id, Some(&seen), options.clone()));
        assert_eq!(done["options"], options["options"]);

        // Whoever changed it meanwhile is not overwritten, published since or not.
        let stale = change(&id, Some(&seen), json!({ "tags": ["mine"] }));
        let refused = || {
            let bytes = stale.to_string().into_bytes();
            browser.send("POST", &path, Some("application/json"), Some(bytes)).status
        };
        assert_eq!(refused(), 409);
        browser.post(&path, &change(&id, None, json!({ "is_draft": false })));
        let exact = json!({ "name": "Exact", "version": load(&browser, &id)["version"] });
        browser.post(&path, &change(&id, None, json!({ "is_draft": true })));
        let exact = exact.to_string().into_bytes();
        let kind = Some("application/json");
        let native = format!("/v1/dashboards/{id}");
        let native = shop.admin.send("PATCH", &native, kind, Some(exact), &[]).expect("answers");
        assert_eq!(native.status, 409, "elsewhere a version means itself: {}", native.text());
        assert_eq!(refused(), 409);
        let seen = load(&browser, &id)["version"].clone();
        browser.post(&path, &change(&id, Some(&seen), json!({ "tags": ["mine"] })));
        let later = change(&id, Some(&json!(1000)), json!({ "tags": [] }));
        let bytes = later.to_string().into_bytes();
        let answer = browser.send("POST", &path, Some("application/json"), Some(bytes));
        assert_eq!(answer.status, 409);
    }
}

/// One who reaches no data source, as an editor of a dashboard.
fn editor_without_data(shop: &Shop, browser: &Browser, dashboard: &Value) -> Client {
    let (carol, id) = shop.user("carol").expect("made");
    let group = browser.post("/api/groups", &json!({ "name": "outside" }));
    let user = json!({ "id": id, "group_ids": [group["id"]] });
    browser.post(&format!("/api/users/{id}"), &user);
    let acl = format!("/api/dashboards/{dashboard}/acl");
    browser.post(&acl, &json!({ "access_type": "modify", "user_id": id }));
    has(&browser.get(&acl)["modify"][0], &["id", "name", "profile_image_url", "email"]);
    carol
}

#[test]
fn the_web_client_moves_a_widget_whose_content_is_closed_to_it() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let query = new_query(&shop, &browser, "select id from orders order by id");
        let board = browser.post("/api/dashboards", &json!({ "name": "Board" }));
        let widget = json!({
            "options": { "parameterMappings": {}, "isHidden": false, "position": place(0, 0) },
            "text": "", "width": 1, "dashboard_id": board["id"],
            "visualization_id": query["visualizations"][0]["id"],
        });
        let widget = browser.post("/api/widgets", &widget);
        let carol = editor_without_data(&shop, &browser, &board["id"]);
        let shown = carol.get(&format!("/api/dashboards/{}", board["id"])).expect("answers");
        let shown = shown.ok().expect("good");
        let closed = &shown["widgets"][0];
        assert_eq!((&closed["restricted"], &shown["can_edit"]), (&json!(true), &json!(true)));
        assert_eq!((closed.get("text"), closed.get("visualization")), (None, None));
        has(closed, &["id", "width", "dashboard_id", "options"]);
        let mut options = closed["options"].clone();
        options["position"] = place(6, 3);
        let moved = json!({
            "options": options, "id": closed["id"], "width": closed["width"],
            "dashboard_id": closed["dashboard_id"],
        });
        let path = format!("/api/widgets/{}", widget["id"]);
        let moved = carol.post(&path, &moved).expect("answers").ok().expect("good");
        assert_eq!(moved["options"]["position"], place(6, 3));
        let now = load(&browser, &board["id"])["widgets"][0].clone();
        assert_eq!((&now["text"], &now["options"]), (&json!(""), &options));
        assert_eq!(now["visualization"]["id"], query["visualizations"][0]["id"]);
    }
}

#[test]
fn the_web_client_searches_without_an_order() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let board = browser.post("/api/dashboards", &json!({ "name": "Sales board" }));
        // While one searches, `order` has no value, so that the best hits come first.
        for list in ["dashboards", "dashboards/my"] {
            let path = format!("/api/{list}?order&page=1&page_size=20&q=sales");
            let found = browser.get(&path);
            assert_eq!(super::super::rows(&found)[0]["id"], board["id"], "{path}");
        }
        for list in ["dashboards/favorites", "queries", "queries/archive", "users"] {
            super::super::rows(&browser.get(&format!("/api/{list}?order&page=1&page_size=20&q=x")));
        }
        // An old link has the slug only; what is not there says so, and asks nobody to sign in.
        let by_slug = browser.get("/api/dashboards/sales-board?legacy");
        assert_eq!(by_slug["id"], board["id"]);
        let gone = browser.send("GET", "/api/dashboards/99999", None, None);
        let message = gone.json()["message"].as_str().expect("a text").to_owned();
        assert!(gone.status == 404 && !message.contains("Please login"), "{message}");
    }
}
