//! The text of a key: `tsr_<kind>_<id><secret>_<checksum>`.
//!
//! `id` (12 characters) finds the key and may stand in a log; `secret` has 32 characters, about 190
//! bits; the checksum (6 characters) is the CRC-32 of everything before it, in base 62, so that a
//! mistyped key is refused and a leaked one recognised without asking storage. Only letters, digits
//! and `_`, so that a double click selects all of it.

use tessera_kernel::{Random, Secret};

use super::KeyKind;

pub(super) const ID_CHARACTERS: usize = 12;
const SECRET_CHARACTERS: usize = 32;
/// Identifier and secret.
pub(super) const BODY_CHARACTERS: usize = ID_CHARACTERS + SECRET_CHARACTERS;
pub(super) const CHECKSUM_CHARACTERS: usize = 6;
/// The length of keys that Redash's clients know: letters and digits only.
pub(super) const PLAIN_CHARACTERS: usize = 40;
/// How our own keys begin.
pub(super) const PREFIX: &str = "tsr_";
/// No text longer than this is looked at.
const KEY_CHARACTERS_MAX: usize = 254;
/// How keys begin that Metabase's clients know, and the least that follows.
pub(super) const BASE64_PREFIX: &str = "mb_";
const BASE64_CHARACTERS_MIN: usize = 9;

/// What kind of text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyText<'a> {
    /// One of ours, with a good checksum.
    Own { kind: KeyKind, id: &'a str },
    /// One in a shape that clients of other products know: forty letters and digits, `mb_` and
    /// base 64, or a UUID.
    Foreign,
}

/// Reads a text; `None` for anything that cannot be a key.
pub(crate) fn read(text: &str) -> Option<KeyText<'_>> {
    if text.len() > KEY_CHARACTERS_MAX {
        return None;
    }
    if is_foreign(text) {
        return Some(KeyText::Foreign);
    }
    let (signed, checksum) = text.rsplit_once('_')?;
    if checksum != self::checksum(signed) {
        return None;
    }
    let (kind, body) = signed.strip_prefix(PREFIX)?.split_once('_')?;
    let good = body.len() == ID_CHARACTERS + SECRET_CHARACTERS
        && body.bytes().all(|byte| byte.is_ascii_alphanumeric());
    good.then_some(())?;
    Some(KeyText::Own { kind: KeyKind::parse(kind)?, id: &body[..ID_CHARACTERS] })
}

fn is_foreign(text: &str) -> bool {
    if text.len() == PLAIN_CHARACTERS && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return true;
    }
    if let Some(rest) = text.strip_prefix(BASE64_PREFIX) {
        let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        return rest.len() >= BASE64_CHARACTERS_MIN && rest.bytes().all(base64);
    }
    is_uuid(text)
}

/// `8-4-4-4-12` hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Makes a key of our own.
pub(super) fn mint(kind: KeyKind, random: &dyn Random) -> Secret {
    let body = random.alphanumeric(ID_CHARACTERS + SECRET_CHARACTERS);
    let signed = format!("tsr_{}_{body}", kind.as_str());
    let checksum = checksum(&signed);
    Secret::new(format!("{signed}_{checksum}"))
}

/// Makes a key in the plain form.
pub(super) fn mint_plain(random: &dyn Random) -> Secret {
    Secret::new(random.alphanumeric(PLAIN_CHARACTERS))
}

fn checksum(signed: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut rest = crc32fast::hash(signed.as_bytes());
    let mut out = [b'0'; CHECKSUM_CHARACTERS];
    for place in out.iter_mut().rev() {
        *place = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    out.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tessera_kernel::SystemRandom;

    #[test]
    fn a_minted_key_is_read_back() {
        let key = mint(KeyKind::Query, &SystemRandom);
        assert!(key.expose().len() <= 80);
        assert!(
            matches!(read(key.expose()), Some(KeyText::Own { kind: KeyKind::Query, id }) if id.len() == 12)
        );
    }

    #[test]
    fn one_wrong_character_makes_it_no_key() {
        let key = mint(KeyKind::User, &SystemRandom);
        for place in 0..key.expose().len() {
            let mut wrong = key.expose().as_bytes().to_vec();
            wrong[place] = if wrong[place] == b'x' { b'y' } else { b'x' };
            let wrong = String::from_utf8(wrong).expect("ascii");
            assert_eq!(read(&wrong), None, "place {place}");
        }
    }

    #[test]
    fn shapes_of_other_products_are_known() {
        let mb = format!("mb_{}=", "aB3+/".repeat(8) + "xyz");
        for text in [mb.as_str(), "mb_123456789", "01234567-89ab-cdef-0123-456789abcdef"] {
            assert_eq!(read(text), Some(KeyText::Foreign), "{text}");
        }
        for text in ["mb_12345678", "mb_1234567 89", "01234567-89ab-cdef-0123-456789abcdeg"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn forty_letters_and_digits_are_the_plain_form() {
        assert_eq!(read(mint_plain(&SystemRandom).expose()), Some(KeyText::Foreign));
        for text in ["", "x", "nosuchkey", &"a".repeat(39), &"a".repeat(41), &"-".repeat(40)] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read(&"é".repeat(20)), None, "forty bytes, not forty letters");
    }
}
