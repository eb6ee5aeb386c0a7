//! Second factors.

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Engine, options};
use tessera_testkit::server::Server;

use crate::browser::{Authenticator, Browser, form, person};

const PASSWORD: &str = "a long enough one";

/// A person with a second factor: a browser, the authenticator, the recovery codes.
fn enrolled(server: &Server, name: &str) -> (Browser, Authenticator, Vec<Value>) {
    let mut browser = Browser::new(server);
    let email = format!("{name}@example.com");
    assert_eq!(browser.sign_in(&email, PASSWORD).expect("answers").status, 201);
    let change = |path: &str, body: Value| browser.change("POST", path, &body).expect("answers");
    let wrong = change("/v1/second-factor", json!({ "password": "not the password" }));
    assert_eq!(wrong.status, 422, "{}", wrong.text());
    let told = change("/v1/second-factor", json!({ "password": PASSWORD })).ok().expect("begun");
    assert!(told["uri"].as_str().expect("an address").starts_with("otpauth://totp/"));
    assert!(told["qr_svg"].as_str().expect("a picture").starts_with("<svg"));
    let mut authenticator = Authenticator::new(&told["secret"]).expect("a secret");
    let status = browser.get("/v1/second-factor").expect("answers").ok().expect("good");
    assert_eq!(status["is_enabled"], false, "it counts once its first code was given");
    let code = authenticator.code().expect("a code");
    let done = change("/v1/second-factor/confirmation", json!({ "code": code }));
    let codes = done.ok().expect("confirmed")["recovery_codes"].clone();
    let codes = codes.as_array().expect("codes").clone();
    assert_eq!(codes.len(), 10);
    (browser, authenticator, codes)
}

#[test]
fn a_password_alone_opens_nothing_once_there_is_a_second_factor() {
    for engine in ENGINES {
        let (server, admin) = Server::set_up(options(engine).expect("an engine")).expect("starts");
        person(&server, &admin, "ada", PASSWORD).expect("added");
        let mut other = Browser::new(&server);
        other.sign_in("ada@example.com", PASSWORD).expect("answers");
        let (browser, mut authenticator, codes) = enrolled(&server, "ada");
        assert_eq!(other.email().expect("answers"), None, "other sessions end");
        assert!(browser.email().expect("answers").is_some(), "the own one goes on");

        let mut again = Browser::new(&server);
        let asked = again.sign_in("ada@example.com", PASSWORD).expect("answers");
        let problem = asked.json();
        assert_eq!((asked.status, &problem["code"]), (401, &json!("second_factor_required")));
        assert_eq!(again.email().expect("answers"), None);
        let challenge = &problem["challenge"]["token"];
        for wrong in ["000000", "", "abcdef", &authenticator.old_code().expect("a code")] {
            assert_eq!(again.code(challenge, wrong).expect("answers").status, 422, "{wrong}");
        }
        let code = authenticator.code().expect("a code");
        assert_eq!(again.code(challenge, &code).expect("answers").status, 201);
        assert_eq!(again.email().expect("answers").as_deref(), Some("ada@example.com"));
        // The challenge is spent, and so is the code.
        assert_eq!(again.code(challenge, &code).expect("answers").status, 401);
        let mut thief = Browser::new(&server);
        let asked = thief.sign_in("ada@example.com", PASSWORD).expect("answers").json();
        let challenge = &asked["challenge"]["token"];
        assert_eq!(thief.code(challenge, &code).expect("answers").status, 422, "a replay");
        // A recovery code works once.
        let recovery = codes[3].as_str().expect("a code").to_uppercase();
        assert_eq!(thief.code(challenge, &recovery).expect("answers").status, 201);
        let asked = thief.sign_in("ada@example.com", PASSWORD).expect("answers").json();
        let challenge = &asked["challenge"]["token"];
        assert_eq!(thief.code(challenge, &recovery).expect("answers").status, 422);
        let left = browser.get("/v1/second-factor").expect("answers").json();
        assert_eq!(left["recovery_codes_left"], 9);
        // Nothing of it is to be found in what is kept or logged.
        let log = server.log();
        assert!(!log.contains(&recovery.to_lowercase()) && !log.contains(&code));
    }
}

#[test]
fn five_wrong_codes_send_back_to_the_password() {
    let (server, admin) =
        Server::set_up(options(Engine::Sqlite).expect("an engine")).expect("starts");
    person(&server, &admin, "ada", PASSWORD).expect("added");
    let (_, mut authenticator, _) = enrolled(&server, "ada");
    let mut browser = Browser::new(&server);
    let asked = browser.sign_in("ada@example.com", PASSWORD).expect("answers").json();
    let challenge = &asked["challenge"]["token"];
    for _ in 0..5 {
        assert_eq!(browser.code(challenge, "000000").expect("answers").status, 422);
    }
    let code = authenticator.code().expect("a code");
    assert_eq!(browser.code(challenge, &code).expect("answers").status, 401, "the right one");
    let strange = json!("no such challenge");
    assert_eq!(browser.code(&strange, &code).expect("answers").status, 401);
}

