//! The audit log: appended to one transaction after the other, never changed.

use async_trait::async_trait;
use serde_json::Value as Json;
use tessera_access::ports::AuditRepo;
use tessera_access::{
    AuditEvent, AuditFilter, AuditRecord, ChainHead, StoredRecord, canonical_json,
};
use tessera_kernel::{Fault, Result};

use crate::Store;
use crate::db::{Engine, Row, Tx, call, call_each};
use crate::filter::Filter;

/// How many records of before the chain are put into it at a time.
const ADOPT_STEP: u64 = 1000;

fn read_head(row: Option<Row>) -> Result<ChainHead> {
    let mut row = row.ok_or_else(|| Fault::not_found("head of the audit log"))?;
    Ok(ChainHead { seq: row.take()?, hash: row.take()? })
}

/// Reads a record. A field that somebody made unreadable must not hide which record it is.
fn read_stored(mut row: Row) -> Result<StoredRecord> {
    let seq: u64 = row.take()?;
    let mut read = || -> Result<AuditRecord> {
        Ok(AuditRecord {
            seq,
            at: row.take()?,
            actor: row.take()?,
            action: row.take()?,
            object: row.take()?,
            detail: row.take()?,
            address: row.take()?,
            prev_hash: row.take()?,
            hash: row.take()?,
        })
    };
    Ok(StoredRecord { seq, record: read().ok() })
}

/// Puts records after the head, which stays locked until the transaction ends. Gives the new head.
async fn append(tx: Tx<'_>, records: Vec<AuditRecord>) -> Result<()> {
    let mut head = read_head(tx.row(call_each!("audit_head_lock")).await?)?;
    if records.is_empty() {
        return Ok(());
    }
    for record in records {
        let record = record.linked(&head);
        let call = call!(
            "audit_insert",
            record.seq,
            record.at,
            &record.actor,
            &record.action,
            &record.object,
            &record.detail,
            record.address.clone(),
            record.prev_hash,
            record.hash,
        );
        tx.execute(call).await?;
        head = record.head();
    }
    tx.change("head of the audit log", call!("audit_head_update", head.seq, head.hash)).await
}

/// A record that is not in its place yet.
fn loose(event: &AuditEvent) -> AuditRecord {
    AuditRecord::after(&ChainHead::EMPTY, event)
}

/// A record of before the chain, with its number.
fn read_unchained(mut row: Row) -> Result<(i64, AuditRecord)> {
    let id = row.take()?;
    let record = AuditRecord {
        seq: 0,
        at: row.take()?,
        actor: row.take()?,
        action: row.take()?,
        object: row.take()?,
        detail: canonical_json(&row.take::<Json>()?),
        address: row.take()?,
        prev_hash: [0; 32],
        hash: [0; 32],
    };
    Ok((id, record))
}

/// The conditions of a filter.
fn conditions(filter: &AuditFilter) -> Filter {
    let mut listed = Filter::default();
    let texts = [("actor", &filter.actor), ("action", &filter.action), ("object", &filter.object)];
    for (column, value) in texts {
        if let Some(value) = value {
            let value = listed.bind(value);
            listed.and(format!("a.{column} = {value}"));
        }
    }
    if let Some(from) = filter.from {
        let from = listed.bind(from);
        listed.and(format!("a.at >= {from}"));
    }
    if let Some(to) = filter.to {
        let to = listed.bind(to);
        listed.and(format!("a.at < {to}"));
    }
    listed
}

impl Store {
    /// Puts what was written before there was a chain into it, in its order.
    pub(crate) async fn adopt_audit(&self) -> Result<()> {
        loop {
            let _turn = self.audit_turn().await;
            let adopted = self.db.write(|tx| {
                Box::pin(async move {
                    // Locks, so that two nodes do not do it twice.
                    append(tx, Vec::new()).await?;
                    let rows = tx.rows(call!("audit_unchained_list", ADOPT_STEP)).await?;
                    let old: Vec<_> =
                        rows.into_iter().map(read_unchained).collect::<Result<_>>()?;
                    let Some(last) = old.last().map(|(id, _)| *id) else { return Ok(0) };
                    let count = old.len();
                    append(tx, old.into_iter().map(|(_, record)| record).collect()).await?;
                    tx.execute(call!("audit_unchained_delete", last)).await?;
                    Ok(count)
                })
            });
            match adopted.await? {
                0 => return Ok(()),
                records => tracing::info!(records, "earlier audit records were put into the chain"),
            }
        }
    }

    /// On PostgreSQL a writer that waits for the head holds a connection: one of this process is
    /// enough. SQLite has one writer anyway, which commits many records at once.
    async fn audit_turn(&self) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        match self.engine() {
            Engine::Postgres => Some(self.audit_turns.lock().await),
            Engine::Sqlite => None,
        }
    }
}

#[async_trait]
impl AuditRepo for Store {
    async fn insert_audit(&self, events: &[AuditEvent]) -> Result<()> {
        if events.is_empty() {
            return Ok(());
        }
        let records: Vec<AuditRecord> = events.iter().map(loose).collect();
        let _turn = self.audit_turn().await;
        self.db.write(move |tx| Box::pin(async move { append(tx, records).await })).await
    }

    async fn audit_head(&self) -> Result<ChainHead> {
        read_head(self.db.row(call!("audit_head_get")).await?)
    }

    async fn audit_newest(
        &self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: u64,
    ) -> Result<(Vec<StoredRecord>, u64)> {
        let counted = conditions(filter);
        let count = counted.call(format!("SELECT COUNT(*) FROM audit a WHERE {}", counted.text()));
        let mut listed = conditions(filter);
        if let Some(before) = before {
            let before = listed.bind(before);
            listed.and(format!("a.seq < {before}"));
        }
        let limit = listed.bind(limit);
        let list = listed.call(format!(
            "SELECT {{audit a}} FROM audit a WHERE {} ORDER BY a.seq DESC LIMIT {limit}",
            listed.text()
        ));
        let [count, rows] = self.db.batch([count, list]).await?;
        let total = count.into_iter().next().map_or(Ok(0), |mut row| row.take())?;
        Ok((rows.into_iter().map(read_stored).collect::<Result<_>>()?, total))
    }

    async fn audit_from(
        &self,
        filter: &AuditFilter,
        after: u64,
        until: u64,
        limit: u64,
    ) -> Result<Vec<StoredRecord>> {
        let mut listed = conditions(filter);
        let (after, until) = (listed.bind(after), listed.bind(until));
        listed.and(format!("a.seq > {after} AND a.seq <= {until}"));
        let limit = listed.bind(limit);
        let list = listed.call(format!(
            "SELECT {{audit a}} FROM audit a WHERE {} ORDER BY a.seq LIMIT {limit}",
            listed.text()
        ));
        self.db.rows(list).await?.into_iter().map(read_stored).collect()
    }
}
