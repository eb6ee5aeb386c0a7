//! What an import did, and did not do.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;
use tessera_bi::Numbered;

/// What happened to objects of one kind.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Count {
    /// How many there are.
    pub(crate) found: u64,
    /// How many were made here.
    pub(crate) created: u64,
    /// How many are the same as ones that were here already.
    pub(crate) matched: u64,
    /// How many an earlier import brought.
    pub(crate) before: u64,
    /// How many were left out; see [`Report::skipped`].
    pub(crate) skipped: u64,
}

/// Something that was left out.
#[derive(Debug, Serialize)]
pub(crate) struct Skipped {
    pub(crate) kind: String,
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) why: String,
}

/// An object that has another number here.
#[derive(Debug, Serialize)]
pub(crate) struct Renumbered {
    pub(crate) kind: String,
    pub(crate) there: i64,
    pub(crate) here: i64,
}

/// Everything that happened.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Whether nothing was written.
    pub(crate) dry_run: bool,
    pub(crate) counts: BTreeMap<String, Count>,
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) renumbered: Vec<Renumbered>,
    /// What somebody should look after.
    pub(crate) notes: Vec<String>,
}

impl Report {
    pub(super) fn new(dry_run: bool) -> Self {
        Self { dry_run, ..Self::default() }
    }

    fn count(&mut self, kind: &str) -> &mut Count {
        self.counts.entry(kind.to_owned()).or_default()
    }

    /// So many objects of a kind were found; the operator is told that it goes on.
    pub(super) fn found(&mut self, kind: &str, count: usize) {
        self.count(kind).found += count as u64;
        // Progress is no part of the answer; if nobody reads it, the import goes on.
        let _unread = writeln!(std::io::stderr().lock(), "{kind}: {count} found");
    }

    pub(super) fn created(&mut self, kind: Numbered, there: i64, here: i64) {
        self.count(kind.as_str()).created += 1;
        if there != here {
            let kind = kind.as_str().to_owned();
            self.renumbered.push(Renumbered { kind, there, here });
        }
    }

    pub(super) fn matched(&mut self, kind: Numbered, there: i64, here: i64) {
        self.count(kind.as_str()).matched += 1;
        if there != here {
            let kind = kind.as_str().to_owned();
            self.renumbered.push(Renumbered { kind, there, here });
        }
    }

    pub(super) fn before(&mut self, kind: Numbered, there: i64, changed: bool) {
        self.count(kind.as_str()).before += 1;
        if changed {
            let kind = kind.as_str();
            self.note(format!("{kind} {there} changed there since it was imported; it stays"));
        }
    }

    pub(super) fn skipped(&mut self, kind: &str, id: i64, name: &str, why: impl Into<String>) {
        self.count(kind).skipped += 1;
        let (kind, name) = (kind.to_owned(), name.to_owned());
        self.skipped.push(Skipped { kind, id, name, why: why.into() });
    }

    /// Something that was read, and is kept in the report for somebody to make anew.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}
