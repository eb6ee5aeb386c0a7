//! The dry run: whether a caller may do something, which rule decides, and what would be needed.

use tessera_kernel::{Code, Fault, Result};

use super::Gate;
use super::rules::{decide, not_ones_own, refusal};
use crate::acts::Object;
use crate::keys::ActiveKey;
use crate::keys::terms::{Ruling, Terms};
use crate::ports::Facts;
use crate::{Action, Caller, Need};

/// What the gate would say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may.
    pub allow: bool,
    /// Why not, as a stable word.
    pub reason: Option<&'static str>,
    /// The rule that decides, in words: `key:12 allow queries.run @ query:42`.
    pub rule: String,
    /// What would be needed; nothing if it may.
    pub needed: Vec<String>,
}

impl Verdict {
    /// The answer when the gate allows something, but not with these values of parameters.
    ///
    /// # Errors
    /// The fault itself if it is no refusal.
    pub fn refused_values(fault: Fault) -> Result<Self> {
        if !is_refusal(&fault) {
            return Err(fault);
        }
        Ok(Self {
            allow: false,
            reason: Some(refusal(&fault)),
            rule: fault.detail().to_owned(),
            needed: vec!["leave the parameter out, or send a value that the key allows".into()],
        })
    }
}

impl Gate {
    /// Whether a caller may do something, without doing or recording it. The answer is that of
    /// [`decide`](Self::decide), with its rule in words. What a key says of values of parameters is
    /// asked where values are read.
    ///
    /// # Errors
    /// If storage fails; a refusal is an answer.
    pub async fn explain(
        &self,
        caller: &Caller,
        action: Action,
        object: Object,
    ) -> Result<Verdict> {
        let facts = match self.decide(caller, action, object).await {
            Ok(facts) => facts,
            Err(fault) if is_refusal(&fault) => {
                let (rule, needed) = self.why_not(caller, action, object, &fault).await?;
                let reason = Some(refusal(&fault));
                return Ok(Verdict { allow: false, reason, rule, needed });
            }
            Err(fault) => return Err(fault),
        };
        Ok(Verdict {
            allow: true,
            reason: None,
            rule: why(caller, action, object, &facts),
            needed: Vec::new(),
        })
    }

    /// Which of several actions a caller may do to one object. Facts are read once.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn allowed(
        &self,
        caller: &Caller,
        object: Object,
        actions: &[Action],
    ) -> Result<Vec<Action>> {
        let facts = match object {
            Object::None => Some(Facts::default()),
            object => self.inner.repos.facts(object).await?,
        };
        let Some(facts) = facts else { return Ok(Vec::new()) };
        let may = |action: &Action| {
            caller.user().is_none_or(|user| user.holds(*action))
                && not_ones_own(*action, caller, object, &facts).is_none()
                && decide(*action, caller, object, &facts).is_ok()
                && caller.key().is_none_or(|key| key.check(*action, object, &facts).is_ok())
        };
        Ok(actions.iter().copied().filter(may).collect())
    }

    async fn why_not(
        &self,
        caller: &Caller,
        action: Action,
        object: Object,
        fault: &Fault,
    ) -> Result<(String, Vec<String>)> {
        if let Some(user) = caller.user()
            && !user.holds(action)
        {
            let held = |word: &&&str| user.permissions.iter().any(|held| held == **word);
            let missing = action.words().iter().filter(|word| !held(word));
            let needed = missing.map(|word| format!("a group with the permission {word}"));
            return Ok((format!("user:{} lacks {}", user.id, action.as_str()), needed.collect()));
        }
        // What is hidden and what is not there have the same answer.
        if fault.code() == Code::NotFound {
            let needed = vec![format!("a {} that exists", object.kind())];
            return Ok((format!("there is no {}", object.label()), needed));
        }
        let facts = match object {
            Object::None => Facts::default(),
            object => self.inner.repos.facts(object).await?.unwrap_or_default(),
        };
        if decide(action, caller, object, &facts).is_ok()
            && let Some(key) = caller.key()
            && let Some(found) = against_terms(key, action, object, &facts)
        {
            return Ok(found);
        }
        let needed = if object == Object::None && wants_object(action.need()) {
            "a resource, such as query:42".to_owned()
        } else {
            // Who is no user is told nothing of objects that are not its own.
            let facts = if caller.user().is_some() { facts } else { Facts::default() };
            need_text(action.need(), &facts)
        };
        Ok((format!("{}: {}", caller.label(), fault.detail()), vec![needed]))
    }
}

/// Whether a fault is the gate's answer, and not a failure to find one.
fn is_refusal(fault: &Fault) -> bool {
    matches!(
        fault.code(),
        Code::Unauthenticated | Code::OutOfScope | Code::Forbidden | Code::NotFound
    )
}

