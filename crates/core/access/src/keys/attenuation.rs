//! Tokens that the holder of a key makes without asking the server: a chain of caveats, each of
//! which can only narrow.
//!
//! ```text
//! att_<key id>.<caveat>[.<caveat> …].<mac>          caveats and mac in base64url without padding
//! mac₀ = HMAC-SHA-256(root, "att.v1:" + key id)     macᵢ = HMAC-SHA-256(macᵢ₋₁, caveatᵢ as JSON)
//! ```
//!
//! A caveat is a JSON object of `exp` (seconds since 1970), `terms` and `visitor`. The root secret
//! is derived from the pepper and the key's identifier, and is shown once as `sig_<key id>_<hex>`:
//! the server stores neither it nor the key's text, and can check every token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use hmac::{Hmac, Mac};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tessera_kernel::Timestamp;

use super::format::ID_CHARACTERS;
use super::terms::Terms;
use super::{Key, Peppers, TokenFacts, hex};

const PREFIX: &str = "att_";
/// Longest token, in bytes.
const BYTES_MAX: usize = 2048;
/// Most caveats of a token.
const CAVEATS_MAX: usize = 8;
/// Longest name of a visitor, in bytes.
const VISITOR_BYTES_MAX: usize = 128;
const PURPOSE: &str = "attenuation.v1";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Caveat {
    exp: Option<i64>,
    #[serde(default)]
    terms: Terms,
    visitor: Option<String>,
}

/// A token as it was read: nothing of it is proved yet.
#[derive(Debug)]
pub(crate) struct Token<'a> {
    /// The identifier of its key.
    pub(crate) id: &'a str,
    caveats: Vec<Vec<u8>>,
    mac: [u8; 32],
}

