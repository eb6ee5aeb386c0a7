//! Signed tokens (RFC 7515, compact form): read strictly, and checked with public keys only.
//!
//! There are no symmetric algorithms in here, so that a public key can never be taken for a shared
//! secret, and `none` is not a value that can be expressed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value as Json};
use tessera_kernel::{Code, Fault, Result, Secret};

/// No longer token is read, in bytes.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// The algorithms that tokens may be signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with SHA-256 (PKCS #1 v1.5), keys of 2048 bits and more.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// All algorithms.
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// The name in headers (RFC 7518).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

impl std::str::FromStr for Algorithm {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|known| known.as_str() == text).ok_or(())
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Json>,
    b64: Option<Json>,
}

/// A token that was read and not checked yet.
pub(crate) struct Unchecked<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<String>,
    /// What the signature is over.
    pub(crate) signed: &'a [u8],
    pub(crate) signature: Vec<u8>,
    payload: &'a str,
}

impl<'a> Unchecked<'a> {
    /// Reads a token signed with one of the algorithms.
    pub(crate) fn read(token: &'a Secret, allowed: &[Algorithm]) -> Result<Self> {
        let text = token.expose();
        if text.len() > TOKEN_BYTES_MAX {
            return Err(bad("it is too long"));
        }
        let (signed, signature) = text.rsplit_once('.').ok_or_else(|| bad("it has no parts"))?;
        let (header, payload) = signed.split_once('.').ok_or_else(|| bad("it has two parts"))?;
        if payload.contains('.') {
            return Err(bad("it has too many parts"));
        }
        let header: Header = serde_json::from_slice(&decode(header)?)
            .map_err(|_| bad("its header cannot be read"))?;
        // Extensions that must be understood, and are not.
        if header.crit.is_some() || header.b64.is_some() {
            return Err(bad("its header demands more than is known here"));
        }
        let algorithm = header
            .alg
            .parse()
            .ok()
            .filter(|algorithm| allowed.contains(algorithm))
            .ok_or_else(|| bad("its algorithm is not allowed"))?;
        let signature = decode(signature)?;
        Ok(Self { algorithm, kid: header.kid, signed: signed.as_bytes(), signature, payload })
    }

    /// What the token says; to be asked for only once the signature was checked.
    pub(crate) fn payload(&self) -> Result<Map<String, Json>> {
        serde_json::from_slice(&decode(self.payload)?).map_err(|_| bad("it says nothing"))
    }
}

fn decode(text: &str) -> Result<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| bad("it is not in base 64"))
}

/// A token that is not good. The reason names no content.
pub(crate) fn bad(reason: &str) -> Fault {
    Fault::new(Code::Unauthenticated, format!("the token is not good: {reason}"))
}
