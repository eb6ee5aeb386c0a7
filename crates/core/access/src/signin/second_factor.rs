//! The second factor of each user: an authenticator's one-time passwords, and recovery codes for the
//! day it is lost.

use std::sync::Arc;

use tessera_kernel::ids::UserId;
use tessera_kernel::{Clock, Code, Fault, Random, Result, Secret, Timestamp};

use super::{FactorPolicy, Guard, factor};
use crate::acts::{ManageSecondFactor, ReadSecondFactor, ResetSecondFactor};
use crate::ports::Repos;
use crate::{Authorized, Gate, Passwords, Sealer, User};

/// A second factor as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// Whose it is.
    pub user: UserId,
    /// The secret, sealed.
    pub sealed: Vec<u8>,
    /// When its first code was given; until then it does not count.
    pub confirmed_at: Option<Timestamp>,
    /// The time step of the last code that was used: no code of it or before counts again.
    pub last_step: i64,
    /// When it was begun.
    pub created_at: Timestamp,
}

/// What an authenticator has to be told; shown while the factor is set up, and never again.
#[derive(Debug, Clone)]
pub struct Enrolment {
    /// The secret in base 32, to be typed.
    pub secret: Secret,
    /// The same as an `otpauth://` address, to be shown as a picture.
    pub uri: Secret,
}

/// How the second factor of a user is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorStatus {
    /// Since when it counts; `None` if there is none.
    pub confirmed_at: Option<Timestamp>,
    /// Recovery codes that were not used yet.
    pub recovery_codes_left: u64,
    /// Whether the user must have one.
    pub is_required: bool,
}

/// Second factors.
#[derive(Clone)]
pub struct SecondFactors {
    pub(super) repos: Arc<dyn Repos>,
    pub(super) gate: Gate,
    pub(super) sealer: Sealer,
    pub(super) passwords: Passwords,
    pub(super) guard: Guard,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
}

