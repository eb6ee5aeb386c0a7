//! Signed tokens that prove who we are: JSON Web Tokens with RS256 (RFC 7515, RFC 7518 section 3.3).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pkcs8::{EncryptedPrivateKeyInfo, SecretDocument};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value as Json, json};
use tessera_kernel::{Code, Fault, Result, Secret};

/// A private RSA key.
pub(crate) struct Rs256(RsaKeyPair);

impl Rs256 {
    /// Reads a key in PEM form: PKCS #8, also an encrypted one, or PKCS #1. The option is named in
    /// the fault.
    ///
    /// # Errors
    /// `Invalid` if that is no such key, or the password is not its password.
    pub(crate) fn read(pem: &str, password: Option<&Secret>, option: &str) -> Result<Self> {
        let invalid = |detail: &str| Fault::invalid(format!("options.{option}"), detail);
        let pair = if pem.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
            let password = password.ok_or_else(|| {
                invalid("is an encrypted key; private_key_pwd must be its password")
            })?;
            let (_, sealed) =
                SecretDocument::from_pem(pem).map_err(|_| invalid("is no key in PEM form"))?;
            let sealed = EncryptedPrivateKeyInfo::try_from(sealed.as_bytes())
                .map_err(|_| invalid("is no encrypted key (PKCS #8)"))?;
            let opened = sealed.decrypt(password.expose()).map_err(|_| {
                invalid("cannot be decrypted; private_key_pwd must be its password")
            })?;
            RsaKeyPair::from_pkcs8(opened.as_bytes())
        } else {
            match PrivateKeyDer::from_pem_slice(pem.as_bytes()) {
                Ok(PrivateKeyDer::Pkcs8(key)) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
                Ok(PrivateKeyDer::Pkcs1(key)) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
                _ => return Err(invalid("must be a private key in PEM form (PKCS #8 or PKCS #1)")),
            }
        };
        let unfit = |_| invalid("must be an RSA key of 2048 to 8192 bits");
        pair.map(Self).map_err(unfit)
    }

    /// A token that says so.
    ///
    /// # Errors
    /// `Internal` if there is no randomness.
    pub(crate) fn token(&self, claims: &Json) -> Result<Secret> {
        let head = json!({ "alg": "RS256", "typ": "JWT" });
        let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        let said = format!("{}.{}", part(&head), part(claims));
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), said.as_bytes(), &mut signature)
            .map_err(|_| Fault::new(Code::Internal, "a token could not be signed"))?;
        Ok(Secret::new(format!("{said}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }

    /// The public key as a `SubjectPublicKeyInfo` (RFC 5280, section 4.1.2.7), in DER.
    pub(crate) fn public_key(&self) -> Vec<u8> {
        // rsaEncryption, without parameters.
        const ALGORITHM: [u8; 15] =
            [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0];
        let bits = [&[0], self.0.public().as_ref()].concat();
        tagged(0x30, &[&ALGORITHM[..], &tagged(0x03, &bits)].concat())
    }
}

/// A value in DER, behind its tag and its length.
fn tagged(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len().to_be_bytes();
    let first = length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1);
    let length = length.get(first..).unwrap_or_default();
    let mut out = vec![tag];
    match length {
        [short @ 0..0x80] => out.push(*short),
        _ => {
            out.push(0x80 | u8::try_from(length.len()).unwrap_or(8));
            out.extend_from_slice(length);
        }
    }
    out.extend_from_slice(value);
    out
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
        use std::io::Write as _;
        use std::process::Stdio;
        let mut running = Command::new("openssl")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("openssl is installed");
        running.stdin.take().expect("is piped").write_all(input).expect("takes it");
        let out = running.wait_with_output().expect("ends");
        assert!(out.status.success(), "openssl {arguments:?}");
        out.stdout
    }

    #[test]
    fn every_form_of_a_key_is_read_and_gives_the_same_public_key() {
        let plain =
            openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], b"");
        let public = openssl(&["pkey", "-pubout", "-outform", "DER"], &plain);
        let older = openssl(&["rsa", "-traditional"], &plain);
        let seal = |cipher: &str| {
            openssl(&["pkcs8", "-topk8", "-v2", cipher, "-passout", "pass:open sesame"], &plain)
        };
        let password = Secret::new("open sesame".to_owned());
        for (pem, password) in [
            (plain.clone(), None),
            (older, None),
            (seal("aes-256-cbc"), Some(&password)),
            (seal("des3"), Some(&password)),
        ] {
            let pem = String::from_utf8(pem).expect("a text");
            let key = Rs256::read(&pem, password, "key").expect("is read");
            assert_eq!(key.public_key(), public);
        }
        let sealed = String::from_utf8(seal("aes-256-cbc")).expect("a text");
        let other = Secret::new("other".to_owned());
        for password in [None, Some(&other)] {
            let fault = Rs256::read(&sealed, password, "key").err().expect("is refused");
            assert_eq!(fault.field(), Some("options.key"));
            assert!(fault.detail().contains("private_key_pwd"), "{fault}");
        }
        let fault = Rs256::read("no key", None, "key").err().expect("is refused");
        assert_eq!(fault.field(), Some("options.key"));
    }

    #[test]
    fn a_token_is_signed() {
        let plain =
            openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], b"");
        let key = Rs256::read(std::str::from_utf8(&plain).expect("a text"), None, "key");
        let key = key.expect("is read");
        let token = key.token(&json!({ "iss": "me" })).expect("is signed");
        let (said, signature) = token.expose().rsplit_once('.').expect("three parts");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
        let public = ring::signature::UnparsedPublicKey::new(
            &ring::signature::RSA_PKCS1_2048_8192_SHA256,
            key.0.public().as_ref(),
        );
        public.verify(said.as_bytes(), &signature).expect("is true");
        let (_, claims) = said.split_once('.').expect("two parts");
        assert_eq!(URL_SAFE_NO_PAD.decode(claims).expect("base64"), br#"{"iss":"me"}"#);
    }
}
