//! Destinations of notices.

use async_trait::async_trait;
use tessera_bi::Destination;
use tessera_bi::ports::DestinationRepo;
use tessera_kernel::ids::{DestinationId, Uid};
use tessera_kernel::{Code, Fault, Result, Timestamp};

use crate::Store;
use crate::db::{Call, Row, call};

/// Reads the columns of `{destination d}`.
pub(crate) fn read_destination(row: &mut Row) -> Result<Destination> {
    Ok(Destination {
        id: row.take()?,
        uid: row.take()?,
        name: row.take()?,
        kind: row.take()?,
        options: row.take()?,
        sealed_options: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}

/// Adds a destination.
pub(crate) fn insert(destination: &Destination) -> Call {
    call!(
        "destination_insert",
        destination.uid,
        &destination.name,
        &destination.kind,
        &destination.options,
        destination.sealed_options.clone(),
        destination.created_at,
        destination.updated_at,
    )
}

#[async_trait]
impl DestinationRepo for Store {
    async fn destinations(&self) -> Result<Vec<Destination>> {
        let rows = self.db.rows(call!("destination_list")).await?;
        rows.into_iter().map(|mut row| read_destination(&mut row)).collect()
    }

    async fn destination(&self, id: DestinationId) -> Result<Option<Destination>> {
        let row = self.db.row(call!("destination_get", id)).await?;
        row.map(|mut row| read_destination(&mut row)).transpose()
    }

    async fn destination_id(&self, uid: Uid) -> Result<Option<DestinationId>> {
        self.db.row(call!("destination_get_id", uid)).await?.map(|mut row| row.take()).transpose()
    }

    async fn insert_destination(&self, destination: &Destination) -> Result<DestinationId> {
        let rows = self.db.write_rows(insert(destination)).await?;
        let row = rows.into_iter().next();
        row.ok_or_else(|| Fault::new(Code::Internal, "a statement gave no row back"))?.take()
    }

    async fn update_destination(&self, destination: &Destination, seen: Timestamp) -> Result<bool> {
        let call = call!(
            "destination_update",
            destination.id,
            seen,
            &destination.name,
            &destination.kind,
            &destination.options,
            destination.sealed_options.clone(),
            destination.updated_at,
        );
        Ok(self.db.execute(call).await? > 0)
    }

    async fn delete_destination(&self, id: DestinationId, at: Timestamp) -> Result<()> {
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(call!("alert_delivery_give_up", id, at)).await?;
                    tx.change("destination", call!("destination_delete", id)).await
                })
            })
            .await
    }
}
