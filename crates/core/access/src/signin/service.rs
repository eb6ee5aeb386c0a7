//! Signing in with a password and, where there is one, a second factor.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tessera_kernel::ids::UserId;
use tessera_kernel::{Code, Fault, Result, Secret, Timestamp};

use super::pending::{PendingBook, PendingKind};
use super::{Enrolment, ForeignFactor, Guard, Method, SecondFactors, audit};
use crate::ports::Repos;
use crate::{Gate, NewSession, Organization, Passwords, RequestContext, Sessions, User, UserKind};

/// Codes that may be tried before the password is asked for again.
const ATTEMPTS_MAX: i64 = 5;

/// How far a sign-in came.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// To its end.
    Session(NewSession),
    /// One thing is still needed.
    SecondFactor(Challenge),
}

/// What is still needed before a session begins.
#[derive(Debug, Clone)]
pub struct Challenge {
    /// Goes along with the answer; works once.
    pub token: Secret,
    /// Whether the factor has to be set up first.
    pub must_enrol: bool,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A sign-in at its end.
#[derive(Debug, Clone)]
pub struct Completed {
    /// The session.
    pub session: NewSession,
    /// The recovery codes, where a factor was set up on the way.
    pub recovery_codes: Vec<Secret>,
}

/// What is remembered between password and code.
#[derive(Serialize, Deserialize)]
struct Proved {
    epoch: i64,
    method: String,
}

/// Signs people in.
#[derive(Clone)]
pub struct SignIns {
    pub(super) repos: Arc<dyn Repos>,
    pub(super) gate: Gate,
    pub(super) organization: Organization,
    pub(super) passwords: Passwords,
    pub(super) sessions: Sessions,
    pub(super) factors: SecondFactors,
    pub(super) pending: PendingBook,
    pub(super) guard: Guard,
}

impl SignIns {
    /// Whether people may sign in with passwords: if both the operator and the organisation say so.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn takes_passwords(&self) -> Result<bool> {
        Ok(self.gate.settings().signin.passwords
            && self.organization.settings().await?.auth_password_login_enabled)
    }

    /// Takes an address and a password.
    ///
    /// # Errors
    /// `Unauthenticated` without saying what was wrong, `RateLimited` after too many attempts from
    /// one address or at one account, whether or not there is such an account.
    pub async fn password(
        &self,
        email: &str,
        password: &Secret,
        context: &RequestContext,
    ) -> Result<SignIn> {
        let address = context.address.as_deref();
        self.guard.address(address).await?;
        if !self.takes_passwords().await? {
            let detail = "passwords are switched off here (signin.passwords, or the organization's \
                          setting auth_password_login_enabled)";
            return Err(Fault::new(Code::Unauthenticated, detail));
        }
        let email = email.trim().to_lowercase();
        self.guard.account(&email, address).await?;
        let user = self.repos.user_by_email(&email).await?;
        let hash = user
            .as_ref()
            .filter(|user| user.disabled_at.is_none() && user.kind == UserKind::Person)
            .and_then(|user| user.password_hash.as_deref());
        let fits = self.passwords.verify(password, hash).await?;
        match user {
            Some(user) if fits => {
                let signed_in = self.proved(user, Method::Password, context).await?;
                // Only a whole sign-in makes an address a known one.
                if matches!(signed_in, SignIn::Session(_)) {
                    self.guard.worked(&email, address).await?;
                }
                Ok(signed_in)
            }
            user => {
                let user = user.map(|user| user.id);
                audit::refused(&self.gate, user, "password", Some(&email), context).await?;
                Err(Fault::new(Code::Unauthenticated, "wrong email or password"))
            }
        }
    }

    /// Goes on for a person who has just proved who they are by the first means.
    ///
    /// # Errors
    /// `Unauthenticated` for a user who is shut out.
    pub async fn proved(
        &self,
        user: User,
        method: Method,
        context: &RequestContext,
    ) -> Result<SignIn> {
        if user.disabled_at.is_some() {
            return Err(Fault::new(Code::Unauthenticated, "the account is disabled"));
        }
        let has_factor = self.factors.confirmed(user.id).await?.is_some();
        if !has_factor && !self.factors.is_required(user.id).await? {
            return Ok(SignIn::Session(self.sessions.begin(user, method, context).await?));
        }
        let kind = if has_factor { PendingKind::Code } else { PendingKind::Enrolment };
        let proved = Proved { epoch: user.epoch, method: method.as_str().to_owned() };
        let (token, expires_at) = self.pending.open(kind, Some(user.id), &proved).await?;
        Ok(SignIn::SecondFactor(Challenge { token, must_enrol: !has_factor, expires_at }))
    }

