//! Checkpoints: heads of the chain, signed with Ed25519 and kept outside of the store, so that a
//! chain that was cut or written anew is found out.
//!
//! Signed are the bytes `tessera.audit.checkpoint.v1`, a line end, and the canonical JSON of the
//! checkpoint without its signature.

use chrono::{DateTime, Utc};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tessera_kernel::{Code, Fault, Result, Timestamp};

use super::ChainHead;
use super::chain::{canonical_json, time_text, unhex};
use crate::keys::hex;

const DOMAIN: &str = "tessera.audit.checkpoint.v1\n";

/// A public key that checkpoints are checked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointKey(VerifyingKey);

impl CheckpointKey {
    /// Reads 64 digits in hexadecimal.
    ///
    /// # Errors
    /// `Invalid` if it is no key.
    pub fn parse(text: &str) -> Result<Self> {
        unhex(&text.trim().to_lowercase())
            .and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok())
            .map(Self)
            .ok_or_else(|| Fault::invalid("public_key", "must be 64 hexadecimal digits of a key"))
    }

    /// In hexadecimal.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex(self.0.as_bytes())
    }
}

/// The key that checkpoints are signed with.
#[derive(Clone)]
pub struct CheckpointSigner {
    key: SigningKey,
    /// Earlier keys and the present one.
    known: Vec<CheckpointKey>,
}

impl CheckpointSigner {
    /// A signer over all secrets that were ever used; the last one signs.
    ///
    /// # Errors
    /// `Invalid` without any.
    pub fn new(secrets: &[[u8; 32]]) -> Result<Self> {
        let keys: Vec<SigningKey> = secrets.iter().map(SigningKey::from_bytes).collect();
        let known = keys.iter().map(|key| CheckpointKey(key.verifying_key())).collect();
        let key = keys
            .into_iter()
            .next_back()
            .ok_or_else(|| Fault::invalid("audit", "there is no key to sign checkpoints with"))?;
        Ok(Self { key, known })
    }

    /// The public key of new checkpoints.
    #[must_use]
    pub fn public_key(&self) -> CheckpointKey {
        CheckpointKey(self.key.verifying_key())
    }

    /// The public keys of all checkpoints.
    #[must_use]
    pub fn public_keys(&self) -> &[CheckpointKey] {
        &self.known
    }

    /// Signs the head of a chain.
    #[must_use]
    pub fn sign(&self, head: ChainHead, at: Timestamp) -> Checkpoint {
        let mut checkpoint =
            Checkpoint { head, at, key: self.public_key().to_hex(), signature: [0; 64] };
        checkpoint.signature = self.key.sign(checkpoint.message().as_bytes()).to_bytes();
        checkpoint
    }
}

/// A signed head of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The head.
    pub head: ChainHead,
    /// When it was signed.
    pub at: Timestamp,
    /// The public key, in hexadecimal.
    pub key: String,
    signature: [u8; 64],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    at: String,
    hash: String,
    key: String,
    seq: u64,
    signature: String,
}

impl Checkpoint {
    fn message(&self) -> String {
        format!("{DOMAIN}{}", canonical_json(&self.unsigned()))
    }

    fn unsigned(&self) -> Json {
        json!({
            "at": time_text(self.at), "hash": self.head.hash_hex(), "key": self.key,
            "seq": self.head.seq,
        })
    }

    /// As JSON, with the signature.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let mut all = self.unsigned();
        all["signature"] = Json::from(hex(&self.signature));
        all
    }

    /// Reads what [`to_json`](Self::to_json) gave. The signature is not checked here.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn from_json(value: &Json) -> Result<Self> {
        let bad = |what: &str| Fault::new(Code::Malformed, format!("no checkpoint: {what}"));
        let line = Line::deserialize(value).map_err(|error| bad(&error.to_string()))?;
        let at: DateTime<Utc> = line.at.parse().map_err(|_| bad("at is no time"))?;
        let halves = line.signature.split_at_checked(64).ok_or_else(|| bad("signature"))?;
        let mut signature = [0; 64];
        for (half, text) in signature.chunks_exact_mut(32).zip([halves.0, halves.1]) {
            half.copy_from_slice(&unhex(text).ok_or_else(|| bad("signature"))?);
        }
        let hash = unhex(&line.hash).ok_or_else(|| bad("hash"))?;
        Ok(Self { head: ChainHead { seq: line.seq, hash }, at, key: line.key, signature })
    }

    /// Whether one of these keys signed it.
    #[must_use]
    pub fn is_signed_by(&self, keys: &[CheckpointKey]) -> bool {
        let signature = Signature::from_bytes(&self.signature);
        let message = self.message();
        keys.iter().any(|key| {
            key.to_hex() == self.key && key.0.verify_strict(message.as_bytes(), &signature).is_ok()
        })
    }
}

/// The checkpoints in these lines that one of these keys signed, and how many others there are.
/// Empty lines and the rest of a line that a crash cut off count as none.
#[must_use]
pub fn read_lines(lines: &[String], keys: &[CheckpointKey]) -> (Vec<Checkpoint>, u64) {
    let mut good = Vec::new();
    let mut refused = 0;
    for line in lines {
        // What is no JSON is no checkpoint that somebody changed, but half of one.
        let Ok(value) = serde_json::from_str::<Json>(line) else { continue };
        match Checkpoint::from_json(&value) {
            Ok(checkpoint) if checkpoint.is_signed_by(keys) => good.push(checkpoint),
            _ => refused += 1,
        }
    }
    (good, refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_fits_its_own_head_and_key_only() {
        let signer = CheckpointSigner::new(&[[3; 32], [4; 32]]).expect("keys");
        let at = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let made = signer.sign(ChainHead { seq: 9, hash: [1; 32] }, at);
        let read = Checkpoint::from_json(&made.to_json()).expect("read");
        assert_eq!(read, made);
        assert!(read.is_signed_by(signer.public_keys()));
        let stranger = CheckpointSigner::new(&[[5; 32]]).expect("keys");
        assert!(!read.is_signed_by(stranger.public_keys()));
        for changed in [
            Checkpoint { head: ChainHead { seq: 8, ..made.head }, ..made.clone() },
            Checkpoint { head: ChainHead { hash: [2; 32], ..made.head }, ..made.clone() },
            Checkpoint { at: at + chrono::TimeDelta::seconds(1), ..made.clone() },
        ] {
            assert!(!changed.is_signed_by(signer.public_keys()), "{changed:?}");
        }
        let key = CheckpointKey::parse(&signer.public_key().to_hex()).expect("read");
        assert!(read.is_signed_by(&[key]));
    }

    #[test]
    fn what_an_earlier_key_signed_stays_good() {
        let at = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
        let old = CheckpointSigner::new(&[[3; 32]]).expect("keys").sign(ChainHead::EMPTY, at);
        let new = CheckpointSigner::new(&[[3; 32], [4; 32]]).expect("keys");
        assert!(old.is_signed_by(new.public_keys()));
        assert!(CheckpointSigner::new(&[]).is_err());
    }
}
