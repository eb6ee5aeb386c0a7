//! Widening: more than a key may do, asked for with a reason, for good or for a time only.

use serde::{Deserialize, Serialize};
use tessera_kernel::ids::UserId;
use tessera_kernel::{Fault, Result, Timestamp};

use super::change::{check_mutable, check_there};
use super::create::{approves_itself, clean_justification};
use super::terms::Terms;
use super::{Key, Keys};
use crate::acts::WidenKey;
use crate::{Action, Authorized};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct NewWidening {
    /// The terms that are to hold, whole.
    pub terms: Terms,
    /// Why.
    pub justification: String,
    /// Until when; `None` for good.
    pub until: Option<Timestamp>,
}

/// More that was asked for, and how that stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Widening {
    /// The terms that are to hold instead of the key's own.
    pub terms: Terms,
    /// Why.
    pub justification: String,
    /// Who asked.
    pub asked_by: UserId,
    /// When.
    pub asked_at: Timestamp,
    /// Until when they are to hold; `None` for good.
    pub until: Option<Timestamp>,
    /// Who answered.
    pub decided_by: Option<UserId>,
    /// When it was approved.
    pub approved_at: Option<Timestamp>,
    /// When it was refused.
    pub refused_at: Option<Timestamp>,
}

impl Widening {
    /// Whether nobody answered yet.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.approved_at.is_none() && self.refused_at.is_none()
    }

    /// Whether its terms hold at a moment.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.approved_at.is_some() && self.until.is_some_and(|until| now < until)
    }
}

impl Key {
    /// The terms that hold at a moment, if they are not the key's own.
    #[must_use]
    pub fn widened(&self, now: Timestamp) -> Option<&Terms> {
        self.widening.as_ref().filter(|widening| widening.holds(now)).map(|found| &found.terms)
    }

    /// Makes a widening that was approved for good the key's own terms.
    pub(super) fn settle_widening(&mut self) {
        let forever =
            |widening: &Widening| widening.approved_at.is_some() && widening.until.is_none();
        if self.widening.as_ref().is_some_and(forever)
            && let Some(widening) = self.widening.take()
        {
            self.terms = widening.terms;
        }
    }
}

impl Keys {
    /// Asks for other terms of a key. They hold once an administrator who is not the one who asked
    /// has approved, and end by themselves at `until`. An earlier request that waits is replaced.
    ///
    /// # Errors
    /// `Invalid` for a key that nothing can be changed of, bad terms, no reason or a past moment.
    pub async fn ask_widening(
        &self,
        grant: &Authorized<WidenKey>,
        new: NewWidening,
    ) -> Result<Key> {
        let mut key = self.require(grant.act().key).await?;
        let user = grant.user()?.id;
        self.check_power(grant.caller(), Action::KeysWiden, None).await?;
        check_there(&key)?;
        check_mutable(&key)?;
        new.terms.check()?;
        if new.terms.canary != key.terms.canary {
            return Err(Fault::invalid("terms.canary", "a trap stays one"));
        }
        let now = self.clock.now();
        if new.until.is_some_and(|until| until <= now) {
            return Err(Fault::invalid("until", "must be in the future"));
        }
        let policy = self.policy().await?;
        let decided_by = approves_itself(grant.caller(), &policy);
        key.widening = Some(Widening {
            terms: new.terms,
            justification: clean_justification(&new.justification)?,
            asked_by: user,
            asked_at: now,
            until: new.until,
            decided_by,
            approved_at: decided_by.map(|_| now),
            refused_at: None,
        });
        key.settle_widening();
        self.repos.update_key(&key).await?;
        self.gate.forget_keys();
        Ok(key)
    }
}
