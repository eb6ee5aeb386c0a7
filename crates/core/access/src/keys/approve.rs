//! Approval: a key, or a widening, that somebody else must agree to.

use tessera_kernel::{Code, Fault, Result};

use super::change::check_there;
use super::{Approval, Key, Keys};
use crate::acts::ApproveKey;
use crate::{Action, Authorized};

impl Keys {
    /// Approves or refuses what waits at a key: the key itself, or else its widening. A key that is
    /// refused is revoked.
    ///
    /// # Errors
    /// `Conflict` if nothing waits; `Forbidden` for one's own.
    pub async fn decide_approval(
        &self,
        grant: &Authorized<ApproveKey>,
        approve: bool,
    ) -> Result<Key> {
        let mut key = self.require(grant.act().key).await?;
        let user = grant.user()?.id;
        self.check_power(grant.caller(), Action::KeysApprove, None).await?;
        check_there(&key)?;
        let now = self.clock.now();
        let others = |asked_by| match asked_by == Some(user) {
            true => Err(Fault::new(Code::Forbidden, "nobody approves what they asked for")),
            false => Ok(()),
        };
        let waits = |approval: &Approval| approval.approved_at.is_none();
        if let Some(approval) = key.approval.as_mut().filter(|approval| waits(approval)) {
            others(key.created_by)?;
            approval.by = Some(user);
            if approve {
                approval.approved_at = Some(now);
                approval.refused_at = None;
            } else {
                approval.refused_at = Some(now);
                key.revoked_at = Some(now);
                key.revoked_by = Some(user);
            }
        } else if let Some(widening) = key.widening.as_mut().filter(|widening| widening.waits()) {
            others(Some(widening.asked_by))?;
            widening.decided_by = Some(user);
            if !approve {
                widening.refused_at = Some(now);
            } else if widening.until.is_some_and(|until| until <= now) {
                let detail = "the time that was asked for is over; ask again";
                return Err(Fault::new(Code::Conflict, detail));
            } else {
                widening.approved_at = Some(now);
                key.settle_widening();
            }
        } else {
            return Err(Fault::new(Code::Conflict, "nothing at this key waits for approval"));
        }
        self.repos.update_key(&key).await?;
        if !approve && key.revoked_at.is_some() {
            self.repos.revoke_keys(&[key.id], Some(user), now).await?;
        }
        self.gate.forget_keys();
        Ok(key)
    }
}
