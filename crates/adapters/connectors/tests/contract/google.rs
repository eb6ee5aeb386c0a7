//! What stands in for Google: a service account of its own, and tokens for requests that it signed.

use std::process::Command;
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value as Json, json};

use crate::door::{Answer, Asked};

pub const EMAIL: &str = "reader@project.iam.gserviceaccount.com";
pub const KEY_ID: &str = "k1";
pub const TOKEN: &str = "ya29.token";

/// The account's private key in PEM form, made anew for each run of the tests.
fn private_key() -> &'static str {
    static KEY: OnceLock<String> = OnceLock::new();
    KEY.get_or_init(|| {
        let made = Command::new("openssl")
            .args(["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
            .output()
            .expect("openssl runs");
        assert!(made.status.success(), "openssl");
        String::from_utf8(made.stdout).expect("PEM")
    })
}

fn public_key() -> Vec<u8> {
    let PrivateKeyDer::Pkcs8(key) =
        PrivateKeyDer::from_pem_slice(private_key().as_bytes()).expect("PEM")
    else {
        panic!("PKCS #8");
    };
    let pair = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).expect("a key");
    pair.public_key().as_ref().to_vec()
}

/// The account's key file.
pub fn key_file(tokens: &str) -> String {
    let file = json!({
        "type": "service_account", "project_id": "project", "private_key_id": KEY_ID,
        "private_key": private_key(), "client_email": EMAIL, "token_uri": tokens,
    });
    file.to_string()
}

/// The same as a form in a browser sends it, for a door.
pub fn key_option(port: u16) -> String {
    STANDARD.encode(key_file(&format!("http://127.0.0.1:{port}/token")))
}

/// An error as Google's interfaces tell it.
pub fn refused(status: u16, reason: &str, message: &str) -> Answer {
    let body = json!({ "error": {
        "code": status, "message": message, "status": "INVALID_ARGUMENT",
        "errors": [{ "message": message, "domain": "global", "reason": reason }],
    }});
    Answer::Now(status, Vec::new(), body.to_string().into_bytes())
}

/// The answer to a request for a token, which has to be signed by the account; for anything else
/// nothing, if it has the token, and else that it has not.
pub fn admit(asked: &Asked, port: u16, scopes: &str) -> Option<Answer> {
    if asked.target != "/token" {
        let known = asked.header("authorization") == Some(&format!("Bearer {TOKEN}"));
        return (!known).then(|| refused(401, "authError", "Invalid Credentials"));
    }
    let told = |code: u16, body: Json| Some(Answer::Now(code, Vec::new(), body.to_string().into()));
    let field = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(asked.body.as_bytes());
        pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    };
    assert_eq!(field("grant_type").as_deref(), Some("urn:ietf:params:oauth:grant-type:jwt-bearer"));
    let assertion = field("assertion").expect("an assertion");
    let (signed, signature) = assertion.rsplit_once('.').expect("three parts");
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("Base64");
    let key = public_key();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.as_slice());
    if key.verify(signed.as_bytes(), &signature).is_err() {
        return told(
            400,
            json!({
                "error": "invalid_grant", "error_description": "Invalid JWT Signature.",
            }),
        );
    }
    let (header, claims) = signed.split_once('.').expect("two parts");
    let read = |part: &str| -> Json {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("Base64")).expect("JSON")
    };
    assert_eq!(read(header), json!({ "alg": "RS256", "typ": "JWT", "kid": KEY_ID }));
    let claims = read(claims);
    assert_eq!(claims["iss"], EMAIL);
    assert_eq!(claims["scope"], scopes);
    assert_eq!(claims["aud"], format!("http://127.0.0.1:{port}/token"));
    let [from, until] = ["iat", "exp"].map(|name| claims[name].as_i64().expect("a number"));
    assert_eq!(until - from, 3600);
    assert!((chrono::Utc::now().timestamp() - from).abs() < 60, "it is now");
    told(200, json!({ "access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer" }))
}
