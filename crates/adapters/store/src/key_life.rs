//! The lives of keys: lists by state, successors, ends, digests under other peppers.

use async_trait::async_trait;
use tessera_access::ports::KeyLifeRepo;
use tessera_access::{Key, KeyFilter, KeyState};
use tessera_kernel::ids::{KeyId, UserId};
use tessera_kernel::{Code, Fault, Page, PageRequest, Result, Timestamp};

use crate::Store;
use crate::db::{call, id_list};
use crate::filter::Filter;
use crate::keys::{insert_key, json, owner_columns, read_key};
use crate::users::total;

/// How an approval is stored that nobody has given.
const UNAPPROVED: &str = "%\"approved_at\":null%";

fn conditions(filter: &KeyFilter, now: Timestamp) -> Filter {
    let mut listed = Filter::default();
    if let Some(owner) = filter.owner {
        let (user, query, dashboard, workspace) = owner_columns(owner);
        let columns = [
            ("user_id", user.map(|id| id.0)),
            ("query_id", query.map(|id| id.0)),
            ("dashboard_id", dashboard.map(|id| id.0)),
            ("workspace_id", workspace.map(|id| id.0)),
        ];
        for (column, id) in columns {
            if let Some(id) = id {
                let id = listed.bind(id);
                listed.and(format!("k.{column} = {id}"));
            }
        }
    }
    if let Some(user) = filter.created_by {
        let user = listed.bind(user);
        listed.and(format!("k.created_by = {user}"));
    }
    if let Some(user) = filter.kept_by {
        let user = listed.bind(user);
        // As `facts_key` names the owner.
        let made = format!("k.user_id IS NULL AND k.created_by = {user} AND k.sealed IS NULL");
        listed.and(format!("(k.user_id = {user} OR {made})"));
    }
    if let Some(kind) = filter.kind {
        let kind = listed.bind(kind.as_str());
        listed.and(format!("k.kind = {kind}"));
    }
    if let Some(end) = filter.expiring_before {
        let end = listed.bind(end);
        listed.and(format!("k.expires_at < {end}"));
    }
    if let Some(since) = filter.unused_since {
        let since = listed.bind(since);
        listed.and(format!("k.created_at < {since} AND COALESCE(k.last_used_at, 0) < {since}"));
    }
    if let Some(before) = filter.created_before {
        let before = listed.bind(before);
        listed.and(format!("k.created_at < {before}"));
    }
    if let Some(recoverable) = filter.recoverable {
        listed.and(format!("k.sealed IS {}NULL", if recoverable { "NOT " } else { "" }));
    }
    if !filter.ids.is_empty() {
        let ids = listed.bind(id_list(filter.ids.iter().map(|id| id.0)));
        listed.and(format!("k.id IN {{ids {ids}}}"));
    }
    state(&mut listed, filter.state, now);
    listed
}

/// The same order of questions as [`Key::state`].
fn state(listed: &mut Filter, state: Option<KeyState>, now: Timestamp) {
    let Some(state) = state else { return listed.and("k.revoked_at IS NULL") };
    if state == KeyState::Revoked {
        return listed.and("k.revoked_at IS NOT NULL");
    }
    listed.and("k.revoked_at IS NULL");
    if state == KeyState::Disabled {
        return listed.and("k.disabled_at IS NOT NULL");
    }
    listed.and("k.disabled_at IS NULL");
    let now = listed.bind(now);
    if state == KeyState::Expired {
        return listed.and(format!("k.expires_at <= {now}"));
    }
    listed.and(format!("(k.expires_at IS NULL OR k.expires_at > {now})"));
    let unapproved = listed.bind(UNAPPROVED);
    let pending = format!(
        "(COALESCE(k.not_before, 0) > {now} OR COALESCE(k.approval, '') LIKE {unapproved})"
    );
    match state {
        KeyState::Pending => listed.and(pending),
        KeyState::Grace => listed.and(format!("NOT {pending} AND k.replaced_at IS NOT NULL")),
        _ => listed.and(format!("NOT {pending} AND k.replaced_at IS NULL")),
    }
}

