//! Users and their one-use links.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::Value as Json;
use tessera_access::ports::{UserRepo, UserWithRights};
use tessera_access::{
    Group, Key, KeyOwner, TokenPurpose, User, UserFilter, UserKind, UserOrder, UserToken,
};
use tessera_kernel::ids::{GroupId, UserId};
use tessera_kernel::{Code, Fault, Page, PageRequest, Result, Timestamp};

use crate::db::{Row, Tx, call, call_each, id_list};
use crate::filter::{Filter, missing_last};
use crate::keys::insert_key;
use crate::{Store, groups, organisation};

/// What names are ordered and searched by.
pub(crate) fn name_key(name: &str) -> String {
    name.to_lowercase()
}

/// Makes a text match itself in a `LIKE` with `ESCAPE '\'`.
pub(crate) fn like_escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// Reads numbers with commas, as `string_agg` gives them; none if there is no text.
pub(crate) fn numbers<T: From<i64>>(text: Option<String>) -> Result<Vec<T>> {
    let text = text.unwrap_or_default();
    let numbers: std::result::Result<Vec<T>, _> = text
        .split(',')
        .filter(|number| !number.is_empty())
        .map(|number| number.parse::<i64>().map(T::from))
        .collect();
    numbers.map_err(|error| Fault::internal("a stored list of numbers", error))
}

/// Reads the columns of `{user u}`.
pub(crate) fn read_user(row: &mut Row) -> Result<User> {
    Ok(User {
        id: row.take()?,
        uid: row.take()?,
        name: row.take()?,
        email: row.take()?,
        password_hash: row.take()?,
        groups: numbers(row.take()?)?,
        disabled_at: row.take()?,
        invitation_pending: row.take()?,
        email_verified: row.take()?,
        active_at: row.take()?,
        epoch: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
        kind: UserKind::parse(&row.take::<String>()?)
            .ok_or_else(|| Fault::new(Code::Internal, "a stored user has an unknown kind"))?,
    })
}

pub(crate) fn read_users(rows: Vec<Row>) -> Result<Vec<User>> {
    rows.into_iter().map(|mut row| read_user(&mut row)).collect()
}

/// Reads stored attributes.
pub(crate) fn attributes(text: String) -> Result<BTreeMap<String, Json>> {
    serde_json::from_str(&text)
        .map_err(|error| Fault::internal("stored attributes cannot be read", error))
}

fn read_token(row: &mut Row) -> Result<UserToken> {
    Ok(UserToken {
        digest: row.take()?,
        user: row.take()?,
        purpose: match row.take::<String>()?.as_str() {
            "invite" => TokenPurpose::Invite,
            "reset" => TokenPurpose::Reset,
            "verify" => TokenPurpose::Verify,
            _ => return Err(Fault::new(Code::Internal, "a stored link has an unknown purpose")),
        },
        expires_at: row.take()?,
    })
}

fn purpose(purpose: TokenPurpose) -> &'static str {
    match purpose {
        TokenPurpose::Invite => "invite",
        TokenPurpose::Reset => "reset",
        TokenPurpose::Verify => "verify",
    }
}

pub(crate) async fn insert_user(
    tx: Tx<'_>,
    user: &User,
    groups: &[GroupId],
    key: &Key,
) -> Result<UserId> {
    let id = insert_keyless(tx, user, groups).await?;
    insert_key(tx, key, KeyOwner::User(id)).await?;
    Ok(id)
}

/// Adds a user without a key.
pub(crate) async fn insert_keyless(tx: Tx<'_>, user: &User, groups: &[GroupId]) -> Result<UserId> {
    let call = call!(
        "user_insert",
        user.uid,
        &user.name,
        name_key(&user.name),
        &user.email,
        user.password_hash.clone(),
        user.disabled_at,
        user.invitation_pending,
        user.email_verified,
        user.active_at,
        user.epoch,
        user.created_at,
        user.updated_at,
        user.kind.as_str(),
    );
    let id = tx.one(call).await?.take()?;
    add_to_groups(tx, id, groups).await?;
    Ok(id)
}

