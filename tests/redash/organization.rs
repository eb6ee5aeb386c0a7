//! Snippets, events, settings of the organisation, frames, and the short name in paths.

use serde_json::{Value, json};
use tessera_e2e::{Engine, Shop, options};

use crate::{run, shops};

const SETTINGS: &str = "/api/settings/organization";

fn set(shop: &Shop, change: &Value) -> Value {
    shop.admin.post(SETTINGS, change).expect("answers").ok().expect("good")["settings"].clone()
}

#[test]
fn settings_change_files_and_what_clients_are_told() {
    for shop in shops() {
        let text = "select date '2020-02-03' as d, timestamp '2020-02-03 04:05:06' as t";
        let query = shop.query(shop.postgres, text, json!([])).expect("made");
        run(&shop, &query, &json!({ "max_age": 0 }));
        let file = format!("/api/queries/{}/results.csv", query["id"]);
        let csv = || shop.admin.get(&file).expect("answers").text();
        assert_eq!(csv(), "d,t\r\n03/02/20,03/02/20 04:05\r\n");
        let set_to = json!({ "date_format": "YYYY-MM-DD", "time_format": "HH:mm:ss" });
        assert_eq!(set(&shop, &set_to)["date_format"], "YYYY-MM-DD");
        assert_eq!(csv(), "d,t\r\n2020-02-03,2020-02-03 04:05:06\r\n", "also from memory");
        let session = shop.admin.get("/api/session").expect("answers").json();
        let config = &session["client_config"];
        assert_eq!(config["dateTimeFormat"], "YYYY-MM-DD HH:mm:ss");
        let iso = json!({ "iso_dates_in_files": true, "hide_plotly_mode_bar": true });
        let own = shop.admin.request("PATCH", "/v1/organization", Some(&iso)).expect("answers");
        assert_eq!(own.ok().expect("good")["date_format"], "YYYY-MM-DD");
        assert_eq!(csv(), "d,t\r\n2020-02-03,2020-02-03T04:05:06\r\n");
        let config = shop.server.anonymous().get("/api/config").expect("answers").json();
        assert_eq!(config["client_config"]["hidePlotlyModeBar"], true);
        let back = json!({
            "date_format": null, "time_format": null, "iso_dates_in_files": null
        });
        assert_eq!(set(&shop, &back)["date_format"], "DD/MM/YY");
        assert_eq!(csv(), "d,t\r\n03/02/20,03/02/20 04:05\r\n");
    }
}

#[test]
fn settings_are_for_administrators_and_refuse_what_they_cannot_do() {
    let shop = Shop::open(options(Engine::Sqlite).expect("an engine")).expect("opens");
    let (bob, _) = shop.user("bob").expect("made");
    for answer in [bob.get(SETTINGS), bob.post(SETTINGS, &json!({})), bob.get("/v1/organization")] {
        assert_eq!(answer.expect("answers").status, 403);
    }
    for wrong in [
        json!({ "bogus": 1 }),
        json!({ "date_format": 5 }),
        json!({ "auth_saml_enabled": true }),
        json!({ "auth_jwt_login_enabled": true }),
        // There is no other way to sign in.
        json!({ "auth_password_login_enabled": false }),
    ] {
        let refused = shop.admin.post(SETTINGS, &wrong).expect("answers");
        assert_eq!(refused.status, 400, "{wrong}: {}", refused.text());
    }
    // The page of settings sends everything back.
    let all = shop.admin.get(SETTINGS).expect("answers").json()["settings"].clone();
    assert_eq!(set(&shop, &all), all);
}