/// The terms that refuse an act.
fn against_terms(
    key: &ActiveKey,
    action: Action,
    object: Object,
    facts: &Facts,
) -> Option<(String, Vec<String>)> {
    named_terms(key).find_map(|(name, terms)| {
        let at = if object == Object::None { "*".to_owned() } else { object.label() };
        match terms.rule(action, object, facts) {
            Ruling::Allowed(_) => None,
            Ruling::Denied(place) => Some((
                format!("{name} {}", terms.grant_text(place)),
                vec![format!("{name} without that denial")],
            )),
            Ruling::NoAction | Ruling::NoObject => Some((
                format!("{name}: no grant matches"),
                vec![format!("{name} with allow {} @ {at}", action.as_str())],
            )),
        }
    })
}

/// All terms with a name each, in the order in which they decide.
fn named_terms(key: &ActiveKey) -> impl Iterator<Item = (String, &Terms)> {
    let above = key.above.iter().rev().map(|key| (format!("key:{} (parent)", key.id), &key.terms));
    let own = std::iter::once((format!("key:{}", key.key.id), &key.key.terms));
    let caveats = key.caveats.iter().map(|terms| ("token".to_owned(), terms));
    above.chain(own).chain(caveats)
}

/// Why something is allowed: the grant of the narrowest terms, else the right of the caller.
fn why(caller: &Caller, action: Action, object: Object, facts: &Facts) -> String {
    let granted = caller.key().and_then(|key| {
        named_terms(key)
            .filter_map(|(name, terms)| match terms.rule(action, object, facts) {
                Ruling::Allowed(Some(place)) => Some(format!("{name} {}", terms.grant_text(place))),
                _ => None,
            })
            .last()
    });
    granted.unwrap_or_else(|| match caller {
        Caller::Anonymous => "everybody may".to_owned(),
        Caller::User { user, .. } if user.is_admin() => {
            format!("user:{} is an administrator", user.id)
        }
        Caller::User { user, .. } => {
            format!("user:{} has {}", user.id, need_text(action.need(), facts))
        }
        Caller::Query(principal) => format!("the key opens query:{}", principal.query),
        Caller::Dashboard(principal) => format!("the key opens dashboard:{}", principal.dashboard),
        Caller::Workspace(principal) => format!("the key opens workspace:{}", principal.workspace),
    })
}

const fn wants_object(need: Need) -> bool {
    !matches!(need, Need::Nothing | Need::Admin | Need::Workspace)
}

/// What an action demands, in words.
fn need_text(need: Need, facts: &Facts) -> String {
    let source =
        facts.source.map_or_else(|| "its data source".to_owned(), |id| format!("source:{id}"));
    match need {
        Need::Nothing => "a sign-in or a key".to_owned(),
        Need::Admin => "the rights of an administrator".to_owned(),
        Need::OneselfOrAdmin => "to be that user, or the rights of an administrator".to_owned(),
        Need::SourceView => format!("a group that sees {source}"),
        Need::SourceFull => format!("a group with full access to {source}"),
        Need::Editor => "to own it or be granted editing".to_owned(),
        Need::Owner => "to own it".to_owned(),
        Need::Participant => "to have asked for the job".to_owned(),
        Need::MemberOrAdmin => "to be a member, or the rights of an administrator".to_owned(),
        Need::Workspace => "a key of the workspace".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};
    use tessera_kernel::ids::{QueryId, SourceId, UserId};

    use super::*;
    use crate::{Key, KeyKind, KeyOwner};

    fn key(terms: Json) -> ActiveKey {
        let owner = KeyOwner::User(UserId(7));
        let mut key = Key::blank(KeyKind::User, owner, chrono::DateTime::UNIX_EPOCH);
        key.id = 12.into();
        key.terms = serde_json::from_value(terms).expect("terms");
        ActiveKey::alone(key)
    }

    #[test]
    fn the_grant_that_decides_is_named() {
        let key = key(json!({ "grants": [
            { "action": "queries.*", "resource": "source:1" },
            { "effect": "deny", "action": "queries.run", "resource": "query:42" },
        ]}));
        let facts =
            Facts { query: Some(QueryId(42)), source: Some(SourceId(1)), ..Facts::default() };
        let object = Object::Query(QueryId(42));
        let ask = |action| against_terms(&key, action, object, &facts);
        assert_eq!(ask(Action::QueriesRead), None);
        let (rule, _) = ask(Action::QueriesRun).expect("denied");
        assert_eq!(rule, "key:12 deny queries.run @ query:42");
        let (rule, needed) = ask(Action::ResultsRead).expect("not granted");
        assert_eq!(rule, "key:12: no grant matches");
        assert_eq!(needed, ["key:12 with allow results.read @ query:42"]);
    }
}
