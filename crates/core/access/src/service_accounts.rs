//! Service accounts: users that are programs. They have keys and groups, and nobody signs in as them.

use tessera_kernel::ids::{GroupId, UserId};
use tessera_kernel::{Fault, Result};

use crate::acts::{AdministerUser, CreateUser, DeleteUser, ReadUser};
use crate::users::{clean_name, distinct};
use crate::{Authorized, User, UserKind, Users};

/// What a new service account is made of.
#[derive(Debug, Clone)]
pub struct NewServiceAccount {
    /// The name.
    pub name: String,
    /// All its groups, at least one: a service account joins no group by itself.
    pub groups: Vec<GroupId>,
}

/// What to change; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct ServiceAccountChange {
    /// A new name.
    pub name: Option<String>,
    /// New groups, at least one.
    pub groups: Option<Vec<GroupId>>,
}

impl Users {
    /// Adds a service account, without any key.
    ///
    /// # Errors
    /// `Invalid` for a bad name, an unknown group, or no group.
    pub async fn create_service(
        &self,
        _grant: &Authorized<CreateUser>,
        new: NewServiceAccount,
    ) -> Result<User> {
        let name = clean_name(&new.name)?;
        self.check_groups(&new.groups).await?;
        let now = self.clock.now();
        let uid = self.random.uid(now);
        let groups = distinct(new.groups);
        let mut user = User {
            id: UserId(0),
            kind: UserKind::Service,
            uid,
            name,
            // Addresses are unique and never shown to be written to; `.invalid` reaches nobody.
            email: format!("{}@service.invalid", uid.simple()),
            password_hash: None,
            groups,
            disabled_at: None,
            invitation_pending: false,
            email_verified: false,
            active_at: None,
            epoch: 0,
            created_at: now,
            updated_at: now,
        };
        user.id = self.repos.insert_service_account(&user).await?;
        self.gate.forget_users();
        Ok(user)
    }

    /// One service account.
    ///
    /// # Errors
    /// `NotFound`, also for a person.
    pub async fn service(&self, grant: &Authorized<ReadUser>) -> Result<User> {
        self.require_service(grant.act().user).await
    }

    /// Changes the name or the groups of a service account.
    ///
    /// # Errors
    /// As [`create_service`](Self::create_service); `NotFound`, also for a person.
    pub async fn update_service(
        &self,
        grant: &Authorized<AdministerUser>,
        change: ServiceAccountChange,
    ) -> Result<User> {
        let mut user = self.require_service(grant.act().user).await?;
        if let Some(name) = change.name {
            user.name = clean_name(&name)?;
        }
        if let Some(groups) = change.groups {
            self.check_groups(&groups).await?;
            user.groups = distinct(groups);
        }
        user.updated_at = self.clock.now();
        self.save(&user).await?;
        Ok(user)
    }

    /// Deletes a service account with all its keys.
    ///
    /// # Errors
    /// `NotFound`, also for a person; `Conflict` if it owns queries or dashboards.
    pub async fn delete_service(&self, grant: &Authorized<DeleteUser>) -> Result<User> {
        let user = self.require_service(grant.act().user).await?;
        self.repos.delete_user(user.id).await?;
        self.gate.forget_keys();
        self.gate.forget_users();
        Ok(user)
    }

    async fn require_service(&self, id: UserId) -> Result<User> {
        let user = self.repos.user(id).await?.filter(|user| user.kind == UserKind::Service);
        user.ok_or_else(|| Fault::not_found("service account"))
    }
}
