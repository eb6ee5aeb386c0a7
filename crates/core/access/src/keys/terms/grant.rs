//! One grant: an effect, an action or a family of actions, and the objects it is for.

use serde::{Deserialize, Serialize};

use super::Selector;
use crate::Action;

/// Whether a grant allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Allows.
    Allow,
    /// Denies, whatever else allows.
    Deny,
}

/// Actions: one name, a family such as `queries.*`, or all of them, `*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ActionPattern(String);

impl ActionPattern {
    /// Whether an action is one of these.
    #[must_use]
    pub fn matches(&self, action: Action) -> bool {
        match self.0.strip_suffix('*') {
            Some(family) => action.as_str().starts_with(family),
            None => action.as_str() == self.0,
        }
    }

    /// Whether every action of these is one of `other`'s, also of actions that are yet to come.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        match other.0.strip_suffix('*') {
            Some(family) => self.0.starts_with(family),
            None => self.0 == other.0,
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Action> for ActionPattern {
    fn from(action: Action) -> Self {
        Self(action.as_str().to_owned())
    }
}

impl TryFrom<String> for ActionPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let family = text.strip_suffix('*');
        // A family ends at a dot, so that `user*` cannot mean more than was read.
        let whole = family.is_none_or(|family| family.is_empty() || family.ends_with('.'));
        let pattern = Self(text);
        if whole && Action::ALL.iter().any(|action| pattern.matches(*action)) {
            return Ok(pattern);
        }
        Err(format!(
            "there is no action {:?}; write one such as queries.run, queries.* or *",
            pattern.0
        ))
    }
}

impl From<ActionPattern> for String {
    fn from(pattern: ActionPattern) -> Self {
        pattern.0
    }
}

/// One grant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Whether it allows or denies.
    #[serde(default = "allow")]
    pub effect: Effect,
    /// Which actions.
    pub action: ActionPattern,
    /// On which objects.
    #[serde(default)]
    pub resource: Selector,
}

const fn allow() -> Effect {
    Effect::Allow
}

impl Grant {
    /// Allows an action on the objects of a selector.
    #[must_use]
    pub fn allow(action: Action, resource: Selector) -> Self {
        Self { effect: Effect::Allow, action: action.into(), resource }
    }
}

impl std::fmt::Display for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let effect = match self.effect {
            Effect::Allow => "allow",
            Effect::Deny => "deny",
        };
        write!(f, "{effect} {} @ {}", self.action.as_str(), self.resource)
    }
}
