//! What storage has to offer to this crate. Implemented by `store`, once for each engine.
//!
//! Records go in whole; where a record is inserted its `id` is ignored and the new one is returned.
//! A unique value that is taken gives [`Code::Duplicate`](tessera_kernel::Code::Duplicate) with the
//! field's name; a record that must exist and does not gives `NotFound`.

mod keys;

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::Value as Json;
use tessera_kernel::ids::{GroupId, QueryId, SourceId, Uid, UserId, WorkspaceId};
use tessera_kernel::{Page, PageRequest, Result, Timestamp};

use crate::acts::Object;
use crate::groups::Group;
use crate::keys::Key;
use crate::sessions::Session;
use crate::users::{User, UserFilter, UserOrder, UserToken};
use crate::{
    AccessLevel, AuditEvent, AuditFilter, ChainHead, Identity, MailState, Pending, QueuedMail,
    SecondFactor, StoredRecord, Viewer, Workspace,
};

pub use crate::usage::{KeyUse, UsageLog};
pub use keys::{AccountKeyRepo, KeyLifeRepo, KeyRepo, LimitRepo};

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
    /// The query it belongs to: for a query itself, a visualization, a job of a saved query, a
    /// result of such a job.
    pub query: Option<QueryId>,
    /// For a job, or the job that a result came from: those who asked for it, by
    /// [`Caller::participant`](crate::Caller::participant).
    pub participants: Vec<String>,
    /// For a result: the queries whose text it is a result of.
    pub result_of: Vec<QueryId>,
    /// For a result: whether values were put into its text.
    pub has_values: bool,
    /// For a result: the attributes it was made with. Only who has the same ones may read it.
    pub attributes: BTreeMap<String, Json>,
    /// For a group: its members.
    pub members: Vec<UserId>,
    /// For a dashboard or widget: the dashboard.
    pub dashboard: Option<tessera_kernel::ids::DashboardId>,
    /// For a result of a data source with a row policy: for whom its rows are.
    pub viewer: Option<Viewer>,
    /// For a result made of other results: the data sources beneath. Only who sees all of them may
    /// read it.
    pub inputs: Vec<SourceId>,
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
    /// Its attributes.
    pub attributes: BTreeMap<String, Json>,
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
    /// The attributes of a user; `None` if there is no such user.
    async fn user_attributes(&self, id: UserId) -> Result<Option<BTreeMap<String, Json>>>;
    /// Replaces the attributes of a user.
    async fn set_user_attributes(
        &self,
        id: UserId,
        attributes: &BTreeMap<String, Json>,
    ) -> Result<()>;
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
    /// Removes all one-use tokens of a user.
    async fn delete_tokens_of(&self, user: UserId) -> Result<()>;
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

/// Sessions.
#[async_trait]
pub trait SessionRepo: Send + Sync {
    /// Adds a session.
    async fn insert_session(&self, session: &Session) -> Result<()>;
    /// Finds a session.
    async fn session(&self, digest: &[u8; 32]) -> Result<Option<Session>>;
    /// Lets a session end later, and notes that it was used. Never makes a time earlier.
    async fn extend_session(
        &self,
        digest: &[u8; 32],
        expires_at: Timestamp,
        seen_at: Timestamp,
        address: Option<&str>,
    ) -> Result<()>;
    /// The sessions of a user that have not ended, the one used last first.
    async fn sessions_of(&self, user: UserId, now: Timestamp) -> Result<Vec<Session>>;
    /// Moves a session to another epoch of its user.
    async fn set_session_epoch(&self, digest: &[u8; 32], epoch: i64) -> Result<()>;
    /// Ends one session of a user; `false` if there is no such session.
    async fn delete_session_of(&self, user: UserId, session: Uid) -> Result<bool>;
    /// Ends all sessions of a user but one; tells how many.
    async fn delete_sessions_of(&self, user: UserId, except: Option<[u8; 32]>) -> Result<u64>;
    /// Ends a session.
    async fn delete_session(&self, digest: &[u8; 32]) -> Result<()>;
    /// Removes sessions, one-use tokens and unfinished sign-ins that ended before `now`.
    async fn purge_sessions(&self, now: Timestamp) -> Result<u64>;
}

/// Sign-ins under way, second factors, and accounts of trusted parties.
#[async_trait]
pub trait SignInRepo: Send + Sync {
    /// Adds a sign-in under way.
    async fn insert_pending(&self, pending: &Pending) -> Result<()>;
    /// Finds a sign-in under way.
    async fn pending(&self, digest: &[u8; 32]) -> Result<Option<Pending>>;
    /// Counts an attempt; `false` if there were `most` before, or there is no such sign-in.
    async fn count_attempt(&self, digest: &[u8; 32], most: i64) -> Result<bool>;
    /// Removes a sign-in under way; `false` if somebody else was faster.
    async fn take_pending(&self, digest: &[u8; 32]) -> Result<bool>;

    /// The second factor of a user, confirmed or not.
    async fn second_factor(&self, user: UserId) -> Result<Option<SecondFactor>>;
    /// Stores a factor that is not confirmed, in place of another such one; `false` and no change if
    /// there is a confirmed one.
    async fn begin_second_factor(&self, factor: &SecondFactor) -> Result<bool>;
    /// Confirms a factor that is still as it was read, and replaces the recovery codes, in one
    /// transaction; `false` and no change if it was changed or confirmed meanwhile.
    async fn confirm_second_factor(
        &self,
        factor: &SecondFactor,
        at: Timestamp,
        step: i64,
        codes: &[[u8; 32]],
    ) -> Result<bool>;
    /// Uses a time step of a confirmed factor up; `false` if it or a later one was used before.
    async fn use_factor_step(&self, user: UserId, step: i64) -> Result<bool>;
    /// Removes a factor with its recovery codes; `false` if there is none.
    async fn delete_second_factor(&self, user: UserId) -> Result<bool>;
    /// Replaces the recovery codes of a user.
    async fn replace_recovery_codes(&self, user: UserId, codes: &[[u8; 32]]) -> Result<()>;
    /// Uses a recovery code up; `false` if it is unknown or was used before.
    async fn use_recovery_code(&self, user: UserId, digest: &[u8; 32]) -> Result<bool>;
    /// How many recovery codes of a user are left.
    async fn count_recovery_codes(&self, user: UserId) -> Result<u64>;