#[test]
fn a_reset_link_does_not_go_around_the_second_factor() {
    let (server, admin) =
        Server::set_up(options(Engine::Sqlite).expect("an engine")).expect("starts");
    let id = person(&server, &admin, "ada", PASSWORD).expect("added");
    enrolled(&server, "ada");
    let path = format!("/v1/users/{id}/password-reset");
    let link = admin.post(&path, &json!({})).expect("answers").ok().expect("made");
    let body = json!({ "token": link["token"], "password": "another long one" });
    let browser = Browser::new(&server);
    let answer = browser.client.post("/v1/password-resets/accept", &body).expect("answers");
    assert_eq!(answer.json()["code"], "second_factor_required", "{}", answer.text());
    assert_eq!(browser.email().expect("answers"), None);
    // Through the page as well.
    let link = admin.post(&path, &json!({})).expect("answers").ok().expect("made");
    let path = format!("/reset/{}", link["token"].as_str().expect("a token"));
    let page = form(&browser.client, &path, &[("password", "a third long one")]).expect("answers");
    assert!(page.text().contains("one-time-code"), "{}", page.text());
    assert_eq!(browser.email().expect("answers"), None);
}

#[test]
fn an_administrator_resets_a_lost_factor_and_demands_one() {
    for engine in ENGINES {
        let (server, admin) = Server::set_up(options(engine).expect("an engine")).expect("starts");
        let id = person(&server, &admin, "ada", PASSWORD).expect("added");
        person(&server, &admin, "bob", PASSWORD).expect("added");
        let (browser, _, _) = enrolled(&server, "ada");
        let path = format!("/v1/users/{id}/second-factor");
        let mut bob = Browser::new(&server);
        bob.sign_in("bob@example.com", PASSWORD).expect("answers");
        assert_eq!(bob.change("DELETE", &path, &json!({})).expect("answers").status, 403);
        assert_eq!(admin.delete(&path).expect("answers").status, 204);
        assert_eq!(browser.email().expect("answers"), None, "sessions end");
        assert_eq!(admin.delete(&path).expect("answers").status, 404);

        let policy = "/v1/sign-in/policy";
        let required = json!({ "second_factor": "required" });
        assert_eq!(bob.change("PUT", policy, &required).expect("answers").status, 403);
        let set = admin.request("PUT", policy, Some(&required)).expect("answers");
        assert_eq!(set.ok().expect("set"), required);
        let wrong = json!({ "second_factor": "maybe" });
        assert_eq!(admin.request("PUT", policy, Some(&wrong)).expect("answers").status, 422);

        // The factor is set up on the way in.
        let mut ada = Browser::new(&server);
        let asked = ada.sign_in("ada@example.com", PASSWORD).expect("answers").json();
        assert_eq!(asked["challenge"]["must_enroll"], true, "{asked}");
        let challenge = json!({ "challenge": asked["challenge"]["token"] });
        let told = ada.client.post("/v1/session/second-factor/enrollment", &challenge);
        let told = told.expect("answers").ok().expect("begun");
        let mut authenticator = Authenticator::new(&told["secret"]).expect("a secret");
        let token = &asked["challenge"]["token"];
        assert_eq!(ada.code(token, "000000").expect("answers").status, 422);
        let code = authenticator.code().expect("a code");
        let done = ada.code(token, &code).expect("answers");
        assert_eq!(done.status, 201, "{}", done.text());
        assert_eq!(done.json()["recovery_codes"].as_array().map(Vec::len), Some(10));
        assert!(ada.email().expect("answers").is_some());
        // And cannot be removed by its owner as long as it is demanded.
        let code = json!({ "code": authenticator.code().expect("a code") });
        let path = "/v1/second-factor/removal";
        assert_eq!(ada.change("POST", path, &code).expect("answers").status, 409);
        let optional = json!({ "second_factor": "required_for_admins" });
        admin.request("PUT", policy, Some(&optional)).expect("answers").ok().expect("set");
        assert_eq!(ada.change("POST", path, &code).expect("answers").status, 204);
        assert!(ada.email().expect("answers").is_some(), "the own session goes on");
    }
}

#[test]
fn the_page_asks_for_the_code_and_goes_on_to_where_one_was_going() {
    let (server, admin) =
        Server::set_up(options(Engine::Sqlite).expect("an engine")).expect("starts");
    person(&server, &admin, "ada", PASSWORD).expect("added");
    let (_, mut authenticator, _) = enrolled(&server, "ada");
    let browser = Browser::new(&server);
    let fields = [("email", "ada@example.com"), ("password", PASSWORD), ("remember", "on")];
    let page = form(&browser.client, "/login?next=/queries/7", &fields).expect("answers");
    assert_eq!(page.status, 200);
    let text = page.text();
    let ticked = "<input type=\"hidden\" name=\"remember\" value=\"on\">";
    assert!(text.contains(ticked), "the box is not forgotten on the way: {text}");
    let value = |name: &str| {
        let rest = text.split(name).nth(1).expect("there");
        rest.split('"').next().expect("an end").to_owned()
    };
    let challenge = value("name=\"challenge\" value=\"");
    let action = value("action=\"");
    let send = |code: &str| {
        let fields = [("challenge", challenge.as_str()), ("code", code), ("remember", "on")];
        form(&browser.client, &action, &fields).expect("answers")
    };
    let wrong = send("000000").text();
    assert!(wrong.contains("wrong") && wrong.contains(ticked), "{wrong}");
    let done = send(&authenticator.code().expect("a code"));
    assert_eq!((done.status, done.header("location")), (302, Some("/queries/7")));
    assert!(browser.email().expect("answers").is_some());
    let evil = "/login/second-factor?next=https://evil.test";
    let fields = [("challenge", challenge.as_str()), ("code", "000000")];
    let over = form(&browser.client, evil, &fields).expect("answers").text();
    assert!(!over.contains("evil.test"), "{over}");
}
