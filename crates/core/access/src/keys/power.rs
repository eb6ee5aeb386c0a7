//! What a key may do to keys: as a rule nothing, and never more than it may itself.

use tessera_kernel::{Code, Fault, Result};

use super::terms::{Effect, Held, Terms};
use super::{ActiveKey, Key, KeyOwner, Keys};
use crate::{Action, Caller};

impl Keys {
    /// Whether a caller who may do this to keys may do it with what it showed. A session may; so may
    /// the recoverable key of a user, unless the settings say no; any other key needs a grant that
    /// names the action, and the key it does it to must be narrower than itself.
    ///
    /// # Errors
    /// `OutOfScope`.
    pub(super) async fn check_power(
        &self,
        caller: &Caller,
        action: Action,
        target: Option<&Key>,
    ) -> Result<()> {
        let Some(own) = caller.key() else { return Ok(()) };
        if self.stands_for_its_owner(own).await? {
            return Ok(());
        }
        // What a token may is over when the token is.
        if own.token.is_some() {
            let detail = "a token manages no keys";
            return Err(Fault::new(Code::OutOfScope, detail).with_reason("scope_missing"));
        }
        let itself = target.is_some_and(|target| target.id == own.id());
        if itself && own.caveats.is_empty() && acts_on_itself(action) {
            return Ok(());
        }
        let named = own.key.terms.grants.iter().any(|grant| {
            grant.effect == Effect::Allow
                && grant.action.as_str() != "*"
                && grant.action.matches(action)
        });
        if !named {
            let action = action.as_str();
            let detail = format!("a key needs a grant that names {action}, or do it in a session");
            return Err(Fault::new(Code::OutOfScope, detail).with_reason("scope_missing"));
        }
        target.map_or(Ok(()), |target| within(own, &target.terms))
    }

    /// Whether a key is worth as much as a session of its owner: one that the owner may see again at
    /// any time, with no terms.
    pub(super) async fn stands_for_its_owner(&self, key: &ActiveKey) -> Result<bool> {
        let shaped = key.key.sealed.is_some()
            && matches!(key.key.owner, KeyOwner::User(_))
            && key.terms().all(|terms| *terms == Terms::default());
        Ok(shaped && self.policy().await?.recoverable_keys_manage_keys)
    }
}

/// What every key may do to itself: nothing of it gives more than it has.
const fn acts_on_itself(action: Action) -> bool {
    matches!(action, Action::KeysRotate | Action::KeysUpdate | Action::KeysDisable)
}

/// Refuses terms that are not within those of a key and all above it.
///
/// # Errors
/// `OutOfScope`, with the member that is wider.
pub(super) fn within(own: &ActiveKey, terms: &Terms) -> Result<()> {
    let Some(wider) = own.terms().find_map(|bound| terms.wider_than(bound, Held::Alone)) else {
        return Ok(());
    };
    let field = format!("terms.{}", wider.member);
    let detail = format!("{field} goes beyond the key that was shown; narrow it");
    Err(Fault::new(Code::OutOfScope, detail).with_field(field).with_reason("scope_missing"))
}
