//! Chance as a parameter.

use std::cell::RefCell;

use crate::Timestamp;
use crate::ids::Uid;

/// Gives unpredictable bytes.
pub trait Random: Send + Sync + 'static {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);

    /// A string of `length` characters of `[A-Za-z0-9]`, each equally likely.
    fn alphanumeric(&self, length: usize) -> String {
        const ALPHABET: &[u8; 62] =
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        let mut out = String::with_capacity(length);
        let mut bytes = [0_u8; 64];
        while out.len() < length {
            self.fill(&mut bytes);
            // 248 is the largest multiple of 62 in a byte: larger values would favour some letters.
            for byte in bytes.iter().filter(|byte| **byte < 248).take(length - out.len()) {
                out.push(char::from(ALPHABET[usize::from(byte % 62)]));
            }
        }
        out
    }

    /// A new public identifier for something made at `now`.
    fn uid(&self, now: Timestamp) -> Uid {
        let mut bytes = [0_u8; 10];
        self.fill(&mut bytes);
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
    }
}

/// The operating system's generator. Every thread asks it for some bytes ahead, as every request
/// needs a few of them.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemRandom;

/// Bytes that a thread has ahead.
const AHEAD_BYTES: usize = 1024;

/// Bytes that nobody had yet: those from `next` on.
struct Ahead {
    bytes: [u8; AHEAD_BYTES],
    next: usize,
}

thread_local! {
    static AHEAD: RefCell<Ahead> =
        const { RefCell::new(Ahead { bytes: [0; AHEAD_BYTES], next: AHEAD_BYTES }) };
}

impl Ahead {
    fn give(&mut self, buffer: &mut [u8]) {
        if self.next + buffer.len() > AHEAD_BYTES {
            from_system(&mut self.bytes);
            self.next = 0;
        }
        let given = &mut self.bytes[self.next..self.next + buffer.len()];
        buffer.copy_from_slice(given);
        // What was given may be a secret, and belongs to one.
        given.fill(0);
        self.next += buffer.len();
    }
}

impl Random for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) {
        if buffer.len() > AHEAD_BYTES / 8 {
            return from_system(buffer);
        }
        AHEAD.with_borrow_mut(|ahead| ahead.give(buffer));
    }
}

fn from_system(buffer: &mut [u8]) {
    getrandom::fill(buffer).expect("the operating system always has random bytes");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alphanumeric_has_the_length_asked_for_and_only_letters_and_digits() {
        let text = SystemRandom.alphanumeric(1000);
        assert_eq!(text.len(), 1000);
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    }

    #[test]
    fn bytes_are_given_once() {
        let mut seen = std::collections::HashSet::new();
        for length in (8..=AHEAD_BYTES / 4).chain(8..200) {
            let mut bytes = vec![0; length];
            SystemRandom.fill(&mut bytes);
            for piece in bytes.chunks_exact(8) {
                assert!(seen.insert(piece.to_owned()), "{piece:?}");
            }
        }
    }

    #[test]
    fn uids_of_later_moments_sort_later() {
        let early =
            SystemRandom.uid(chrono::DateTime::from_timestamp_millis(1_000).expect("valid"));
        let late = SystemRandom.uid(chrono::DateTime::from_timestamp_millis(2_000).expect("valid"));
        assert!(early < late);
        assert_eq!(early.get_version_num(), 7);
    }
}
