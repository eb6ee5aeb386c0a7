//! Copies of bodies in files in memory, found by where the body lies.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use rustix::fs::{MemfdFlags, memfd_create};

/// Shorter bodies are copied sooner than sent from a file.
const SHORTEST_BYTES: usize = 32 * 1024;

/// Making the copy of a longer body would hold up other requests, and saves it little.
const LONGEST_BYTES: usize = 1024 * 1024;

/// The copies there are. A handle: clones share one store.
#[derive(Clone)]
pub struct Sending(Arc<Copies>);

struct Copies {
    /// Most bytes of all copies.
    bytes_max: usize,
    /// By the address of the first byte.
    by_place: RwLock<BTreeMap<usize, Arc<Copy>>>,
    /// Counts uses, so that the copy that was not used for the longest time goes first.
    uses: AtomicU64,
}

struct Copy {
    /// Holds the memory, so that nothing else can lie in this place while the copy is listed.
    body: Bytes,
    file: File,
    used: AtomicU64,
}

/// A part of a copy.
pub(super) struct Part {
    copy: Arc<Copy>,
    /// Where the part begins in the file.
    pub(super) offset: u64,
}

impl Part {
    pub(super) fn file(&self) -> &File {
        &self.copy.file
    }
}

impl Sending {
    /// With so much memory for copies, in bytes; 0 keeps none.
    #[must_use]
    pub fn new(bytes_max: usize) -> Self {
        Self(Arc::new(Copies {
            bytes_max,
            by_place: RwLock::default(),
            uses: AtomicU64::default(),
        }))
    }

    /// Says that a body which stays in memory is sent repeatedly.
    pub fn offer(&self, body: &Bytes) {
        let copies = &self.0;
        let fits = body.len() <= LONGEST_BYTES.min(copies.bytes_max);
        if body.len() < SHORTEST_BYTES || !fits || self.find(body).is_some() {
            return;
        }
        match copy(body) {
            Ok(file) => copies.add(body.clone(), file),
            // It is sent as ever.
            Err(error) => tracing::debug!(%error, "no copy of a body was made"),
        }
    }

    /// The copy of what lies in a place in memory.
    pub(super) fn find(&self, bytes: &[u8]) -> Option<Part> {
        if bytes.len() < SHORTEST_BYTES || self.0.bytes_max == 0 {
            return None;
        }
        let place = bytes.as_ptr().addr();
        let by_place = self.0.by_place.read().unwrap_or_else(PoisonError::into_inner);
        let (begin, copy) = by_place.range(..=place).next_back()?;
        let offset = place - begin;
        if offset + bytes.len() > copy.body.len() {
            return None;
        }
        copy.used.store(self.0.next_use(), Ordering::Relaxed);
        Some(Part { copy: Arc::clone(copy), offset: offset as u64 })
    }
}

impl Copies {
    fn next_use(&self) -> u64 {
        self.uses.fetch_add(1, Ordering::Relaxed)
    }

    fn add(&self, body: Bytes, file: File) {
        let place = body.as_ptr().addr();
        let used = AtomicU64::new(self.next_use());
        let mut by_place = self.by_place.write().unwrap_or_else(PoisonError::into_inner);
        by_place.insert(place, Arc::new(Copy { body, file, used }));
        let mut bytes: usize = by_place.values().map(|copy| copy.body.len()).sum();
        while bytes > self.bytes_max {
            let oldest = by_place.iter().min_by_key(|(_, copy)| copy.used.load(Ordering::Relaxed));
            let Some(place) = oldest.map(|(place, _)| *place) else { break };
            if let Some(copy) = by_place.remove(&place) {
                bytes -= copy.body.len();
            }
        }
    }
}

fn copy(body: &[u8]) -> std::io::Result<File> {
    let mut file = File::from(memfd_create("tessera-answer", MemfdFlags::CLOEXEC)?);
    file.write_all(body)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(byte: u8, bytes: usize) -> Bytes {
        Bytes::from(vec![byte; bytes])
    }

    #[test]
    fn parts_are_found_by_place_and_nothing_beyond() {
        let sending = Sending::new(1 << 20);
        let whole = body(1, 200_000);
        sending.offer(&whole);
        assert_eq!(sending.find(&whole).map(|part| part.offset), Some(0));
        assert_eq!(sending.find(&whole[100_000..]).map(|part| part.offset), Some(100_000));
        assert!(sending.find(&body(1, 200_000)).is_none(), "the same bytes in another place");
        assert!(sending.find(&whole[199_999..]).is_none(), "too short");
    }

    #[test]
    fn what_was_not_used_goes_first_and_memory_has_an_end() {
        let sending = Sending::new(300_000);
        let bodies: Vec<_> = (0..4).map(|number| body(number, 100_000)).collect();
        for body in &bodies[..3] {
            sending.offer(body);
        }
        assert!(sending.find(&bodies[0]).is_some());
        sending.offer(&bodies[3]);
        let there: Vec<_> = bodies.iter().map(|body| sending.find(body).is_some()).collect();
        assert_eq!(there, [true, false, true, true]);
        sending.offer(&body(9, 400_000));
        assert_eq!(sending.0.by_place.read().expect("no panic").len(), 3);
    }
}