    /// The account of a trusted party.
    async fn identity(&self, issuer: &str, subject: &str) -> Result<Option<Identity>>;
    /// The accounts that belong to a user, oldest first.
    async fn identities_of(&self, user: UserId) -> Result<Vec<Identity>>;
    /// Parts a user from all of them; tells how many.
    async fn delete_identities_of(&self, user: UserId) -> Result<u64>;
    /// Links an account; `Duplicate` if it is linked already.
    async fn insert_identity(&self, identity: &Identity) -> Result<()>;
    /// Notes that an account was used.
    async fn touch_identity(&self, issuer: &str, subject: &str, at: Timestamp) -> Result<()>;
    /// Adds a user with its first key and its identity, in one transaction. Key and identity belong
    /// to the new user.
    async fn insert_user_with_identity(
        &self,
        user: &User,
        key: &Key,
        identity: &Identity,
    ) -> Result<UserId>;
}

/// Settings of the organisation that can be changed while the server runs.
#[async_trait]
pub trait SettingRepo: Send + Sync {
    /// All settings that were ever set.
    async fn settings(&self) -> Result<Vec<(String, Json)>>;
    /// Sets some.
    async fn set_settings(&self, settings: &[(String, Json)]) -> Result<()>;
}

/// The audit log. It can be appended to and read, and nothing else.
#[async_trait]
pub trait AuditRepo: Send + Sync {
    /// Appends records to the end of the chain, all or none, one transaction after the other.
    async fn insert_audit(&self, events: &[AuditEvent]) -> Result<()>;
    /// The end of the chain.
    async fn audit_head(&self) -> Result<ChainHead>;
    /// Records before a number, newest first, and how many fit the filter in all.
    async fn audit_newest(
        &self,
        filter: &AuditFilter,
        before: Option<u64>,
        limit: u64,
    ) -> Result<(Vec<StoredRecord>, u64)>;
    /// Records after a number up to another, oldest first.
    async fn audit_from(
        &self,
        filter: &AuditFilter,
        after: u64,
        until: u64,
        limit: u64,
    ) -> Result<Vec<StoredRecord>>;
}

/// Where signed checkpoints of the audit log are kept: outside of storage. Implemented by the binary.
#[async_trait]
pub trait CheckpointFile: Send + Sync + 'static {
    /// Appends a line; it is on disk when this returns.
    async fn append(&self, line: &str) -> Result<()>;
    /// All lines, oldest first; none if there is no file.
    async fn lines(&self) -> Result<Vec<String>>;
}

/// Workspaces.
#[async_trait]
pub trait WorkspaceRepo: Send + Sync {
    /// All workspaces, by number.
    async fn workspaces(&self) -> Result<Vec<Workspace>>;
    /// One workspace.
    async fn workspace(&self, id: WorkspaceId) -> Result<Option<Workspace>>;
    /// Adds a workspace.
    async fn insert_workspace(&self, workspace: &Workspace) -> Result<WorkspaceId>;
}

/// Mail that waits to be sent.
#[async_trait]
pub trait MailRepo: Send + Sync {
    /// Adds a mail; `false` if there is one with the same `deduplication`.
    async fn insert_mail(&self, mail: &QueuedMail) -> Result<bool>;
    /// Takes the mail that waits longest of those due, counts an attempt, and keeps others from it
    /// until `lease`.
    async fn claim_mail(&self, now: Timestamp, lease: Timestamp) -> Result<Option<QueuedMail>>;
    /// Puts a mail off.
    async fn postpone_mail(&self, uid: Uid, next: Timestamp, error: &str) -> Result<()>;
    /// Ends a mail and drops its content.
    async fn end_mail(
        &self,
        uid: Uid,
        state: MailState,
        error: Option<String>,
        at: Timestamp,
    ) -> Result<()>;
    /// A page of mails, newest first, without their contents.
    async fn mails(&self, state: Option<MailState>, page: PageRequest) -> Result<Page<QueuedMail>>;
    /// How many mails were given up since a time.
    async fn count_failed_mails(&self, since: Timestamp) -> Result<u64>;
    /// Removes mails that ended before a time.
    async fn purge_mails(&self, before: Timestamp) -> Result<u64>;
}

/// Everything this crate stores.
pub trait Repos:
    FactsRepo
    + UserRepo
    + GroupRepo
    + KeyRepo
    + AccountKeyRepo
    + KeyLifeRepo
    + WorkspaceRepo
    + SessionRepo
    + SignInRepo
    + SettingRepo
    + AuditRepo
    + LimitRepo
    + MailRepo
    + crate::AttemptRepo
    + crate::OnceRepo
    + 'static
{
}

impl<T> Repos for T where
    T: FactsRepo
        + UserRepo
        + GroupRepo
        + KeyRepo
        + AccountKeyRepo
        + KeyLifeRepo
        + WorkspaceRepo
        + SessionRepo
        + SignInRepo
        + SettingRepo
        + AuditRepo
        + LimitRepo
        + MailRepo
        + crate::AttemptRepo
        + crate::OnceRepo
        + 'static
{
}