#[test]
fn public_links_end_while_the_organisation_wants_none() {
    for shop in shops() {
        let query = shop.query(shop.sqlite, "select 1 as n", json!([])).expect("made");
        let board = shop.admin.post("/api/dashboards", &json!({ "name": "Open" }));
        let board = board.expect("answers").ok().expect("good");
        let widget = json!({
            "dashboard_id": board["id"], "visualization_id": query["visualizations"][0]["id"],
            "text": "", "width": 1, "options": {}
        });
        shop.admin.post("/api/widgets", &widget).expect("answers").ok().expect("good");
        let share = format!("/api/dashboards/{}/share", board["id"]);
        let shared = shop.admin.post(&share, &json!({})).expect("answers").ok().expect("good");
        let key = shared["api_key"].as_str().expect("a key");
        let anybody = shop.server.anonymous();
        let data = format!("/api/dashboards/public/{key}");
        let page = format!("/public/dashboards/{key}");
        assert_eq!(anybody.get(&data).expect("answers").status, 200);
        set(&shop, &json!({ "disable_public_urls": true }));
        let refused = anybody.get(&data).expect("answers");
        assert_eq!(
            (refused.status, &refused.json()["message"]),
            (400, &json!("Public URLs are disabled."))
        );
        assert_eq!(anybody.get(&page).expect("answers").status, 400);
        let holder = shop.server.anonymous().with_key(key);
        let results = format!("/api/queries/{}/results", query["id"]);
        assert_eq!(holder.post(&results, &json!({})).expect("answers").status, 400);
        set(&shop, &json!({ "disable_public_urls": false }));
        assert_eq!(anybody.get(&data).expect("answers").status, 200);
        let listed = holder.get("/api/queries").expect("answers").ok().expect("good");
        assert_eq!(listed["count"], 0, "the key of a dashboard lists nothing");
    }
}

#[test]
fn everybody_reads_snippets_and_their_owner_changes_them() {
    for shop in shops() {
        let (bob, id) = shop.user("bob").expect("made");
        let body = json!({ "trigger": "sel", "description": "d", "snippet": "select ${1:x}" });
        let made = bob.post("/api/query_snippets", &body).expect("answers").ok().expect("good");
        assert_eq!(made["user"]["id"], json!(id));
        let taken = shop.admin.post("/api/query_snippets", &body).expect("answers");
        assert_eq!(
            (taken.status, taken.json()),
            (400, json!({ "message": "Trigger already taken." }))
        );
        let (eve, _) = shop.user("eve").expect("made");
        let one = format!("/api/query_snippets/{}", made["id"]);
        assert_eq!(eve.get(&one).expect("answers").json(), made);
        let change = json!({ "description": "d2" });
        let refused = eve.post(&one, &change).expect("answers");
        assert_eq!(refused.status, 403);
        assert_eq!(refused.json()["message"], "You don't have permission to edit this resource.");
        let changed = bob.post(&one, &change).expect("answers").ok().expect("good");
        assert_eq!((&changed["description"], &changed["trigger"]), (&json!("d2"), &json!("sel")));
        let own = eve.get("/v1/snippets").expect("answers").ok().expect("good");
        assert_eq!(own["data"][0]["text"], "select ${1:x}");
        let path = format!("/v1/snippets/{}", made["id"]);
        let text = json!({ "text": "select 1" });
        assert_eq!(eve.request("PATCH", &path, Some(&text)).expect("answers").status, 403);
        shop.admin.request("PATCH", &path, Some(&text)).expect("answers").ok().expect("good");
        assert_eq!(eve.delete(&one).expect("answers").status, 403);
        assert_eq!(shop.admin.delete(&one).expect("answers").json(), Value::Null);
        assert_eq!(bob.get(&one).expect("answers").status, 404);
    }
}

