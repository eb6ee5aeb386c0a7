//! Sessions.

use async_trait::async_trait;
use tessera_access::Session;
use tessera_access::ports::SessionRepo;
use tessera_kernel::ids::{Uid, UserId};
use tessera_kernel::{Code, Fault, Result, Timestamp};

use crate::Store;
use crate::db::{Row, call};

fn read_session(row: &mut Row) -> Result<Session> {
    Ok(Session {
        uid: row.take()?,
        digest: row.take()?,
        user: row.take()?,
        epoch: row.take()?,
        created_at: row.take()?,
        expires_at: row.take()?,
        last_seen_at: row.take()?,
        address: row.take()?,
        client: row.take()?,
        method: row
            .take::<String>()?
            .parse()
            .map_err(|()| Fault::new(Code::Internal, "a stored session has an unknown method"))?,
    })
}

#[async_trait]
impl SessionRepo for Store {
    async fn insert_session(&self, session: &Session) -> Result<()> {
        let call = call!(
            "session_insert",
            session.uid,
            session.digest,
            session.user,
            session.epoch,
            session.created_at,
            session.expires_at,
            session.last_seen_at,
            session.address.clone(),
            session.client.clone(),
            session.method.as_str(),
        );
        self.db.execute(call).await.map(drop)
    }

    async fn session(&self, digest: &[u8; 32]) -> Result<Option<Session>> {
        self.db.row(call!("session_get", *digest)).await?.as_mut().map(read_session).transpose()
    }

    async fn extend_session(
        &self,
        digest: &[u8; 32],
        expires_at: Timestamp,
        seen_at: Timestamp,
        address: Option<&str>,
    ) -> Result<()> {
        let call = call!("session_extend", *digest, expires_at, seen_at, address);
        self.db.execute(call).await.map(drop)
    }

    async fn sessions_of(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>> {
        let rows = self.db.rows(call!("session_list_of", user, now)).await?;
        rows.into_iter().map(|mut row| read_session(&mut row)).collect()
    }

    async fn set_session_epoch(&self, digest: &[u8; 32], epoch: i64) -> Result<()> {
        self.db.execute(call!("session_set_epoch", *digest, epoch)).await.map(drop)
    }

    async fn delete_session_of(&self, user: UserId, session: Uid) -> Result<bool> {
        Ok(self.db.execute(call!("session_delete_one_of", user, session)).await? > 0)
    }

    async fn delete_sessions_of(&self, user: UserId, except: Option<[u8; 32]>) -> Result<u64> {
        let call = match except {
            Some(kept) => call!("session_delete_others_of", user, kept),
            None => call!("session_delete_of", user),
        };
        self.db.execute(call).await
    }

    async fn delete_session(&self, digest: &[u8; 32]) -> Result<()> {
        self.db.execute(call!("session_delete", *digest)).await.map(drop)
    }

    async fn purge_sessions(&self, now: Timestamp) -> Result<u64> {
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    let sessions = tx.execute(call!("session_purge", now)).await?;
                    let pending = tx.execute(call!("pending_purge", now)).await?;
                    Ok(sessions + pending + tx.execute(call!("token_purge", now)).await?)
                })
            })
            .await
    }
}
