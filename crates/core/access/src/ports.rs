//! What storage has to offer to this crate. Implemented by `store`, once for each engine.
//!
//! Records go in whole; where a record is inserted its `id` is ignored and the new one is returned.
//! A unique value that is taken gives [`Code::Duplicate`](tessera_kernel::Code::Duplicate) with the
//! field's name; a record that must exist and does not gives `NotFound`.

use async_trait::async_trait;
use serde_json::Value as Json;
use tessera_kernel::ids::{GroupId, KeyId, QueryId, SourceId, UserId};
use tessera_kernel::{Page, PageRequest, Result, Timestamp};

use crate::acts::Object;
use crate::groups::Group;
use crate::keys::{AccountKey, Key, KeyKind, KeyOwner};
use crate::sessions::Session;
use crate::users::{User, UserFilter, UserOrder, UserToken};
use crate::{AccessLevel, AuditEvent};

/// What the rules need to know of an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Who owns it. For a key: the user it acts as.
    pub owner: Option<UserId>,
    /// The data source it hangs on. For a query, its own; for a result or job, that it came from.
    pub source: Option<SourceId>,
    /// Whether it should hang on a data source but that has been deleted.
    pub detached: bool,
    /// Users who were granted editing.
    pub editors: Vec<UserId>,
    /// The query it belongs to: for a query itself, a visualization, a job of a saved query.
    pub query: Option<QueryId>,
    /// For a job: labels (see [`Caller::label`](crate::Caller::label)) of those who asked for it.
    pub participants: Vec<String>,
    /// For a result: the queries whose text it is a result of.
    pub result_of: Vec<QueryId>,
    /// For a group: its members.
    pub members: Vec<UserId>,
    /// For a dashboard or widget: the dashboard.
    pub dashboard: Option<tessera_kernel::ids::DashboardId>,
}

/// A user with groups and access, read in one go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserWithRights {
    /// The user.
    pub user: User,
    /// The groups, in the order of `user.groups`.
    pub groups: Vec<Group>,
    /// Access of those groups; a data source may occur several times.
    pub sources: Vec<(SourceId, AccessLevel)>,
}

/// Facts about objects.
#[async_trait]
pub trait FactsRepo: Send + Sync {
    /// The facts of an object; `None` if it does not exist. [`Object::None`] is never asked for.
    async fn facts(&self, object: Object) -> Result<Option<Facts>>;
    /// Users who were granted editing of a query or dashboard, by id.
    async fn editors(&self, object: Object) -> Result<Vec<UserId>>;
    /// Grants editing; nothing happens if it was granted before.
    async fn grant_editor(&self, object: Object, user: UserId) -> Result<()>;
    /// Takes editing back; nothing happens if it was not granted.
    async fn revoke_editor(&self, object: Object, user: UserId) -> Result<()>;
    /// The queries that a dashboard's widgets show.
    async fn dashboard_queries(
        &self,
        dashboard: tessera_kernel::ids::DashboardId,
    ) -> Result<Vec<QueryId>>;
}

