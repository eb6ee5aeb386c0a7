//! Keyed digests: what is stored instead of a key, a session token or a one-use link.
//!
//! Keys have far more than 112 random bits, so one HMAC-SHA-256 is enough (NIST SP 800-63B, look-up
//! secrets); a slow hash on every request would only serve attackers.

use std::sync::Arc;

use hmac::{Hmac, Mac};
use parking_lot::RwLock;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use tessera_kernel::{Code, Fault, Result};

/// The peppers by version. The last one makes new digests; all of them check. Clones share them, so
/// that they can be exchanged while the server runs.
#[derive(Clone)]
pub struct Peppers(Arc<RwLock<Arc<Versions>>>);

type Versions = Vec<(i64, [u8; 32])>;

impl Peppers {
    /// Peppers by version, oldest first.
    ///
    /// # Errors
    /// If there is none.
    pub fn new(peppers: Vec<(i64, [u8; 32])>) -> Result<Self> {
        check(&peppers)?;
        Ok(Self(Arc::new(RwLock::new(Arc::new(peppers)))))
    }

    /// Exchanges all of them; tells whether something changed.
    ///
    /// # Errors
    /// If there is none.
    pub fn replace(&self, peppers: Vec<(i64, [u8; 32])>) -> Result<bool> {
        check(&peppers)?;
        let mut held = self.0.write();
        let changed = **held != peppers;
        *held = Arc::new(peppers);
        Ok(changed)
    }

    /// The version that makes new digests.
    #[must_use]
    pub fn current(&self) -> i64 {
        self.versions().last().map_or(0, |(version, _)| *version)
    }

    /// Whether there is a pepper of this version.
    #[must_use]
    pub fn knows(&self, version: i64) -> bool {
        self.versions().iter().any(|(known, _)| *known == version)
    }

    /// The version and digest for a new secret.
    #[must_use]
    pub fn digest(&self, text: &str) -> (i64, [u8; 32]) {
        let versions = self.versions();
        let (version, pepper) = versions.last().expect("there is a pepper, see new");
        (*version, hmac(pepper, text))
    }

    /// The digests of a text under every pepper, newest first.
    pub fn digests(&self, text: &str) -> impl Iterator<Item = [u8; 32]> + use<> {
        let digests: Vec<_> =
            self.versions().iter().rev().map(|(_, pepper)| hmac(pepper, text)).collect();
        digests.into_iter()
    }

    /// A secret of its own for a purpose and a text, under the pepper of a version; `None` if that
    /// pepper is not here.
    pub(crate) fn derive(&self, version: i64, purpose: &str, text: &str) -> Option<[u8; 32]> {
        let versions = self.versions();
        let (_, pepper) = versions.iter().find(|(known, _)| *known == version)?;
        // No key, token or link has a zero byte in it: nothing else is digested into the same.
        Some(hmac(pepper, &format!("{purpose}\0{text}")))
    }

    /// Whether a text has a digest, in a time that does not tell how much of it fits.
    #[must_use]
    pub fn verify(&self, text: &str, version: i64, digest: &[u8; 32]) -> bool {
        let versions = self.versions();
        let pepper = versions.iter().find(|(known, _)| *known == version).map(|(_, pepper)| pepper);
        let computed = hmac(pepper.unwrap_or(&[0; 32]), text);
        bool::from(computed.ct_eq(digest)) && pepper.is_some()
    }

    fn versions(&self) -> Arc<Versions> {
        Arc::clone(&self.0.read())
    }
}

fn check(peppers: &Versions) -> Result<()> {
    if peppers.is_empty() {
        return Err(Fault::new(Code::Internal, "there is no pepper for digests"));
    }
    Ok(())
}

impl std::fmt::Debug for Peppers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Peppers(…)")
    }
}

fn hmac(pepper: &[u8; 32], text: &str) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(pepper).expect("any length is a key");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_fits_its_text_under_its_own_pepper_only() {
        let old = Peppers::new(vec![(1, [1; 32])]).expect("one pepper");
        let (version, digest) = old.digest("key");
        let new = Peppers::new(vec![(1, [1; 32]), (2, [2; 32])]).expect("two peppers");
        assert!(new.verify("key", version, &digest));
        assert!(!new.verify("kex", version, &digest));
        assert!(!new.verify("key", 2, &digest));
        assert!(!new.verify("key", 3, &digest), "unknown pepper");
        assert_eq!(new.digest("key").0, 2);
        assert!(new.digests("key").any(|candidate| candidate == digest));
    }
}
