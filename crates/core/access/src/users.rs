//! Everything that can be done to people and their records.

mod links;
mod record;

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tessera_kernel::ids::{GroupId, UserId};
use tessera_kernel::{Clock, Code, Fault, Page, PageRequest, Random, Result, Secret};

use crate::acts::{
    AdministerUser, CreateUser, DeleteUser, ListUsers, ReadSession, ReadUser, ReadUserKey,
    RegenerateUserKey, UpdateUser,
};
use crate::keys::Keys;
use crate::ports::Repos;
use crate::signin::Guard;
use crate::{AccessSettings, Authorized, Changes, Gate, Mails, Passwords, Throttle};

pub use record::{
    Invitation, NewUser, TokenPurpose, User, UserChange, UserFilter, UserKind, UserOrder, UserToken,
};

/// Longest name and address, in characters.
const TEXT_CHARACTERS_MAX: usize = 255;

/// Users.
#[derive(Clone)]
pub struct Users {
    pub(crate) repos: Arc<dyn Repos>,
    pub(crate) gate: Gate,
    keys: Keys,
    passwords: Passwords,
    guard: Guard,
    settings: AccessSettings,
    mails: Mails,
    /// Counts whom each caller adds.
    added: Arc<Throttle>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

impl Users {
    /// The service over its parts.
    #[must_use]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a part of its own, and there is one call"
    )]
    pub(crate) fn new(
        repos: Arc<dyn Repos>,
        gate: Gate,
        keys: Keys,
        passwords: Passwords,
        guard: Guard,
        mails: Mails,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        let settings = gate.settings().clone();
        let per_hour = if settings.limits_enabled { settings.new_users_per_hour } else { 0 };
        let added = Arc::new(Throttle::per_hour(per_hour));
        Self { repos, gate, keys, passwords, guard, settings, mails, added, clock, random }
    }

    /// A page of users.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn list(
        &self,
        _grant: &Authorized<ListUsers>,
        filter: &UserFilter,
        order: UserOrder,
        descending: bool,
        page: PageRequest,
    ) -> Result<Page<User>> {
        self.repos.users(filter, order, descending, page).await
    }

    /// A page of users; for the operator at the machine.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn all_for_operator(
        &self,
        filter: &UserFilter,
        order: UserOrder,
        page: PageRequest,
    ) -> Result<Page<User>> {
        self.repos.users(filter, order, false, page).await
    }

    /// One user.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn get(&self, grant: &Authorized<ReadUser>) -> Result<User> {
        self.require(grant.act().user).await
    }

    /// The caller's own record.
    ///
    /// # Errors
    /// `NotFound` if it was deleted meanwhile.
    pub async fn own(&self, grant: &Authorized<ReadSession>) -> Result<User> {
        self.require(grant.user()?.id).await
    }

    /// The text of a user's recoverable key.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn key(&self, grant: &Authorized<ReadUserKey>) -> Result<Secret> {
        self.keys.recoverable(crate::KeyOwner::User(grant.act().user)).await
    }

    /// Replaces a user's recoverable key.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn regenerate_key(&self, grant: &Authorized<RegenerateUserKey>) -> Result<User> {
        let user = self.require(grant.act().user).await?;
        self.keys
            .replace_recoverable(
                crate::KeyKind::User,
                crate::KeyOwner::User(user.id),
                grant.caller().user().map(|user| user.id),
            )
            .await?;
        Ok(user)
    }

    /// Adds a user who joins the default group, and an invitation to set a password.
    ///
    /// # Errors
    /// `Invalid` for a bad name or address, or one in a blocked domain; `Duplicate` for a taken
    /// address; `RateLimited` for too many in an hour.
    pub async fn create(
        &self,
        grant: &Authorized<CreateUser>,
        new: NewUser,
    ) -> Result<(User, Invitation)> {
        self.check_domain(&clean_email(&new.email)?)?;
        self.added.check(&grant.caller().label())?;
        let changes = Changes::new()
            .field("name", Json::Null, new.name.trim())
            .field("email", Json::Null, new.email.trim().to_lowercase())
            .field("groups", json!([]), json!(new.groups));
        self.gate.audit().record_changes(grant, changes).await?;
        let user = self.add(new, None, grant.caller().user().map(|user| user.id)).await?;
        let invitation = self.issue(user.id, TokenPurpose::Invite).await?;
        Ok((user, invitation))
    }

    /// Adds a user, with a password if there is one; for the operator at the machine.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub async fn add(
        &self,
        new: NewUser,
        password: Option<&Secret>,
        created_by: Option<UserId>,
    ) -> Result<User> {
        let name = clean_name(&new.name)?;
        let email = clean_email(&new.email)?;
        let known = self.repos.groups().await?;
        let mut groups: Vec<GroupId> =
            known.iter().filter(|g| g.builtin && g.name == "default").map(|g| g.id).collect();
        for group in new.groups {
            if !known.iter().any(|known| known.id == group) {
                return Err(Fault::invalid("groups", format!("there is no group {group}")));
            }
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        let password_hash = match password {
            Some(password) => Some(self.passwords.hash(password).await?),
            None => None,
        };
        let now = self.clock.now();
        let mut user = User {
            id: UserId(0),
            kind: UserKind::Person,
            uid: self.random.uid(now),
            name,
            email,
            invitation_pending: password_hash.is_none(),
            password_hash,
            groups,
            disabled_at: None,
            email_verified: true,
            active_at: None,
            epoch: 0,
            created_at: now,
            updated_at: now,
        };
        let key = self.keys.mint_recoverable(
            crate::KeyKind::User,
            crate::KeyOwner::User(user.id),
            created_by,
        )?;
        user.id = self.repos.insert_user(&user, &key).await?;
        self.gate.forget_keys();
        self.gate.forget_users();
        Ok(user)
    }

    /// Changes a user. A new address or password ends all other sessions.
    ///
    /// # Errors
    /// `Invalid`, `Duplicate`; `Forbidden` for groups unless by an administrator.
    pub async fn update(&self, grant: &Authorized<UpdateUser>, change: UserChange) -> Result<User> {
        let mut user = self.require(grant.act().user).await?;
        let before = user.clone();
        let epoch = user.epoch;
        let email_before = user.email.clone();
        let admin = grant.user()?.is_admin();
        if let Some(name) = &change.name {
            user.name = clean_name(name)?;
        }
        if let Some(email) = &change.email {
            let email = clean_email(email)?;
            if email != user.email {
                self.check_domain(&email)?;
                user.email = email;
                user.email_verified = false;
                user.epoch = epoch + 1;
            }
        }
        if let Some(password) = &change.password {
            let old = change.old_password.as_ref().ok_or_else(|| {
                Fault::new(Code::Forbidden, "the present password is needed to set a new one")
                    .with_field("old_password")
            })?;
            if !self.passwords.verify(old, user.password_hash.as_deref()).await? {
                return Err(Fault::new(Code::Forbidden, "the present password is wrong")
                    .with_field("old_password"));
            }
            user.password_hash = Some(self.passwords.hash(password).await?);
            user.epoch = epoch + 1;
        }
        if let Some(groups) = change.groups {
            if !admin {
                return Err(Fault::new(Code::Forbidden, "only an administrator changes groups")
                    .with_field("groups"));
            }
            self.check_groups(&groups).await?;
            user.groups = distinct(groups);
        }
        let changes = Changes::new()
            .field("name", before.name, user.name.as_str())
            .field("email", before.email, user.email.as_str())
            .field("groups", json!(before.groups), json!(user.groups))
            .secret("password", before.password_hash != user.password_hash);
        self.gate.audit().record_changes(grant, changes).await?;
        user.updated_at = self.clock.now();
        self.save(&user).await?;
        if user.epoch != epoch {
            self.repos.delete_tokens_of(user.id).await?;
        }
        if user.email != email_before {
            self.mail_verification(&user).await?;
        }
        Ok(user)
    }

    /// Shuts a user out, or lets it in again.
    ///
    /// # Errors
    /// `Invalid` for oneself.
    pub async fn set_disabled(
        &self,
        grant: &Authorized<AdministerUser>,
        disabled: bool,
    ) -> Result<User> {
        let mut user = self.require(grant.act().user).await?;
        if disabled && grant.user()?.id == user.id {
            return Err(Fault::invalid("user", "you cannot disable yourself"));
        }
        let now = self.clock.now();
        let changes = Changes::new().field("disabled", user.disabled_at.is_some(), disabled);
        self.gate.audit().record_changes(grant, changes).await?;
        user.disabled_at = disabled.then_some(now);
        user.epoch += i64::from(disabled);
        user.updated_at = now;
        self.save(&user).await?;
        if disabled {
            self.repos.delete_tokens_of(user.id).await?;
        }
        self.gate.forget_keys();
        Ok(user)
    }

    /// Deletes a user who never accepted the invitation.
    ///
    /// # Errors
    /// `Invalid` for oneself or a user who did.
    pub async fn delete(&self, grant: &Authorized<DeleteUser>) -> Result<User> {
        let user = self.require(grant.act().user).await?;
        if grant.user()?.id == user.id {
            return Err(Fault::invalid("user", "you cannot delete yourself"));
        }
        if !user.invitation_pending {
            return Err(Fault::invalid("user", "only a user who never signed in can be deleted"));
        }
        let changes = Changes::new().field("email", user.email.as_str(), Json::Null);
        self.gate.audit().record_changes(grant, changes).await?;
        self.repos.delete_user(user.id).await?;
        self.gate.forget_keys();
        self.gate.forget_users();
        Ok(user)
    }

    /// All users with this address: one or none. For the operator at the machine.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn by_email(&self, email: &str) -> Result<Option<User>> {
        self.repos.user_by_email(&email.trim().to_lowercase()).await
    }

    /// Sets a password without asking for the old one; for the operator at the machine.
    ///
    /// # Errors
    /// `Invalid` for a weak password.
    pub async fn force_password(&self, mut user: User, password: &Secret) -> Result<User> {
        if user.kind == UserKind::Service {
            return Err(Fault::invalid("user", "a service account has no password; make it a key"));
        }
        user.password_hash = Some(self.passwords.hash(password).await?);
        user.invitation_pending = false;
        user.epoch += 1;
        user.updated_at = self.clock.now();
        self.save(&user).await?;
        self.repos.delete_tokens_of(user.id).await?;
        Ok(user)
    }

    pub(crate) fn repos(&self) -> &dyn Repos {
        self.repos.as_ref()
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Refuses addresses in domains that the operator blocked, and in those below them.
    fn check_domain(&self, email: &str) -> Result<()> {
        let domain = email.rsplit('@').next().unwrap_or_default();
        let blocked = self.settings.signin.blocked_domains.iter().any(|blocked| {
            domain
                .strip_suffix(blocked.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        });
        if blocked {
            return Err(Fault::invalid("email", "the domain is blocked (signin.blocked_domains)"));
        }
        Ok(())
    }

    pub(crate) async fn check_groups(&self, groups: &[GroupId]) -> Result<()> {
        let known = self.repos.groups().await?;
        match groups.iter().find(|group| !known.iter().any(|known| known.id == **group)) {
            Some(group) => Err(Fault::invalid("groups", format!("there is no group {group}"))),
            None if groups.is_empty() => {
                Err(Fault::invalid("groups", "a user needs at least one group"))
            }
            None => Ok(()),
        }
    }

    pub(crate) async fn save(&self, user: &User) -> Result<()> {
        self.repos.update_user(user).await?;
        self.gate.forget_users();
        Ok(())
    }

    async fn require(&self, id: UserId) -> Result<User> {
        self.repos.user(id).await?.ok_or_else(|| Fault::not_found("user"))
    }
}

/// Each group once, in the order in which they were named.
pub(crate) fn distinct(named: Vec<GroupId>) -> Vec<GroupId> {
    let mut groups = Vec::with_capacity(named.len());
    for group in named {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

pub(crate) fn clean_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > TEXT_CHARACTERS_MAX {
        let detail = format!("must have 1 to {TEXT_CHARACTERS_MAX} characters");
        return Err(Fault::invalid("name", detail));
    }
    if name.contains('\0') {
        return Err(Fault::invalid("name", "must not hold the character NUL"));
    }
    Ok(name.to_owned())
}

pub(crate) fn clean_email(email: &str) -> Result<String> {
    let email = email.trim().to_lowercase();
    let good = email.len() <= TEXT_CHARACTERS_MAX
        && !email.contains(|letter: char| letter.is_whitespace() || letter.is_control())
        && email.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@') && domain.contains('.')
        });
    if good {
        Ok(email)
    } else {
        Err(Fault::invalid("email", "must be an address such as ada@example.com"))
    }
}
