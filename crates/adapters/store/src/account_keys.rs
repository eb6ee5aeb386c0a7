//! Keys with accounts of their own.

use async_trait::async_trait;
use tessera_access::ports::AccountKeyRepo;
use tessera_access::{AccountKey, Key, KeyOwner, User};
use tessera_kernel::ids::{KeyId, UserId};
use tessera_kernel::{Result, Timestamp};

use crate::Store;
use crate::db::{Row, call};
use crate::keys::{insert_key, read_key};
use crate::users::{insert_keyless, read_user, write_user};

fn read_account_key(row: &mut Row) -> Result<AccountKey> {
    Ok(AccountKey {
        key: read_key(row)?,
        account: read_user(row)?,
        changed_at: row.take()?,
        changed_by: row.take()?,
    })
}

#[async_trait]
impl AccountKeyRepo for Store {
    async fn account_keys(&self) -> Result<Vec<AccountKey>> {
        let rows = self.db.rows(call!("account_key_list")).await?;
        rows.into_iter().map(|mut row| read_account_key(&mut row)).collect()
    }

    async fn account_key(&self, key: KeyId) -> Result<Option<AccountKey>> {
        self.db.row(call!("account_key_get", key)).await?.as_mut().map(read_account_key).transpose()
    }

    async fn is_hint_taken(&self, hint: &str) -> Result<bool> {
        Ok(self.db.row(call!("key_hint_exists", hint)).await?.is_some())
    }

    async fn insert_account_key(&self, account: &User, key: &Key, by: UserId) -> Result<KeyId> {
        let (account, key) = (account.clone(), key.clone());
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    let user = insert_keyless(tx, &account, &account.groups).await?;
                    tx.execute(call!("key_account_insert", user, key.created_at, by)).await?;
                    insert_key(tx, &key, KeyOwner::User(user)).await
                })
            })
            .await
    }

    async fn update_account_key(
        &self,
        account: &User,
        key: &Key,
        at: Timestamp,
        by: UserId,
    ) -> Result<()> {
        let (account, key) = (account.clone(), key.clone());
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    write_user(tx, &account).await?;
                    tx.change("key", call!("key_rename", key.id, &key.name)).await?;
                    tx.execute(call!("key_account_touch", account.id, at, by)).await.map(drop)
                })
            })
            .await
    }

    async fn replace_account_key_text(&self, key: &Key, at: Timestamp, by: UserId) -> Result<()> {
        let key = key.clone();
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    let call = call!(
                        "key_replace_text",
                        key.id,
                        &key.lookup,
                        key.digest,
                        key.pepper_version,
                        &key.hint,
                    );
                    tx.change("key", call).await?;
                    let KeyOwner::User(account) = key.owner else { return Ok(()) };
                    tx.execute(call!("key_account_touch", account, at, by)).await.map(drop)
                })
            })
            .await
    }

    async fn delete_account_key(
        &self,
        known: &AccountKey,
        at: Timestamp,
        by: UserId,
    ) -> Result<()> {
        let (key, account) = (known.key.id, known.account.id);
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    tx.change("key", call!("key_revoke", key, at)).await?;
                    tx.execute(call!("user_disable_without_keys", account, at)).await?;
                    tx.execute(call!("key_account_touch", account, at, by)).await.map(drop)
                })
            })
            .await
    }
}
