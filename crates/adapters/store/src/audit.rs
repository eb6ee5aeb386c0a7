//! The audit log.

use async_trait::async_trait;
use serde_json::{Value as Json, json};
use tessera_access::AuditEvent;
use tessera_access::ports::AuditRepo;
use tessera_kernel::{Result, Timestamp};

use crate::Store;
use crate::db::{Row, call};

fn read_event(row: &mut Row) -> Result<Json> {
    let at: Timestamp = row.take()?;
    let actor: String = row.take()?;
    let action: String = row.take()?;
    let object: String = row.take()?;
    let detail: Json = row.take()?;
    let address: Option<String> = row.take()?;
    Ok(json!({
        "at": at,
        "actor": actor,
        "action": action,
        "object": object,
        "detail": detail,
        "address": address,
    }))
}

#[async_trait]
impl AuditRepo for Store {
    async fn insert_audit(&self, events: &[AuditEvent]) -> Result<()> {
        let events = events.to_vec();
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    for event in &events {
                        let call = call!(
                            "audit_insert",
                            event.at,
                            &event.actor,
                            event.action,
                            &event.object,
                            &event.detail,
                            event.address.clone(),
                        );
                        tx.execute(call).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn audit(&self, limit: u64) -> Result<Vec<Json>> {
        let rows = self.db.rows(call!("audit_list", limit)).await?;
        rows.into_iter().map(|mut row| read_event(&mut row)).collect()
    }
}
