//! Keys that ask for signed requests (RFC 9421): who has only the key has nothing.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tessera_e2e::{ENGINES, Shop, options};
use tessera_kernel::{Clock, SystemClock};
use tessera_testkit::client::{Answer, Client};

/// A holder of a key and of its private half.
struct Holder {
    client: Client,
    pair: SigningKey,
}

/// What is signed, before somebody changes it.
struct Signed<'a> {
    method: &'a str,
    path: &'a str,
    body: &'a [u8],
    nonce: &'a str,
    created: i64,
    components: &'a [&'a str],
}

const WITH_BODY: [&str; 4] = ["@method", "@target-uri", "authorization", "content-digest"];
const WITHOUT: [&str; 4] = ["@method", "@authority", "@path", "@query"];

fn now() -> i64 {
    SystemClock.now().timestamp()
}

impl Holder {
    fn open(shop: &Shop) -> Self {
        let pair = SigningKey::from_bytes(&[7; 32]);
        let public = URL_SAFE_NO_PAD.encode(pair.verifying_key().as_bytes());
        let body = json!({ "name": "signed", "terms": { "conditions": { "proof": public } } });
        let made = shop.admin.post("/v1/keys", &body).expect("answers").ok().expect("made");
        let secret = made["secret"].as_str().expect("the text");
        Self { client: shop.server.anonymous().with_key(secret), pair }
    }

    /// The headers of a signature.
    fn sign(&self, what: &Signed<'_>) -> Vec<(&'static str, String)> {
        let digest = format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(what.body)));
        let (path, query) = what.path.split_once('?').unwrap_or((what.path, ""));
        let mut base = String::new();
        for component in what.components {
            let value = match *component {
                "@method" => what.method.to_owned(),
                "@target-uri" => format!("{}{}", self.client.base(), what.path),
                "@authority" => self.client.base().trim_start_matches("http://").to_owned(),
                "@path" => path.to_owned(),
                "@query" => format!("?{query}"),
                "authorization" => format!("Key {}", self.client.key()),
                "content-digest" => digest.clone(),
                other => panic!("{other} is not signed here"),
            };
            base.push_str(&format!("\"{component}\": {value}\n"));
        }
        let names: Vec<String> = what.components.iter().map(|name| format!("\"{name}\"")).collect();
        let params = format!(
            "({});created={};nonce=\"{}\";alg=\"ed25519\"",
            names.join(" "),
            what.created,
            what.nonce
        );
        base.push_str(&format!("\"@signature-params\": {params}"));
        let signature = STANDARD.encode(self.pair.sign(base.as_bytes()).to_bytes());
        vec![
            ("content-digest", digest),
            ("signature-input", format!("sig={params}")),
            ("signature", format!("sig=:{signature}:")),
        ]
    }

    fn send(&self, method: &str, path: &str, body: &[u8], headers: &[(&str, String)]) -> Answer {
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let kind = (!body.is_empty()).then_some("application/json");
        let body = (!body.is_empty()).then(|| body.to_vec());
        self.client.send(method, path, kind, body, &headers).expect("answers")
    }
}

fn read<'a>(path: &'a str, nonce: &'a str) -> Signed<'a> {
    Signed { method: "GET", path, body: b"", nonce, created: now(), components: &WITHOUT }
}

/// Refused, in both languages: with the reason in ours.
#[track_caller]
fn refused(answer: &Answer, detail: &str) {
    assert!(matches!(answer.status, 403 | 404), "{}: {}", answer.status, answer.text());
    if let Some(told) = answer.json()["detail"].as_str() {
        assert!(told.contains(detail), "{told}");
    }
}

