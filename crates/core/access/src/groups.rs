//! Groups: sets of people with common rights and common access to data sources.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tessera_kernel::ids::{GroupId, SourceId, Uid, UserId};
use tessera_kernel::{Clock, Fault, Random, Result, Timestamp};

use crate::acts::{
    AdministerGroup, AdministerGroups, CreateGroup, ListGroups, ListUsers, OverviewGroups,
    ReadGroup, ReadSession,
};
use crate::ports::Repos;
use crate::users::{User, UserKind, clean_name};
use crate::{AccessLevel, Authorized, Changes, DEFAULT_PERMISSIONS, Gate};

/// A set of people with common rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The number.
    pub id: GroupId,
    /// The public identifier.
    pub uid: Uid,
    /// The name.
    pub name: String,
    /// Whether it came with the server: then it cannot be renamed or deleted.
    pub builtin: bool,
    /// The permission words of its members.
    pub permissions: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Group {
    /// Whether it is the built-in group that everybody joins.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.builtin && self.name == "default"
    }

    /// Whether it is the built-in group of administrators.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.builtin && self.name == "admin"
    }
}

/// How far groups reach into data sources.
pub type GroupAccess = Vec<(GroupId, SourceId, AccessLevel)>;

/// What a new group is made of.
#[derive(Debug, Clone)]
pub struct NewGroup {
    /// The name.
    pub name: String,
}

/// What to change; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct GroupChange {
    /// A new name.
    pub name: Option<String>,
}

/// Groups.
#[derive(Clone)]
pub struct Groups {
    repos: Arc<dyn Repos>,
    gate: Gate,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Groups {
    /// The service over its parts.
    #[must_use]
    pub fn new(
        repos: Arc<dyn Repos>,
        gate: Gate,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { repos, gate, clock, random }
    }

    /// The groups the caller may know of: an administrator all, a user its own.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn list(&self, grant: &Authorized<ListGroups>) -> Result<Vec<Group>> {
        let user = grant.user()?;
        let mut groups = self.repos.groups().await?;
        if !user.is_admin() {
            groups.retain(|group| user.groups.contains(&group.id));
        }
        Ok(groups)
    }

