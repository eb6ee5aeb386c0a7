//! Guessing: many addresses at one account, and telling whether an account exists.

use std::time::Instant;

use serde_json::json;
use tessera_e2e::{Engine, options};
use tessera_testkit::server::{PASSWORD, Server};

fn from(server: &Server, address: &str, email: &str, password: &str) -> u16 {
    let body = json!({ "email": email, "password": password }).to_string().into_bytes();
    let headers = [("x-forwarded-for", address)];
    let kind = Some("application/json");
    let answer = server.anonymous().send("POST", "/v1/session", kind, Some(body), &headers);
    answer.expect("answers").status
}

#[test]
fn a_guess_from_many_addresses_is_slowed_and_its_victim_is_not_locked_out() {
    let options = options(Engine::Sqlite)
        .expect("an engine")
        .with("SERVER_TRUSTED_PROXIES", "[\"127.0.0.1\"]")
        .with("LIMITS_ACCOUNT_ATTEMPTS_PER_HOUR", "4");
    let (server, _) = Server::set_up(options).expect("starts");
    let home = "198.51.100.7";
    assert_eq!(from(&server, home, "admin@example.com", PASSWORD), 201);
    for email in ["admin@example.com", "nobody@example.com"] {
        let statuses: Vec<u16> = (0..8)
            .map(|number| from(&server, &format!("203.0.113.{number}"), email, "a wrong guess"))
            .collect();
        assert_eq!(statuses[7], 429, "{email}: {statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 401 | 429)), "{statuses:?}");
    }
    assert_eq!(from(&server, "203.0.113.99", "admin@example.com", PASSWORD), 429);
    assert_eq!(from(&server, home, "admin@example.com", PASSWORD), 201, "an address that is known");
}

#[test]
fn an_unknown_account_and_a_wrong_password_give_the_same_answer_in_the_same_time() {
    let options = options(Engine::Sqlite).expect("an engine").with("LIMITS_ENABLED", "false");
    let (server, _) = Server::set_up(options).expect("starts");
    let ask = |email: &str| {
        let body = json!({ "email": email, "password": "a wrong guess" });
        let begun = Instant::now();
        let answer = server.anonymous().post("/v1/session", &body).expect("answers");
        let mut told = answer.json();
        told["instance"] = json!("");
        (begun.elapsed(), answer.status, told)
    };
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..9 {
        let known = ask("admin@example.com");
        let unknown = ask("nobody@example.com");
        assert_eq!((known.1, &known.2), (unknown.1, &unknown.2));
        times[0].push(known.0);
        times[1].push(unknown.0);
    }
    let [known, unknown] = times.map(|mut times| {
        times.sort_unstable();
        times[4].as_secs_f64()
    });
    assert!((0.5..2.0).contains(&(known / unknown)), "{known} s and {unknown} s");
}
