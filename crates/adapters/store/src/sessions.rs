//! Sessions.

use async_trait::async_trait;
use tessera_access::Session;
use tessera_access::ports::SessionRepo;
use tessera_kernel::{Result, Timestamp};

use crate::Store;
use crate::db::{Row, call};

fn read_session(row: &mut Row) -> Result<Session> {
    Ok(Session {
        digest: row.take()?,
        user: row.take()?,
        epoch: row.take()?,
        created_at: row.take()?,
        expires_at: row.take()?,
    })
}

#[async_trait]
impl SessionRepo for Store {
    async fn insert_session(&self, session: &Session) -> Result<()> {
        let call = call!(
            "session_insert",
            session.digest,
            session.user,
            session.epoch,
            session.created_at,
            session.expires_at,
        );
        self.db.execute(call).await.map(drop)
    }

    async fn session(&self, digest: &[u8; 32]) -> Result<Option<Session>> {
        self.db.row(call!("session_get", *digest)).await?.as_mut().map(read_session).transpose()
    }

    async fn extend_session(&self, digest: &[u8; 32], expires_at: Timestamp) -> Result<()> {
        self.db.execute(call!("session_extend", *digest, expires_at)).await.map(drop)
    }

    async fn delete_session(&self, digest: &[u8; 32]) -> Result<()> {
        self.db.execute(call!("session_delete", *digest)).await.map(drop)
    }

    async fn purge_sessions(&self, now: Timestamp) -> Result<u64> {
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    let sessions = tx.execute(call!("session_purge", now)).await?;
                    Ok(sessions + tx.execute(call!("token_purge", now)).await?)
                })
            })
            .await
    }
}
