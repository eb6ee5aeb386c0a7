//! The records of a BIFF8 stream: a kind, a length, and bytes that may go on in further records.

use tessera_kernel::Result;

use super::super::unreadable;

/// The kind of a record that goes on with the one before it.
const CONTINUE: u16 = 0x003C;

/// One record.
pub(super) struct Record<'s> {
    pub(super) kind: u16,
    /// Where it begins in the stream.
    pub(super) begin: usize,
    pub(super) data: &'s [u8],
}

/// The records from a place on.
pub(super) struct Records<'s> {
    stream: &'s [u8],
    at: usize,
}

impl<'s> Records<'s> {
    pub(super) fn from(stream: &'s [u8], at: usize) -> Self {
        Self { stream, at }
    }
}

impl<'s> Iterator for Records<'s> {
    type Item = Result<Record<'s>>;

    fn next(&mut self) -> Option<Self::Item> {
        // What is left over at the end of a stream is padding.
        self.stream.get(self.at..self.at.checked_add(4)?)?;
        let Some(record) = record(self.stream, self.at) else {
            self.at = usize::MAX;
            return Some(Err(unreadable("the workbook is cut off")));
        };
        self.at += 4 + record.data.len();
        Some(Ok(record))
    }
}

fn record(stream: &[u8], begin: usize) -> Option<Record<'_>> {
    let rest = stream.get(begin..)?;
    let (kind, length) = (word(rest, 0)?, usize::from(word(rest, 2)?));
    Some(Record { kind, begin, data: rest.get(4..4 + length)? })
}

/// Sixteen bits at a place.
pub(super) fn word(data: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(data.get(at..at + 2)?.try_into().ok()?))
}

/// A double at a place.
pub(super) fn double(data: &[u8], at: usize) -> Option<f64> {
    Some(f64::from_le_bytes(data.get(at..at + 8)?.try_into().ok()?))
}

/// The bytes of a record and of those that go on with it.
pub(super) struct Pieces<'s> {
    stream: &'s [u8],
    data: &'s [u8],
    next: usize,
    units: Vec<u16>,
}

impl<'s> Pieces<'s> {
    /// From the beginning of a record.
    pub(super) fn of_record(stream: &'s [u8], begin: usize) -> Option<Self> {
        let record = record(stream, begin)?;
        let next = begin + 4 + record.data.len();
        Some(Self { stream, data: record.data, next, units: Vec::new() })
    }

    fn goes_on(&mut self) -> bool {
        match record(self.stream, self.next) {
            Some(record) if record.kind == CONTINUE => {
                self.data = record.data;
                self.next += 4 + record.data.len();
                true
            }
            _ => false,
        }
    }

    /// Whether nothing is left.
    pub(super) fn is_done(&mut self) -> bool {
        while self.data.is_empty() {
            if !self.goes_on() {
                return true;
            }
        }
        false
    }

    pub(super) fn skip(&mut self, mut count: usize) -> Option<()> {
        loop {
            let here = count.min(self.data.len());
            self.data = self.data.get(here..)?;
            count -= here;
            if count == 0 {
                return Some(());
            }
            if !self.goes_on() {
                return None;
            }
        }
    }

    fn take(&mut self, count: usize) -> Option<&'s [u8]> {
        let (taken, rest) = self.data.split_at_checked(count)?;
        self.data = rest;
        Some(taken)
    }

    /// Sixteen bits.
    pub(super) fn number(&mut self) -> Option<u16> {
        word(self.take(2)?, 0)
    }

    /// A text behind its length (16 bits) and its flags.
    pub(super) fn text_with_length(&mut self) -> Option<String> {
        let count = usize::from(self.number()?);
        let mut text = String::new();
        self.text(count, &mut text)?;
        Some(text)
    }

    /// Adds a text behind its flags: so many units, and what belongs to it behind them is passed over.
    pub(super) fn text(&mut self, count: usize, text: &mut String) -> Option<()> {
        let flags = *self.take(1)?.first()?;
        let runs = if flags & 8 == 0 { 0 } else { usize::from(self.number()?) };
        let more = match flags & 4 {
            0 => 0,
            _ => usize::try_from(u32::from_le_bytes(self.take(4)?.try_into().ok()?)).ok()?,
        };
        self.characters(count, flags & 1 != 0)?;
        let decoded = char::decode_utf16(self.units.iter().copied());
        text.extend(decoded.map(|found| found.unwrap_or(char::REPLACEMENT_CHARACTER)));
        self.skip(runs * 4)?;
        self.skip(more)
    }

    /// A text that goes on in the next record says anew how wide its characters are.
    fn characters(&mut self, count: usize, mut wide: bool) -> Option<()> {
        self.units.clear();
        loop {
            let left = count - self.units.len();
            if wide {
                let here = left.min(self.data.len() / 2);
                let bytes = self.take(here * 2)?;
                let pairs =
                    bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
                self.units.extend(pairs);
            } else {
                let bytes = self.take(left.min(self.data.len()))?;
                self.units.extend(bytes.iter().copied().map(u16::from));
            }
            if self.units.len() == count {
                return Some(());
            }
            if !self.goes_on() {
                return None;
            }
            wide = self.take(1)?.first()? & 1 != 0;
        }
    }
}
