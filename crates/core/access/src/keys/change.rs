//! Changes of a key: its name, and terms that only narrow; switched off and on.

use tessera_kernel::{Code, Fault, Result};

use super::create::clean_name;
use super::terms::{Held, Terms};
use super::{Key, Keys};
use crate::acts::{DisableKey, UpdateKey};
use crate::{Action, Authorized};

/// What to change; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct KeyChange {
    /// A new name.
    pub name: Option<String>,
    /// Narrower terms, whole.
    pub terms: Option<Terms>,
}

impl Keys {
    /// Renames a key, or narrows it, which ends a widening too.
    ///
    /// # Errors
    /// `Invalid` for terms that are not narrower, or a key that nothing can be changed of;
    /// `Conflict` for a revoked key.
    pub async fn update(&self, grant: &Authorized<UpdateKey>, change: KeyChange) -> Result<Key> {
        let mut key = self.require(grant.act().key).await?;
        self.check_power(grant.caller(), Action::KeysUpdate, Some(&key)).await?;
        check_there(&key)?;
        if let Some(name) = &change.name {
            key.name = clean_name(name)?;
        }
        if let Some(terms) = change.terms {
            check_mutable(&key)?;
            terms.check()?;
            if let Some(wider) = terms.wider_than(&key.terms, Held::Alone) {
                return Err(Fault::invalid(
                    format!("terms.{}", wider.member),
                    "a key can only be narrowed, and this is, or may be, wider: make a successor, \
                     or ask for a widening",
                ));
            }
            key.terms = terms;
            // What was widened for a time is narrowed as well.
            key.widening = None;
        }
        self.repos.update_key(&key).await?;
        self.gate.forget_keys();
        Ok(key)
    }

    /// Switches a key off, or on again.
    ///
    /// # Errors
    /// `Conflict` for a revoked key; `Forbidden` to switch on what an administrator switched off.
    pub async fn set_disabled(
        &self,
        grant: &Authorized<DisableKey>,
        disabled: bool,
    ) -> Result<Key> {
        let mut key = self.require(grant.act().key).await?;
        let user = grant.user()?;
        check_there(&key)?;
        if disabled == key.disabled_at.is_some() {
            return Ok(key);
        }
        if !disabled {
            self.check_power(grant.caller(), Action::KeysDisable, Some(&key)).await?;
            let others = key.disabled_by.is_some_and(|by| by != user.id);
            if others && !user.is_admin() {
                let detail = "an administrator switched the key off; ask one to switch it on";
                return Err(Fault::new(Code::Forbidden, detail));
            }
        }
        let now = self.clock.now();
        key.disabled_at = disabled.then_some(now);
        key.disabled_by = disabled.then_some(user.id);
        self.repos.set_key_disabled(&key, now).await?;
        self.gate.forget_keys();
        Ok(key)
    }
}

pub(super) fn check_there(key: &Key) -> Result<()> {
    match key.revoked_at {
        None => Ok(()),
        Some(_) => {
            Err(Fault::new(Code::Conflict, "the key is revoked; bring it back first, if you can"))
        }
    }
}

pub(super) fn check_mutable(key: &Key) -> Result<()> {
    if key.terms.immutable {
        let detail = "the key was made immutable: make another one";
        return Err(Fault::invalid("terms.immutable", detail));
    }
    Ok(())
}
