//! Proof of possession: a key that asks for it opens only to requests that are signed with a private
//! key which never travels (Ed25519, RFC 9421), each signature once.

use std::collections::HashSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, VerifyingKey};
use parking_lot::Mutex;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use tessera_kernel::ids::KeyId;
use tessera_kernel::{Code, Fault, Result, Timestamp};

use super::ActiveKey;
use crate::RequestContext;
use crate::ports::Repos;

/// Shortest nonce: less is no nonce, but a counter that two clients share by chance.
const NONCE_CHARACTERS_MIN: usize = 8;
/// Longest nonce.
const NONCE_CHARACTERS_MAX: usize = 128;

/// The public half of a caller's key pair: 32 bytes, written as unpadded base64url, which is the
/// member `x` of an Ed25519 JWK (RFC 8037).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofKey(VerifyingKey);

impl ProofKey {
    /// Reads a public key.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn read(text: &str) -> std::result::Result<Self, &'static str> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('='));
        let bytes = bytes.ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let bytes = bytes.ok_or("a public key is 32 bytes in base64url")?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| "no point of Ed25519")?;
        if key.is_weak() { Err("a weak public key proves nothing") } else { Ok(Self(key)) }
    }
}

impl fmt::Display for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0.as_bytes()))
    }
}

impl Serialize for ProofKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ProofKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).map_err(|wrong| serde::de::Error::custom(format!("proof: {wrong}")))
    }
}

/// The signature of a request, and what it is about. The edge that read the request has seen to it
/// that it covers the method, the address and the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// What was signed: the signature base of RFC 9421, section 2.5.
    pub base: Vec<u8>,
    /// 64 bytes.
    pub signature: Vec<u8>,
    /// When it was made, in seconds since 1970.
    pub created: i64,
    /// When it ends, in seconds since 1970, if it says so.
    pub expires: Option<i64>,
    /// What makes it unlike any other.
    pub nonce: String,
}

/// A signature, or why there is none that counts.
pub type Proof = std::result::Result<SignedRequest, String>;

/// Checks proofs, and remembers those that were used. A node knows its own: within the time that a
/// signature is good for, another node would take it once more.
pub(crate) struct Proofs {
    /// How far a signature's time may be from ours, in seconds.
    skew_seconds: i64,
    /// How many are remembered; beyond, none is taken.
    most: usize,
    used: Mutex<Used>,
}

/// Two generations: what was used lately, and what before. The older one goes once nothing of it
/// can be young enough to be taken again.
#[derive(Default)]
struct Used {
    since: i64,
    now: HashSet<[u8; 16]>,
    before: HashSet<[u8; 16]>,
}

impl Proofs {
    pub(crate) fn new(skew_seconds: i64, most: usize) -> Self {
        Self { skew_seconds, most, used: Mutex::default() }
    }

    /// Refuses a request whose key asks for a proof that it does not have. A request that was proved
    /// once stays proved. A nonce counts once on all nodes together: this one's memory is asked
    /// first, then storage, with one statement for each good signature.
    pub(crate) async fn check(
        &self,
        key: &ActiveKey,
        context: &RequestContext,
        now: Timestamp,
        repos: &dyn Repos,
    ) -> Result<()> {
        let Some(name) = self.check_here(key, context, now)? else { return Ok(()) };
        // Longer than a clock that is `skew` ahead, or behind, takes it.
        let until = now + chrono::TimeDelta::seconds(2 * self.skew_seconds + 1);
        if !repos.use_mark(&name, until).await? {
            return Err(used_before());
        }
        context.ledger.note(|entry| entry.proved = true);
        Ok(())
    }