    /// The names of all groups, for lists of users: who may see the users may see what their
    /// groups are called.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn names(&self, _grant: &Authorized<ListUsers>) -> Result<Vec<(GroupId, String)>> {
        let groups = self.repos.groups().await?;
        Ok(groups.into_iter().map(|group| (group.id, group.name)).collect())
    }

    /// One group.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn get(&self, grant: &Authorized<ReadGroup>) -> Result<Group> {
        self.require(grant.act().group).await
    }

    /// Adds a group with the default permissions.
    ///
    /// # Errors
    /// `Invalid` for a bad name.
    pub async fn create(&self, grant: &Authorized<CreateGroup>, new: NewGroup) -> Result<Group> {
        let now = self.clock.now();
        let mut group = Group {
            id: GroupId(0),
            uid: self.random.uid(now),
            name: clean_name(&new.name)?,
            builtin: false,
            permissions: DEFAULT_PERMISSIONS.map(str::to_owned).to_vec(),
            created_at: now,
        };
        let changes = Changes::new().field("name", Json::Null, group.name.as_str()).field(
            "permissions",
            json!([]),
            json!(group.permissions),
        );
        self.gate.audit().record_changes(grant, changes).await?;
        group.id = self.repos.insert_group(&group).await?;
        Ok(group)
    }

    /// Changes a group.
    ///
    /// # Errors
    /// `Invalid` for a built-in group or a bad name.
    pub async fn update(
        &self,
        grant: &Authorized<AdministerGroup>,
        change: GroupChange,
    ) -> Result<Group> {
        let mut group = self.require(grant.act().group).await?;
        if group.builtin {
            return Err(Fault::invalid("group", "a built-in group cannot be renamed"));
        }
        let mut changes = Changes::new();
        if let Some(name) = change.name {
            let name = clean_name(&name)?;
            changes = changes.field("name", group.name.as_str(), name.as_str());
            group.name = name;
        }
        self.gate.audit().record_changes(grant, changes).await?;
        self.repos.update_group(&group).await?;
        self.gate.forget_users();
        Ok(group)
    }

    /// Sets the permission words of a group's members.
    ///
    /// # Errors
    /// `Invalid` for an unknown word, or if the administrators would lose theirs.
    pub async fn set_permissions(
        &self,
        grant: &Authorized<AdministerGroup>,
        words: Vec<String>,
    ) -> Result<Group> {
        let mut group = self.require(grant.act().group).await?;
        let known = known_words();
        if let Some(word) = words.iter().find(|word| !known.contains(&word.as_str())) {
            let detail = format!("there is no {word:?}; there are {}", known.join(", "));
            return Err(Fault::invalid("permissions", detail));
        }
        let keeps = |word: &str| words.iter().any(|known| known == word);
        if group.is_admin() && !(keeps("admin") && keeps("super_admin")) {
            let detail = "administrators keep admin and super_admin";
            return Err(Fault::invalid("permissions", detail));
        }
        let changes = Changes::new().field("permissions", json!(group.permissions), json!(words));
        self.gate.audit().record_changes(grant, changes).await?;
        group.permissions = words;
        self.repos.update_group(&group).await?;
        self.gate.forget_users();
        Ok(group)
    }

    /// Deletes a group.
    ///
    /// # Errors
    /// `Invalid` for a built-in group.
    pub async fn delete(&self, grant: &Authorized<AdministerGroup>) -> Result<()> {
        let group = self.require(grant.act().group).await?;
        if group.builtin {
            return Err(Fault::invalid("group", "a built-in group cannot be deleted"));
        }
        let changes = Changes::new().field("name", group.name.as_str(), Json::Null);
        self.gate.audit().record_changes(grant, changes).await?;
        self.repos.delete_group(group.id).await?;
        self.gate.forget_users();
        Ok(())
    }

    /// The members of a group.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn members(&self, grant: &Authorized<ReadGroup>) -> Result<Vec<User>> {
        self.repos.group_members(grant.act().group).await
    }

    /// Adds a member.
    ///
    /// # Errors
    /// `NotFound` for an unknown user.
    pub async fn add_member(
        &self,
        grant: &Authorized<AdministerGroup>,
        user: UserId,
    ) -> Result<User> {
        let user = self.repos.user(user).await?.ok_or_else(|| Fault::not_found("user"))?;
        let changes = Changes::new().field("member", Json::Null, json!(user.id));
        self.gate.audit().record_changes(grant, changes).await?;
        self.repos.add_group_member(grant.act().group, user.id).await?;
        self.gate.forget_users();
        self.repos.user(user.id).await?.ok_or_else(|| Fault::not_found("user"))
    }

    /// Removes a member.
    ///
    /// # Errors
    /// `Invalid` if it is the user's only group or the last administrator would go.
    pub async fn remove_member(
        &self,
        grant: &Authorized<AdministerGroup>,
        user: UserId,
    ) -> Result<()> {
        let group = self.require(grant.act().group).await?;
        let members = self.repos.group_members(group.id).await?;
        let mut people = members
            .iter()
            .filter(|member| member.kind == UserKind::Person && member.disabled_at.is_none());
        let is_person = people.clone().any(|known| known.id == user);
        if group.is_admin() && is_person && people.all(|known| known.id == user) {
            return Err(Fault::invalid("user", "the last administrator cannot be removed"));
        }
        let changes = Changes::new().field("member", json!(user), Json::Null);
        self.gate.audit().record_changes(grant, changes).await?;
        self.repos.remove_group_member(group.id, user).await?;
        self.gate.forget_users();
        Ok(())
    }

    /// The data sources a group reaches.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn sources(
        &self,
        grant: &Authorized<AdministerGroup>,
    ) -> Result<Vec<(SourceId, AccessLevel)>> {
        self.repos.group_sources(grant.act().group).await
    }

    /// Gives a group access to a data source, or changes its level.
    ///
    /// # Errors
    /// `NotFound` for an unknown data source.
    pub async fn set_source(
        &self,
        grant: &Authorized<AdministerGroup>,
        source: SourceId,
        level: AccessLevel,
    ) -> Result<()> {
        let before = self.level(grant.act().group, source).await?;
        let changes = Changes::new().field(&format!("source:{source}"), before, word(Some(level)));
        self.gate.audit().record_changes(grant, changes).await?;
        self.repos.set_group_source(grant.act().group, source, level).await?;
        self.gate.forget_users();
        Ok(())
    }

    /// Takes a group's access to a data source away.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn remove_source(
        &self,
        grant: &Authorized<AdministerGroup>,
        source: SourceId,
    ) -> Result<()> {
        let before = self.level(grant.act().group, source).await?;
        let changes = Changes::new().field(&format!("source:{source}"), before, Json::Null);
        self.gate.audit().record_changes(grant, changes).await?;
        self.repos.remove_group_source(grant.act().group, source).await?;
        self.gate.forget_users();
        Ok(())
    }

    /// The built-in group of administrators; `None` before the setup.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn admins(&self, _grant: &Authorized<ReadSession>) -> Result<Option<GroupId>> {
        let groups = self.repos.groups().await?;
        Ok(groups.iter().find(|group| group.is_admin()).map(|group| group.id))
    }

    /// All groups with how many active users each has.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn overview(&self, _grant: &Authorized<OverviewGroups>) -> Result<Vec<(Group, u64)>> {
        let counts = self.repos.group_member_counts().await?;
        let count = |id| counts.iter().find(|(known, _)| *known == id).map_or(0, |(_, n)| *n);
        let groups = self.repos.groups().await?;
        Ok(groups.into_iter().map(|group| (count(group.id), group)).map(|(n, g)| (g, n)).collect())
    }

    /// Who is in which group; active users only.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn memberships(
        &self,
        _grant: &Authorized<OverviewGroups>,
    ) -> Result<Vec<(UserId, GroupId)>> {
        self.repos.memberships().await
    }

    /// What all groups reach, by group and data source. Administrators reach everything besides.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn access(&self, _grant: &Authorized<OverviewGroups>) -> Result<GroupAccess> {
        self.repos.group_access().await
    }

    /// Changes what groups reach, all or nothing; `None` takes it away.
    ///
    /// # Errors
    /// `Conflict` if what they reach is not as expected any more.
    pub async fn change_access(
        &self,
        _grant: &Authorized<AdministerGroups>,
        expected: &GroupAccess,
        changes: &[(GroupId, SourceId, Option<AccessLevel>)],
    ) -> Result<()> {
        self.repos.change_group_access(expected, changes).await?;
        self.gate.forget_users();
        Ok(())
    }

    async fn require(&self, id: GroupId) -> Result<Group> {
        self.repos.group(id).await?.ok_or_else(|| Fault::not_found("group"))
    }

    /// How far a group reaches into a data source, for records.
    async fn level(&self, group: GroupId, source: SourceId) -> Result<Json> {
        let reached = self.repos.group_sources(group).await?;
        Ok(word(reached.into_iter().find(|(id, _)| *id == source).map(|(_, level)| level)))
    }
}

fn word(level: Option<AccessLevel>) -> Json {
    level.map_or(Json::Null, |level| match level {
        AccessLevel::ViewOnly => "view_only".into(),
        AccessLevel::Full => "full".into(),
    })
}

/// Every permission word that means something.
fn known_words() -> Vec<&'static str> {
    let mut words: Vec<&'static str> = crate::Action::ALL
        .iter()
        .flat_map(|action| action.words())
        .copied()
        .chain(DEFAULT_PERMISSIONS)
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}
