//! From a caller and an act to the right to do it.

use tessera_kernel::ids::{SourceId, UserId};
use tessera_kernel::{Code, Fault, Result};

use super::rules::{decide, forbidden, missing, not_ones_own, out_of_scope, refusal};
use super::{Gate, RequestContext};
use crate::acts::{Act, Object};
use crate::ports::Facts;
use crate::{Action, AuditEntry, Caller, Ledger, Need, UserPrincipal, Visible};

/// The right of a caller to do one thing, once. Only [`Gate::permit`] makes it.
#[derive(Debug, Clone)]
pub struct Authorized<A> {
    act: A,
    caller: Caller,
    facts: Facts,
    /// For a list: the only data sources whose objects the key may list.
    within: Option<Vec<SourceId>>,
    /// Of audited acts only: others have no record to put it into.
    context: Option<Box<RequestContext>>,
    ledger: Ledger,
}

impl<A> Authorized<A> {
    /// The record of the request.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What may be done.
    pub fn act(&self) -> &A {
        &self.act
    }

    /// Who may do it.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// What the rules knew of the object.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Where the request came from, for records of an audited act.
    pub(crate) fn context(&self) -> Option<&RequestContext> {
        self.context.as_deref()
    }

    /// The user who may do it.
    ///
    /// # Errors
    /// `Forbidden` for the holder of a query's or dashboard's key.
    pub fn user(&self) -> Result<&UserPrincipal> {
        self.caller.user().ok_or_else(|| Fault::new(Code::Forbidden, "only a user may do this"))
    }

    /// What a list may contain.
    ///
    /// # Errors
    /// `Forbidden` for the holder of a query's or dashboard's key.
    pub fn visible(&self) -> Result<Visible> {
        let user = self.user()?;
        let mut sources: Vec<SourceId> = user.sources.keys().copied().collect();
        sources.sort_unstable();
        let visible = Visible { everything: user.is_admin(), user: user.id, sources };
        match &self.within {
            None => Ok(visible),
            Some(within) => Ok(Visible {
                everything: false,
                user: UserId(0),
                sources: within
                    .iter()
                    .copied()
                    .filter(|id| visible.everything || visible.sources.contains(id))
                    .collect(),
            }),
        }
    }
}

impl Gate {
    /// Decides whether a caller may do something, and writes down what changes rights or secrets
    /// before it takes effect.
    ///
    /// # Errors
    /// `Unauthenticated`, `OutOfScope`, `Forbidden` or `NotFound`.
    pub async fn permit<A: Act>(
        &self,
        caller: &Caller,
        context: &RequestContext,
        act: A,
    ) -> Result<Authorized<A>> {
        let object = act.object();
        context.ledger.note(|entry| {
            entry.action = Some(A::ACTION.as_str());
            entry.object = object.label();
        });
        let decided = self.decide(caller, A::ACTION, object).await;
        context.ledger.note(|entry| {
            if entry.actor.is_none() {
                entry.actor = Some(caller.label());
            }
            entry.dialect = Some(context.dialect);
            entry.owner = entry.owner.or(caller.user().map(|user| user.id));
            entry.about(object, decided.as_ref().unwrap_or(&Facts::default()));
            entry.refused = decided.as_ref().err().map(refusal);
        });
        let facts = match decided {
            Ok(facts) => facts,
            Err(fault) => {
                self.note_refusal(caller, context, A::ACTION, object, &fault).await;
                return Err(fault);
            }
        };
        let mut kept = None;
        if A::ACTION.is_audited() {
            let entry = AuditEntry {
                actor: caller.label(),
                action: A::ACTION.as_str(),
                object: object.label(),
                detail: crate::audit::detail_of(caller),
            };
            self.inner.audit.record(context, entry).await?;
            kept = Some(Box::new(context.clone()));
        }
        let within = caller.key().and_then(|key| key.listed_sources(A::ACTION));
        let ledger = context.ledger.clone();
        Ok(Authorized { act, caller: caller.clone(), facts, within, context: kept, ledger })
    }

    /// Whether a caller may do something, without doing or recording it. Gives what the rules knew.
    ///
    /// # Errors
    /// As [`permit`](Self::permit); the fault's reason and detail say which rule decided.
    pub async fn decide(&self, caller: &Caller, action: Action, object: Object) -> Result<Facts> {
        if matches!(caller, Caller::Anonymous) {
            return Err(Fault::new(Code::Unauthenticated, "sign in or send a key")
                .with_reason("key_missing"));
        }
        if action.is_about_oneself()
            && let Some(key) = caller.key()
            && object == Object::Key(key.id())
            && !key.terms().any(|terms| terms.canary)
        {
            return Ok(Facts::default());
        }
        if let Some(user) = caller.user()
            && !user.holds(action)
        {
            return Err(forbidden(action));
        }
        let facts = match object {
            Object::None => Facts::default(),
            object => match self.inner.repos.facts(object).await? {
                Some(facts) => facts,
                None if caller.user().is_some() => return Err(missing(object)),
                None => return Err(out_of_scope()),
            },
        };
        if let Some(hidden) = not_ones_own(action, caller, object, &facts) {
            return Err(hidden);
        }
        decide(action, caller, object, &facts)?;
        self.check_inputs(caller, object, &facts).await?;
        if let Some(key) = caller.key() {
            key.check(action, object, &facts)?;
        }
        Ok(facts)
    }

    /// Writes down that somebody known tried what only few may do.
    async fn note_refusal(
        &self,
        caller: &Caller,
        context: &RequestContext,
        action: Action,
        object: Object,
        fault: &Fault,
    ) {
        let matters = action.is_audited() || action.need() == Need::Admin;
        if !matters || !matches!(fault.code(), Code::Forbidden | Code::OutOfScope) {
            return;
        }
        let mut detail = crate::audit::detail_of(caller);
        detail["refused"] = serde_json::Value::from(refusal(fault));
        let entry = AuditEntry {
            actor: caller.label(),
            action: action.as_str(),
            object: object.label(),
            detail,
        };
        self.inner.audit.refused(context, entry).await;
    }
}
