//! Start, setup, health, demo and end.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;
use tessera_e2e::{ENGINES, options};
use tessera_testkit::server::{Options, PASSWORD, Server};

#[test]
fn a_fresh_server_is_alive_ready_and_wants_its_setup() {
    let server = Server::start(Options::default()).expect("starts");
    let nobody = server.anonymous();
    assert_eq!(nobody.get("/healthz").expect("answers").status, 200);
    assert_eq!(nobody.get("/readyz").expect("answers").status, 200);
    assert_eq!(nobody.get("/ping").expect("answers").text(), "PONG.");
    let metrics = nobody.get("/metrics").expect("answers").text();
    assert!(metrics.contains("tessera_http_requests_total"), "{metrics}");
    assert!(server.setup_token().is_some_and(|token| token.len() >= 20));
    let secrets = std::fs::metadata(server.data().join("secrets.toml")).expect("there");
    assert_eq!(secrets.permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_setup_needs_its_token_and_happens_once() {
    let server = Server::start(Options::default()).expect("starts");
    let nobody = server.anonymous();
    let mut body = json!({
        "name": "Mallory", "email": "mallory@example.com", "password": PASSWORD, "organization": "Evil",
    });
    let refused = nobody.post("/v1/setup", &body).expect("answers");
    assert_eq!(refused.status, 403, "{}", refused.text());
    body["org_name"] = json!("Evil");
    body["setup_token"] = json!("wrong");
    assert_eq!(nobody.post("/setup", &body).expect("answers").status, 403);
    server.do_setup().expect("the operator may");
    body["setup_token"] = json!(server.setup_token());
    let again = nobody.post("/setup", &body).expect("answers");
    assert!(again.status >= 300, "a second setup: {}", again.text());
    let sign_in = json!({ "email": "mallory@example.com", "password": PASSWORD });
    assert_eq!(nobody.post("/v1/session", &sign_in).expect("answers").status, 401);
}

#[test]
fn a_short_password_is_refused_by_the_setup() {
    let server = Server::start(Options::default()).expect("starts");
    let body = json!({
        "name": "Ada", "email": "ada@example.com", "password": "ninechars", "organization": "Acme",
    });
    let headers = [("x-setup-token", server.setup_token().expect("a token"))];
    let bytes = Some(body.to_string().into_bytes());
    let answer = server
        .anonymous()
        .send("POST", "/v1/setup", Some("application/json"), bytes, &headers)
        .expect("answers");
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert_eq!(answer.json()["field"], "password");
}

#[test]
fn the_demo_is_made_once_and_keeps_what_was_changed() {
    for engine in ENGINES {
        let options = Options { demo: true, ..options(engine).expect("an engine") };
        let server = Server::start(options).expect("starts");
        let ready = server.ready().clone();
        for field in ["url", "email", "password", "api_key"] {
            assert!(ready[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {ready}");
        }
        let admin = server.demo_admin().expect("a demo");
        let queries = admin.get("/api/queries").expect("answers").ok().expect("good");
        let count = queries["count"].as_i64().expect("a count");
        assert!(count >= 5, "{queries}");
        let first = &queries["results"][0]["id"];
        let name = json!({ "name": "Renamed by a visitor" });
        admin.post(&format!("/api/queries/{first}"), &name).expect("answers").ok().expect("good");
        let server = server.stop_and_restart().expect("starts again");
        assert_eq!(server.ready()["api_key"], ready["api_key"], "{engine:?}");
        assert_eq!(server.ready()["password"], ready["password"]);
        let admin = server.demo_admin().expect("a demo");
        let again = admin.get("/api/queries").expect("answers").ok().expect("good");
        assert_eq!(again["count"].as_i64(), Some(count));
        let renamed =
            admin.get(&format!("/api/queries/{first}")).expect("answers").ok().expect("good");
        assert_eq!(renamed["name"], "Renamed by a visitor");
        let boards = admin.get("/api/dashboards").expect("answers").ok().expect("good");
        assert_eq!(boards["count"].as_i64(), Some(1));
    }
}

#[test]
fn a_wrong_setting_stops_the_start_and_is_named() {
    let error = match Server::start(Options::default().with("JOBS_WORKERZ", "3")) {
        Ok(_) => panic!("it started"),
        Err(error) => format!("{error:#}"),
    };
    assert!(error.contains("workerz"), "{error}");
}