/// Users.
#[async_trait]
pub trait UserRepo: Send + Sync {
    /// One user.
    async fn user(&self, id: UserId) -> Result<Option<User>>;
    /// The user with this address (lower case).
    async fn user_by_email(&self, email: &str) -> Result<Option<User>>;
    /// Several users, in any order.
    async fn users_by_ids(&self, ids: &[UserId]) -> Result<Vec<User>>;
    /// One user with groups and access.
    async fn user_with_rights(&self, id: UserId) -> Result<Option<UserWithRights>>;
    /// A page of users.
    async fn users(
        &self,
        filter: &UserFilter,
        order: UserOrder,
        descending: bool,
        page: PageRequest,
    ) -> Result<Page<User>>;
    /// Adds a user with its first key, in one transaction. The key's owner is the new user.
    async fn insert_user(&self, user: &User, key: &Key) -> Result<UserId>;
    /// Adds a user without a key: a service account.
    async fn insert_service_account(&self, user: &User) -> Result<UserId>;
    /// Writes a user with all fields but the kind, groups included.
    async fn update_user(&self, user: &User) -> Result<()>;
    /// Deletes a user, with keys, sessions, tokens, favourites and memberships.
    async fn delete_user(&self, id: UserId) -> Result<()>;
    /// Notes that users were seen. Never makes a time earlier.
    async fn touch_users(&self, seen: &[(UserId, Timestamp)]) -> Result<()>;
    /// How many users there are.
    async fn count_users(&self) -> Result<u64>;
    /// Makes the first groups, user, key and settings in one transaction; `false` and no change if
    /// there is a user already. The user's `groups` are ignored: it joins all the given ones. The
    /// key's owner is the new user.
    async fn initialize(
        &self,
        groups: &[Group],
        user: &User,
        key: &Key,
        settings: &[(String, Json)],
    ) -> Result<bool>;
    /// Stores a one-use token, and drops earlier ones of the same user and purpose.
    async fn insert_token(&self, token: &UserToken) -> Result<()>;
    /// Reads a one-use token without using it.
    async fn token(&self, digest: &[u8; 32]) -> Result<Option<UserToken>>;
    /// Removes a one-use token; `false` if somebody else was faster.
    async fn take_token(&self, digest: &[u8; 32]) -> Result<bool>;
}

/// Groups.
#[async_trait]
pub trait GroupRepo: Send + Sync {
    /// All groups by id.
    async fn groups(&self) -> Result<Vec<Group>>;
    /// One group.
    async fn group(&self, id: GroupId) -> Result<Option<Group>>;
    /// Adds a group.
    async fn insert_group(&self, group: &Group) -> Result<GroupId>;
    /// Writes a group.
    async fn update_group(&self, group: &Group) -> Result<()>;
    /// Deletes a group with its memberships and access.
    async fn delete_group(&self, id: GroupId) -> Result<()>;
    /// The members by user id.
    async fn group_members(&self, id: GroupId) -> Result<Vec<User>>;
    /// Adds a member; nothing happens if it is one already.
    async fn add_group_member(&self, group: GroupId, user: UserId) -> Result<()>;
    /// Removes a member; nothing happens if it is none.
    async fn remove_group_member(&self, group: GroupId, user: UserId) -> Result<()>;
    /// The data sources a group reaches, by id.
    async fn group_sources(&self, id: GroupId) -> Result<Vec<(SourceId, AccessLevel)>>;
    /// Gives a group access, or changes its level.
    async fn set_group_source(
        &self,
        group: GroupId,
        source: SourceId,
        level: AccessLevel,
    ) -> Result<()>;
    /// Takes a group's access away.
    async fn remove_group_source(&self, group: GroupId, source: SourceId) -> Result<()>;
    /// How many active users each group has; groups without any are left out.
    async fn group_member_counts(&self) -> Result<Vec<(GroupId, u64)>>;
    /// Who is in which group, by user and group; active users only.
    async fn memberships(&self) -> Result<Vec<(UserId, GroupId)>>;
    /// What all groups reach, by group and data source.
    async fn group_access(&self) -> Result<Vec<(GroupId, SourceId, AccessLevel)>>;
    /// Changes what groups reach (`None` takes it away), if what they reach is as expected.
    ///
    /// # Errors
    /// `Conflict` if it is not; then nothing is changed.
    async fn change_group_access(
        &self,
        expected: &[(GroupId, SourceId, AccessLevel)],
        changes: &[(GroupId, SourceId, Option<AccessLevel>)],
    ) -> Result<()>;
    /// The groups that reach a data source, by id.
    async fn source_groups(&self, source: SourceId) -> Result<Vec<(GroupId, AccessLevel)>>;
}

