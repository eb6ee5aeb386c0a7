//! What the organisation demands of keys: lifetimes, approval, what happens to leaked ones.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use tessera_kernel::{Fault, Result};

use super::terms::{ActionPattern, Effect, Terms};
use super::{KeyKind, Keys};
use crate::acts::GovernKeys;
use crate::{Action, Authorized};

/// The name of the setting that holds what the organisation changed.
const SETTING: &str = "key_policy";
/// No period is longer, in days: some ten thousand years would not fit into a moment.
const DAYS_MAX: u32 = 36_500;

/// What happens to a key that was found where it should not be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeakRule {
    /// It is revoked at once.
    #[default]
    Revoke,
    /// It is written down only.
    Notify,
}

/// What the organisation demands of keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeyPolicy {
    /// How long a new key works if nobody says, in days; zero for no end.
    pub default_lifetime_days: u32,
    /// The longest time that a new key may work, in days; zero for any.
    pub lifetime_days_max: u32,
    /// After how many days without use a key is switched off; zero for never.
    pub unused_days_max: u32,
    /// For how many days a revoked key can be brought back; after that it is deleted.
    pub restore_days: u32,
    /// Keys that may do one of these need approval.
    pub approval_actions: Vec<ActionPattern>,
    /// Keys of these kinds need approval.
    pub approval_kinds: Vec<KeyKind>,
    /// Whether keys of administrators need the approval of another one as well.
    pub four_eyes: bool,
    /// Whether the recoverable key of a user may make and manage keys as its owner may. Other keys
    /// need a grant that names it.
    pub recoverable_keys_manage_keys: bool,
    /// What happens to keys that a partner for secret scanning has found.
    pub leaked_keys: LeakRule,
}

impl Default for KeyPolicy {
    fn default() -> Self {
        Self {
            default_lifetime_days: 90,
            lifetime_days_max: 0,
            unused_days_max: 0,
            restore_days: 30,
            approval_actions: Vec::new(),
            approval_kinds: Vec::new(),
            four_eyes: false,
            recoverable_keys_manage_keys: true,
            leaked_keys: LeakRule::Revoke,
        }
    }
}

impl KeyPolicy {
    /// This policy with some members changed.
    ///
    /// # Errors
    /// `Invalid` for a member that does not exist or a value that does not fit.
    pub fn with(&self, changed: &Map<String, Json>) -> Result<Self> {
        let mut all = serde_json::to_value(self)
            .map_err(|error| Fault::internal("the policy of keys cannot be written", error))?;
        for (name, value) in changed {
            all[name] = value.clone();
        }
        let policy: Self = serde_json::from_value(all)
            .map_err(|error| Fault::invalid("key_policy", error.to_string().to_lowercase()))?;
        policy.check()
    }

    /// The policy, if it does not contradict itself.
    ///
    /// # Errors
    /// `Invalid`, with the member.
    pub fn check(self) -> Result<Self> {
        for (name, days) in [
            ("default_lifetime_days", self.default_lifetime_days),
            ("lifetime_days_max", self.lifetime_days_max),
            ("unused_days_max", self.unused_days_max),
            ("restore_days", self.restore_days),
        ] {
            if days > DAYS_MAX {
                return Err(Fault::invalid(name, format!("send at most {DAYS_MAX} days")));
            }
        }
        let (usual, most) = (self.default_lifetime_days, self.lifetime_days_max);
        if most > 0 && (usual == 0 || usual > most) {
            let detail = "must be 1 to lifetime_days_max while there is such a limit";
            return Err(Fault::invalid("default_lifetime_days", detail));
        }
        Ok(self)
    }

    /// Whether a key of this kind with these terms needs approval. `holds` tells which actions its
    /// owner has, which matter if the terms name none.
    #[must_use]
    pub fn needs_approval(
        &self,
        kind: KeyKind,
        terms: &Terms,
        holds: impl Fn(Action) -> bool,
    ) -> bool {
        let opens = |action: Action| {
            if terms.grants.is_empty() {
                return holds(action);
            }
            let allowing = terms.grants.iter().filter(|grant| grant.effect == Effect::Allow);
            allowing.into_iter().any(|grant| grant.action.matches(action))
        };
        let delicate = |action: Action| {
            self.approval_actions.iter().any(|pattern| pattern.matches(action)) && opens(action)
        };
        !terms.canary
            && (self.approval_kinds.contains(&kind)
                || Action::ALL.iter().any(|action| delicate(*action)))
    }
}