#[test]
fn events_are_told_by_clients_noted_by_the_server_and_kept() {
    for shop in shops() {
        let (bob, id) = shop.user("bob").expect("made");
        let event = json!([{ "action": "view", "object_type": "page", "object_id": "home" }]);
        assert_eq!(bob.post("/api/events", &event).expect("answers").json(), Value::Null);
        for wrong in [json!({}), json!([1]), json!([{ "action": "view" }])] {
            assert_eq!(bob.post("/api/events", &wrong).expect("answers").status, 400);
        }
        let query = shop.query(shop.sqlite, "select 1 as n", json!([])).expect("made");
        let key = query["api_key"].as_str().expect("a key");
        let holder = shop.server.anonymous().with_key(key);
        assert_eq!(holder.post("/api/events", &event).expect("answers").status, 404);
        assert_eq!(bob.get("/api/events").expect("answers").status, 403);
        let read = |shop: &Shop| {
            shop.admin.get("/api/events?page_size=250").expect("answers").ok().expect("good")
        };
        let found = read(&shop);
        let all = found["results"].as_array().expect("a list").clone();
        let viewed = all.iter().find(|one| one["action"] == "view").expect("it was told");
        assert_eq!((&viewed["user_id"], &viewed["user_name"]), (&json!(id), &json!("bob")));
        assert_eq!(viewed["details"], json!({ "page": "home" }));
        let made =
            all.iter().find(|one| one["action"] == "create" && one["object_type"] == "query");
        assert_eq!(made.expect("it was noted")["object_id"], query["id"].to_string());
        let own = shop.admin.get(&format!("/v1/activity?user_id={id}")).expect("answers");
        assert_eq!(own.ok().expect("good")["total"], 1);
        let count = found["count"].clone();
        let Shop { server, admin, .. } = shop;
        let server = server.stop_and_restart().expect("starts again");
        let admin = server.anonymous().with_key(admin.key());
        let again = admin.get("/api/events").expect("answers").ok().expect("good");
        assert_eq!(again["count"], count);
    }
}

#[test]
fn the_short_name_stands_in_front_of_paths_links_and_places() {
    let options = options(Engine::Sqlite).expect("an engine").with("SERVER_MULTI_ORG", "true");
    let shop = Shop::open(options).expect("opens");
    let session = shop.admin.get("/default/api/session").expect("answers").ok().expect("good");
    let base = session["client_config"]["basePath"].as_str().expect("a text").to_owned();
    assert!(base.ends_with("/default/"), "{base}");
    assert_eq!(shop.admin.get("/other/api/session").expect("answers").status, 404);
    assert_eq!(shop.admin.get("/queries/1").expect("answers").status, 404, "a page is below it");
    let anybody = shop.server.anonymous();
    let away = anybody.get("/default/queries/1").expect("answers");
    let place = away.header("location").expect("a place");
    assert!(place.starts_with("/default/login?next="), "{place}");
    let page = anybody.get("/default/login").expect("answers").text();
    assert!(page.contains("action=\"/default/login"), "{page}");
    let body = json!({ "name": "Open" });
    let board =
        shop.admin.post("/default/api/dashboards", &body).expect("answers").ok().expect("good");
    let share = format!("/default/api/dashboards/{}/share", board["id"]);
    let shared = shop.admin.post(&share, &json!({})).expect("answers").ok().expect("good");
    let link = shared["public_url"].as_str().expect("a link");
    assert!(link.contains("/default/public/dashboards/"), "{link}");
    let path = link.split_once("/default/").expect("the short name").1;
    assert_eq!(anybody.get(&format!("/default/{path}")).expect("answers").status, 200);
    // Machines go on without it.
    shop.admin.get("/v1/session").expect("answers").ok().expect("good");
    assert_eq!(anybody.get("/ping").expect("answers").text(), "PONG.");
}

#[test]
fn only_pages_of_allowed_origins_may_frame_what_is_public() {
    let origins = "[\"https://intranet.example\"]";
    let options = options(Engine::Sqlite).expect("an engine").with("SERVER_FRAME_ORIGINS", origins);
    let shop = Shop::open(options).expect("opens");
    let board = shop.admin.post("/api/dashboards", &json!({ "name": "Open" }));
    let board = board.expect("answers").ok().expect("good");
    let share = format!("/api/dashboards/{}/share", board["id"]);
    let shared = shop.admin.post(&share, &json!({})).expect("answers").ok().expect("good");
    let page = format!("/public/dashboards/{}", shared["api_key"].as_str().expect("a key"));
    let anybody = shop.server.anonymous();
    let open = anybody.get(&page).expect("answers");
    let policy = open.header("content-security-policy").expect("a policy");
    assert!(policy.contains("frame-ancestors https://intranet.example"), "{policy}");
    assert_eq!(open.header("x-frame-options"), None);
    let closed = anybody.get("/login").expect("answers");
    assert_eq!(closed.header("x-frame-options"), Some("DENY"));
    let policy = closed.header("content-security-policy").expect("a policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
}
