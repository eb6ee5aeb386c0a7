//! Sealed values, to be sealed anew.

use async_trait::async_trait;
use tessera_access::{SealedKind, SealedRepo, SealedValue};
use tessera_kernel::Result;

use crate::Store;
use crate::db::call;

#[async_trait]
impl SealedRepo for Store {
    async fn sealed_values(
        &self,
        kind: SealedKind,
        after: i64,
        limit: u64,
    ) -> Result<Vec<SealedValue>> {
        let call = match kind {
            SealedKind::Source => call!("source_list_sealed", after, limit),
            SealedKind::Key => call!("key_list_sealed", after, limit),
            SealedKind::SecondFactor => call!("second_factor_list_sealed", after, limit),
            SealedKind::Destination => call!("destination_list_sealed", after, limit),
            SealedKind::Mail => call!("mail_list_sealed", after, limit),
            SealedKind::Answer => call!("once_list_sealed", after, limit),
        };
        let rows = self.db.rows(call).await?;
        let read = |mut row: crate::db::Row| {
            Ok(SealedValue { kind, id: row.take()?, context: row.take()?, sealed: row.take()? })
        };
        rows.into_iter().map(read).collect()
    }

    async fn replace_sealed(&self, value: &SealedValue, sealed: &[u8]) -> Result<bool> {
        let (id, old, new) = (value.id, value.sealed.clone(), sealed.to_vec());
        let call = match value.kind {
            SealedKind::Source => call!("source_reseal", id, old, new),
            SealedKind::Key => call!("key_reseal", id, old, new),
            SealedKind::SecondFactor => call!("second_factor_reseal", id, old, new),
            SealedKind::Destination => call!("destination_reseal", id, old, new),
            SealedKind::Mail => call!("mail_reseal", id, old, new),
            SealedKind::Answer => call!("once_reseal", id, old, new),
        };
        Ok(self.db.execute(call).await? > 0)
    }
}
