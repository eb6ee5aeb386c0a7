//! Signing in at a provider, and everything that may be tried on the way.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Engine, options};
use tessera_testkit::client::Answer;
use tessera_testkit::server::Server;

use crate::browser::{Browser, person};
use crate::provider::Provider;

fn ada() -> Value {
    json!({ "email": "ada@example.com", "email_verified": true, "name": "Ada", "groups": ["staff"] })
}

/// Sends a browser to the provider; gives where.
fn start(browser: &Browser, next: &str) -> Result<String> {
    let next = serde_urlencoded::to_string([("next", next)])?;
    let answer = browser.get(&format!("/oauth/oidc?{next}"))?;
    ensure!(answer.status == 302, "{} {}", answer.status, answer.text());
    Ok(answer.header("location").context("a place")?.to_owned())
}

fn path(location: &str) -> String {
    let rest = location.split_once("://").map_or(location, |(_, rest)| rest);
    rest.find('/').map_or_else(String::new, |at| rest[at..].to_owned())
}

/// All of it.
pub fn sign_in(provider: &Provider, browser: &Browser, login: &str) -> Result<Answer> {
    let back = provider.consent(&start(browser, "/queries")?, login)?;
    browser.get(&path(&back))
}

fn user(server: &Server, email: &str) -> Result<Value> {
    let admin = server.sign_in("admin@example.com", tessera_testkit::server::PASSWORD)?;
    let found = admin.get(&format!("/v1/users?q={email}"))?.ok()?;
    Ok(found["data"][0].clone())
}

#[test]
fn a_person_signs_in_at_a_provider_and_is_the_same_user_each_time() {
    let provider = Provider::start().expect("starts");
    provider.account("ada", ada()).expect("noted");
    for engine in ENGINES {
        let options = provider.settings(options(engine).expect("an engine"));
        let (server, _) = Server::set_up(options).expect("starts");
        let ways = server.anonymous().get("/v1/sign-in").expect("answers").ok().expect("good");
        assert_eq!(ways["providers"][0]["path"], "/oauth/oidc");
        assert!(server.anonymous().get("/login").expect("answers").text().contains("/oauth/oidc?"));
        let browser = Browser::new(&server);
        let done = sign_in(&provider, &browser, "ada").expect("signs in");
        assert_eq!(
            (done.status, done.header("location")),
            (302, Some("/queries")),
            "{}",
            done.text()
        );
        assert_eq!(browser.email().expect("answers").as_deref(), Some("ada@example.com"));
        let first = user(&server, "ada@example.com").expect("found");
        assert_eq!(
            (&first["name"], &first["is_invitation_pending"]),
            (&json!("Ada"), &json!(false))
        );
        // The address and the name may change; the person is known by issuer and subject.
        let mut moved = ada();
        moved["email"] = json!("ada@other.example");
        provider.account("ada", moved).expect("noted");
        let again = Browser::new(&server);
        sign_in(&provider, &again, "ada").expect("signs in");
        assert_eq!(again.email().expect("answers").as_deref(), Some("ada@example.com"));
        assert_eq!(user(&server, "ada@").expect("found")["id"], first["id"]);
        let sessions = again.get("/v1/sessions").expect("answers").ok().expect("good");
        assert_eq!(sessions["data"][0]["method"], "provider");
        provider.account("ada", ada()).expect("noted");
    }
}

#[test]
fn a_state_or_code_works_once_and_in_its_own_browser_only() {
    let provider = Provider::start().expect("starts");
    provider.account("ada", ada()).expect("noted");
    let options = provider.settings(options(Engine::Sqlite).expect("an engine"));
    let (server, _) = Server::set_up(options).expect("starts");
    let refused = |answer: &Answer| {
        let session = answer.headers.iter().any(|(name, value)| {
            name == "set-cookie" && value.starts_with("session=") && !value.contains("Max-Age=0")
        });
        assert!(answer.status == 403 && !session, "{} {:?}", answer.status, answer.headers);
    };
    // In another browser: somebody was lured to a link with the code of somebody else.
    let attacker = Browser::new(&server);
    let back = provider.consent(&start(&attacker, "/").expect("starts"), "ada").expect("consents");
    let victim = Browser::new(&server);
    refused(&victim.get(&path(&back)).expect("answers"));
    start(&victim, "/").expect("starts");
    refused(&victim.get(&path(&back)).expect("answers"));
    // With another state.
    let browser = Browser::new(&server);
    let back = provider.consent(&start(&browser, "/").expect("starts"), "ada").expect("consents");
    let (before, after) = back.split_once("state=").expect("a state");
    let wrong = format!("{before}state=x{}", &after[1..]);
    refused(&browser.get(&path(&wrong)).expect("answers"));
    // Twice: the first time is good.
    let browser = Browser::new(&server);
    let location = start(&browser, "/").expect("starts");
    let back = path(&provider.consent(&location, "ada").expect("consents"));
    let state = state_cookie(&location);
    assert_eq!(browser.get(&back).expect("answers").status, 302);
    let cookie = [("cookie", state.as_str())];
    let again = server.anonymous().send("GET", &back, None, None, &cookie).expect("answers");
    refused(&again);
    // An old code with a new state.
    let browser = Browser::new(&server);
    let fresh = start(&browser, "/").expect("starts");
    let code = back.split("code=").nth(1).and_then(|rest| rest.split('&').next()).expect("a code");
    let state = state_cookie(&fresh).replace("signin_state=", "");
    let mixed = format!("/oauth/oidc/callback?code={code}&state={state}");
    refused(&browser.get(&mixed).expect("answers"));
    assert_eq!(browser.email().expect("answers"), None);
}

