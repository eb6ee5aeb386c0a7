//! The verifier: reads a chain record by record and names the first place that is wrong.

use std::collections::BTreeMap;

use super::{AuditRecord, ChainHead, StoredRecord};

/// What is wrong with a chain at the place that is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakKind {
    /// The record is not the one that was written.
    Changed,
    /// The record is gone.
    Deleted,
    /// The record is there, but elsewhere.
    Reordered,
    /// A record is here that does not belong here.
    Inserted,
    /// All fits together, but not to a checkpoint: records were written anew from here on.
    Rewritten,
}

impl BreakKind {
    /// The spelling in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Deleted => "deleted",
            Self::Reordered => "reordered",
            Self::Inserted => "inserted",
            Self::Rewritten => "rewritten",
        }
    }
}

/// The first place at which a chain does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditBreak {
    /// The place, counted from 1: the number that the record there has or should have.
    pub index: u64,
    /// What is wrong there.
    pub kind: BreakKind,
    /// The last place that the first wrong record can be at. Differs from `index` only for
    /// `Rewritten`, where checkpoints are all there is to go by.
    pub until: u64,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditVerification {
    /// How many records were read.
    pub count: u64,
    /// The last record up to which the chain holds.
    pub head: ChainHead,
    /// The first place that is wrong, if one is.
    pub broken: Option<AuditBreak>,
    /// How many checkpoints fit.
    pub checkpoints: u64,
    /// How many checkpoints were refused because no known key signed them.
    pub checkpoints_refused: u64,
}

impl AuditVerification {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        self.broken.is_none() && self.checkpoints_refused == 0
    }
}

/// Reads a chain from its first record.
#[derive(Debug, Default)]
pub struct AuditVerifier {
    head: Option<ChainHead>,
    count: u64,
    broken: Option<AuditBreak>,
    /// Who is to blame may become clear with the next record: the hash it must name.
    suspect: Option<[u8; 32]>,
    marks: BTreeMap<u64, Vec<[u8; 32]>>,
    matched: u64,
    fitting: u64,
}

impl AuditVerifier {
    /// A verifier that also compares with the heads of checkpoints.
    #[must_use]
    pub fn new(checkpoints: impl IntoIterator<Item = ChainHead>) -> Self {
        let mut marks: BTreeMap<u64, Vec<[u8; 32]>> = BTreeMap::new();
        for head in checkpoints {
            if head.seq > 0 {
                marks.entry(head.seq).or_default().push(head.hash);
            }
        }
        Self { marks, ..Self::default() }
    }

    fn last(&self) -> ChainHead {
        self.head.unwrap_or(ChainHead::EMPTY)
    }

    fn fail(&mut self, index: u64, kind: BreakKind, until: u64) {
        self.broken = Some(AuditBreak { index, kind, until });
    }

    /// Takes the next record as storage has it.
    pub fn push_stored(&mut self, stored: &StoredRecord) {
        match &stored.record {
            Some(record) => self.push(record),
            None => self.push_unreadable(),
        }
    }

    /// Takes something that stands in the place of a record and is none.
    pub fn push_unreadable(&mut self) {
        self.count += 1;
        let place = self.last().seq + 1;
        if self.broken.is_none() {
            self.fail(place, BreakKind::Changed, place);
        }
    }

    /// Takes the next record.
    pub fn push(&mut self, record: &AuditRecord) {
        self.count += 1;
        let (last, place) = (self.last(), self.last().seq + 1);
        let sound = record.computed_hash() == record.hash;
        let fits = sound && record.prev_hash == last.hash && record.seq == place;
        if let Some(found) = self.broken {
            self.refine(record, found, fits);
            return;
        }
        if record.seq != place {
            let kind = if record.seq > place { BreakKind::Deleted } else { BreakKind::Inserted };
            self.fail(place, kind, place);
        } else if !sound {
            self.fail(place, BreakKind::Changed, place);
        } else if !fits {
            // In itself it is whole, so the one before it is another than it was: unless the next
            // record, or a checkpoint, speaks for that one.
            let before = if self.matched == last.seq { place } else { last.seq };
            self.fail(before, BreakKind::Changed, before);
            self.suspect = Some(record.hash);
        } else {
            self.head = Some(record.head());
            self.compare(record.head());
        }
    }

    /// What comes after the first wrong place tells more about it.
    fn refine(&mut self, record: &AuditRecord, found: AuditBreak, fits: bool) {
        let place = self.last().seq + 1;
        if let Some(hash) = self.suspect.take()
            && record.prev_hash != hash
        {
            self.fail(place, BreakKind::Changed, place);
        }
        if found.index == place && fits {
            match found.kind {
                BreakKind::Deleted => self.fail(place, BreakKind::Reordered, place),
                BreakKind::Changed => self.fail(place, BreakKind::Inserted, place),
                _ => {}
            }
        }
    }

    fn compare(&mut self, head: ChainHead) {
        let Some(hashes) = self.marks.get(&head.seq) else { return };
        if hashes.iter().all(|hash| *hash == head.hash) {
            self.matched = head.seq;
            self.fitting += hashes.len() as u64;
        } else {
            self.fail(self.matched + 1, BreakKind::Rewritten, head.seq);
        }
    }

    /// Ends: `head` is where the chain should end, if that is known.
    #[must_use]
    pub fn finish(mut self, head: Option<ChainHead>, refused: u64) -> AuditVerification {
        let last = self.last();
        if self.broken.is_none() {
            let marked = self.marks.last_key_value().map_or(0, |(seq, _)| *seq);
            let length = head.map_or(marked, |head| head.seq.max(marked));
            match head {
                _ if length > last.seq => {
                    self.fail(last.seq + 1, BreakKind::Deleted, last.seq + 1);
                }
                Some(head) if head.seq < last.seq => {
                    self.fail(head.seq + 1, BreakKind::Inserted, head.seq + 1);
                }
                Some(head) if head.hash != last.hash => {
                    self.fail(last.seq, BreakKind::Changed, last.seq);
                }
                _ => {}
            }
        }
        AuditVerification {
            count: self.count,
            head: last,
            broken: self.broken,
            checkpoints: self.fitting,
            checkpoints_refused: refused,
        }
    }
}

#[cfg(test)]
mod tests;
