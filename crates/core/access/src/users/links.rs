//! One-use links: to accept an invitation, to set a new password, to prove an address.

use serde_json::{Value as Json, json};
use tessera_kernel::ids::UserId;
use tessera_kernel::{Code, Fault, Result, Secret};

use super::{Invitation, TokenPurpose, User, UserKind, Users};
use crate::acts::{AdministerUser, ReadSession};
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
        if purpose != TokenPurpose::Invite {
            self.guard.reset_link(user.id).await?;
        }
        let link_for = match purpose {
            TokenPurpose::Invite => "invite",
            TokenPurpose::Reset => "reset",
            TokenPurpose::Verify => "verify",
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
        self.guard.bad_link(context.address.as_deref()).await?;
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
        if !self.take_link(token).await? {
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

    /// Puts the mail with a link into the queue; `false` without a mail server: then somebody has to
    /// carry the link to the user. The link itself shows that the caller may do this.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn mail_link(
        &self,
        user: &User,
        purpose: TokenPurpose,
        link: &Invitation,
    ) -> Result<bool> {
        self.mails.queue_link(user, purpose, link).await
    }

    /// Sends a reset link to whoever has this address, if anybody. Nothing tells whether somebody
    /// does: neither the answer nor the time it takes.
    ///
    /// # Errors
    /// `Unsupported` without a mail server or passwords; `RateLimited` after too many wishes from
    /// one address.
    pub async fn forgot(&self, email: &str, context: &RequestContext) -> Result<()> {
        if !self.settings.signin.passwords || !self.mails.configured() {
            let detail = "this server sends no mail; ask an administrator for a link";
            return Err(Fault::new(Code::Unsupported, detail));
        }
        let email = super::clean_email(email)?;
        if !self.guard.forgot(&email, context.address.as_deref()).await? {
            // Said aloud, it would tell that somebody else asks for this account.
            tracing::warn!("too many wishes for a reset link of one account; this one is dropped");
            return Ok(());
        }
        self.mails.queue_forgot(&email).await.map(drop)
    }

    /// Sends oneself the mail that proves the address, unless it is proved. `false` without a mail
    /// server.
    ///
    /// # Errors
    /// `RateLimited` after too many of them.
    pub async fn request_verification(&self, grant: &Authorized<ReadSession>) -> Result<bool> {
        let user = self.require(grant.user()?.id).await?;
        if user.email_verified {
            return Ok(true);
        }
        self.guard.reset_link(user.id).await?;
        self.mail_verification(&user).await
    }

    pub(super) async fn mail_verification(&self, user: &User) -> Result<bool> {
        if user.kind == UserKind::Service || !self.mails.configured() {
            return Ok(false);
        }
        let link = self.issue(user.id, TokenPurpose::Verify).await?;
        self.mails.queue_link(user, TokenPurpose::Verify, &link).await
    }

    /// Uses a link that proves the address of its user.
    ///
    /// # Errors
    /// `NotFound` for a link that is unknown, used or too old.
    pub async fn verify_email(&self, token: &Secret, context: &RequestContext) -> Result<User> {
        let mut user = self.peek_link(token, TokenPurpose::Verify, context).await?;
        let entry = AuditEntry {
            actor: format!("user:{}", user.id),
            action: events::EMAIL_VERIFIED,
            object: format!("user:{}", user.id),
            detail: json!({ "email": user.email }),
        };
        self.gate.audit().record(context, entry).await?;
        if !self.take_link(token).await? {
            return Err(Fault::not_found("link"));
        }
        user.email_verified = true;
        user.updated_at = self.clock.now();
        self.save(&user).await?;
        Ok(user)
    }

    async fn take_link(&self, token: &Secret) -> Result<bool> {
        let mut taken = false;
        for digest in self.gate.peppers().digests(token.expose()) {
            taken = taken || self.repos.take_token(&digest).await?;
        }
        Ok(taken)
    }

    pub(super) async fn issue(&self, user: UserId, purpose: TokenPurpose) -> Result<Invitation> {
        self.mails.make_link(&self.gate, user, purpose).await
    }
}
