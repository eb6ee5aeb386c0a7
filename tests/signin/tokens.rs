//! Signed tokens that requests carry.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tessera_e2e::{ENGINES, Engine, options};
use tessera_testkit::client::{Answer, Client};
use tessera_testkit::server::{Options, Server};

use crate::provider::Provider;

const ISSUER: &str = "https://issuer.test";

fn settings(provider: &Provider, options: Options) -> Options {
    options
        .with("SIGNIN_JWT_HEADER", "X-Assertion")
        .with("SIGNIN_JWT_COOKIE", "assertion")
        .with("SIGNIN_JWT_ISSUER", ISSUER)
        .with("SIGNIN_JWT_AUDIENCE", "tessera")
        .with("SIGNIN_JWT_JWKS_URL", &format!("{}/test/jwks", provider.url))
}

fn claims() -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs();
    json!({
        "iss": ISSUER, "aud": "tessera", "sub": "7", "iat": now, "exp": now + 300,
        "email": "ada@example.com", "email_verified": true, "name": "Ada",
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn show(client: &Client, token: &str) -> Answer {
    client.send("GET", "/v1/session", None, None, &[("x-assertion", token)]).expect("answers")
}

#[test]
fn a_good_token_is_a_user_on_each_request_whatever_key_signed_it() {
    let provider = Provider::start().expect("starts");
    for engine in ENGINES {
        let options = settings(&provider, options(engine).expect("an engine"));
        let (server, _) = Server::set_up(options).expect("starts");
        let nobody = server.anonymous();
        let mut ids = Vec::new();
        for key in ["rsa", "ec", "ed"] {
            let token = provider.sign(key, json!({}), &claims()).expect("signed");
            let me = show(&nobody, &token).ok().expect("known");
            assert_eq!(me["user"]["email"], "ada@example.com");
            ids.push(me["user"]["id"].clone());
        }
        assert!(ids.iter().all(|id| *id == ids[0]), "one person: {ids:?}");
        let token = provider.sign("rsa", json!({}), &claims()).expect("signed");
        assert_eq!(show(&nobody, &format!("Bearer {token}")).status, 200);
        let session = show(&nobody, &token);
        assert!(
            !session
                .headers
                .iter()
                .any(|(name, value)| { name == "set-cookie" && value.starts_with("session=") })
        );
    }
}

#[test]
fn a_forged_foreign_or_old_token_is_nobody() {
    let provider = Provider::start().expect("starts");
    let options = settings(&provider, options(Engine::Sqlite).expect("an engine"));
    let (server, _) = Server::set_up(options).expect("starts");
    let nobody = server.anonymous();
    let now = claims()["iat"].as_i64().expect("a time");
    let sign = |key: &str, header: Value, claims: &Value| {
        provider.sign(key, header, claims).expect("signed")
    };
    let tokens = [
        ("no algorithm", sign("none", json!({ "alg": "none" }), &claims())),
        ("no algorithm, spelt otherwise", sign("none", json!({ "alg": "NONE" }), &claims())),
        (
            "the public key as a secret",
            sign("hmac", json!({ "alg": "HS256", "kid": "rsa" }), &claims()),
        ),
        ("a stranger's key", sign("stranger", json!({}), &claims())),
        (
            "a stranger's key under a known name",
            sign("stranger", json!({ "kid": "rsa" }), &claims()),
        ),
        ("over", sign("rsa", json!({}), &with("exp", json!(now - 120)))),
        ("of the future", sign("rsa", json!({}), &with("nbf", json!(now + 300)))),
        ("of another issuer", sign("rsa", json!({}), &with("iss", json!("https://evil.test")))),
        ("for somebody else", sign("rsa", json!({}), &with("aud", json!("other")))),
        ("for nobody", sign("rsa", json!({}), &with("aud", Value::Null))),
        ("of nobody", sign("rsa", json!({}), &with("sub", json!("")))),
        ("nothing", "a.b.c".to_owned()),
    ];
    for (what, token) in tokens {
        let answer = show(&nobody, &token);
        assert_eq!(answer.status, 401, "{what}: {}", answer.text());
    }
    // A subject that nobody vouches for with a proved address takes no account over.
    let admin = json!({ "email": "admin@example.com" });
    let mut told = with("sub", json!("8"));
    told["email"] = admin["email"].clone();
    assert_eq!(show(&nobody, &sign("rsa", json!({}), &told)).status, 403);
}

#[test]
fn new_keys_are_found_and_unknown_ones_are_not_looked_for_all_the_time() {
    let provider = Provider::start().expect("starts");
    let options = settings(&provider, options(Engine::Sqlite).expect("an engine"));
    let (server, _) = Server::set_up(options).expect("starts");
    let nobody = server.anonymous();
    provider.ask("/test/publish", json!({ "key": "second", "alg": "RS256" })).expect("published");
    let token = provider.sign("second", json!({}), &claims()).expect("signed");
    assert_eq!(show(&nobody, &token).status, 200);
    let fetched = || provider.ask("/test/fetched", json!({})).expect("counted");
    let before = fetched();
    for number in 0..20 {
        let header = json!({ "kid": format!("unknown{number}") });
        let token = provider.sign("stranger", header, &claims()).expect("signed");
        assert_eq!(show(&nobody, &token).status, 401);
    }
    assert_eq!(fetched(), before, "the set was fetched a moment ago");
}

#[test]
fn a_token_in_a_cookie_needs_the_same_proof_as_a_session() {
    let provider = Provider::start().expect("starts");
    let options = settings(&provider, options(Engine::Sqlite).expect("an engine"));
    let (server, _) = Server::set_up(options).expect("starts");
    let token = provider.sign("rsa", json!({}), &claims()).expect("signed");
    let post = |headers: &[(&str, &str)]| {
        let body = json!({ "name": "Board" }).to_string().into_bytes();
        let kind = Some("application/json");
        let answer = server.anonymous().send("POST", "/v1/dashboards", kind, Some(body), headers);
        answer.expect("answers").status
    };
    let cookie = format!("assertion={token}; csrf_token=proof");
    assert_eq!(post(&[("cookie", &cookie)]), 403);
    assert_eq!(post(&[("cookie", &cookie), ("x-csrf-token", "proof")]), 201);
    assert_eq!(post(&[("x-assertion", &token)]), 201);
    assert_eq!(post(&[("x-assertion", &token), ("origin", "https://evil.test")]), 403);
    assert_eq!(post(&[("x-assertion", &token), ("sec-fetch-site", "cross-site")]), 403);
}

#[test]
fn one_public_key_in_a_file_does_as_well_and_off_means_off() {
    let provider = Provider::start().expect("starts");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("key.pem");
    let pem = provider.ask("/test/pem", json!({})).expect("a key");
    std::fs::write(&file, pem).expect("written");
    let options = options(Engine::Sqlite)
        .expect("an engine")
        .with("SIGNIN_JWT_HEADER", "X-Assertion")
        .with("SIGNIN_JWT_ISSUER", ISSUER)
        .with("SIGNIN_JWT_AUDIENCE", "tessera")
        .with("SIGNIN_JWT_PUBLIC_KEY_FILE", &file.display().to_string());
    let (server, _) = Server::set_up(options).expect("starts");
    let sign = |key: &str| provider.sign(key, json!({}), &claims()).expect("signed");
    assert_eq!(show(&server.anonymous(), &sign("rsa")).status, 200);
    assert_eq!(show(&server.anonymous(), &sign("stranger")).status, 401);
    let (server, _) = Server::set_up(Options::default()).expect("starts");
    assert_eq!(show(&server.anonymous(), &sign("rsa")).status, 401);
}

#[test]
fn many_first_requests_of_one_person_make_one_account() {
    let provider = Provider::start().expect("starts");
    for engine in ENGINES {
        let options = settings(&provider, options(engine).expect("an engine"));
        let (server, admin) = Server::set_up(options).expect("starts");
        let token = provider.sign("rsa", json!({}), &claims()).expect("signed");
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let asked: Vec<_> =
                (0..8).map(|_| scope.spawn(|| show(&server.anonymous(), &token).status)).collect();
            asked.into_iter().map(|asked| asked.join().expect("ends")).collect()
        });
        assert_eq!(statuses, [200; 8]);
        let users = admin.get("/v1/users?q=ada@").expect("answers").ok().expect("good");
        assert_eq!(users["total"], 1, "{users}");
        let path = format!("/v1/users/{}/identities", users["data"][0]["id"]);
        let known = admin.get(&path).expect("answers").ok().expect("good");
        assert_eq!((&known["data"][0]["subject"], &known["total"]), (&json!("7"), &json!(1)));
        assert_eq!(admin.delete(&path).expect("answers").status, 204);
        assert_eq!(show(&server.anonymous(), &token).status, 403, "parted, and not linked again");
    }
}
