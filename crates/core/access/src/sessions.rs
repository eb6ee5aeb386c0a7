//! Sessions of people in a browser: random tokens, stored as keyed digests.

use std::sync::Arc;

use tessera_kernel::ids::UserId;
use tessera_kernel::{Clock, Code, Fault, Random, Result, Secret, Timestamp};

use crate::acts::EndSession;
use crate::ports::Repos;
use crate::{Authorized, Caller, Gate, Passwords, Throttle, User, UserKind};

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Keyed digest of the token in the cookie.
    pub digest: [u8; 32],
    /// Whose it is.
    pub user: UserId,
    /// The user's epoch when it began; a later one voids it.
    pub epoch: i64,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends unless used.
    pub expires_at: Timestamp,
}

/// A session just begun: the only moment its token is known.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// The token for the cookie.
    pub token: Secret,
    /// Whose it is.
    pub user: User,
    /// When it ends unless used.
    pub expires_at: Timestamp,
}

/// Sessions.
#[derive(Clone)]
pub struct Sessions {
    repos: Arc<dyn Repos>,
    gate: Gate,
    passwords: Passwords,
    throttle: Arc<Throttle>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Sessions {
    /// The service over its parts.
    #[must_use]
    pub fn new(
        repos: Arc<dyn Repos>,
        gate: Gate,
        passwords: Passwords,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        let settings = gate.settings();
        let per_hour = if settings.limits_enabled { settings.login_attempts_per_hour } else { 0 };
        let throttle = Arc::new(Throttle::per_hour(per_hour));
        Self { repos, gate, passwords, throttle, clock, random }
    }

    /// Signs a person in.
    ///
    /// # Errors
    /// `Unauthenticated` without saying what was wrong, `RateLimited` after too many attempts from
    /// one address.
    pub async fn sign_in(
        &self,
        email: &str,
        password: &Secret,
        address: Option<&str>,
    ) -> Result<NewSession> {
        self.throttle.check(address.unwrap_or("unknown"))?;
        let user = self.repos.user_by_email(&email.trim().to_lowercase()).await?;
        let hash = user
            .as_ref()
            .filter(|user| user.disabled_at.is_none() && user.kind == UserKind::Person)
            .and_then(|user| user.password_hash.as_deref());
        let fits = self.passwords.verify(password, hash).await?;
        match user {
            Some(user) if fits => self.begin(user).await,
            _ => Err(Fault::new(Code::Unauthenticated, "wrong email or password")),
        }
    }

    /// Begins a session for a person who has just proved who they are.
    ///
    /// # Errors
    /// `Forbidden` for a service account.
    pub async fn begin(&self, user: User) -> Result<NewSession> {
        if user.kind != UserKind::Person {
            return Err(Fault::new(Code::Forbidden, "a service account cannot sign in"));
        }
        let token = Secret::new(self.random.alphanumeric(43));
        let now = self.clock.now();
        let expires_at = now + self.idle();
        let (_, digest) = self.gate.peppers().digest(token.expose());
        let session =
            Session { digest, user: user.id, epoch: user.epoch, created_at: now, expires_at };
        self.repos.insert_session(&session).await?;
        self.gate.saw(user.id, now);
        Ok(NewSession { token, user, expires_at })
    }

    /// Recognises a session by its token, and lets it live on.
    ///
    /// # Errors
    /// `Unauthenticated` for one that is unknown or over.
    pub async fn authenticate(&self, token: &Secret) -> Result<Caller> {
        let over = || Fault::new(Code::Unauthenticated, "the session is over; sign in again");
        let now = self.clock.now();
        for digest in self.gate.peppers().digests(token.expose()) {
            let Some(session) = self.repos.session(&digest).await? else { continue };
            if session.expires_at <= now {
                return Err(over());
            }
            let record = self.repos.user(session.user).await?.ok_or_else(over)?;
            if record.epoch != session.epoch {
                return Err(over());
            }
            let user = self.gate.principal(session.user).await?.ok_or_else(over)?;
            // Prolonged only once a tenth of its time has passed, to spare storage.
            let fresh = now + self.idle();
            if fresh - session.expires_at > self.idle() / 10 {
                self.repos.extend_session(&digest, fresh).await?;
            }
            self.gate.saw(user.id, now);
            return Ok(Caller::User { user, key: None });
        }
        Err(over())
    }

    /// Ends the session with this token.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn end(&self, _grant: &Authorized<EndSession>, token: &Secret) -> Result<()> {
        for digest in self.gate.peppers().digests(token.expose()) {
            self.repos.delete_session(&digest).await?;
        }
        Ok(())
    }

    /// Removes sessions and links that are over.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn purge(&self) -> Result<u64> {
        self.repos.purge_sessions(self.clock.now()).await
    }

    fn idle(&self) -> chrono::TimeDelta {
        chrono::TimeDelta::seconds(self.gate.settings().session_idle_seconds)
    }
}