impl Keys {
    /// The policy in force: that of the settings with what the organisation changed.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn policy(&self) -> Result<KeyPolicy> {
        let usual = &self.gate.settings().key_policy;
        match self.policy_changes().await? {
            Some(changed) => usual.with(&changed),
            None => Ok(usual.clone()),
        }
    }

    /// The policy in force, for those who govern it.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn read_policy(&self, _grant: &Authorized<GovernKeys>) -> Result<KeyPolicy> {
        self.policy().await
    }

    /// Changes some members of the policy; `null` takes a member back to the settings. Keys that
    /// exist are not touched, but for those unused for too long.
    ///
    /// # Errors
    /// `Invalid` for a value that does not fit.
    pub async fn change_policy(
        &self,
        grant: &Authorized<GovernKeys>,
        change: Map<String, Json>,
    ) -> Result<KeyPolicy> {
        let action = Action::KeysPolicy;
        self.check_power(grant.caller(), action, None).await?;
        let mut changed = self.policy_changes().await?.unwrap_or_default();
        for (name, value) in change {
            if value.is_null() {
                changed.remove(&name);
            } else {
                changed.insert(name, value);
            }
        }
        let policy = self.gate.settings().key_policy.with(&changed)?;
        self.repos.set_settings(&[(SETTING.to_owned(), Json::Object(changed))]).await?;
        Ok(policy)
    }

    async fn policy_changes(&self) -> Result<Option<Map<String, Json>>> {
        let settings = self.repos.settings().await?;
        let found = settings.into_iter().find(|(name, _)| name == SETTING);
        match found.map(|(_, value)| value) {
            None => Ok(None),
            Some(Json::Object(changed)) => Ok(Some(changed)),
            Some(_) => Err(Fault::new(tessera_kernel::Code::Internal, "a stored policy of keys")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn terms(json: Json) -> Terms {
        serde_json::from_value(json).expect("terms")
    }

    #[test]
    fn approval_depends_on_what_a_key_opens_and_not_on_what_it_is_called() {
        let changed = json!({ "approval_actions": ["statements.run"], "approval_kinds": ["agt"] });
        let policy = KeyPolicy::default().with(changed.as_object().expect("an object"));
        let policy = policy.expect("good");
        let narrow = terms(json!({ "grants": [{ "action": "queries.run" }] }));
        let wide = terms(json!({ "grants": [{ "action": "statements.*" }] }));
        let trap = terms(json!({ "canary": true }));
        let (all, none) = (|_| true, |_| false);
        assert!(!policy.needs_approval(KeyKind::User, &narrow, all));
        assert!(policy.needs_approval(KeyKind::User, &wide, none));
        assert!(policy.needs_approval(KeyKind::User, &Terms::default(), all));
        assert!(!policy.needs_approval(KeyKind::User, &Terms::default(), none));
        assert!(policy.needs_approval(KeyKind::Agent, &narrow, none));
        assert!(!policy.needs_approval(KeyKind::Agent, &trap, all), "a trap opens nothing");
    }

    #[test]
    fn a_policy_that_contradicts_itself_is_refused() {
        for wrong in [
            json!({ "lifetime_days_max": 30 }),
            json!({ "lifetime_days_max": 30, "default_lifetime_days": 0 }),
            json!({ "restore_days": 40_000 }),
            json!({ "restor_days": 1 }),
            json!({ "approval_kinds": ["xyz"] }),
            json!({ "approval_actions": ["no.such"] }),
        ] {
            let changed = wrong.as_object().expect("an object");
            assert!(KeyPolicy::default().with(changed).is_err(), "{wrong}");
        }
    }
}
