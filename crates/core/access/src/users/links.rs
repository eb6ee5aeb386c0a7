//! One-use links: to accept an invitation, or to set a new password.

use serde_json::{Value as Json, json};
use tessera_kernel::ids::UserId;
use tessera_kernel::{Code, Fault, Result, Secret};

use super::{Invitation, TokenPurpose, User, UserKind, UserToken, Users};
use crate::acts::AdministerUser;
use crate::{AuditEntry, Authorized, Changes, RequestContext, events};

impl Users {
    /// A new one-use link for a user: to accept the invitation, or to set a new password.
    ///
    /// # Errors
    /// `NotFound`; `RateLimited` after too many links to set a new password for one user.
    pub async fn issue_link(
        &self,
        grant: &Authorized<AdministerUser>,
        purpose: TokenPurpose,
    ) -> Result<(User, Invitation)> {
        let user = self.require(grant.act().user).await?;
        if user.kind == UserKind::Service {
            return Err(Fault::invalid("user", "a service account has no password; make it a key"));
        }
        if purpose == TokenPurpose::Reset {
            self.guard.reset_link(user.id)?;
        }
        let link_for = match purpose {
            TokenPurpose::Invite => "invite",
            TokenPurpose::Reset => "reset",
        };
        let changes = Changes::new().field("link", Json::Null, link_for);
        self.gate.audit().record_changes(grant, changes).await?;
        let link = self.issue(user.id, purpose).await?;
        Ok((user, link))
    }

    /// Whom a one-use link is for, without using it.
    ///
    /// # Errors
    /// `NotFound` for a link that is unknown, used or too old; `RateLimited` after too many of those.
    pub async fn peek_link(
        &self,
        token: &Secret,
        purpose: TokenPurpose,
        context: &RequestContext,
    ) -> Result<User> {
        let now = self.clock.now();
        for digest in self.gate.peppers().digests(token.expose()) {
            if let Some(found) = self.repos.token(&digest).await?
                && found.purpose == purpose
                && found.expires_at > now
            {
                let user = self.require(found.user).await?;
                if user.disabled_at.is_none() {
                    return Ok(user);
                }
            }
        }
        self.guard.bad_link(context.address.as_deref())?;
        Err(Fault::not_found("link"))
    }

    /// Uses a one-use link to set a password, and ends all sessions of before.
    ///
    /// # Errors
    /// `NotFound` for a link that is unknown, used or too old; `Invalid` for a weak password, and
    /// then the link is not used up; `Forbidden` where there are no passwords.
    pub async fn accept_link(
        &self,
        token: &Secret,
        purpose: TokenPurpose,
        password: &Secret,
        context: &RequestContext,
    ) -> Result<User> {
        if !self.settings.signin.passwords {
            let detail = "passwords are switched off here (signin.passwords)";
            return Err(Fault::new(Code::Forbidden, detail));
        }
        let mut user = self.peek_link(token, purpose, context).await?;
        let hash = self.passwords.hash(password).await?;
        let entry = AuditEntry {
            actor: format!("user:{}", user.id),
            action: events::LINK_ACCEPTED,
            object: format!("user:{}", user.id),
            detail: json!({ "changes": { "password": "changed" } }),
        };
        self.gate.audit().record(context, entry).await?;
        let mut taken = false;
        for digest in self.gate.peppers().digests(token.expose()) {
            taken = taken || self.repos.take_token(&digest).await?;
        }
        if !taken {
            return Err(Fault::not_found("link"));
        }
        user.password_hash = Some(hash);
        user.invitation_pending = false;
        user.epoch += 1;
        user.updated_at = self.clock.now();
        self.save(&user).await?;
        // A link of the other kind would set a password as well.
        self.repos.delete_tokens_of(user.id).await?;
        Ok(user)
    }

    pub(super) async fn issue(&self, user: UserId, purpose: TokenPurpose) -> Result<Invitation> {
        let token = Secret::new(self.random.alphanumeric(43));
        let expires_at =
            self.clock.now() + chrono::TimeDelta::seconds(self.settings.invitation_seconds);
        let (_, digest) = self.gate.peppers().digest(token.expose());
        self.repos.insert_token(&UserToken { digest, user, purpose, expires_at }).await?;
        Ok(Invitation { token, expires_at })
    }
}