impl SecondFactors {
    /// How the second factor of a user is.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn status(&self, grant: &Authorized<ReadSecondFactor>) -> Result<FactorStatus> {
        let user = grant.act().user;
        Ok(FactorStatus {
            confirmed_at: self.confirmed(user).await?.and_then(|factor| factor.confirmed_at),
            recovery_codes_left: self.repos.count_recovery_codes(user).await?,
            is_required: self.is_required(user).await?,
        })
    }

    /// Begins to set a factor up. The password is asked for, so that a forgotten browser or a stolen
    /// key cannot do it; users without one are believed.
    ///
    /// # Errors
    /// `Invalid` for a wrong password, `Conflict` if there is a factor already.
    pub async fn begin(
        &self,
        grant: &Authorized<ManageSecondFactor>,
        password: &Secret,
    ) -> Result<Enrolment> {
        let user = self.user(grant.act().user).await?;
        if let Some(hash) = user.password_hash.as_deref() {
            self.guard.code(user.id).await?;
            if !self.passwords.verify(password, Some(hash)).await? {
                return Err(Fault::invalid("password", "the password is wrong"));
            }
        }
        self.enrol(&user).await
    }

    /// Makes the factor count by its first code; gives the recovery codes. All other sessions end.
    ///
    /// # Errors
    /// `Invalid` for a wrong code, `NotFound` if none was begun, `Conflict` if it counts already.
    pub async fn confirm(
        &self,
        grant: &Authorized<ManageSecondFactor>,
        code: &str,
    ) -> Result<(User, Vec<Secret>)> {
        let user = self.user(grant.act().user).await?;
        let codes = self.first_code(&user, code).await?;
        Ok((self.end_sessions(user).await?, codes))
    }

    /// Makes new recovery codes; the old ones stop working.
    ///
    /// # Errors
    /// `Invalid` for a wrong code, `NotFound` without a factor.
    pub async fn renew_recovery_codes(
        &self,
        grant: &Authorized<ManageSecondFactor>,
        code: &str,
    ) -> Result<Vec<Secret>> {
        let user = grant.act().user;
        self.demand(user, code).await?;
        let (codes, digests) = self.new_codes();
        self.repos.replace_recovery_codes(user, &digests).await?;
        Ok(codes)
    }

    /// Removes the factor. All other sessions end.
    ///
    /// # Errors
    /// `Invalid` for a wrong code, `Conflict` if the user must have one, `NotFound` without one.
    pub async fn remove(&self, grant: &Authorized<ManageSecondFactor>, code: &str) -> Result<User> {
        let user = self.user(grant.act().user).await?;
        if self.is_required(user.id).await? {
            let detail = "a second factor is required here; ask an administrator to reset it";
            return Err(Fault::new(Code::Conflict, detail));
        }
        self.demand(user.id, code).await?;
        self.repos.delete_second_factor(user.id).await?;
        self.end_sessions(user).await
    }

    /// Takes a lost factor from a user, and ends the user's sessions.
    ///
    /// # Errors
    /// `NotFound` if the user has none.
    pub async fn reset(&self, grant: &Authorized<ResetSecondFactor>) -> Result<User> {
        self.reset_for_operator(grant.act().user).await
    }

    /// The same, for the operator at the machine.
    ///
    /// # Errors
    /// `NotFound` if the user has none.
    pub async fn reset_for_operator(&self, user: UserId) -> Result<User> {
        let user = self.user(user).await?;
        if !self.repos.delete_second_factor(user.id).await? {
            return Err(Fault::not_found("second factor"));
        }
        self.end_sessions(user).await
    }

    /// The factor of a user, if it counts.
    pub(super) async fn confirmed(&self, user: UserId) -> Result<Option<SecondFactor>> {
        let factor = self.repos.second_factor(user).await?;
        Ok(factor.filter(|factor| factor.confirmed_at.is_some()))
    }

    /// Whether the organisation demands a factor of a user.
    pub(super) async fn is_required(&self, user: UserId) -> Result<bool> {
        let default = self.gate.settings().signin.second_factor;
        let policy = FactorPolicy::of(&self.repos.settings().await?, default);
        let principal = self.gate.principal(user).await?;
        Ok(policy.demands(principal.is_some_and(|principal| principal.is_admin())))
    }

    /// Stores a new secret that does not count yet.
    pub(super) async fn enrol(&self, user: &User) -> Result<Enrolment> {
        let secret = factor::new_secret(&*self.random);
        let factor = SecondFactor {
            user: user.id,
            sealed: self.sealer.seal(&secret, &context(user.id))?,
            confirmed_at: None,
            last_step: 0,
            created_at: self.clock.now(),
        };
        if !self.repos.begin_second_factor(&factor).await? {
            return Err(Fault::new(Code::Conflict, "there is a second factor already"));
        }
        let issuer = &self.gate.settings().signin.factor_issuer;
        Ok(Enrolment { uri: factor::uri(&secret, issuer, &user.email), secret })
    }

    /// Makes a factor count by its first code.
    pub(super) async fn first_code(&self, user: &User, code: &str) -> Result<Vec<Secret>> {
        let factor = self.repos.second_factor(user.id).await?;
        let factor = factor.ok_or_else(|| Fault::not_found("second factor"))?;
        if factor.confirmed_at.is_some() {
            return Err(Fault::new(Code::Conflict, "there is a second factor already"));
        }
        self.guard.code(user.id).await?;
        let now = self.clock.now();
        let secret = self.sealer.open(&factor.sealed, &context(user.id))?;
        let step = factor::matching_step(&secret, &digits(code), now).ok_or_else(wrong)?;
        let (codes, digests) = self.new_codes();
        if !self.repos.confirm_second_factor(&factor, now, step, &digests).await? {
            return Err(Fault::new(Code::Conflict, "the second factor was changed meanwhile"));
        }
        Ok(codes)
    }

    /// Whether a code is good, and used up by this.
    pub(super) async fn accept(&self, user: UserId, code: &str) -> Result<bool> {
        let Some(factor) = self.confirmed(user).await? else { return Ok(false) };
        let typed = digits(code);
        if typed.len() == factor::DIGITS {
            let secret = self.sealer.open(&factor.sealed, &context(user))?;
            let Some(step) = factor::matching_step(&secret, &typed, self.clock.now()) else {
                return Ok(false);
            };
            return self.repos.use_factor_step(user, step).await;
        }
        let Some(code) = factor::clean_recovery_code(code) else { return Ok(false) };
        for digest in self.gate.peppers().digests(&recovery_text(&code)) {
            if self.repos.use_recovery_code(user, &digest).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn demand(&self, user: UserId, code: &str) -> Result<()> {
        if self.confirmed(user).await?.is_none() {
            return Err(Fault::not_found("second factor"));
        }
        self.guard.code(user).await?;
        if self.accept(user, code).await? { Ok(()) } else { Err(wrong()) }
    }

    fn new_codes(&self) -> (Vec<Secret>, Vec<[u8; 32]>) {
        let codes = factor::recovery_codes(&*self.random);
        let digest = |code: &Secret| self.gate.peppers().digest(&recovery_text(code)).1;
        let digests = codes.iter().map(digest).collect();
        (codes, digests)
    }

    pub(super) async fn end_sessions(&self, mut user: User) -> Result<User> {
        user.epoch += 1;
        user.updated_at = self.clock.now();
        self.repos.update_user(&user).await?;
        self.gate.forget_users();
        Ok(user)
    }

    async fn user(&self, id: UserId) -> Result<User> {
        self.repos.user(id).await?.ok_or_else(|| Fault::not_found("user"))
    }
}

/// What the secret is bound to, so that it opens for its own user only.
fn context(user: UserId) -> String {
    format!("second_factor:{user}")
}

/// A code has 50 bits: the pepper, and the limit on attempts, keep it from being guessed.
fn recovery_text(code: &Secret) -> String {
    format!("recovery:{}", code.expose())
}

/// The digits of a code, whatever stands between them; nothing if there is anything else.
fn digits(code: &str) -> String {
    let plain: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    if plain.bytes().all(|byte| byte.is_ascii_digit()) { plain } else { String::new() }
}

fn wrong() -> Fault {
    Fault::invalid("code", "the code is wrong, or was used before")
}
