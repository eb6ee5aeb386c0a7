//! Keys.

use async_trait::async_trait;
use tessera_access::ports::{KeyRepo, KeyUse};
use tessera_access::{Key, KeyKind, KeyOwner, LastUse};
use tessera_kernel::ids::{DashboardId, KeyId, QueryId, UserId, WorkspaceId};
use tessera_kernel::{Code, Fault, Result, Timestamp};

use crate::Store;
use crate::db::{Row, Tx, call};

pub(crate) type OwnerColumns =
    (Option<UserId>, Option<QueryId>, Option<DashboardId>, Option<WorkspaceId>);

pub(crate) fn owner_columns(owner: KeyOwner) -> OwnerColumns {
    match owner {
        KeyOwner::User(id) => (Some(id), None, None, None),
        KeyOwner::Query(id) => (None, Some(id), None, None),
        KeyOwner::Dashboard(id) => (None, None, Some(id), None),
        KeyOwner::Workspace(id) => (None, None, None, Some(id)),
    }
}

fn read_owner(columns: OwnerColumns) -> Result<KeyOwner> {
    match columns {
        (Some(id), None, None, None) => Ok(KeyOwner::User(id)),
        (None, Some(id), None, None) => Ok(KeyOwner::Query(id)),
        (None, None, Some(id), None) => Ok(KeyOwner::Dashboard(id)),
        (None, None, None, Some(id)) => Ok(KeyOwner::Workspace(id)),
        _ => Err(Fault::new(Code::Internal, "a stored key has no owner or several")),
    }
}

pub(crate) fn read_key(row: &mut Row) -> Result<Key> {
    Ok(Key {
        id: row.take()?,
        uid: row.take()?,
        kind: KeyKind::parse(&row.take::<String>()?)
            .ok_or_else(|| Fault::new(Code::Internal, "a stored key has an unknown kind"))?,
        owner: read_owner((row.take()?, row.take()?, row.take()?, row.take()?))?,
        lookup: row.take()?,
        digest: row.take()?,
        pepper_version: row.take()?,
        sealed: row.take()?,
        name: row.take()?,
        hint: row.take()?,
        created_by: row.take()?,
        created_at: row.take()?,
        not_before: row.take()?,
        expires_at: row.take()?,
        disabled_at: row.take()?,
        revoked_at: row.take()?,
        last_used_at: row.take()?,
        last_use: LastUse {
            address: row.take()?,
            client: row.take()?,
            transport: row.take()?,
            url_at: row.take()?,
        },
        terms: read_json(row.take()?)?,
        parent: row.take()?,
        predecessor: row.take()?,
        approval: row.take::<Option<String>>()?.map(read_json).transpose()?,
        replaced_at: row.take()?,
        widening: row.take::<Option<String>>()?.map(read_json).transpose()?,
        disabled_by: row.take()?,
        revoked_by: row.take()?,
    })
}

fn read_json<T: serde::de::DeserializeOwned>(text: String) -> Result<T> {
    serde_json::from_str(&text)
        .map_err(|error| Fault::internal("the terms of a stored key cannot be read", error))
}

pub(crate) fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Fault::internal("the terms of a key", error))
}

/// Adds a key that belongs to `owner`, whatever owner it names itself.
pub(crate) async fn insert_key(tx: Tx<'_>, key: &Key, owner: KeyOwner) -> Result<KeyId> {
    let (user, query, dashboard, workspace) = owner_columns(owner);
    let call = call!(
        "key_insert",
        key.uid,
        key.kind.as_str(),
        user,
        query,
        dashboard,
        workspace,
        &key.lookup,
        key.digest,
        key.pepper_version,
        key.sealed.clone(),
        &key.name,
        &key.hint,
        key.created_by,
        key.created_at,
        key.not_before,
        key.expires_at,
        key.disabled_at,
        key.revoked_at,
        key.last_used_at,
        json(&key.terms)?,
        key.parent,
        key.predecessor,
        key.approval.as_ref().map(json).transpose()?,
    );
    tx.one(call).await?.take()
}

#[async_trait]
impl KeyRepo for Store {
    async fn key_by_lookup(&self, lookup: &str) -> Result<Option<Key>> {
        self.db.row(call!("key_get_by_lookup", lookup)).await?.as_mut().map(read_key).transpose()
    }

    async fn key(&self, id: KeyId) -> Result<Option<Key>> {
        self.db.row(call!("key_get", id)).await?.as_mut().map(read_key).transpose()
    }

    async fn keys_of(&self, owner: KeyOwner) -> Result<Vec<Key>> {
        let (user, query, dashboard, workspace) = owner_columns(owner);
        let rows = self.db.rows(call!("key_list_of", user, query, dashboard, workspace)).await?;
        rows.into_iter().map(|mut row| read_key(&mut row)).collect()
    }

    async fn keys_below(&self, parent: KeyId) -> Result<Vec<Key>> {
        let rows = self.db.rows(call!("key_list_below", parent)).await?;
        rows.into_iter().map(|mut row| read_key(&mut row)).collect()
    }

    async fn insert_key(&self, key: &Key) -> Result<KeyId> {
        let key = key.clone();
        self.db
            .write(move |tx| Box::pin(async move { insert_key(tx, &key, key.owner).await }))
            .await
    }

    async fn replace_recoverable_key(
        &self,
        kind: KeyKind,
        key: &Key,
        at: Timestamp,
    ) -> Result<KeyId> {
        let key = key.clone();
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    let (user, query, dashboard, workspace) = owner_columns(key.owner);
                    let kind = kind.as_str();
                    let call = call!(
                        "key_revoke_recoverable",
                        user,
                        query,
                        dashboard,
                        workspace,
                        at,
                        kind
                    );
                    tx.execute(call).await?;
                    insert_key(tx, &key, key.owner).await
                })
            })
            .await
    }

    async fn revoke_key(&self, id: KeyId, at: Timestamp) -> Result<bool> {
        Ok(self.db.execute(call!("key_revoke", id, at)).await? > 0)
    }

    async fn revoke_keys_of(&self, owner: KeyOwner, at: Timestamp) -> Result<()> {
        let (user, query, dashboard, workspace) = owner_columns(owner);
        self.db
            .execute(call!("key_revoke_of", user, query, dashboard, workspace, at))
            .await
            .map(drop)
    }

    async fn touch_keys(&self, used: &[(KeyId, KeyUse)]) -> Result<()> {
        let mut used = used.to_vec();
        // In the same order everywhere, so that nodes do not lock each other out.
        used.sort_unstable_by_key(|(key, _)| *key);
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    for (key, last) in used {
                        let transport = last.transport.as_str();
                        let (address, client) = (last.address, last.client);
                        let call = call!("key_touch", key, last.at, address, client, transport);
                        tx.execute(call).await?;
                        if let Some(at) = last.url_at {
                            tx.execute(call!("key_touch_url", key, at)).await?;
                        }
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn keys_seen_in_urls(&self, user: Option<UserId>) -> Result<Vec<Key>> {
        let call = match user {
            Some(user) => call!("key_list_seen_in_urls_of", user),
            None => call!("key_list_seen_in_urls"),
        };
        let rows = self.db.rows(call).await?;
        rows.into_iter().map(|mut row| read_key(&mut row)).collect()
    }
}