#[async_trait]
impl KeyLifeRepo for Store {
    async fn keys(
        &self,
        filter: &KeyFilter,
        now: Timestamp,
        page: PageRequest,
    ) -> Result<Page<Key>> {
        let mut listed = conditions(filter, now);
        let conditions = listed.text();
        let count = listed.call(format!("SELECT COUNT(*) FROM keys k WHERE {conditions}"));
        let limit = listed.page(page);
        let rows = listed.call(format!(
            "SELECT {{key k}} FROM keys k WHERE {conditions} ORDER BY k.created_at, k.id {limit}"
        ));
        let [count, rows] = self.db.batch([count, rows]).await?;
        let items: Result<Vec<Key>> = rows.into_iter().map(|mut row| read_key(&mut row)).collect();
        Ok(Page { items: items?, total: total(count)? })
    }

    async fn update_key(&self, key: &Key) -> Result<()> {
        let call = call!(
            "key_update",
            key.id,
            &key.name,
            json(&key.terms)?,
            key.approval.as_ref().map(json).transpose()?,
            key.widening.as_ref().map(json).transpose()?,
        );
        self.change("key", call).await
    }

    async fn set_key_end(&self, id: KeyId, end: Option<Timestamp>) -> Result<()> {
        self.change("key", call!("key_set_end", id, end)).await
    }

    async fn set_key_disabled(&self, key: &Key, at: Timestamp) -> Result<()> {
        let call = call!("key_set_disabled", key.id, key.disabled_at, key.disabled_by, at);
        self.change("key", call).await
    }

    async fn replace_key(
        &self,
        predecessor: KeyId,
        end: Timestamp,
        at: Timestamp,
        successor: &Key,
    ) -> Result<KeyId> {
        let successor = successor.clone();
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    if tx.execute(call!("key_replace", predecessor, end, at)).await? == 0 {
                        let detail = "the key has a successor already, or is revoked";
                        return Err(Fault::new(Code::Conflict, detail));
                    }
                    insert_key(tx, &successor, successor.owner).await
                })
            })
            .await
    }

    async fn revoke_keys(&self, ids: &[KeyId], by: Option<UserId>, at: Timestamp) -> Result<u64> {
        let ids = id_list(ids.iter().map(|id| id.0));
        self.db.execute(call!("key_revoke_all", ids, at, by)).await
    }

    async fn restore_key(&self, id: KeyId) -> Result<()> {
        self.change("key", call!("key_restore", id)).await
    }

    async fn purge_keys(&self, revoked_before: Timestamp) -> Result<u64> {
        self.db.execute(call!("key_purge", revoked_before)).await
    }

    async fn disable_unused_keys(&self, since: Timestamp, at: Timestamp) -> Result<Vec<KeyId>> {
        let rows = self.db.write_rows(call!("key_disable_unused", since, at)).await?;
        rows.into_iter().map(|mut row| row.take()).collect()
    }

    async fn note_key_warning(&self, id: KeyId, days: i64) -> Result<bool> {
        Ok(self.db.execute(call!("key_note_warning", id, days)).await? > 0)
    }

    async fn redigest_key(&self, key: &Key, pepper: i64) -> Result<bool> {
        let call = call!(
            "key_redigest",
            key.id,
            pepper,
            key.digest,
            key.pepper_version,
            &key.lookup,
            key.sealed.clone(),
        );
        Ok(self.db.execute(call).await? > 0)
    }

    async fn recoverable_keys_under_other_peppers(
        &self,
        pepper: i64,
        limit: u64,
    ) -> Result<Vec<Key>> {
        let rows = self.db.rows(call!("key_list_under_other_peppers", pepper, limit)).await?;
        rows.into_iter().map(|mut row| read_key(&mut row)).collect()
    }

    async fn count_keys_by_pepper(&self) -> Result<Vec<(i64, u64)>> {
        let rows = self.db.rows(call!("key_count_by_pepper")).await?;
        rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
    }
}
