//! Invitations and resets: one use, a limited time, and void after a newer one or a new password.

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, options};
use tessera_testkit::client::Client;
use tessera_testkit::server::Server;

use crate::browser::{Browser, person};

const PASSWORD: &str = "a long enough one";

fn reset(admin: &Client, user: i64) -> Value {
    let path = format!("/v1/users/{user}/password-reset");
    admin.post(&path, &json!({})).expect("answers").ok().expect("made")["token"].clone()
}

fn accept(server: &Server, path: &str, token: &Value, password: &str) -> u16 {
    let body = json!({ "token": token, "password": password });
    server.anonymous().post(path, &body).expect("answers").status
}

#[test]
fn of_many_who_use_a_link_at_the_same_time_one_gets_in() {
    for engine in ENGINES {
        let (server, admin) = Server::set_up(options(engine).expect("an engine")).expect("starts");
        let body = json!({ "name": "Ada", "email": "ada@example.com" });
        let made = admin.post("/v1/users", &body).expect("answers").ok().expect("made");
        let token = &made["invitation"]["token"];
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let attempts: Vec<_> = (0..6)
                .map(|number| {
                    let server = &server;
                    scope.spawn(move || {
                        let password = format!("password number {number}");
                        accept(server, "/v1/invitations/accept", token, &password)
                    })
                })
                .collect();
            attempts.into_iter().map(|attempt| attempt.join().expect("ends")).collect()
        });
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 201 | 404)), "{statuses:?}");
    }
}

#[test]
fn a_link_is_void_after_a_newer_one_a_new_password_or_its_time() {
    for engine in ENGINES {
        let (server, admin) = Server::set_up(options(engine).expect("an engine")).expect("starts");
        let ada = person(&server, &admin, "ada", PASSWORD).expect("added");
        let path = "/v1/password-resets/accept";
        let (old, newer) = (reset(&admin, ada), reset(&admin, ada));
        assert_eq!(accept(&server, path, &old, "another long one"), 404, "a newer one");
        let mut browser = Browser::new(&server);
        browser.sign_in("ada@example.com", PASSWORD).expect("answers");
        let change = json!({ "password": "a second long one", "old_password": PASSWORD });
        browser.change("PATCH", "/v1/users/self", &change).expect("answers").ok().expect("changed");
        assert_eq!(accept(&server, path, &newer, "another long one"), 404, "a new password");
        let third = reset(&admin, ada);
        assert_eq!(accept(&server, path, &third, "short"), 422, "not used up by a refusal");
        assert_eq!(accept(&server, path, &third, "another long one"), 201);
        assert_eq!(accept(&server, path, &third, "another long one"), 404, "used");
        let fourth = reset(&admin, ada);
        let disabled = format!("/v1/users/{ada}/disabled");
        admin.request("PUT", &disabled, None).expect("answers").ok().expect("disabled");
        assert_eq!(accept(&server, path, &fourth, "another long one"), 404, "shut out");
        let options = options(engine).expect("an engine").with("SESSIONS_LINK_SECONDS", "0");
        let (server, admin) = Server::set_up(options).expect("starts");
        let body = json!({ "name": "Ada", "email": "ada@example.com" });
        let made = admin.post("/v1/users", &body).expect("answers").ok().expect("made");
        let token = &made["invitation"]["token"];
        assert_eq!(accept(&server, "/v1/invitations/accept", token, PASSWORD), 404, "over");
    }
}

#[test]
fn links_are_made_and_tried_only_so_often() {
    let options = options(tessera_e2e::Engine::Sqlite).expect("an engine");
    let (server, admin) =
        Server::set_up(options.with("LIMITS_RESET_LINKS_PER_HOUR", "3")).expect("starts");
    let ada = person(&server, &admin, "ada", PASSWORD).expect("added");
    let path = format!("/v1/users/{ada}/password-reset");
    let made: Vec<u16> =
        (0..4).map(|_| admin.post(&path, &json!({})).expect("answers").status).collect();
    assert_eq!(made, [201, 201, 201, 429]);
    let tried: Vec<u16> = (0..4)
        .map(|_| accept(&server, "/v1/password-resets/accept", &json!("x"), PASSWORD))
        .collect();
    assert_eq!(tried, [404, 404, 404, 429]);
}
