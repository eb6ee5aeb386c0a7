use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use tessera_kernel::SystemClock;

use super::*;
use crate::http::OutboundSettings;

/// What stands in front of a point of Ed25519 in a PEM file.
const PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

struct Signer(Ed25519KeyPair);

impl Signer {
    fn new() -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
        Self(Ed25519KeyPair::from_pkcs8(key.as_ref()).expect("a key"))
    }

    fn pem(&self) -> Vec<u8> {
        let der = [PREFIX.as_slice(), self.0.public_key().as_ref()].concat();
        let text = STANDARD.encode(der);
        format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n").into_bytes()
    }

    fn sign(&self, header: &Json, claims: &Json) -> Secret {
        let signed = unsigned(header, claims);
        let signature = URL_SAFE_NO_PAD.encode(self.0.sign(signed.as_bytes()));
        Secret::new(format!("{signed}.{signature}"))
    }

    fn verifier(&self) -> JwtVerifier {
        verifier(self.pem())
    }
}

fn unsigned(header: &Json, claims: &Json) -> String {
    let part = |value: &Json| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

fn outbound() -> Outbound {
    Outbound::new(OutboundSettings {
        denied_networks: Vec::new(),
        allowed_networks: Vec::new(),
        allow_http: false,
        timeout: std::time::Duration::from_secs(5),
        answer_bytes_max: 1 << 20,
        extra_authorities: None,
    })
    .expect("a client")
}

fn verifier(pem: Vec<u8>) -> JwtVerifier {
    let settings = JwtSettings {
        issuer: "https://issuer.test".to_owned(),
        audience: "tessera".to_owned(),
        keys: KeySource::Pem(pem),
        algorithms: Algorithm::ALL.to_vec(),
        groups_claim: "groups".to_owned(),
        email_verified: false,
        keys_seconds: 60,
    };
    JwtVerifier::new(settings, outbound(), Arc::new(SystemClock)).expect("a verifier")
}

fn header() -> Json {
    json!({ "alg": "EdDSA", "typ": "JWT" })
}

fn claims() -> Json {
    let now = SystemClock.now().timestamp();
    json!({
        "iss": "https://issuer.test", "aud": "tessera", "sub": "7", "iat": now, "nbf": now,
        "exp": now + 300, "email": "ada@example.com", "groups": ["staff"],
    })
}

fn with(name: &str, value: Json) -> Json {
    let mut claims = claims();
    claims[name] = value;
    claims
}

async fn refusal(verifier: &JwtVerifier, token: &Secret) -> String {
    let fault = verifier.verify(token).await.expect_err("must be refused");
    assert_eq!(fault.code(), tessera_kernel::Code::Unauthenticated, "{fault}");
    fault.detail().to_owned()
}

#[tokio::test]
async fn a_good_token_says_who_it_is() {
    let signer = Signer::new();
    let (claims, end) =
        signer.verifier().verify(&signer.sign(&header(), &claims())).await.expect("good");
    assert_eq!((claims.issuer.as_str(), claims.subject.as_str()), ("https://issuer.test", "7"));
    assert_eq!(claims.email.as_deref(), Some("ada@example.com"));
    assert!(!claims.email_verified, "nobody said so");
    assert_eq!(claims.groups, Some(vec!["staff".to_owned()]));
    assert!(end > SystemClock.now());
}

#[tokio::test]
async fn a_token_counts_only_for_its_time_issuer_and_audience() {
    let signer = Signer::new();
    let verifier = signer.verifier();
    let now = SystemClock.now().timestamp();
    for (name, value) in [
        ("exp", json!(now - 61)),
        ("exp", Json::Null),
        ("exp", json!("never")),
        ("nbf", json!(now + 120)),
        ("nbf", json!("soon")),
        ("iat", json!(now + 120)),
        ("iss", json!("https://issuer.test/")),
        ("iss", Json::Null),
        ("aud", json!("other")),
        ("aud", json!(["other"])),
        ("aud", Json::Null),
        ("sub", json!("")),
        ("sub", json!(7)),
    ] {
        let token = signer.sign(&header(), &with(name, value.clone()));
        refusal(&verifier, &token).await;
    }
    for (name, value) in [("exp", json!(now - 30)), ("aud", json!(["other", "tessera"]))] {
        let token = signer.sign(&header(), &with(name, value));
        verifier.verify(&token).await.expect("within what is allowed");
    }
}

#[tokio::test]
async fn a_token_without_a_signature_or_with_a_foreign_one_is_refused() {
    let (signer, other) = (Signer::new(), Signer::new());
    let verifier = signer.verifier();
    for alg in ["none", "None", "NONE", "HS256", "RS256", "ES256", "PS256", ""] {
        let head = json!({ "alg": alg });
        refusal(&verifier, &Secret::new(format!("{}.", unsigned(&head, &claims())))).await;
        refusal(&verifier, &signer.sign(&head, &claims())).await;
    }
    refusal(&verifier, &other.sign(&header(), &claims())).await;
    let good = signer.sign(&header(), &claims());
    let (rest, signature) = good.expose().rsplit_once('.').expect("three parts");
    let changed = unsigned(&header(), &with("sub", json!("8")));
    refusal(&verifier, &Secret::new(format!("{changed}.{signature}"))).await;
    for text in
        [rest.to_owned(), format!("{rest}."), format!("{rest}.AA"), format!("a.{rest}.{signature}")]
    {
        refusal(&verifier, &Secret::new(text)).await;
    }
    let crit = json!({ "alg": "EdDSA", "crit": ["exp"] });
    assert!(refusal(&verifier, &signer.sign(&crit, &claims())).await.contains("demands"));
}

#[tokio::test]
async fn a_public_key_is_never_taken_for_a_shared_secret() {
    let signer = Signer::new();
    let verifier = signer.verifier();
    let signed = unsigned(&json!({ "alg": "HS256" }), &claims());
    for key in [signer.pem(), signer.0.public_key().as_ref().to_vec()] {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&key).expect("any length is a key");
        mac.update(signed.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        let refused = refusal(&verifier, &Secret::new(format!("{signed}.{signature}"))).await;
        assert!(refused.contains("algorithm"), "{refused}");
    }
}

#[tokio::test]
async fn a_token_signed_on_p_256_is_checked_with_its_key() {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
    let key = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).expect("a key");
    let point = key.public_key().as_ref();
    let set = json!({ "keys": [{
        "kty": "EC", "crv": "P-256", "kid": "one",
        "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..]),
    }]});
    let keys = Key::read_set(set).expect("a set");
    let token = |kid: &str| {
        let signed = unsigned(&json!({ "alg": "ES256", "kid": kid }), &claims());
        let signature = key.sign(&random, signed.as_bytes()).expect("signs");
        Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    };
    let check = |token: &Secret| {
        let unchecked = Unchecked::read(token, &Algorithm::ALL).expect("read");
        jwks::check(keys.iter(), &unchecked)
    };
    assert!(check(&token("one")).is_ok());
    assert!(check(&token("two")).is_err(), "another key is named");
}

#[tokio::test]
async fn nothing_is_asked_without_encryption_or_at_a_closed_address() {
    let outbound = outbound();
    for url in ["http://192.0.2.1/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "//x"] {
        assert!(outbound.get(url, "x").await.is_err(), "{url}");
    }
    let closed = Outbound::new(OutboundSettings {
        denied_networks: vec!["127.0.0.0/8".parse().expect("a network")],
        allowed_networks: Vec::new(),
        allow_http: true,
        timeout: std::time::Duration::from_secs(5),
        answer_bytes_max: 1 << 20,
        extra_authorities: None,
    })
    .expect("a client");
    for url in ["http://127.0.0.1:1/x", "http://localhost:1/x", "http://[::ffff:127.0.0.1]:1/x"] {
        let Err(fault) = closed.get(url, "x").await else { panic!("{url}") };
        let cause = std::error::Error::source(&fault).expect("a cause").to_string();
        assert!(cause.contains("closed"), "{url}: {cause}");
    }
}
