//! `tessera import`: takes over what another server has, over its HTTP API.
//!
//! `peer` reads, `report` tells what happened, the other files take over one kind of objects each.
//! Every object is remembered by the number it had in the transaction that makes it, and once more
//! when all that belongs to it is here too: so an import that was broken off, at whatever moment,
//! goes on where it ended, and nothing is made twice.

mod dashboards;
mod json;
mod peer;
mod people;
mod queries;
mod report;
mod rest;
mod sources;

use std::collections::HashMap;

use anyhow::{Context, Result};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tessera_access::{AdministerKeys, Authorized, Caller, RunImport};
use tessera_bi::{ImportMark, ImportRecord, Numbered};
use tessera_kernel::ids::UserId;

pub(crate) use peer::Peer;
pub(crate) use report::Report;

use crate::compose::{Core, explain};

/// An import on its way.
pub(crate) struct Import<'a> {
    core: &'a Core,
    peer: Peer,
    grant: Authorized<RunImport>,
    keys: Authorized<AdministerKeys>,
    caller: Caller,
    /// Who imports: owns what belonged to people who are not here.
    importer: UserId,
    /// Whether nothing is written.
    dry_run: bool,
    /// What was taken over before, by kind and number there.
    done: HashMap<(String, i64), ImportRecord>,
    /// Numbers here by kind and number there.
    numbers: HashMap<(Numbered, i64), i64>,
    report: Report,
}

impl<'a> Import<'a> {
    /// Prepares an import.
    pub(crate) async fn new(
        core: &'a Core,
        peer: Peer,
        caller: Caller,
        grant: Authorized<RunImport>,
        keys: Authorized<AdministerKeys>,
        dry_run: bool,
    ) -> Result<Self> {
        let importer = caller.user().context("only a user imports")?.id;
        let records = core.bi.imports.done(&grant, peer.origin()).await.map_err(explain)?;
        let done = records
            .into_iter()
            .map(|record| ((record.kind.clone(), record.old_id), record))
            .collect();
        Ok(Self {
            core,
            peer,
            grant,
            keys,
            caller,
            importer,
            dry_run,
            done,
            numbers: HashMap::new(),
            report: Report::new(dry_run),
        })
    }

    /// Takes everything over, and tells what happened.
    pub(crate) async fn run(mut self) -> Result<Report> {
        self.peer.check().await?;
        self.groups().await?;
        self.users().await?;
        self.sources().await?;
        self.queries().await?;
        self.dashboards().await?;
        self.favorites().await?;
        self.snippets().await?;
        self.destinations().await?;
        self.alerts().await?;
        Ok(self.report)
    }

    /// What an earlier import did with an object. The number of one that is here is known from now on.
    fn earlier(&mut self, kind: Numbered, old: i64, there: &Value) -> Earlier {
        let Some(record) = self.done.get(&(kind.as_str().to_owned(), old)) else {
            return Earlier::Nothing;
        };
        if record.new_id != 0 {
            self.numbers.insert((kind, old), record.new_id);
        }
        if !record.is_finished() {
            return Earlier::Begun(record.new_id);
        }
        let changed = record.digest != digest(there);
        self.report.before(kind, old, changed);
        Earlier::Done
    }

    /// Whether an object that is whole once it is made was taken over before.
    fn is_done(&mut self, kind: Numbered, old: i64, there: &Value) -> bool {
        self.earlier(kind, old, there) == Earlier::Done
    }

    /// Where an object comes from that is whole once it is made.
    fn whole(&self, old: i64, there: &Value) -> ImportMark {
        ImportMark { digest: digest(there), ..self.begun(old) }
    }

    /// Where an object comes from of which more is to come until [`note`](Self::note).
    fn begun(&self, old: i64) -> ImportMark {
        let origin = self.peer.origin().to_owned();
        ImportMark { origin, old_id: old, digest: String::new() }
    }

    /// Remembers an object that was taken over with all that belongs to it, or matched with one that
    /// is here.
    async fn note(&mut self, kind: Numbered, old: i64, new: i64, there: &Value) -> Result<()> {
        self.numbers.insert((kind, old), new);
        if self.dry_run {
            return Ok(());
        }
        let record = ImportRecord {
            origin: self.peer.origin().to_owned(),
            kind: kind.as_str().to_owned(),
            old_id: old,
            new_id: new,
            digest: digest(there),
            at: self.core.clock.now(),
        };
        self.core.bi.imports.note(&self.grant, &record).await.map_err(explain)
    }

    /// The number that an object has here.
    fn here(&self, kind: Numbered, old: i64) -> Option<i64> {
        self.numbers.get(&(kind, old)).copied()
    }

    /// The user here of one there; the importer for one who is not here.
    fn owner(&self, old: Option<i64>) -> UserId {
        old.and_then(|old| self.here(Numbered::Users, old)).map_or(self.importer, UserId)
    }
}

/// What an earlier import did with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Earlier {
    /// It did not come to it.
    Nothing,
    /// It made it, or was about to (0), and what belongs to it may be missing.
    Begun(i64),
    /// It took it over.
    Done,
}

/// What an object was there, so that a second import can tell that it changed.
fn digest(there: &Value) -> String {
    let mut there = there.clone();
    if let Some(members) = there.as_object_mut() {
        // What running it changes is not of its making.
        for name in [
            "retrieved_at",
            "runtime",
            "latest_query_data_id",
            "last_modified_by",
            "active_at",
            "is_favorite",
            "api_key",
        ] {
            members.remove(name);
        }
    }
    hex::encode(Sha256::digest(there.to_string()))
}
