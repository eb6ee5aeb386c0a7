//! Attempts and what counts once, as nodes share them.

use async_trait::async_trait;
use tessera_access::AttemptRepo;
use tessera_kernel::{Result, Timestamp};

use crate::Store;
use crate::db::{call, call_each};

#[async_trait]
impl AttemptRepo for Store {
    async fn take_attempt(
        &self,
        name: &[u8; 32],
        now: Timestamp,
        cost: i64,
        window: i64,
    ) -> Result<Option<Timestamp>> {
        let taken = call_each!("attempt_take", name.to_vec(), now, cost, window);
        if !self.db.write_rows(taken).await?.is_empty() {
            return Ok(None);
        }
        let row = self.db.row(call!("attempt_get", name.to_vec())).await?;
        // Without a row it was purged meanwhile: from now on it counts.
        row.map_or(Ok(Some(now)), |mut row| row.take().map(Some))
    }

    async fn set_mark(&self, name: &[u8; 32], until: Timestamp) -> Result<()> {
        self.db.execute(call!("attempt_set", name.to_vec(), until)).await.map(drop)
    }

    async fn has_mark(&self, name: &[u8; 32], now: Timestamp) -> Result<bool> {
        let row = self.db.row(call!("attempt_get", name.to_vec())).await?;
        let until: Option<Timestamp> = row.map(|mut row| row.take()).transpose()?;
        Ok(until.is_some_and(|until| until > now))
    }

    async fn use_mark(&self, name: &[u8; 32], until: Timestamp) -> Result<bool> {
        let call = call!("attempt_use", name.to_vec(), until);
        Ok(self.db.execute(call).await? == 1)
    }

    async fn purge_attempts(&self, before: Timestamp) -> Result<u64> {
        self.db.execute(call!("attempt_purge", before)).await
    }
}
