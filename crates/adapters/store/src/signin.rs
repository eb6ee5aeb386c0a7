//! Sign-ins under way, second factors, and accounts of trusted parties.

use async_trait::async_trait;
use tessera_access::ports::SignInRepo;
use tessera_access::{Identity, Key, Pending, SecondFactor, User};
use tessera_kernel::ids::UserId;
use tessera_kernel::{Code, Fault, Result, Timestamp};

use crate::Store;
use crate::db::{Call, Row, Tx, call};
use crate::users::{insert_user, total};

fn read_pending(row: &mut Row) -> Result<Pending> {
    Ok(Pending {
        digest: row.take()?,
        kind: row
            .take::<String>()?
            .parse()
            .map_err(|()| Fault::new(Code::Internal, "a stored sign-in is of an unknown kind"))?,
        user: row.take()?,
        sealed: row.take()?,
        attempts: row.take()?,
        expires_at: row.take()?,
    })
}

fn read_factor(row: &mut Row) -> Result<SecondFactor> {
    Ok(SecondFactor {
        user: row.take()?,
        sealed: row.take()?,
        confirmed_at: row.take()?,
        last_step: row.take()?,
        created_at: row.take()?,
    })
}

fn read_identity(row: &mut Row) -> Result<Identity> {
    Ok(Identity {
        issuer: row.take()?,
        subject: row.take()?,
        user: row.take()?,
        email: row.take()?,
        created_at: row.take()?,
        used_at: row.take()?,
    })
}

fn identity_call(identity: &Identity, user: UserId) -> Call {
    call!(
        "identity_insert",
        &identity.issuer,
        &identity.subject,
        user,
        identity.email.clone(),
        identity.created_at,
        identity.used_at,
    )
}

async fn replace_codes(tx: Tx<'_>, user: UserId, codes: &[[u8; 32]]) -> Result<()> {
    tx.execute(call!("recovery_code_delete_of", user)).await?;
    for code in codes {
        tx.execute(call!("recovery_code_insert", user, *code)).await?;
    }
    Ok(())
}

#[async_trait]
impl SignInRepo for Store {
    async fn insert_pending(&self, pending: &Pending) -> Result<()> {
        let call = call!(
            "pending_insert",
            pending.digest,
            pending.kind.as_str(),
            pending.user,
            pending.sealed.clone(),
            pending.attempts,
            pending.expires_at,
        );
        self.db.execute(call).await.map(drop)
    }

    async fn pending(&self, digest: &[u8; 32]) -> Result<Option<Pending>> {
        self.db.row(call!("pending_get", *digest)).await?.as_mut().map(read_pending).transpose()
    }

    async fn count_attempt(&self, digest: &[u8; 32], most: i64) -> Result<bool> {
        Ok(self.db.execute(call!("pending_count_attempt", *digest, most)).await? > 0)
    }

    async fn take_pending(&self, digest: &[u8; 32]) -> Result<bool> {
        Ok(self.db.execute(call!("pending_delete", *digest)).await? > 0)
    }

    async fn second_factor(&self, user: UserId) -> Result<Option<SecondFactor>> {
        let found = self.db.row(call!("second_factor_get", user)).await?;
        found.map(|mut row| read_factor(&mut row)).transpose()
    }

    async fn begin_second_factor(&self, factor: &SecondFactor) -> Result<bool> {
        let call = call!(
            "second_factor_begin",
            factor.user,
            factor.sealed.clone(),
            factor.last_step,
            factor.created_at,
        );
        Ok(self.db.execute(call).await? > 0)
    }

    async fn confirm_second_factor(
        &self,
        factor: &SecondFactor,
        at: Timestamp,
        step: i64,
        codes: &[[u8; 32]],
    ) -> Result<bool> {
        let (factor, codes) = (factor.clone(), codes.to_vec());
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    let sealed = factor.sealed.clone();
                    let call = call!("second_factor_confirm", factor.user, sealed, at, step);
                    if tx.execute(call).await? == 0 {
                        return Ok(false);
                    }
                    replace_codes(tx, factor.user, &codes).await?;
                    Ok(true)
                })
            })
            .await
    }

    async fn use_factor_step(&self, user: UserId, step: i64) -> Result<bool> {
        Ok(self.db.execute(call!("second_factor_use_step", user, step)).await? > 0)
    }

    async fn delete_second_factor(&self, user: UserId) -> Result<bool> {
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(call!("recovery_code_delete_of", user)).await?;
                    Ok(tx.execute(call!("second_factor_delete", user)).await? > 0)
                })
            })
            .await
    }

    async fn replace_recovery_codes(&self, user: UserId, codes: &[[u8; 32]]) -> Result<()> {
        let codes = codes.to_vec();
        self.db
            .write(move |tx| Box::pin(async move { replace_codes(tx, user, &codes).await }))
            .await
    }

    async fn use_recovery_code(&self, user: UserId, digest: &[u8; 32]) -> Result<bool> {
        Ok(self.db.execute(call!("recovery_code_delete", user, *digest)).await? > 0)
    }

    async fn count_recovery_codes(&self, user: UserId) -> Result<u64> {
        total(self.db.rows(call!("recovery_code_count", user)).await?)
    }

    async fn identity(&self, issuer: &str, subject: &str) -> Result<Option<Identity>> {
        let found = self.db.row(call!("identity_get", issuer, subject)).await?;
        found.map(|mut row| read_identity(&mut row)).transpose()
    }

    async fn identities_of(&self, user: UserId) -> Result<Vec<Identity>> {
        let rows = self.db.rows(call!("identity_list_of", user)).await?;
        rows.into_iter().map(|mut row| read_identity(&mut row)).collect()
    }

    async fn delete_identities_of(&self, user: UserId) -> Result<u64> {
        self.db.execute(call!("identity_delete_of", user)).await
    }

    async fn insert_identity(&self, identity: &Identity) -> Result<()> {
        self.db.execute(identity_call(identity, identity.user)).await.map(drop)
    }

    async fn touch_identity(&self, issuer: &str, subject: &str, at: Timestamp) -> Result<()> {
        self.db.execute(call!("identity_touch", issuer, subject, at)).await.map(drop)
    }

    async fn insert_user_with_identity(
        &self,
        user: &User,
        key: &Key,
        identity: &Identity,
    ) -> Result<UserId> {
        let (user, key, identity) = (user.clone(), key.clone(), identity.clone());
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    let id = insert_user(tx, &user, &user.groups, &key).await?;
                    tx.execute(identity_call(&identity, id)).await?;
                    Ok(id)
                })
            })
            .await
    }
}
