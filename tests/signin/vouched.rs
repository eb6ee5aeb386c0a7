//! The second factor of people for whom somebody else vouches: trusted to whoever vouches, or asked
//! for here, for each way on its own.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Engine, options};
use tessera_testkit::client::Client;
use tessera_testkit::server::{Options, Server};

use crate::browser::{Authenticator, Browser, form};
use crate::oidc::sign_in;
use crate::provider::Provider;

fn ada() -> Value {
    json!({ "email": "ada@example.com", "email_verified": true, "name": "Ada" })
}

/// Sets a factor up in a session that began by a redirect.
fn enrol(browser: &mut Browser) -> Authenticator {
    browser.arrived().expect("a proof");
    let change = |path: &str, body: Value| browser.change("POST", path, &body).expect("answers");
    let told = change("/v1/second-factor", json!({ "password": "" })).ok().expect("begun");
    let mut authenticator = Authenticator::new(&told["secret"]).expect("a secret");
    let code = authenticator.code().expect("a code");
    let done = change("/v1/second-factor/confirmation", json!({ "code": code }));
    done.ok().expect("confirmed");
    authenticator
}

/// Sets the policy once there is an administrator, who would have to set a factor up otherwise.
fn demand(admin: &Client, policy: &str) {
    let body = json!({ "second_factor": policy });
    let set = admin.request("PUT", "/v1/sign-in/policy", Some(&body)).expect("answers");
    set.ok().expect("set");
}

/// What a page between way and session asks to be sent back.
fn challenge(page: &str) -> String {
    let after = page.split("name=\"challenge\" value=\"").nth(1).expect("asked for a code");
    after.split('"').next().expect("a value").to_owned()
}

fn answer(browser: &Browser, page: &str, code: &str) -> (u16, String) {
    let challenge = challenge(page);
    let fields = [("challenge", challenge.as_str()), ("code", code)];
    let answer = form(&browser.client, "/login/second-factor?next=/queries", &fields);
    let answer = answer.expect("answers");
    (answer.status, answer.text())
}

fn method(browser: &Browser) -> Value {
    let sessions = browser.get("/v1/sessions").expect("answers").ok().expect("good");
    sessions["data"][0]["method"].clone()
}

#[test]
fn a_provider_is_trusted_for_its_own_factors_unless_this_server_asks_too() {
    let provider = Provider::start().expect("starts");
    provider.account("ada", ada()).expect("noted");
    for engine in ENGINES {
        for asks in [false, true] {
            let mut options = provider.settings(options(engine).expect("an engine"));
            if asks {
                options = options.with("SIGNIN_OIDC_SECOND_FACTOR", "ask");
            }
            let (server, _) = Server::set_up(options).expect("starts");
            let mut browser = Browser::new(&server);
            let done = sign_in(&provider, &browser, "ada").expect("signs in");
            assert_eq!(done.status, 302, "who has no factor is asked for none: {}", done.text());
            let mut authenticator = enrol(&mut browser);
            let again = Browser::new(&server);
            let done = sign_in(&provider, &again, "ada").expect("answers");
            if !asks {
                assert_eq!(done.status, 302, "{}", done.text());
                assert_eq!(again.email().expect("answers").as_deref(), Some("ada@example.com"));
                assert_eq!(method(&again), "provider");
                continue;
            }
            assert_eq!(done.status, 200);
            assert_eq!(again.email().expect("answers"), None, "not yet");
            let (status, page) = answer(&again, &done.text(), "000000");
            assert_eq!((status, again.email().expect("answers")), (200, None));
            let code = authenticator.code().expect("a code");
            let (status, text) = answer(&again, &page, &code);
            assert_eq!(status, 302, "{text}");
            assert_eq!(again.email().expect("answers").as_deref(), Some("ada@example.com"));
            assert_eq!(method(&again), "provider_and_code");
        }
    }
}

