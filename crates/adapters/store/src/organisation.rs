//! Settings of the organisation.

use async_trait::async_trait;
use serde_json::Value as Json;
use tessera_access::ports::SettingRepo;
use tessera_kernel::Result;

use crate::Store;
use crate::db::{Tx, call};

/// Sets settings within a transaction.
pub(crate) async fn set(tx: Tx<'_>, settings: &[(String, Json)]) -> Result<()> {
    for (name, value) in settings {
        tx.execute(call!("setting_set", name, value)).await?;
    }
    Ok(())
}

#[async_trait]
impl SettingRepo for Store {
    async fn settings(&self) -> Result<Vec<(String, Json)>> {
        let rows = self.db.rows(call!("setting_list")).await?;
        rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
    }

    async fn set_settings(&self, settings: &[(String, Json)]) -> Result<()> {
        let mut settings = settings.to_vec();
        // In the same order everywhere, so that nodes do not lock each other out.
        settings.sort_by(|(one, _), (other, _)| one.cmp(other));
        self.db.write(move |tx| Box::pin(async move { set(tx, &settings).await })).await
    }
}
