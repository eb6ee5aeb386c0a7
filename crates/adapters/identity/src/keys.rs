//! Public keys that check signatures.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use tessera_kernel::{Fault, Result};

use crate::jose::{Algorithm, Unchecked};

/// A public key. Each kind goes with exactly one algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// The key in the form of PKCS #1.
    RsaDer(Vec<u8>),
    /// A point, not compressed.
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// A key of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) kid: Option<String>,
    material: Material,
}

/// A key as it is written in a set (RFC 7517).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    r#use: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

impl Key {
    /// The usable keys of a set; others are passed over, since sets hold keys for other purposes.
    pub(crate) fn read_set(document: serde_json::Value) -> serde_json::Result<Vec<Self>> {
        let set: Set = serde_json::from_value(document)?;
        let read = |value| serde_json::from_value::<Jwk>(value).ok().and_then(|jwk| jwk.key());
        Ok(set.keys.into_iter().filter_map(read).collect())
    }

    /// A key in PEM (`PUBLIC KEY`).
    pub(crate) fn read_pem(pem: &[u8]) -> Result<Self> {
        let refuse = || {
            let detail = "must be a PEM file with one PUBLIC KEY: RSA, P-256 or Ed25519";
            Fault::invalid("signin.jwt_public_key_file", detail)
        };
        let der = SubjectPublicKeyInfoDer::from_pem_slice(pem).map_err(|_| refuse())?;
        let material = material_of(&der).ok_or_else(refuse)?;
        Ok(Self { kid: None, material })
    }

    /// The one algorithm that this key is for.
    pub(crate) fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Rsa { .. } | Material::RsaDer(_) => Algorithm::Rs256,
            Material::P256(_) => Algorithm::Es256,
            Material::Ed25519(_) => Algorithm::EdDsa,
        }
    }

    /// Whether it may be the key that a token names.
    pub(crate) fn may_be(&self, token: &Unchecked<'_>) -> bool {
        let named = match (&self.kid, &token.kid) {
            (Some(own), Some(named)) => own == named,
            _ => true,
        };
        named && self.algorithm() == token.algorithm
    }

    /// Whether it signed a token.
    pub(crate) fn signed(&self, token: &Unchecked<'_>) -> bool {
        let (message, signature) = (token.signed, token.signature.as_slice());
        let checked = match (&self.material, token.algorithm) {
            (Material::Rsa { n, e }, Algorithm::Rs256) => RsaPublicKeyComponents { n, e }.verify(
                &RSA_PKCS1_2048_8192_SHA256,
                message,
                signature,
            ),
            (Material::RsaDer(der), Algorithm::Rs256) => {
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).verify(message, signature)
            }
            (Material::P256(point), Algorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            (Material::Ed25519(point), Algorithm::EdDsa) => {
                UnparsedPublicKey::new(&ED25519, point).verify(message, signature)
            }
            _ => return false,
        };
        checked.is_ok()
    }
}

impl Jwk {
    fn key(self) -> Option<Key> {
        if self.r#use.as_deref().is_some_and(|what| what != "sig") {
            return None;
        }
        let material = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => {
                Material::Rsa { n: number(self.n.as_deref()?)?, e: number(self.e.as_deref()?)? }
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(self.x.as_deref()?)?, bytes(self.y.as_deref()?)?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                Material::P256([vec![4], x, y].concat())
            }
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes(self.x.as_deref()?)?),
            _ => return None,
        };
        let key = Key { kid: self.kid, material };
        let fits = self.alg.as_deref().is_none_or(|alg| alg == key.algorithm().as_str());
        fits.then_some(key)
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// A number without leading zeros, as it is needed further on.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = bytes(text)?;
    let start = bytes.iter().position(|byte| *byte != 0)?;
    Some(bytes[start..].to_vec())
}

/// What stands in front of a point of P-256 and of Ed25519 (RFC 5480, RFC 8410).
const P256_PREFIX: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const ED25519_PREFIX: &[u8] =
    &[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// The identifier of RSA keys (RFC 8017).
const RSA_ALGORITHM: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

fn material_of(der: &[u8]) -> Option<Material> {
    if let Some(point) = der.strip_prefix(P256_PREFIX) {
        return (point.len() == 65).then(|| Material::P256(point.to_vec()));
    }
    if let Some(point) = der.strip_prefix(ED25519_PREFIX) {
        return (point.len() == 32).then(|| Material::Ed25519(point.to_vec()));
    }
    let inner = contents(der, 0x30)?.strip_prefix(RSA_ALGORITHM)?;
    let key = contents(inner, 0x03)?.strip_prefix(&[0])?;
    Some(Material::RsaDer(key.to_vec()))
}

/// The contents of a value in DER that fills the whole text.
fn contents(der: &[u8], tag: u8) -> Option<&[u8]> {
    let rest = der.strip_prefix(&[tag])?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81 => (usize::from(*rest.first()?), &rest[1..]),
        0x82 => (usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])), &rest[2..]),
        _ => return None,
    };
    (rest.len() == length).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_for_other_purposes_are_passed_over() {
        let point = URL_SAFE_NO_PAD.encode([7; 32]);
        let keys = Key::read_set(json!({ "keys": [
            { "kty": "OKP", "crv": "Ed25519", "x": point, "kid": "a" },
            { "kty": "OKP", "crv": "Ed25519", "x": point, "use": "enc" },
            { "kty": "OKP", "crv": "Ed25519", "x": point, "alg": "HS256" },
            { "kty": "oct", "k": "c2VjcmV0", "alg": "HS256" },
            { "kty": "EC", "crv": "P-384", "x": point, "y": point },
            { "kty": "RSA", "n": "AQAB" },
            17,
        ]}))
        .expect("a set");
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0].algorithm(), Algorithm::EdDsa);
    }
}
