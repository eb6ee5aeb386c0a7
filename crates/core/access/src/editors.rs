//! Editors: users who may change an object that is not theirs.

use serde_json::{Value as Json, json};
use tessera_kernel::ids::UserId;
use tessera_kernel::{Fault, Result};

use crate::acts::Act;
use crate::{Access, Authorized, Changes, ReadDashboard, ReadQuery, ShareEditing, User};

impl Access {
    /// The users who were granted editing of a query.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn query_editors(&self, grant: &Authorized<ReadQuery>) -> Result<Vec<User>> {
        self.editors(grant.act().object()).await
    }

    /// The users who were granted editing of a dashboard.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn dashboard_editors(&self, grant: &Authorized<ReadDashboard>) -> Result<Vec<User>> {
        self.editors(grant.act().object()).await
    }

    /// Grants editing of an object, or takes it back. Both may be done twice.
    ///
    /// # Errors
    /// `NotFound` for an unknown user.
    pub async fn set_editor(
        &self,
        grant: &Authorized<ShareEditing>,
        user: UserId,
        granted: bool,
    ) -> Result<()> {
        let object = grant.act().object();
        let (before, after) =
            if granted { (Json::Null, json!(user)) } else { (json!(user), Json::Null) };
        let changes = Changes::new().field("editor", before, after);
        if granted {
            let user = self.repos.user(user).await?.ok_or_else(|| Fault::not_found("user"))?;
            self.audit.record_changes(grant, changes).await?;
            self.repos.grant_editor(object, user.id).await
        } else {
            self.audit.record_changes(grant, changes).await?;
            self.repos.revoke_editor(object, user).await
        }
    }

    async fn editors(&self, object: crate::Object) -> Result<Vec<User>> {
        let ids = self.repos.editors(object).await?;
        self.repos.users_by_ids(&ids).await
    }
}
