//! The shapes of keys that clients of other products know. They carry no identifier and no checksum:
//! such a key is found by its digest.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tessera_kernel::{Random, Secret};

use super::format::BASE64_PREFIX;

/// Random bytes in a key of the base 64 shape.
const BASE64_BYTES: usize = 32;
/// Characters that are shown of a key of the base 64 shape: its prefix and four more.
const BASE64_HINT_CHARACTERS: usize = 7;
/// Characters that are shown of other keys.
const HINT_CHARACTERS: usize = 4;
/// Characters of a whole key of the base 64 shape: the prefix, and 32 bytes with padding.
pub(super) const BASE64_KEY_CHARACTERS: usize = 47;

/// The shape of a key's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyShape {
    /// Forty letters and digits.
    Alphanumeric,
    /// `mb_` and 32 random bytes in standard base 64, padded: 47 characters.
    Base64,
}

impl KeyShape {
    /// The shape of a key with this hint.
    pub(super) fn of_hint(hint: &str) -> Self {
        if hint.starts_with(BASE64_PREFIX) { Self::Base64 } else { Self::Alphanumeric }
    }

    /// Makes the text of a key.
    #[must_use]
    pub fn mint(self, random: &dyn Random) -> Secret {
        match self {
            Self::Alphanumeric => super::format::mint_plain(random),
            Self::Base64 => {
                let mut bytes = [0_u8; BASE64_BYTES];
                random.fill(&mut bytes);
                Secret::new(format!("{BASE64_PREFIX}{}", STANDARD.encode(bytes)))
            }
        }
    }
}

/// What is shown of a key to tell it from others.
pub(super) fn hint(text: &str) -> String {
    let characters =
        if text.starts_with(BASE64_PREFIX) { BASE64_HINT_CHARACTERS } else { HINT_CHARACTERS };
    text.chars().take(characters).collect()
}

/// A key as it is shown once its text is gone: its hint, and stars for the rest.
#[must_use]
pub fn masked(hint: &str) -> String {
    format!("{hint:*<BASE64_KEY_CHARACTERS$}")
}

#[cfg(test)]
mod tests {
    use tessera_kernel::SystemRandom;

    use super::super::format::{KeyText, read};
    use super::*;

    #[test]
    fn a_base64_key_has_the_length_and_shape_that_clients_know() {
        let key = KeyShape::Base64.mint(&SystemRandom);
        let text = key.expose();
        assert_eq!(text.len(), BASE64_KEY_CHARACTERS);
        assert!(text.starts_with("mb_") && text.ends_with('='), "{text}");
        assert_eq!(STANDARD.decode(&text[3..]).map(|bytes| bytes.len()), Ok(32));
        assert_eq!(read(text), Some(KeyText::Foreign));
        assert_eq!(hint(text), text[..7]);
    }

    #[test]
    fn a_masked_key_shows_its_hint_and_forty_stars() {
        assert_eq!(masked("mb_Ab3+"), format!("mb_Ab3+{}", "*".repeat(40)));
    }

    #[test]
    fn an_alphanumeric_key_shows_four_characters() {
        let key = KeyShape::Alphanumeric.mint(&SystemRandom);
        assert_eq!((key.expose().len(), hint(key.expose()).len()), (40, 4));
    }
}
