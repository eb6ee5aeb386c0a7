//! Groups and users.

use anyhow::Result;
use serde_json::Value;
use tessera_access::{
    AdministerGroup, AdministerUser, CreateGroup, Group, KeyKind, KeyOwner, ListGroups, NewGroup,
    NewUser, RequestContext, UpdateUser, User, UserChange,
};
use tessera_bi::Numbered;
use tessera_kernel::ids::{GroupId, UserId};

use super::json::{flag, id, key, text, texts};
use super::{Earlier, Import};
use crate::compose::explain;

const GROUPS: Numbered = Numbered::Groups;
const USERS: Numbered = Numbered::Users;

impl Import<'_> {
    /// Groups; the built-in ones, and those of the same name, are the ones that are here.
    pub(super) async fn groups(&mut self) -> Result<()> {
        let there = self.peer.get("/api/groups").await?;
        let mut there: Vec<Value> = there.as_array().cloned().unwrap_or_default();
        there.sort_by_key(id);
        self.report.found(GROUPS.as_str(), there.len());
        let gate = &self.core.access.gate;
        let grant = gate.permit(&self.caller, &RequestContext::default(), ListGroups {}).await;
        let here = self.core.access.groups.list(&grant.map_err(explain)?).await.map_err(explain)?;
        for group in there {
            let (old, name) = (id(&group), text(&group, "name"));
            let earlier = self.earlier(GROUPS, old, &group);
            let known = here.iter().find(|known| known.name == name);
            let new = match (earlier, known) {
                (Earlier::Done, _) => continue,
                (Earlier::Nothing, Some(known)) => {
                    self.report.matched(GROUPS, old, known.id.0);
                    known.id.0
                }
                // An import made it and was broken off.
                (Earlier::Begun(_), Some(known)) => {
                    self.group_words(known, texts(&group, "permissions")).await?;
                    self.report.before(GROUPS, old, false);
                    known.id.0
                }
                (_, None) => {
                    let new = match self.dry_run {
                        true => old,
                        false => self.group(old, name, texts(&group, "permissions")).await?.0,
                    };
                    self.report.created(GROUPS, old, new);
                    new
                }
            };
            self.note(GROUPS, old, new, &group).await?;
        }
        Ok(())
    }

    async fn group(&mut self, old: i64, name: String, words: Vec<String>) -> Result<GroupId> {
        let mark = self.begun(old);
        self.core.bi.imports.begin(&self.grant, GROUPS, &mark).await.map_err(explain)?;
        let access = &self.core.access;
        let context = RequestContext::default();
        let grant = access.gate.permit(&self.caller, &context, CreateGroup {}).await;
        let new = NewGroup { name };
        let group = access.groups.create(&grant.map_err(explain)?, new).await.map_err(explain)?;
        self.group_words(&group, words).await?;
        Ok(group.id)
    }

    /// Gives a group its permissions.
    async fn group_words(&mut self, group: &Group, words: Vec<String>) -> Result<()> {
        let (access, context) = (&self.core.access, RequestContext::default());
        if self.dry_run {
            return Ok(());
        }
        if words != group.permissions && !words.is_empty() {
            let act = AdministerGroup { group: group.id };
            let grant = access.gate.permit(&self.caller, &context, act).await.map_err(explain)?;
            if let Err(fault) = access.groups.set_permissions(&grant, words).await {
                let why = fault.detail();
                self.report.note(format!("group {} has the default permissions: {why}", group.id));
            }
        }
        Ok(())
    }

    /// Users; those with an address that is here already are the ones that are here. Nobody is
    /// mailed.
    pub(super) async fn users(&mut self) -> Result<()> {
        let mut there = self.peer.all("/api/users").await?;
        there.extend(self.peer.all("/api/users?disabled=true").await?);
        there.sort_by_key(id);
        there.dedup_by_key(|user| id(user));
        self.report.found(USERS.as_str(), there.len());
        let mut without_password = 0_u64;
        for user in there {
            let old = id(&user);
            let earlier = self.earlier(USERS, old, &user);
            if earlier == Earlier::Done {
                continue;
            }
            let email = text(&user, "email");
            let known = self.core.access.users.by_email(&email).await.map_err(explain)?;
            let made = match known {
                Some(known) if earlier == Earlier::Nothing => {
                    self.report.matched(USERS, old, known.id.0);
                    self.user_key(old, known.id, false).await?;
                    self.note(USERS, old, known.id.0, &user).await?;
                    continue;
                }
                _ if self.dry_run => Ok(UserId(old)),
                // An import made it and was broken off.
                Some(known) => self.user_rights(known, &user).await,
                None => self.user(old, &user).await,
            };
            match made {
                Ok(new) => {
                    without_password += u64::from(
                        !flag(&user, "is_disabled") && !flag(&user, "is_invitation_pending"),
                    );
                    match earlier {
                        Earlier::Begun(_) => self.report.before(USERS, old, false),
                        _ => self.report.created(USERS, old, new.0),
                    }
                    self.user_key(old, new, true).await?;
                    self.note(USERS, old, new.0, &user).await?;
                }
                Err(error) => {
                    self.report.skipped(USERS.as_str(), old, &email, format!("{error:#}"));
                }
            }
        }
        if without_password > 0 {
            self.report.note(format!(
                "{without_password} users need a link to set a password: passwords cannot be read"
            ));
        }
        Ok(())
    }

    async fn user(&mut self, old: i64, there: &Value) -> Result<UserId> {
        let mark = self.begun(old);
        self.core.bi.imports.begin(&self.grant, USERS, &mark).await.map_err(explain)?;
        let new = NewUser {
            name: text(there, "name"),
            email: text(there, "email"),
            groups: self.groups_of(there),
        };
        let added = self.core.access.users.add(new, None, Some(self.importer)).await;
        self.user_rights(added.map_err(explain)?, there).await
    }

    /// Gives a user its groups, and disables who is disabled there.
    async fn user_rights(&mut self, user: User, there: &Value) -> Result<UserId> {
        let (access, groups) = (&self.core.access, self.groups_of(there));
        let context = RequestContext::default();
        if !groups.is_empty() && user.groups != groups {
            // There nobody joins the default group by necessity.
            let act = UpdateUser { user: user.id };
            let grant = access.gate.permit(&self.caller, &context, act).await.map_err(explain)?;
            let change = UserChange { groups: Some(groups), ..UserChange::default() };
            access.users.update(&grant, change).await.map_err(explain)?;
        }
        if flag(there, "is_disabled") || there["disabled_at"].is_string() {
            let act = AdministerUser { user: user.id };
            let grant = access.gate.permit(&self.caller, &context, act).await.map_err(explain)?;
            access.users.set_disabled(&grant, true).await.map_err(explain)?;
        }
        Ok(user.id)
    }

    /// The groups of a user; there they come as numbers or as objects.
    fn groups_of(&self, there: &Value) -> Vec<GroupId> {
        let groups = there["groups"].as_array().into_iter().flatten();
        groups
            .filter_map(|group| group.as_i64().or_else(|| group["id"].as_i64()))
            .filter_map(|old| self.here(GROUPS, old))
            .map(GroupId)
            .collect()
    }

    /// Keeps a user's key working. One that is new here has it as its own; for one that was here
    /// it is a further one.
    async fn user_key(&mut self, old: i64, new: UserId, is_new: bool) -> Result<()> {
        let Some(there) = self.peer.find(&format!("/api/users/{old}")).await? else {
            return Ok(());
        };
        let Some(key) = key(&there) else {
            self.report.note(format!("the key of user {old} cannot be seen; it stops working"));
            return Ok(());
        };
        if self.dry_run {
            return Ok(());
        }
        let (keys, owner) = (&self.core.access.keys, KeyOwner::User(new));
        let kept = match is_new {
            true => keys.keep_recoverable(&self.grant, KeyKind::User, owner, &key).await,
            false => keys.import(&self.keys, owner, &key, false).await.map(drop),
        };
        match kept {
            Err(fault) if fault.code() != tessera_kernel::Code::Duplicate => {
                self.report.note(format!("the key of user {old} is not kept: {}", fault.detail()));
            }
            _ => {}
        }
        Ok(())
    }
}