#[test]
fn the_policy_reaches_those_who_come_from_a_provider_that_is_not_trusted() {
    let provider = Provider::start().expect("starts");
    provider.account("ada", ada()).expect("noted");
    let open = |options: Options| {
        let (server, admin) = Server::set_up(provider.settings(options)).expect("starts");
        demand(&admin, "required");
        server
    };
    let server = open(options(Engine::Sqlite).expect("an engine"));
    let browser = Browser::new(&server);
    assert_eq!(sign_in(&provider, &browser, "ada").expect("answers").status, 302, "trusted");
    let asking = options(Engine::Sqlite).expect("an engine");
    let server = open(asking.with("SIGNIN_OIDC_SECOND_FACTOR", "ask"));
    let browser = Browser::new(&server);
    let page = sign_in(&provider, &browser, "ada").expect("answers").text();
    let secret = page.split("<code>").nth(1).and_then(|rest| rest.split('<').next());
    let secret = json!(secret.expect("a secret to set up"));
    let code = Authenticator::new(&secret).expect("a secret").code().expect("a code");
    let (status, text) = answer(&browser, &page, &code);
    assert!(status == 200 && text.contains("<code>"), "recovery codes: {text}");
    assert_eq!(browser.email().expect("answers").as_deref(), Some("ada@example.com"));
}

#[test]
fn a_proxy_that_is_not_trusted_for_factors_is_followed_by_a_code() {
    let options = options(Engine::Sqlite).expect("an engine");
    let options = options
        .with("SIGNIN_REMOTE_USER_HEADER", "X-Remote-User")
        .with("SERVER_TRUSTED_PROXIES", "[\"127.0.0.1\"]")
        .with("SIGNIN_REMOTE_USER_SECOND_FACTOR", "ask");
    let (server, _) = Server::set_up(options).expect("starts");
    let login = |browser: &Browser| {
        let named = [("x-remote-user", "ada@example.com")];
        let answer = browser.client.send("GET", "/remote_user/login", None, None, &named);
        answer.expect("answers")
    };
    let mut browser = Browser::new(&server);
    assert_eq!(login(&browser).status, 302);
    let mut authenticator = enrol(&mut browser);
    let again = Browser::new(&server);
    let page = login(&again);
    assert_eq!((page.status, again.email().expect("answers")), (200, None));
    let code = authenticator.code().expect("a code");
    assert_eq!(answer(&again, &page.text(), &code).0, 302);
    assert_eq!(method(&again), "remote_user_and_code");
}

#[test]
fn a_token_is_refused_where_a_factor_is_to_be_asked_for_that_it_cannot_bring() {
    let provider = Provider::start().expect("starts");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs();
    let claims = json!({
        "iss": "https://issuer.test", "aud": "tessera", "sub": "7", "iat": now, "exp": now + 300,
        "email": "ada@example.com", "email_verified": true, "name": "Ada",
    });
    let token = provider.sign("rsa", json!({}), &claims).expect("signed");
    for (policy, factor, status) in [
        ("required", "trust", 200),
        ("required", "ask", 403),
        ("required_for_admins", "ask", 200),
        ("optional", "ask", 200),
    ] {
        let options = options(Engine::Sqlite)
            .expect("an engine")
            .with("SIGNIN_JWT_HEADER", "X-Assertion")
            .with("SIGNIN_JWT_ISSUER", "https://issuer.test")
            .with("SIGNIN_JWT_AUDIENCE", "tessera")
            .with("SIGNIN_JWT_JWKS_URL", &format!("{}/test/jwks", provider.url))
            .with("SIGNIN_ALLOW_HTTP", "true")
            .with("SIGNIN_JWT_SECOND_FACTOR", factor);
        let (server, admin) = Server::set_up(options).expect("starts");
        demand(&admin, policy);
        let shown = [("x-assertion", token.as_str())];
        let answer = server.anonymous().send("GET", "/v1/session", None, None, &shown);
        let answer = answer.expect("answers");
        assert_eq!(answer.status, status, "{policy} {factor}: {}", answer.text());
    }
}
