//! Sessions act only for our own pages.

use serde_json::json;
use tessera_testkit::server::{Options, PASSWORD, Server};

#[test]
fn a_session_acts_only_with_its_token_and_from_its_own_site() {
    let (server, _admin) = Server::set_up(Options::default()).expect("starts");
    let browser = server.anonymous();
    let sign_in = json!({ "email": "admin@example.com", "password": PASSWORD });
    let answer = browser.post("/v1/session", &sign_in).expect("answers");
    assert_eq!(answer.status, 201, "{}", answer.text());
    let cookies: Vec<&str> = answer
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie")
        .map(|(_, value)| value.as_str())
        .collect();
    let session = cookies.iter().find(|cookie| cookie.starts_with("session=")).expect("a session");
    assert!(session.contains("HttpOnly") && session.contains("SameSite=Lax"), "{session}");
    let token = cookies
        .iter()
        .find_map(|cookie| cookie.strip_prefix("csrf_token=")?.split(';').next())
        .expect("a token");
    let make = |headers: &[(&str, &str)]| {
        let body = json!({ "name": "Board" }).to_string().into_bytes();
        browser
            .send("POST", "/api/dashboards", Some("application/json"), Some(body), headers)
            .expect("answers")
    };
    let own = server.url();
    assert_eq!(make(&[("x-csrf-token", token)]).status, 200);
    assert_eq!(make(&[("x-csrf-token", token), ("origin", own)]).status, 200);
    for headers in [
        vec![],
        vec![("x-csrf-token", "wrong")],
        vec![("x-csrf-token", token), ("origin", "http://evil.example")],
        vec![("x-csrf-token", token), ("origin", "null")],
        vec![("x-csrf-token", token), ("sec-fetch-site", "cross-site")],
    ] {
        let answer = make(&headers);
        assert!(matches!(answer.status, 400 | 403), "{headers:?}: {}", answer.status);
        assert!(answer.text().contains("CSRF"), "{headers:?}: {}", answer.text());
    }
    let boards = browser.get("/api/dashboards").expect("answers").ok().expect("good");
    assert_eq!(boards["count"], 2);
}

#[test]
fn a_key_neither_needs_a_token_nor_gets_a_session() {
    let (server, admin) = Server::set_up(Options::default()).expect("starts");
    let answer = admin.post("/api/dashboards", &json!({ "name": "Board" })).expect("answers");
    assert_eq!(answer.status, 200);
    let session = answer
        .headers
        .iter()
        .any(|(name, value)| name == "set-cookie" && value.starts_with("session="));
    assert!(!session, "a key must not become a session");
    drop(server);
}

#[test]
fn guessing_a_password_is_slowed_down() {
    let options = Options::default().with("LIMITS_LOGIN_ATTEMPTS_PER_HOUR", "3");
    let (server, _) = Server::set_up(options).expect("starts");
    let nobody = server.anonymous();
    let wrong = json!({ "email": "admin@example.com", "password": "not the password" });
    let statuses: Vec<u16> =
        (0..4).map(|_| nobody.post("/v1/session", &wrong).expect("answers").status).collect();
    assert_eq!(statuses[0], 401, "{statuses:?}");
    assert_eq!(statuses[3], 429, "{statuses:?}");
    let last = nobody.post("/v1/session", &wrong).expect("answers");
    let wait: u64 = last.header("retry-after").and_then(|text| text.parse().ok()).expect("seconds");
    assert!(wait > 60);
}