/// Whether a text claims to be a token.
pub(crate) fn is_token(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// The secret that tokens of a key are made with; `None` if its pepper is gone.
pub(crate) fn root_secret(peppers: &Peppers, key: &Key) -> Option<[u8; 32]> {
    peppers.derive(key.pepper_version, PURPOSE, &key.lookup)
}

impl<'a> Token<'a> {
    /// Reads a text; `None` for anything that cannot be a token.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        if text.len() > BYTES_MAX {
            return None;
        }
        let mut parts = text.strip_prefix(PREFIX)?.split('.');
        let id = parts.next()?;
        let good = id.len() == ID_CHARACTERS && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        good.then_some(())?;
        let mut decoded = parts
            .map(|part| URL_SAFE_NO_PAD.decode(part).ok())
            .collect::<Option<Vec<Vec<u8>>>>()?;
        let mac = decoded.pop()?.try_into().ok()?;
        ((1..=CAVEATS_MAX).contains(&decoded.len())).then_some(())?;
        Some(Self { id, caveats: decoded, mac })
    }

    /// Whether it was made with a secret, in a time that does not tell how much of it fits.
    pub(crate) fn fits(&self, root: &[u8; 32]) -> bool {
        let first = hmac(root, format!("att.v1:{}", self.id).as_bytes());
        let last = self.caveats.iter().fold(first, |mac, caveat| hmac(&mac, caveat));
        last.ct_eq(&self.mac).into()
    }

    /// What the caveats say; `None` if one cannot be read, if none tells an end, or if that is
    /// later than allowed.
    pub(crate) fn terms(&self, end_max: Timestamp) -> Option<(Vec<Terms>, TokenFacts)> {
        let mut all = Vec::with_capacity(self.caveats.len());
        let (mut end, mut visitor) = (None::<Timestamp>, None::<String>);
        let mut digest = Sha256::new();
        for caveat in &self.caveats {
            let caveat: Caveat = serde_json::from_slice(caveat).ok()?;
            if let Some(exp) = caveat.exp {
                let exp = DateTime::from_timestamp(exp, 0)?;
                end = Some(end.map_or(exp, |end| end.min(exp)));
            }
            if let Some(name) = caveat.visitor {
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@:+".contains(&byte);
                let good = (1..=VISITOR_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain);
                // Who a token is for is said once.
                (good && visitor.as_ref().is_none_or(|known| *known == name)).then_some(())?;
                visitor = Some(name);
            }
            let canonical = serde_json::to_vec(&caveat.terms).ok()?;
            digest.update((canonical.len() as u64).to_be_bytes());
            digest.update(&canonical);
            all.push(caveat.terms);
        }
        let expires_at = end.filter(|end| *end <= end_max)?;
        digest.update(visitor.as_deref().unwrap_or_default());
        let digest = hex(&digest.finalize()[..16]);
        Some((all, TokenFacts { expires_at, visitor, digest }))
    }
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).expect("any length is a key");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    const ID: &str = "AbCdEfGhIj12";

    /// What the maker of a token does.
    fn mint(root: &[u8; 32], caveats: &[Json]) -> String {
        let mut mac = hmac(root, format!("att.v1:{ID}").as_bytes());
        let mut text = format!("att_{ID}");
        for caveat in caveats {
            let caveat = caveat.to_string();
            mac = hmac(&mac, caveat.as_bytes());
            text = format!("{text}.{}", URL_SAFE_NO_PAD.encode(caveat));
        }
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    fn end() -> Timestamp {
        DateTime::from_timestamp(2_000, 0).expect("a moment")
    }

    #[test]
    fn a_token_fits_its_own_secret_only_and_unchanged_only() {
        let text = mint(&[7; 32], &[json!({ "exp": 1000, "terms": { "pinned": { "t": 5 } } })]);
        let token = Token::read(&text).expect("a token");
        assert!(token.fits(&[7; 32]) && !token.fits(&[8; 32]));
        let other = mint(&[7; 32], &[json!({ "exp": 1000, "terms": { "pinned": { "t": 6 } } })]);
        let (head, _) = other.rsplit_once('.').expect("a mac");
        let (_, mac) = text.rsplit_once('.').expect("a mac");
        let forged = format!("{head}.{mac}");
        assert!(!Token::read(&forged).expect("a token").fits(&[7; 32]), "a swapped caveat");
    }

    #[test]
    fn a_caveat_cannot_be_taken_away_but_one_can_be_added_by_the_holder() {
        let one = json!({ "exp": 1000 });
        let two = json!({ "terms": { "pinned": { "t": 5 } } });
        let both = mint(&[7; 32], &[one.clone(), two.clone()]);
        let parts: Vec<&str> = both.split('.').collect();
        let cut = format!("{}.{}.{}", parts[0], parts[1], parts[3]);
        assert!(!Token::read(&cut).expect("a token").fits(&[7; 32]));
        let first = mint(&[7; 32], &[one]);
        let (head, mac) = first.rsplit_once('.').expect("a mac");
        let mac = URL_SAFE_NO_PAD.decode(mac).expect("base64");
        let more = hmac(&mac, two.to_string().as_bytes());
        let added = URL_SAFE_NO_PAD.encode(two.to_string());
        let longer = format!("{head}.{added}.{}", URL_SAFE_NO_PAD.encode(more));
        assert_eq!(longer, both);
    }

    #[test]
    fn a_token_needs_an_end_that_is_near_enough() {
        let read = |caveats: &[Json]| {
            let text = mint(&[7; 32], caveats);
            Token::read(&text).and_then(|token| token.terms(end()))
        };
        let ends = |caveats: &[Json]| read(caveats).map(|(_, facts)| facts.expires_at.timestamp());
        assert_eq!(ends(&[json!({ "exp": 1000 })]), Some(1000));
        assert_eq!(ends(&[json!({ "exp": 1000 }), json!({ "exp": 900 })]), Some(900));
        assert_eq!(ends(&[json!({ "exp": 900 }), json!({ "exp": 9_999_999 })]), Some(900));
        assert_eq!(ends(&[json!({})]), None, "no end");
        assert_eq!(ends(&[json!({ "exp": 2001 })]), None, "too far");
        assert_eq!(ends(&[json!({ "exp": 1, "x": 1 })]), None, "unknown member");
        let visitors = [json!({ "exp": 1, "visitor": "a" }), json!({ "visitor": "b" })];
        assert!(read(&visitors).is_none(), "two visitors");
        assert!(read(&[json!({ "exp": 1, "visitor": "a b" })]).is_none());
    }

    #[test]
    fn too_long_or_broken_tokens_are_none() {
        let many = vec![json!({ "exp": 1 }); 9];
        assert!(Token::read(&mint(&[7; 32], &many)).is_none(), "nine caveats");
        let long = [json!({ "exp": 1, "visitor": "v".repeat(2000) })];
        assert!(Token::read(&mint(&[7; 32], &long)).is_none(), "too long");
        let none = mint(&[7; 32], &[]);
        for text in ["att_", "att_x", "att_AbCdEfGhIj12.", "att_AbCdEfGhIj12.e30.AA", none.as_str()]
        {
            assert!(Token::read(text).is_none(), "{text}");
        }
    }
}
