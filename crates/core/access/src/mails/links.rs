//! Mails with one-use links, and warnings about keys.

use chrono::TimeDelta;
use serde_json::json;
use tessera_kernel::ids::UserId;
use tessera_kernel::{Result, Secret, Timestamp};

use super::Mails;
use crate::{
    AuditEvent, Gate, Invitation, Key, KeyOwner, TokenPurpose, User, UserKind, UserToken, events,
};

impl Mails {
    /// Makes a one-use link. Only its keyed digest is stored.
    pub(crate) async fn make_link(
        &self,
        gate: &Gate,
        user: UserId,
        purpose: TokenPurpose,
    ) -> Result<Invitation> {
        let token = Secret::new(self.0.random.alphanumeric(43));
        let lifetime = TimeDelta::seconds(gate.settings().invitation_seconds);
        let expires_at = self.0.clock.now() + lifetime;
        let (_, digest) = gate.peppers().digest(token.expose());
        self.0.repos.insert_token(&UserToken { digest, user, purpose, expires_at }).await?;
        Ok(Invitation { token, expires_at })
    }

    /// Puts the mail with a link into the queue; `false` without a mail server.
    pub(crate) async fn queue_link(
        &self,
        user: &User,
        purpose: TokenPurpose,
        link: &Invitation,
    ) -> Result<bool> {
        let (kind, mail) = self.link_mail(user, purpose, link);
        self.queue(kind, &mail).await
    }

    /// Sends a reset link if there is such a user who can have a password.
    pub(super) async fn answer_forgot(&self, email: &str) -> Result<()> {
        let (Some(user), Some(gate)) =
            (self.0.repos.user_by_email(email).await?, self.0.gate.get())
        else {
            return Ok(());
        };
        let passwords = gate.settings().signin.passwords;
        if user.kind == UserKind::Service || user.disabled_at.is_some() || !passwords {
            return Ok(());
        }
        let event = AuditEvent {
            at: self.0.clock.now(),
            actor: "server".to_owned(),
            action: events::RESET_MAILED,
            object: format!("user:{}", user.id),
            detail: json!({ "link": "reset" }),
            address: None,
        };
        self.0.repos.insert_audit(&[event]).await?;
        let link = self.make_link(gate, user.id, TokenPurpose::Reset).await?;
        self.queue_link(&user, TokenPurpose::Reset, &link).await.map(drop)
    }

    /// Tells the owner of a key that it ends soon; of a key of a program or workspace, who made it.
    pub(crate) async fn queue_key_end(&self, key: &Key, end: Timestamp, days: i64) -> Result<()> {
        if !self.configured() {
            return Ok(());
        }
        let owner = match key.owner {
            KeyOwner::User(user) => self.0.repos.user(user).await?,
            _ => None,
        };
        let reader = match (owner, key.created_by) {
            (Some(user), _) if user.kind == UserKind::Person => Some(user),
            (_, Some(maker)) => self.0.repos.user(maker).await?,
            _ => None,
        };
        let Some(user) = reader else { return Ok(()) };
        if user.kind == UserKind::Service || user.disabled_at.is_some() {
            return Ok(());
        }
        self.queue("key_ends", &self.key_mail(&user, key, end, days)).await.map(drop)
    }
}