/// The cookie that goes with the state in the address of the provider.
fn state_cookie(location: &str) -> String {
    let state = location.split("state=").nth(1).and_then(|rest| rest.split('&').next());
    format!("signin_state={}", state.expect("a state"))
}

#[test]
fn a_token_made_for_another_sign_in_is_refused() {
    let provider = Provider::start().expect("starts");
    provider.account("ada", ada()).expect("noted");
    let options = provider.settings(options(Engine::Sqlite).expect("an engine"));
    let (server, _) = Server::set_up(options).expect("starts");
    let browser = Browser::new(&server);
    let location = start(&browser, "/").expect("starts");
    let (before, after) = location.split_once("nonce=").expect("a nonce");
    let first = if after.starts_with('x') { 'y' } else { 'x' };
    let other = format!("{before}nonce={first}{}", &after[1..]);
    let back = provider.consent(&other, "ada").expect("consents");
    let answer = browser.get(&path(&back)).expect("answers");
    assert_eq!(answer.status, 403);
    assert!(answer.text().contains("another sign-in"), "{}", answer.text());
    // Another issuer answers (RFC 9207).
    let browser = Browser::new(&server);
    let back = provider.consent(&start(&browser, "/").expect("starts"), "ada").expect("consents");
    let (before, _) = back.split_once("iss=").expect("the provider names itself");
    let answer =
        browser.get(&path(&format!("{before}iss=https%3A%2F%2Fevil.test"))).expect("answers");
    assert_eq!(answer.status, 403);
    // PKCE: without the challenge the provider refuses, so it was sent.
    assert!(location.contains("code_challenge_method=S256"), "{location}");
    let denied = browser.get("/oauth/oidc/callback?error=access_denied%3Cscript%3E&state=x");
    let denied = denied.expect("answers");
    assert!(denied.text().contains("access_denied") && !denied.text().contains("<script"));
}

#[test]
fn nobody_takes_over_an_account_by_an_address_that_is_not_proved() {
    let provider = Provider::start().expect("starts");
    let with_linking = |link: &str| {
        let options = provider.settings(options(Engine::Sqlite).expect("an engine"));
        Server::set_up(options.with("SIGNIN_LINK_BY_EMAIL", link)).expect("starts")
    };
    let claims = |verified: Value| json!({ "email": "Admin@Example.com", "email_verified": verified, "name": "Mallory" });
    let (server, admin) = with_linking("true");
    for verified in [json!(false), Value::Null, json!("yes")] {
        provider.account("mallory", claims(verified)).expect("noted");
        let browser = Browser::new(&server);
        let answer = sign_in(&provider, &browser, "mallory").expect("answers");
        assert_eq!(answer.status, 403, "{}", answer.text());
        assert_eq!(browser.email().expect("answers"), None);
    }
    provider.account("mallory", claims(json!(true))).expect("noted");
    let browser = Browser::new(&server);
    assert_eq!(sign_in(&provider, &browser, "mallory").expect("answers").status, 302);
    assert_eq!(browser.email().expect("answers").as_deref(), Some("admin@example.com"));
    // An account whose owner has not proved the address may be a trap for its real owner.
    person(&server, &admin, "eve", "eve's long password").expect("added");
    let mut eve = Browser::new(&server);
    eve.sign_in("eve@example.com", "eve's long password").expect("answers");
    let own = json!({ "email": "victim@example.com" });
    eve.change("PATCH", "/v1/users/self", &own).expect("answers").ok().expect("changed");
    let victim = json!({ "email": "victim@example.com", "email_verified": true });
    provider.account("victim", victim).expect("noted");
    let answer = sign_in(&provider, &Browser::new(&server), "victim").expect("answers");
    assert_eq!(answer.status, 403, "{}", answer.text());
    // Where linking is off, also a proved address takes nothing over.
    let (server, _) = with_linking("false");
    let answer = sign_in(&provider, &Browser::new(&server), "mallory").expect("answers");
    assert_eq!(answer.status, 403, "{}", answer.text());
}