    /// Goes on for a person for whom somebody else vouched.
    ///
    /// # Errors
    /// As [`proved`](Self::proved).
    pub(super) async fn vouched(
        &self,
        user: User,
        method: Method,
        factor: ForeignFactor,
        context: &RequestContext,
    ) -> Result<SignIn> {
        match factor {
            ForeignFactor::Ask => self.proved(user, method, context).await,
            ForeignFactor::Trust => {
                Ok(SignIn::Session(self.sessions.begin(user, method, context).await?))
            }
        }
    }

    /// Whether a person has, or must have, a second factor here.
    pub(super) async fn needs_factor(&self, user: UserId) -> Result<bool> {
        Ok(self.factors.confirmed(user).await?.is_some() || self.factors.is_required(user).await?)
    }

    /// Begins to set up the second factor that a sign-in waits for.
    ///
    /// # Errors
    /// `Unauthenticated` for a challenge that is over, `Conflict` if there is a factor.
    pub async fn enrol(&self, challenge: &Secret, context: &RequestContext) -> Result<Enrolment> {
        self.guard.address(context.address.as_deref()).await?;
        let (pending, user, _) = self.waiting(challenge).await?;
        if pending.kind != PendingKind::Enrolment {
            return Err(Fault::new(Code::Conflict, "there is a second factor already"));
        }
        self.factors.enrol(&user).await
    }

    /// Takes the code of the second factor, or a recovery code, and begins the session.
    ///
    /// # Errors
    /// `Unauthenticated` for a challenge that is over, or after five wrong codes; `Invalid` for a
    /// wrong code; `RateLimited` after too many of them.
    pub async fn code(
        &self,
        challenge: &Secret,
        code: &str,
        context: &RequestContext,
    ) -> Result<Completed> {
        let address = context.address.as_deref();
        self.guard.address(address).await?;
        let (pending, mut user, method) = self.waiting(challenge).await?;
        if !self.repos.count_attempt(&pending.digest, ATTEMPTS_MAX).await? {
            self.pending.take(&pending).await?;
            return Err(over());
        }
        let mut recovery_codes = Vec::new();
        let good = if pending.kind == PendingKind::Enrolment {
            match self.factors.first_code(&user, code).await {
                Ok(codes) => {
                    recovery_codes = codes;
                    user = self.factors.end_sessions(user).await?;
                    true
                }
                Err(fault) if fault.code() == Code::Invalid => false,
                Err(fault) => return Err(fault),
            }
        } else {
            self.guard.code(user.id).await?;
            self.factors.accept(user.id, code).await?
        };
        if !good {
            audit::refused(&self.gate, Some(user.id), "code", None, context).await?;
            return Err(Fault::invalid("code", "the code is wrong, or was used before"));
        }
        if !self.pending.take(&pending).await? {
            return Err(over());
        }
        self.guard.worked(&user.email, address).await?;
        let session = self.sessions.begin(user, audit::with_code(method), context).await?;
        Ok(Completed { session, recovery_codes })
    }

    /// The sign-in that a challenge belongs to, if the account is still as it was.
    async fn waiting(&self, challenge: &Secret) -> Result<(super::Pending, User, Method)> {
        let pending = self.pending.find(challenge).await?.ok_or_else(over)?;
        let id = pending.user.filter(|_| pending.kind != PendingKind::Provider);
        let user = self.repos.user(id.ok_or_else(over)?).await?.ok_or_else(over)?;
        let proved: Proved = self.pending.read(&pending)?;
        let method = proved.method.parse().map_err(|()| over())?;
        if user.epoch != proved.epoch || user.disabled_at.is_some() {
            return Err(over());
        }
        Ok((pending, user, method))
    }
}

fn over() -> Fault {
    Fault::new(Code::Unauthenticated, "the sign-in took too long; begin again")
}
