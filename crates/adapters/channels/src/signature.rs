//! Signatures of webhooks as <https://www.standardwebhooks.com> describes them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;
use tessera_kernel::{Fault, Result};

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// How long a secret may be, in bytes.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The value of `webhook-signature`: one signature for each of the secrets, which spaces part, so
/// that a secret can be exchanged without an interruption.
///
/// # Errors
/// `Invalid` if a secret has another form.
pub(crate) fn sign(secrets: &str, id: &str, seconds: i64, body: &str) -> Result<String> {
    let mut signatures = Vec::new();
    for key in keys(secrets)? {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&key)
            .map_err(|error| Fault::internal("a key of a signature", error))?;
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        signatures.push(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())));
    }
    Ok(signatures.join(" "))
}

/// Reads secrets.
///
/// # Errors
/// `Invalid` if one has another form.
pub(crate) fn keys(secrets: &str) -> Result<Vec<Vec<u8>>> {
    secrets
        .split_whitespace()
        .map(|secret| {
            secret
                .strip_prefix(PREFIX)
                .and_then(|text| STANDARD.decode(text).ok())
                .filter(|key| BYTES.contains(&key.len()))
                .ok_or_else(|| {
                    Fault::invalid(
                        "options.signing_secret",
                        "it must be whsec_ and the base64 form of 24 to 64 random bytes",
                    )
                })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_is_signed_the_same() {
        // The values are those of the specification's own libraries.
        let signed = sign(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signed.expect("signed"), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn two_secrets_make_two_signatures_and_a_weak_one_is_refused() {
        let one = format!("whsec_{}", STANDARD.encode([1; 32]));
        let two = format!("whsec_{}", STANDARD.encode([2; 32]));
        let both = sign(&format!("{one} {two}"), "id", 1, "{}").expect("signed");
        assert_eq!(both.split(' ').count(), 2);
        for weak in ["secret", "whsec_AAAA", "whsec_%%%%"] {
            assert!(keys(weak).is_err(), "{weak}");
        }
    }
}