#[test]
fn who_may_have_an_account_is_decided_by_the_settings() {
    let provider = Provider::start().expect("starts");
    provider.account("ada", ada()).expect("noted");
    let refused = |name: &str, value: &str| {
        let options = provider.settings(options(Engine::Sqlite).expect("an engine"));
        let (server, _) = Server::set_up(options.with(name, value)).expect("starts");
        let browser = Browser::new(&server);
        let answer = sign_in(&provider, &browser, "ada").expect("answers");
        assert_eq!(browser.email().expect("answers"), None);
        answer.status == 403
    };
    assert!(refused("SIGNIN_CREATE_USERS", "false"));
    assert!(refused("SIGNIN_ALLOWED_DOMAINS", "[\"acme.test\"]"));
    // A disabled user stays out.
    let options = provider.settings(options(Engine::Sqlite).expect("an engine"));
    let options = options.with("SIGNIN_ALLOWED_DOMAINS", "[\"Example.com\"]");
    let (server, admin) = Server::set_up(options).expect("starts");
    let browser = Browser::new(&server);
    assert_eq!(sign_in(&provider, &browser, "ada").expect("answers").status, 302);
    let id = user(&server, "ada@example.com").expect("found")["id"].clone();
    let path = format!("/v1/users/{id}/disabled");
    admin.request("PUT", &path, None).expect("answers").ok().expect("disabled");
    assert_eq!(browser.email().expect("answers"), None, "at once");
    assert_eq!(sign_in(&provider, &Browser::new(&server), "ada").expect("answers").status, 403);
}

#[test]
fn groups_that_are_mapped_follow_the_provider_and_others_stay() {
    let provider = Provider::start().expect("starts");
    provider.account("ada", ada()).expect("noted");
    for engine in ENGINES {
        let options = provider.settings(options(engine).expect("an engine"));
        let options = options.with("SIGNIN_GROUP_MAP", "{staff=\"analysts\", boss=\"admin\"}");
        let (server, admin) = Server::set_up(options).expect("starts");
        let group = |name: &str| -> Value {
            let body = json!({ "name": name });
            admin.post("/v1/groups", &body).expect("answers").ok().expect("made")["id"].clone()
        };
        let (analysts, own) = (group("analysts"), group("own"));
        sign_in(&provider, &Browser::new(&server), "ada").expect("signs in");
        let ada_now = || user(&server, "ada@example.com").expect("found");
        let groups =
            |user: &Value| -> Vec<Value> { user["group_ids"].as_array().expect("groups").clone() };
        assert!(groups(&ada_now()).contains(&analysts), "{}", ada_now());
        let path = format!("/api/groups/{own}/members");
        let member = json!({ "user_id": ada_now()["id"] });
        admin.post(&path, &member).expect("answers").ok().expect("joined");
        // The provider changes its mind: from staff to boss.
        let mut boss = ada();
        boss["groups"] = json!("boss");
        provider.account("ada", boss).expect("noted");
        let browser = Browser::new(&server);
        sign_in(&provider, &browser, "ada").expect("signs in");
        let now = groups(&ada_now());
        assert!(!now.contains(&analysts) && now.contains(&own), "{now:?}");
        assert_eq!(browser.get("/v1/users").expect("answers").status, 200);
        let me = browser.get("/v1/session").expect("answers").json();
        assert_eq!(me["user"]["is_admin"], json!(true));
        provider.account("ada", ada()).expect("noted");
        sign_in(&provider, &Browser::new(&server), "ada").expect("signs in");
        let me = browser.get("/v1/session").expect("answers").json();
        assert_eq!(me["user"]["is_admin"], json!(false), "rights end with the group, at once");
    }
}

#[test]
fn nobody_is_sent_to_another_site_in_the_end() {
    let provider = Provider::start().expect("starts");
    provider.account("ada", ada()).expect("noted");
    let options = provider.settings(options(Engine::Sqlite).expect("an engine"));
    let (server, _) = Server::set_up(options).expect("starts");
    for next in ["https://evil.test", "//evil.test/x", "/\\evil.test", "javascript:alert(1)"] {
        let browser = Browser::new(&server);
        let location = start(&browser, next).expect("starts");
        let back = provider.consent(&location, "ada").expect("consents");
        let done = browser.get(&path(&back)).expect("answers");
        assert_eq!(done.header("location"), Some("/"), "{next}");
    }
}

#[test]
fn a_provider_that_does_not_answer_is_said_to_the_person_and_stops_nobody_else() {
    let options = options(Engine::Sqlite)
        .expect("an engine")
        .with("SIGNIN_OIDC_ISSUER", "http://127.0.0.1:1")
        .with("SIGNIN_OIDC_CLIENT_ID", "tessera");
    let (server, _) = Server::set_up(options).expect("starts");
    let browser = Browser::new(&server);
    let answer = browser.get("/oauth/oidc").expect("answers");
    assert_eq!(answer.status, 503);
    assert!(answer.text().contains("name=\"password\""), "{}", answer.text());
    assert_eq!(browser.get("/oauth/other").expect("answers").status, 404);
    assert!(!server.log().contains("client secret"));
}
