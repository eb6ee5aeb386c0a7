//! A service account: its key file among the options, and what it signs (RS256).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tessera_kernel::{Fault, Result, Secret};
use url::Url;

use crate::options;
use crate::rs256::Rs256;

/// The option with the key file.
pub(crate) const KEY_FILE: &str = "jsonKeyFile";

/// Where tokens are given, unless the key file says otherwise.
const TOKENS: &str = "https://oauth2.googleapis.com/token";

/// How long what is signed is good, in seconds: as long as Google allows.
const GOOD_SECONDS: i64 = 3600;

/// How the option looks in a form.
pub(crate) fn key_option() -> Json {
    json!({ "type": "string", "title": "JSON Key File (ADC is used if omitted)" })
}

pub(super) struct Account {
    pub(super) email: String,
    key_id: Option<String>,
    /// Where tokens are given.
    pub(super) tokens: Url,
    key: Rs256,
}

/// What is read of a key file.
#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
    token_uri: Option<String>,
}

fn invalid(detail: &str) -> Fault {
    Fault::invalid(format!("options.{KEY_FILE}"), detail)
}

impl Account {
    /// The account that the options name; `elsewhere` is where the operator sends what is Google's.
    ///
    /// # Errors
    /// `Invalid` if the key file is missing or cannot be used.
    pub(super) fn read(given: &Json, elsewhere: Option<&str>) -> Result<Self> {
        options::only_texts(given, &[KEY_FILE])?;
        let written = options::text(given, KEY_FILE).ok_or_else(|| {
            invalid(
                "is required: the JSON key of a service account, as it is or in Base64; the server \
                 uses no rights of the machine that it runs on",
            )
        })?;
        let bytes = if written.starts_with('{') {
            written.as_bytes().to_vec()
        } else {
            let letters: String = written.chars().filter(|c| !c.is_whitespace()).collect();
            STANDARD
                .decode(letters)
                .map_err(|_| invalid("must be a JSON file, or that in Base64"))?
        };
        // What serde says could show a part of the key.
        let file: KeyFile = serde_json::from_slice(&bytes).map_err(|_| {
            invalid("must be the JSON key of a service account, with client_email and private_key")
        })?;
        let tokens = Url::parse(file.token_uri.as_deref().unwrap_or(TOKENS))
            .ok()
            .filter(|url| is_google(url) || is_same(url, elsewhere))
            .ok_or_else(|| {
                invalid("has a token_uri that is not Google's, and not at sources.google_url")
            })?;
        Ok(Self {
            email: file.client_email,
            key_id: file.private_key_id,
            tokens,
            key: Rs256::read(&file.private_key, None, KEY_FILE)?,
        })
    }

    /// What asks for a token: who we are, for what and for how long, signed.
    ///
    /// # Errors
    /// `Internal` if the machine gives no random numbers.
    pub(super) fn assertion(&self, scopes: &str, seconds: i64) -> Result<Secret> {
        let claims = json!({
            "iss": self.email, "scope": scopes, "aud": self.tokens.as_str(),
            "iat": seconds, "exp": seconds + GOOD_SECONDS,
        });
        self.key.token(&claims, self.key_id.as_deref())
    }
}

/// Whether an address is one of Google's interfaces.
fn is_google(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let known = host == "accounts.google.com" || host.ends_with(".googleapis.com");
    known && url.scheme() == "https" && url.port().is_none() && url.username().is_empty()
}

fn is_same(url: &Url, elsewhere: Option<&str>) -> bool {
    let elsewhere = elsewhere.and_then(|text| Url::parse(text).ok());
    elsewhere.is_some_and(|elsewhere| elsewhere.origin() == url.origin())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_asked_for_at_google_only() {
        let good = |text: &str| is_google(&Url::parse(text).expect("an address"));
        assert!(good(TOKENS));
        assert!(good("https://accounts.google.com/o/oauth2/token"));
        for text in [
            "http://oauth2.googleapis.com/token",
            "https://oauth2.googleapis.com.example.com/token",
            "https://evilgoogleapis.com/token",
            "https://oauth2.googleapis.com:8443/token",
            "https://me@oauth2.googleapis.com/token",
            "https://169.254.169.254/token",
        ] {
            assert!(!good(text), "{text}");
        }
        let other = Url::parse("http://127.0.0.1:1/token").expect("an address");
        assert!(is_same(&other, Some("http://127.0.0.1:1/")));
        assert!(!is_same(&other, Some("http://127.0.0.1:2")));
        assert!(!is_same(&other, None));
    }

    #[test]
    fn a_key_that_cannot_be_used_is_refused_without_showing_it() {
        let secret = r#"{"client_email": "a@b", "private_key": "secret-stuff"}"#;
        for given in [
            json!({}),
            json!({ "jsonKeyFile": "" }),
            json!({ "jsonKeyFile": 5 }),
            json!({ "jsonKeyFile": "/etc/key.json" }),
            json!({ "jsonKeyFile": "{}" }),
            json!({ "jsonKeyFile": secret }),
            json!({ "jsonKeyFile": STANDARD.encode(secret) }),
            json!({ "jsonKeyFile": "{\"client_email\": \"a\", \"private_key\": \"secret-stuff" }),
        ] {
            let fault = Account::read(&given, None).err().expect("refused");
            assert_eq!(fault.field(), Some("options.jsonKeyFile"));
            assert!(!fault.to_string().contains("secret-stuff"), "{fault}");
        }
    }
}
