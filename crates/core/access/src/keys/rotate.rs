//! Rotation: a successor with the same terms, while the predecessor works on for a while.

use chrono::TimeDelta;
use tessera_kernel::{Code, Fault, Result, Timestamp};

use super::change::check_there;
use super::{Expiry, Key, KeyPolicy, KeyState, Keys, MintedKey, format};
use crate::acts::RotateKey;
use crate::{Action, Authorized};

/// For how long the predecessor may work on, in seconds: not at all, an hour, a day, a week.
pub const OVERLAPS_SECONDS: [u64; 4] = [0, 3600, 86_400, 604_800];

impl Keys {
    /// Makes a successor of a key. The predecessor ends after the overlap, or at its own end if that
    /// comes first; keys that were made from it end with it.
    ///
    /// # Errors
    /// `Invalid` for another overlap or a recoverable key; `Conflict` for a key that is not in force
    /// or has a successor.
    pub async fn rotate(
        &self,
        grant: &Authorized<RotateKey>,
        overlap_seconds: u64,
    ) -> Result<MintedKey> {
        let old = self.require(grant.act().key).await?;
        self.check_power(grant.caller(), Action::KeysRotate, Some(&old)).await?;
        let overlap = overlap(overlap_seconds)?;
        check_there(&old)?;
        if old.sealed.is_some() {
            let detail = "this key can be shown again; replace it where it is shown";
            return Err(Fault::invalid("key", detail));
        }
        let now = self.clock.now();
        match old.state(now) {
            KeyState::Active | KeyState::Expired => {}
            KeyState::Grace => {
                let detail = "the key has a successor already; rotate that one";
                return Err(Fault::new(Code::Conflict, detail));
            }
            state => {
                let detail =
                    format!("the key is {}; only one in force has a successor", state.as_str());
                return Err(Fault::new(Code::Conflict, detail));
            }
        }
        let secret = match old.hint.starts_with(format::PREFIX) {
            true => format::mint(old.kind, self.random.as_ref()),
            false => self.mint_uuid(),
        };
        let policy = self.policy().await?;
        let by = grant.caller().user().map(|user| user.id);
        let mut key = Key {
            name: old.name.clone(),
            terms: old.terms.clone(),
            expires_at: self.successors_end(&policy, &old)?,
            parent: old.parent,
            predecessor: Some(old.id),
            approval: old.approval.clone(),
            ..self.record(old.kind, old.owner, &secret, by)
        };
        let end = now + overlap;
        let end = old.expires_at.map_or(end, |own| own.min(end));
        key.id = self.repos.replace_key(old.id, end, now, &key).await?;
        self.gate.forget_keys();
        Ok(MintedKey { key, secret })
    }

    /// A successor lives as long as its predecessor was meant to, within the policy.
    fn successors_end(&self, policy: &KeyPolicy, old: &Key) -> Result<Option<Timestamp>> {
        let begin = old.not_before.map_or(old.created_at, |from| from.max(old.created_at));
        let asked = match old.expires_at {
            Some(end) => Expiry::At(self.clock.now() + (end - begin).max(TimeDelta::seconds(1))),
            None => Expiry::Never,
        };
        self.end(policy, None, asked, None).or_else(|_| self.end(policy, None, Expiry::Usual, None))
    }
}

fn overlap(seconds: u64) -> Result<TimeDelta> {
    let known = OVERLAPS_SECONDS.contains(&seconds);
    let seconds = i64::try_from(seconds).ok().filter(|_| known).ok_or_else(|| {
        let known = OVERLAPS_SECONDS.map(|seconds| seconds.to_string()).join(", ");
        Fault::invalid("overlap_seconds", format!("send one of {known}"))
    })?;
    Ok(TimeDelta::seconds(seconds))
}