/// Writes a user with all fields but the kind, groups included.
pub(crate) async fn write_user(tx: Tx<'_>, user: &User) -> Result<()> {
    let call = call!(
        "user_update",
        user.id,
        user.uid,
        &user.name,
        name_key(&user.name),
        &user.email,
        user.password_hash.clone(),
        user.disabled_at,
        user.invitation_pending,
        user.email_verified,
        user.active_at,
        user.epoch,
        user.created_at,
        user.updated_at,
    );
    tx.change("user", call).await?;
    tx.execute(call!("group_member_delete_of_user", user.id)).await?;
    add_to_groups(tx, user.id, &user.groups).await
}

async fn add_to_groups(tx: Tx<'_>, user: UserId, groups: &[GroupId]) -> Result<()> {
    for group in groups {
        tx.execute(call!("group_member_insert", user, *group)).await?;
    }
    Ok(())
}

#[async_trait]
impl UserRepo for Store {
    async fn user(&self, id: UserId) -> Result<Option<User>> {
        self.db.row(call!("user_get", id)).await?.as_mut().map(read_user).transpose()
    }

    async fn user_by_email(&self, email: &str) -> Result<Option<User>> {
        self.db.row(call!("user_get_by_email", email)).await?.as_mut().map(read_user).transpose()
    }

    async fn users_by_ids(&self, ids: &[UserId]) -> Result<Vec<User>> {
        let ids = id_list(ids.iter().map(|id| id.0));
        read_users(self.db.rows(call!("user_list_by_ids", ids)).await?)
    }

    async fn user_with_rights(&self, id: UserId) -> Result<Option<UserWithRights>> {
        let mut found: Option<UserWithRights> = None;
        for mut row in self.db.rows(call!("user_get_with_rights", id)).await? {
            let user = read_user(&mut row)?;
            let rights = found.get_or_insert_with(|| UserWithRights {
                user,
                groups: Vec::new(),
                sources: Vec::new(),
                attributes: BTreeMap::new(),
            });
            rights.attributes = attributes(row.take()?)?;
            let Some(group) = row.optional(6, groups::read_group)? else { continue };
            rights.groups.push(group);
            let sources: Option<String> = row.take()?;
            for pair in sources.iter().flat_map(|sources| sources.split(',')) {
                rights.sources.push(groups::read_access(pair)?);
            }
        }
        Ok(found)
    }

    async fn users(
        &self,
        filter: &UserFilter,
        order: UserOrder,
        descending: bool,
        page: PageRequest,
    ) -> Result<Page<User>> {
        let mut listed = Filter::default();
        let kind = listed.bind(filter.kind.as_str());
        listed.and(format!("u.kind = {kind}"));
        if !filter.any_state {
            let not = if filter.disabled { "NOT " } else { "" };
            listed.and(format!("u.disabled_at IS {not}NULL"));
        }
        if let Some(group) = filter.group {
            let group = listed.bind(group);
            listed.and(format!(
                "EXISTS (SELECT 1 FROM group_members gm \
                 WHERE gm.user_id = u.id AND gm.group_id = {group})"
            ));
        }
        if let Some(pending) = filter.pending {
            let pending = listed.bind(pending);
            listed.and(format!("u.invitation_pending = {pending}"));
        }
        if let Some(search) = &filter.search {
            let at = listed.bind(format!("%{}%", like_escaped(&name_key(search))));
            listed.and(format!(
                "(u.name_key LIKE {at} ESCAPE '\\' OR u.email LIKE {at} ESCAPE '\\')"
            ));
        }
        let direction = if descending { "DESC" } else { "ASC" };
        let order = match order {
            UserOrder::Name => format!("u.name_key {direction}, u.id"),
            UserOrder::CreatedAt => format!("u.created_at {direction}, u.id {direction}"),
            UserOrder::ActiveAt => format!("{}, u.id", missing_last("u.active_at", direction)),
        };
        let conditions = listed.text();
        let count = listed.call(format!("SELECT COUNT(*) FROM users u WHERE {conditions}"));
        let limit = listed.page(page);
        let rows = listed.call(format!(
            "SELECT {{user u}} FROM users u WHERE {conditions} ORDER BY {order} {limit}"
        ));
        let [count, rows] = self.db.batch([count, rows]).await?;
        Ok(Page { items: read_users(rows)?, total: total(count)? })
    }