/// Keys.
#[async_trait]
pub trait KeyRepo: Send + Sync {
    /// The key that is found by this text, whatever its state.
    async fn key_by_lookup(&self, lookup: &str) -> Result<Option<Key>>;
    /// One key.
    async fn key(&self, id: KeyId) -> Result<Option<Key>>;
    /// The keys of an owner that are not revoked, oldest first.
    async fn keys_of(&self, owner: KeyOwner) -> Result<Vec<Key>>;
    /// Adds a key.
    async fn insert_key(&self, key: &Key) -> Result<KeyId>;
    /// Revokes the recoverable keys of this kind that the owner has, and adds the new one, in one
    /// transaction.
    async fn replace_recoverable_key(
        &self,
        kind: KeyKind,
        key: &Key,
        at: Timestamp,
    ) -> Result<KeyId>;
    /// Revokes a key for good; `false` if it was already.
    async fn revoke_key(&self, id: KeyId, at: Timestamp) -> Result<bool>;
    /// Revokes all keys of an owner.
    async fn revoke_keys_of(&self, owner: KeyOwner, at: Timestamp) -> Result<()>;
    /// Notes that keys were used. Never makes a time earlier.
    async fn touch_keys(&self, used: &[(KeyId, Timestamp)]) -> Result<()>;
}

/// Keys with accounts of their own.
#[async_trait]
pub trait AccountKeyRepo: Send + Sync {
    /// All that are not revoked, by name.
    async fn account_keys(&self) -> Result<Vec<AccountKey>>;
    /// One that is not revoked.
    async fn account_key(&self, key: KeyId) -> Result<Option<AccountKey>>;
    /// Whether any key, also a revoked one, has this hint.
    async fn is_hint_taken(&self, hint: &str) -> Result<bool>;
    /// Adds an account with its key, in one transaction. The key's owner is the new account.
    async fn insert_account_key(&self, account: &User, key: &Key, by: UserId) -> Result<KeyId>;
    /// Writes the account with all fields, and the name of the key, in one transaction.
    async fn update_account_key(
        &self,
        account: &User,
        key: &Key,
        at: Timestamp,
        by: UserId,
    ) -> Result<()>;
    /// Writes lookup, digest, pepper and hint of a key that is not revoked.
    async fn replace_account_key_text(&self, key: &Key, at: Timestamp, by: UserId) -> Result<()>;
    /// Revokes the key; shuts the account out unless it has other keys. In one transaction.
    async fn delete_account_key(&self, known: &AccountKey, at: Timestamp, by: UserId)
    -> Result<()>;
}

/// Sessions.
#[async_trait]
pub trait SessionRepo: Send + Sync {
    /// Adds a session.
    async fn insert_session(&self, session: &Session) -> Result<()>;
    /// Finds a session.
    async fn session(&self, digest: &[u8; 32]) -> Result<Option<Session>>;
    /// Lets a session end later.
    async fn extend_session(&self, digest: &[u8; 32], expires_at: Timestamp) -> Result<()>;
    /// Ends a session.
    async fn delete_session(&self, digest: &[u8; 32]) -> Result<()>;
    /// Removes sessions and one-use tokens that ended before `now`.
    async fn purge_sessions(&self, now: Timestamp) -> Result<u64>;
}

/// Settings of the organisation that can be changed while the server runs.
#[async_trait]
pub trait SettingRepo: Send + Sync {
    /// All settings that were ever set.
    async fn settings(&self) -> Result<Vec<(String, Json)>>;
    /// Sets some.
    async fn set_settings(&self, settings: &[(String, Json)]) -> Result<()>;
}

/// The audit log.
#[async_trait]
pub trait AuditRepo: Send + Sync {
    /// Appends records.
    async fn insert_audit(&self, events: &[AuditEvent]) -> Result<()>;
    /// The latest records, newest first.
    async fn audit(&self, limit: u64) -> Result<Vec<Json>>;
}

/// Everything this crate stores.
pub trait Repos:
    FactsRepo
    + UserRepo
    + GroupRepo
    + KeyRepo
    + AccountKeyRepo
    + SessionRepo
    + SettingRepo
    + AuditRepo
    + 'static
{
}

impl<T> Repos for T where
    T: FactsRepo
        + UserRepo
        + GroupRepo
        + KeyRepo
        + AccountKeyRepo
        + SessionRepo
        + SettingRepo
        + AuditRepo
        + 'static
{
}
