//! One-time passwords (RFC 6238: SHA-1, 30 s, 6 digits, as every authenticator knows them) and
//! recovery codes.

use hmac::{Hmac, Mac};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use tessera_kernel::{Random, Secret, Timestamp};

/// Length of a time step, in seconds.
const STEP_SECONDS: i64 = 30;
/// How many steps before and after the present one count: clocks differ.
const DRIFT_STEPS: i64 = 1;
/// Digits of a code.
pub(super) const DIGITS: usize = 6;
/// Length of a secret, in bytes; as long as the digest (RFC 4226, section 4).
const SECRET_BYTES: usize = 20;
/// Recovery codes of a user.
pub(super) const RECOVERY_CODES: usize = 10;
/// Letters and digits that are not mistaken for one another.
const RECOVERY_ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new secret in base 32, as people type it into authenticators.
pub(super) fn new_secret(random: &dyn Random) -> Secret {
    let mut bytes = [0; SECRET_BYTES];
    random.fill(&mut bytes);
    Secret::new(base32(&bytes))
}

/// The time step of a moment.
pub(super) fn step(at: Timestamp) -> i64 {
    at.timestamp().div_euclid(STEP_SECONDS)
}

/// The step around a moment that a code is of, if any. All candidates are compared, so that the
/// time taken tells nothing.
pub(super) fn matching_step(secret: &Secret, code: &str, at: Timestamp) -> Option<i64> {
    let key = from_base32(secret.expose())?;
    let present = step(at);
    let mut found = None;
    for candidate in (present - DRIFT_STEPS)..=(present + DRIFT_STEPS) {
        let Ok(number) = u64::try_from(candidate) else { continue };
        let expected = code_of(&key, number);
        if bool::from(expected.as_bytes().ct_eq(code.as_bytes())) {
            found = Some(candidate);
        }
    }
    found
}

/// The code of a step (RFC 4226, section 5.3).
fn code_of(key: &[u8], step: u64) -> String {
    let mut mac = <Hmac<Sha1> as Mac>::new_from_slice(key).expect("any length is a key");
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 0x0f);
    let number = u32::from_be_bytes([digest[at], digest[at + 1], digest[at + 2], digest[at + 3]]);
    format!("{:0width$}", (number & 0x7fff_ffff) % 1_000_000, width = DIGITS)
}

/// The address that authenticators read, mostly from a picture.
pub(super) fn uri(secret: &Secret, issuer: &str, account: &str) -> Secret {
    let (issuer, account) = (percent(issuer), percent(account));
    Secret::new(format!(
        "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period=30",
        secret.expose()
    ))
}

/// Recovery codes of 50 random bits each, in two groups: `abcde-fghij`.
pub(super) fn recovery_codes(random: &dyn Random) -> Vec<Secret> {
    (0..RECOVERY_CODES)
        .map(|_| {
            let mut bytes = [0; 10];
            random.fill(&mut bytes);
            let text: String = bytes
                .iter()
                .map(|byte| char::from(RECOVERY_ALPHABET[usize::from(byte % 32)]))
                .collect();
            Secret::new(format!("{}-{}", &text[..5], &text[5..]))
        })
        .collect()
}

/// A recovery code as it is digested, however it was typed.
pub(super) fn clean_recovery_code(code: &str) -> Option<Secret> {
    let letters: String =
        code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    (letters.len() == 10).then(|| Secret::new(format!("{}-{}", &letters[..5], &letters[5..])))
}

fn base32(bytes: &[u8]) -> String {
    let mut out = String::new();
    for chunk in bytes.chunks(5) {
        let mut block = [0_u8; 8];
        block[3..3 + chunk.len()].copy_from_slice(chunk);
        let number = u64::from_be_bytes(block);
        let letters = (chunk.len() * 8).div_ceil(5);
        out.extend((0..letters).map(|at| {
            char::from(BASE32[usize::try_from((number >> (35 - 5 * at)) & 31).unwrap_or(0)])
        }));
    }
    out
}

fn from_base32(text: &str) -> Option<Vec<u8>> {
    let (mut out, mut number, mut bits) = (Vec::new(), 0_u32, 0);
    for letter in text.bytes() {
        let value = BASE32.iter().position(|known| *known == letter)?;
        number = (number << 5) | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from((number >> bits) & 0xff).ok()?);
        }
    }
    Some(out)
}

fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use tessera_kernel::SystemRandom;

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, SHA-1, the last six digits.
        let key = b"12345678901234567890";
        for (time, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000_u64, "353130"),
        ] {
            assert_eq!(code_of(key, time / 30), code);
        }
    }

    #[test]
    fn base_32_is_that_of_the_standard() {
        for (plain, text) in [("f", "MY"), ("fo", "MZXQ"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(plain.as_bytes()), text);
            assert_eq!(from_base32(text).expect("read"), plain.as_bytes());
        }
    }

    #[test]
    fn a_code_fits_its_own_step_and_the_ones_beside_it() {
        let secret = Secret::new(base32(b"12345678901234567890"));
        let at = |seconds| chrono::DateTime::from_timestamp(seconds, 0).expect("a time");
        assert_eq!(matching_step(&secret, "287082", at(59)), Some(1));
        assert_eq!(matching_step(&secret, "287082", at(29)), Some(1));
        assert_eq!(matching_step(&secret, "287082", at(89)), Some(1));
        assert_eq!(matching_step(&secret, "287082", at(91)), None);
        assert_eq!(matching_step(&secret, "28708", at(59)), None);
        assert_eq!(matching_step(&secret, "", at(59)), None);
    }

    #[test]
    fn recovery_codes_are_read_however_they_are_typed() {
        let codes = recovery_codes(&SystemRandom);
        assert_eq!(codes.len(), RECOVERY_CODES);
        let code = codes[0].expose();
        let typed = format!(" {} ", code.to_uppercase().replace('-', " "));
        assert_eq!(clean_recovery_code(&typed).as_ref().map(Secret::expose), Some(code));
        assert!(clean_recovery_code("287082").is_none());
    }

    #[test]
    fn the_address_for_authenticators_is_escaped() {
        let uri = uri(&Secret::new("ABC"), "My Server", "ada@example.com");
        assert_eq!(
            uri.expose(),
            "otpauth://totp/My%20Server:ada%40example.com?secret=ABC&issuer=My%20Server\
             &algorithm=SHA1&digits=6&period=30"
        );
    }
}