    /// The same as far as this node knows; gives the name of the nonce, if there is one to be asked
    /// about.
    fn check_here(
        &self,
        key: &ActiveKey,
        context: &RequestContext,
        now: Timestamp,
    ) -> Result<Option<[u8; 32]>> {
        let mut asked = key.terms().filter_map(|terms| terms.conditions.proof.as_ref()).peekable();
        if asked.peek().is_none() || context.ledger.read(|entry| entry.proved) {
            return Ok(None);
        }
        let signed = match context.proof.as_deref() {
            None => {
                let detail = "the key asks for signed requests (RFC 9421, ed25519)";
                return Err(refuse("proof_missing", detail));
            }
            Some(Err(detail)) => return Err(refuse("proof_invalid", detail.clone())),
            Some(Ok(signed)) => signed,
        };
        let (now, skew) = (now.timestamp(), self.skew_seconds);
        if (signed.created - now).abs() > skew || signed.expires.is_some_and(|end| end <= now) {
            let detail = format!("the signature is more than {skew} s old, or not from our time");
            return Err(refuse("proof_invalid", detail));
        }
        if !(NONCE_CHARACTERS_MIN..=NONCE_CHARACTERS_MAX).contains(&signed.nonce.len()) {
            let detail = format!(
                "the nonce of a signature has {NONCE_CHARACTERS_MIN} to {NONCE_CHARACTERS_MAX} characters"
            );
            return Err(refuse("proof_invalid", detail));
        }
        let signature = Signature::from_slice(&signed.signature);
        let fits = |public: &ProofKey| {
            signature.as_ref().is_ok_and(|one| public.0.verify_strict(&signed.base, one).is_ok())
        };
        if !asked.all(fits) {
            return Err(refuse("proof_invalid", "the signature does not fit the request"));
        }
        self.use_up(key.id(), &signed.nonce, now).map(Some)
    }

    fn use_up(&self, key: KeyId, nonce: &str, now: i64) -> Result<[u8; 32]> {
        let mut name = [0; 16];
        let digest: [u8; 32] = Sha256::new()
            .chain_update("nonce:")
            .chain_update(key.0.to_be_bytes())
            .chain_update(nonce)
            .finalize()
            .into();
        name.copy_from_slice(&digest[..16]);
        let mut used = self.used.lock();
        // A signature is good from `skew` before its time to `skew` after it.
        if now - used.since > 2 * self.skew_seconds {
            used.before = std::mem::take(&mut used.now);
            used.since = now;
        }
        if used.before.contains(&name) || used.now.contains(&name) {
            return Err(used_before());
        }
        if used.now.len() + used.before.len() >= self.most {
            let detail = "too many signed requests at a time (keys.proof_nonces_max)";
            return Err(Fault::new(Code::Unavailable, detail).with_retry_after(1));
        }
        used.now.insert(name);
        Ok(digest)
    }
}

fn used_before() -> Fault {
    refuse("proof_invalid", "the signature was used before")
}

fn refuse(reason: &'static str, detail: impl Into<String>) -> Fault {
    Fault::new(Code::OutOfScope, detail.into()).with_reason(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_is_read_and_written_the_same_way() {
        // RFC 8037, appendix A.2.
        let text = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        assert_eq!(ProofKey::read(text).expect("a key").to_string(), text);
        for wrong in ["", "11qY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert!(ProofKey::read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_nonce_counts_once_as_long_as_its_signature_is_good() {
        let proofs = Proofs::new(60, 100);
        assert!(proofs.use_up(KeyId(1), "one", 1000).is_ok());
        assert!(proofs.use_up(KeyId(2), "one", 1000).is_ok(), "another key");
        for later in [0, 60, 120, 121] {
            assert!(proofs.use_up(KeyId(1), "one", 1000 + later).is_err(), "{later}");
        }
    }

    #[test]
    fn memory_for_nonces_is_bounded_and_comes_back() {
        let proofs = Proofs::new(60, 2);
        assert!(proofs.use_up(KeyId(1), "one", 1000).is_ok());
        assert!(proofs.use_up(KeyId(1), "two", 1000).is_ok());
        let full = proofs.use_up(KeyId(1), "three", 1000).expect_err("full");
        assert_eq!(full.code(), Code::Unavailable);
        assert!(proofs.use_up(KeyId(1), "three", 1122).is_err(), "still remembered");
        assert!(proofs.use_up(KeyId(1), "three", 1244).is_ok());
    }
}