    async fn insert_user(&self, user: &User, key: &Key) -> Result<UserId> {
        let (user, key) = (user.clone(), key.clone());
        self.db
            .write(move |tx| {
                Box::pin(async move { insert_user(tx, &user, &user.groups, &key).await })
            })
            .await
    }

    async fn insert_service_account(&self, user: &User) -> Result<UserId> {
        let user = user.clone();
        self.db
            .write(move |tx| Box::pin(async move { insert_keyless(tx, &user, &user.groups).await }))
            .await
    }

    async fn update_user(&self, user: &User) -> Result<()> {
        let user = user.clone();
        self.db.write(move |tx| Box::pin(async move { write_user(tx, &user).await })).await
    }

    async fn delete_user(&self, id: UserId) -> Result<()> {
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    if tx.row(call!("user_owns_objects", id)).await?.is_some() {
                        return Err(Fault::new(
                            Code::Conflict,
                            "the user owns queries, dashboards or alerts, disable the user instead",
                        ));
                    }
                    tx.change("user", call!("user_delete", id)).await
                })
            })
            .await
    }

    async fn touch_users(&self, seen: &[(UserId, Timestamp)]) -> Result<()> {
        let mut seen = seen.to_vec();
        // In the same order everywhere, so that nodes do not lock each other out.
        seen.sort_unstable();
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    for (user, at) in seen {
                        tx.execute(call!("user_touch", user, at)).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    async fn user_attributes(&self, id: UserId) -> Result<Option<BTreeMap<String, Json>>> {
        let row = self.db.row(call!("user_get_attributes", id)).await?;
        row.map(|mut row| attributes(row.take()?)).transpose()
    }

    async fn set_user_attributes(
        &self,
        id: UserId,
        attributes: &BTreeMap<String, Json>,
    ) -> Result<()> {
        let text = serde_json::to_string(attributes)
            .map_err(|error| Fault::internal("the attributes of a user", error))?;
        self.change("user", call!("user_set_attributes", id, text)).await
    }

    async fn count_users(&self) -> Result<u64> {
        total(self.db.rows(call!("user_count")).await?)
    }

    async fn initialize(
        &self,
        groups: &[Group],
        user: &User,
        key: &Key,
        settings: &[(String, Json)],
    ) -> Result<bool> {
        let (groups, user, key) = (groups.to_vec(), user.clone(), key.clone());
        let settings = settings.to_vec();
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    tx.rows(call_each!("user_lock_first")).await?;
                    if total(tx.rows(call!("user_count")).await?)? > 0 {
                        return Ok(false);
                    }
                    let mut ids = Vec::with_capacity(groups.len());
                    for group in &groups {
                        ids.push(groups::insert_group(tx, group).await?);
                    }
                    insert_user(tx, &user, &ids, &key).await?;
                    organisation::set(tx, &settings).await?;
                    Ok(true)
                })
            })
            .await
    }

    async fn insert_token(&self, token: &UserToken) -> Result<()> {
        let token = token.clone();
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    let purpose = purpose(token.purpose);
                    tx.execute(call!("token_delete_earlier", token.user, purpose)).await?;
                    let call =
                        call!("token_insert", token.digest, token.user, purpose, token.expires_at);
                    tx.execute(call).await.map(drop)
                })
            })
            .await
    }

    async fn token(&self, digest: &[u8; 32]) -> Result<Option<UserToken>> {
        self.db.row(call!("token_get", *digest)).await?.as_mut().map(read_token).transpose()
    }

    async fn take_token(&self, digest: &[u8; 32]) -> Result<bool> {
        Ok(self.db.execute(call!("token_delete", *digest)).await? > 0)
    }

    async fn delete_tokens_of(&self, user: UserId) -> Result<()> {
        self.db.execute(call!("token_delete_of", user)).await.map(drop)
    }
}

/// Reads the answer of a `COUNT(*)`.
pub(crate) fn total(rows: Vec<Row>) -> Result<u64> {
    let first = rows.into_iter().next();
    first.ok_or_else(|| Fault::new(Code::Internal, "a count gave no row"))?.take()
}
