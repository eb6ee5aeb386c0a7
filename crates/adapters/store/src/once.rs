//! Work that counts once, as nodes share it.

use async_trait::async_trait;
use tessera_access::{OnceClaim, OnceRecord, OnceRepo};
use tessera_kernel::{Result, Timestamp};

use crate::Store;
use crate::db::call;

#[async_trait]
impl OnceRepo for Store {
    async fn begin_once(&self, claim: &OnceClaim) -> Result<bool> {
        let OnceClaim { name, caller, body, pepper, began, until } = claim.clone();
        let begin = call!("once_begin", name, caller, body, pepper, began, until);
        // Nobody waits for the disk: what is made of it is written after this, into the same log,
        // and a loss of power that takes this takes that as well.
        Ok(self.db.execute_relaxed(begin).await? == 1)
    }

    async fn once_record(&self, name: &str) -> Result<Option<OnceRecord>> {
        let row = self.db.row(call!("once_get", name)).await?;
        row.map(|mut row| {
            Ok(OnceRecord {
                body: row.take()?,
                pepper: row.take()?,
                began: row.take()?,
                answer: row.take()?,
            })
        })
        .transpose()
    }

    async fn settle_once(&self, claim: &OnceClaim, answer: &[u8]) -> Result<()> {
        let (name, bytes) = (claim.name.clone(), answer.len() as u64);
        let settle = call!("once_settle", name, claim.began, answer.to_vec(), bytes);
        self.db.execute_relaxed(settle).await.map(drop)
    }

    async fn forget_once(&self, claim: &OnceClaim) -> Result<()> {
        let forget = call!("once_forget", claim.name.clone(), claim.began);
        self.db.execute_relaxed(forget).await.map(drop)
    }

    async fn purge_once(&self, now: Timestamp, per_caller: u64, bytes: u64) -> Result<u64> {
        self.db.execute(call!("once_purge", now, per_caller, bytes)).await
    }
}