#[test]
fn a_key_that_asks_for_proof_opens_nothing_by_itself() {
    for engine in ENGINES {
        let shop = Shop::open(options(engine).expect("an engine")).expect("opens");
        let holder = Holder::open(&shop);
        for path in ["/v1/keys/self", "/api/queries", "/api/session"] {
            refused(&holder.client.get(path).expect("answers"), "signed requests");
            let signed = holder.sign(&read(path, &format!("nonce of {path}")));
            let answer = holder.send("GET", path, b"", &signed);
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        }
        let path = "/api/queries?page_size=1&page=1";
        let answer = holder.send("GET", path, b"", &holder.sign(&read(path, "nonce with query")));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

#[test]
fn a_signature_counts_once_and_for_what_was_signed() {
    let shop = Shop::open(options(ENGINES[0]).expect("an engine")).expect("opens");
    let holder = Holder::open(&shop);
    let path = "/v1/keys/self";
    let signed = holder.sign(&read(path, "only once, please"));
    assert_eq!(holder.send("GET", path, b"", &signed).status, 200);
    refused(&holder.send("GET", path, b"", &signed), "used before");

    let signed = holder.sign(&read(path, "another path"));
    refused(&holder.send("GET", "/v1/queries", b"", &signed), "does not fit");
    let signed = holder.sign(&read("/api/queries?page_size=1", "another query"));
    refused(&holder.send("GET", "/api/queries?page_size=2", b"", &signed), "does not fit");

    for (created, nonce) in [(now() - 120, "too old a one"), (now() + 120, "from the future")] {
        let signed = holder.sign(&Signed { created, ..read(path, nonce) });
        refused(&holder.send("GET", path, b"", &signed), "old");
    }
    let signed = holder.sign(&read(path, "short"));
    refused(&holder.send("GET", path, b"", &signed), "nonce");
    let stranger = Holder { client: holder.client.clone(), pair: SigningKey::from_bytes(&[8; 32]) };
    let signed = stranger.sign(&read(path, "somebody else signs"));
    refused(&holder.send("GET", path, b"", &signed), "does not fit");
    let bare = Signed { components: &["@method"], ..read(path, "covers too little") };
    refused(&holder.send("GET", path, b"", &holder.sign(&bare)), "covers");
    for headers in [
        vec![("signature-input", "sig=(\"@method\");created=1".to_owned())],
        vec![("signature-input", "(((".to_owned()), ("signature", "sig=:AA==:".to_owned())],
        vec![("signature-input", "sig=1".to_owned()), ("signature", "sig=1".to_owned())],
    ] {
        refused(&holder.send("GET", path, b"", &headers), "");
    }
}

#[test]
fn the_body_is_part_of_what_is_signed() {
    let shop = Shop::open(options(ENGINES[0]).expect("an engine")).expect("opens");
    let holder = Holder::open(&shop);
    let path = "/v1/statements/runs";
    let text = |text: &str| {
        json!({ "source_id": shop.sqlite, "text": text, "wait_ms": 10_000 })
            .to_string()
            .into_bytes()
    };
    let body = text("select 1 as one");
    let run = |nonce| Signed {
        method: "POST",
        path,
        body: &body,
        nonce,
        created: now(),
        components: &WITH_BODY,
    };
    let answer = holder.send("POST", path, &body, &holder.sign(&run("a good body")));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_ne!(answer.json()["result"], Value::Null);
    let other = text("select 2 as two");
    let answer = holder.send("POST", path, &other, &holder.sign(&run("another body")));
    refused(&answer, "content-digest");
    let uncovered = Signed { components: &["@method", "@target-uri"], ..run("digest left out") };
    refused(&holder.send("POST", path, &body, &holder.sign(&uncovered)), "content-digest");
}

#[test]
fn a_proof_is_kept_by_changes_and_by_keys_below() {
    let shop = Shop::open(options(ENGINES[0]).expect("an engine")).expect("opens");
    let made = shop.admin.post(
        "/v1/keys",
        &json!({ "name": "weak", "terms": { "conditions": { "proof": "AAAA" } } }),
    );
    let made = made.expect("answers");
    assert_eq!(made.status, 422, "{}", made.text());
    assert!(made.text().contains("proof"), "{}", made.text());
    let holder = Holder::open(&shop);
    let own = holder.send(
        "GET",
        "/v1/keys/self",
        b"",
        &holder.sign(&read("/v1/keys/self", "who am I then")),
    );
    let id = own.json()["key"]["id"].as_i64().or(own.json()["id"].as_i64()).expect("a number");
    // Taking the condition away is asking for more.
    let path = format!("/v1/keys/{id}");
    let change = json!({ "terms": {} }).to_string();
    let answer = shop
        .admin
        .send("PATCH", &path, Some("application/json"), Some(change.into()), &[])
        .expect("answers");
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert!(answer.text().contains("conditions"), "{}", answer.text());
}
