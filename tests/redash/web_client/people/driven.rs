//! Programs that drive the web client in a browser, or prepare a server for it: what they look for in
//! the pages of the server itself, and what they send.

use serde_json::{Value, json};
use tessera_testkit::server::PASSWORD;

use super::super::{Browser, has};
use crate::shops;

/// A form in parts, as such programs send it.
fn parts(fields: &[(&str, &str)]) -> Vec<u8> {
    let part = |(name, value): &(&str, &str)| {
        format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    (fields.iter().map(part).collect::<String>() + "--edge--\r\n").into_bytes()
}

#[test]
fn a_program_signs_in_as_people_do() {
    let shop = shops().next().expect("an engine");
    let browser = Browser::open(&shop.server);
    let page = browser.send("GET", "/login", None, None).text();
    for mark in [
        "name=\"login\"",
        "id=\"inputEmail\" name=\"email\"",
        "id=\"inputPassword\" name=\"password\"",
        "data-test=\"Email\"",
        "data-test=\"Password\"",
        "<button type=\"submit\">Log in</button>",
    ] {
        assert!(page.contains(mark), "{mark}: {page}");
    }
    assert!(!browser.csrf_token.borrow().is_empty(), "the page gives a token");
    let kind = Some("multipart/form-data; boundary=edge");
    let wrong = parts(&[("email", "admin@example.com"), ("password", "wrong")]);
    let refused = browser.send("POST", "/login", kind, Some(wrong)).text();
    assert!(refused.contains("data-test=\"ErrorMessage\">Wrong email or password.</p>"));
    let right = parts(&[("email", "admin@example.com"), ("password", PASSWORD)]);
    assert_eq!(browser.send("POST", "/login", kind, Some(right)).status, 302);
    has(&browser.get("/api/session"), &["user", "client_config"]);

    // They have another name for the header with the token.
    let token = browser.csrf_token.replace(String::new());
    let body = json!({ "name": "Foo Bar" }).to_string().into_bytes();
    let send = |headers: &[(&str, &str)]| {
        let (path, kind) = ("/api/dashboards", Some("application/json"));
        let answer = browser.client.send("POST", path, kind, Some(body.clone()), headers);
        answer.expect("answers").status
    };
    assert_eq!(send(&[]), 400);
    assert_eq!(send(&[("x-csrftoken", "another")]), 400);
    assert_eq!(send(&[("x-csrftoken", &token)]), 200);
}

#[test]
fn a_program_prepares_what_the_web_client_shows() {
    for shop in shops() {
        let browser = Browser::signed_in(&shop);
        let query = browser.post(
            "/api/queries",
            &json!({
                "name": "Test Query", "query": "select 1 as col_name", "schedule": null,
                "data_source_id": shop.postgres, "options": { "parameters": [] },
            }),
        );
        browser.post(&format!("/api/queries/{}", query["id"]), &json!({ "is_draft": false }));
        let boards: Vec<Value> = (0..2)
            .map(|_| browser.post("/api/dashboards", &json!({ "name": "Foo Bar" })))
            .collect();
        assert_ne!(boards[0]["slug"], boards[1]["slug"]);
        let board = browser
            .get(&format!("/api/dashboards/{}?legacy", boards[1]["slug"].as_str().expect("one")));
        assert_eq!(board["id"], boards[1]["id"]);
        // A widget without a text, and with a place that lacks half of its members.
        let widget = json!({
            "width": 1, "dashboard_id": board["id"],
            "visualization_id": query["visualizations"][0]["id"],
            "options": { "position": { "col": 0, "row": 0, "sizeX": 3, "sizeY": 3 } },
        });
        let widget = browser.post("/api/widgets", &widget);
        has(&widget, &["id", "visualization", "options"]);
        // An alert in the words of old ones, of a query that never ran.
        let alert = json!({
            "query_id": query["id"], "name": "Alert", "options": {
                "column": "col_name", "op": "greater than", "rearm": 0, "value": 1,
            },
        });
        let alert = browser.post("/api/alerts", &alert);
        has(&alert, &["id", "query", "user", "options"]);
        // The client shows the sign for the words, and saves it.
        let mut saved = browser.get(&format!("/api/alerts/{}", alert["id"]));
        saved["options"]["op"] = json!("=");
        saved["query_id"] = query["id"].clone();
        saved.as_object_mut().expect("an object").remove("query");
        browser.post(&format!("/api/alerts/{}", alert["id"]), &saved);
        let run = json!({ "id": query["id"], "parameters": {}, "max_age": 0 });
        let started = browser.post(&format!("/api/queries/{}/results", query["id"]), &run);
        shop.admin.finish(&started).expect("ends");
        assert_eq!(browser.post_nothing(&format!("/api/alerts/{}/eval", alert["id"])), Value::Null);
        let state = browser.get(&format!("/api/alerts/{}", alert["id"]))["state"].clone();
        assert_eq!(state, "triggered");
        // A person comes in by the link in the answer.
        let user = browser
            .post("/api/users", &json!({ "name": "Example User", "email": "user@example.com" }));
        let link = user["invite_link"].as_str().expect("a link").to_owned();
        let path = link.strip_prefix(shop.server.url()).expect("an address of this server");
        let guest = Browser::open(&shop.server);
        let form = serde_urlencoded::to_string([("password", "password of theirs")]);
        let kind = Some("application/x-www-form-urlencoded");
        let answer = guest.send("POST", path, kind, Some(form.expect("a form").into_bytes()));
        assert_eq!((answer.status, answer.header("location")), (302, Some("/")));
        assert_eq!(guest.get("/api/session")["user"]["id"], user["id"]);
        let taken = json!({ "name": "Example User", "email": "user@example.com" });
        let bytes = taken.to_string().into_bytes();
        let taken = browser.send("POST", "/api/users", Some("application/json"), Some(bytes));
        assert_eq!(
            (taken.status, taken.json()["message"].as_str()),
            (400, Some("Email already taken."))
        );
    }
}
