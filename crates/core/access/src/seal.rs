//! Sealing of secrets at rest: XChaCha20-Poly1305, bound to the object they belong to.

use std::sync::Arc;

use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use tessera_kernel::{Code, Fault, Random, Result, Secret};

const NONCE_BYTES: usize = 24;
const VERSION_BYTES: usize = 1;

/// A sealed text: one byte with the version of the key, the nonce, the cipher text.
pub type Sealed = Vec<u8>;

/// Seals and opens secrets.
#[derive(Clone)]
pub struct Sealer {
    /// The last one seals; all of them open.
    ciphers: Vec<(u8, XChaCha20Poly1305)>,
    random: Arc<dyn Random>,
}

impl Sealer {
    /// A sealer with keys by version. The last one seals new secrets.
    ///
    /// # Errors
    /// If there is no key.
    pub fn new(keys: &[(u8, [u8; 32])], random: Arc<dyn Random>) -> Result<Self> {
        if keys.is_empty() {
            return Err(Fault::new(Code::Internal, "there is no key to seal secrets with"));
        }
        let ciphers = keys
            .iter()
            .map(|(version, key)| (*version, XChaCha20Poly1305::new(key.into())))
            .collect();
        Ok(Self { ciphers, random })
    }

    /// Seals a text for the object named by `context`; it opens only with the same context.
    ///
    /// # Errors
    /// If the text is too long for the cipher (256 GiB).
    pub fn seal(&self, secret: &Secret, context: &str) -> Result<Sealed> {
        let (version, cipher) = self.ciphers.last().expect("there is a key, see new");
        let mut nonce = [0_u8; NONCE_BYTES];
        self.random.fill(&mut nonce);
        let payload = Payload { msg: secret.expose().as_bytes(), aad: context.as_bytes() };
        let text = cipher
            .encrypt(XNonce::from_slice(&nonce), payload)
            .map_err(|_| Fault::new(Code::Internal, "cannot seal a secret"))?;
        let mut sealed = Vec::with_capacity(VERSION_BYTES + NONCE_BYTES + text.len());
        sealed.push(*version);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    /// Whether a value was sealed with the present key.
    #[must_use]
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        self.ciphers.last().is_some_and(|(version, _)| sealed.first() == Some(version))
    }

    /// Opens what was sealed for the same context.
    ///
    /// # Errors
    /// If it was changed, belongs to another object, or was sealed with a key that is not here.
    pub fn open(&self, sealed: &[u8], context: &str) -> Result<Secret> {
        let refuse = || Fault::new(Code::Internal, "a sealed secret cannot be opened");
        if sealed.len() < VERSION_BYTES + NONCE_BYTES {
            return Err(refuse());
        }
        let (version, rest) = sealed.split_at(VERSION_BYTES);
        let (nonce, text) = rest.split_at(NONCE_BYTES);
        let cipher = self
            .ciphers
            .iter()
            .find(|(known, _)| *known == version[0])
            .map(|(_, cipher)| cipher)
            .ok_or_else(refuse)?;
        let payload = Payload { msg: text, aad: context.as_bytes() };
        let plain = cipher.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| refuse())?;
        String::from_utf8(plain).map(Secret::new).map_err(|_| refuse())
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tessera_kernel::SystemRandom;

    fn sealer(keys: &[(u8, [u8; 32])]) -> Sealer {
        Sealer::new(keys, Arc::new(SystemRandom)).expect("there is a key")
    }

    #[test]
    fn what_is_sealed_opens_with_the_same_context_only() {
        let sealer = sealer(&[(1, [7; 32])]);
        let sealed = sealer.seal(&Secret::new("hunter2"), "source:1").expect("seals");
        assert!(!sealed.windows(7).any(|part| part == b"hunter2"));
        assert_eq!(sealer.open(&sealed, "source:1").expect("opens").expose(), "hunter2");
        assert!(sealer.open(&sealed, "source:2").is_err(), "swapped to another object");
        let mut changed = sealed.clone();
        *changed.last_mut().expect("not empty") ^= 1;
        assert!(sealer.open(&changed, "source:1").is_err(), "changed");
        assert!(sealer.open(&sealed[..10], "source:1").is_err(), "cut");
    }

    #[test]
    fn an_older_key_still_opens_after_rotation() {
        let old = sealer(&[(1, [7; 32])]);
        let sealed = old.seal(&Secret::new("hunter2"), "x").expect("seals");
        let new = sealer(&[(1, [7; 32]), (2, [8; 32])]);
        assert_eq!(new.open(&sealed, "x").expect("opens").expose(), "hunter2");
        let again = new.seal(&Secret::new("hunter2"), "x").expect("seals");
        assert!(old.open(&again, "x").is_err(), "sealed with the newer key");
    }
}
