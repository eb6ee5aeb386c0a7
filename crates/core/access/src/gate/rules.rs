//! The rules: what a caller may do to an object of which this is known, and how it is refused.

use tessera_kernel::{Code, Fault, Result};

use crate::acts::Object;
use crate::ports::Facts;
use crate::{AccessLevel, Action, Caller, Need, UserPrincipal};

/// What was made for others: jobs and results of other runs, for who sees only its own; results made
/// with attributes that the caller does not have.
pub(super) fn not_ones_own(
    action: Action,
    caller: &Caller,
    object: Object,
    facts: &Facts,
) -> Option<Fault> {
    let runs = matches!(action, Action::JobsRead | Action::JobsCancel | Action::ResultsRead);
    let closed = || match caller.user() {
        Some(_) => missing(object),
        None => out_of_scope(),
    };
    if runs && caller.sees_own_runs_only() && !facts.participants.contains(&caller.participant()) {
        return Some(closed());
    }
    let open = || {
        caller.user().is_some_and(UserPrincipal::is_admin)
            && caller.key().is_none_or(|key| !key.is_narrowed())
    };
    let differs = |(name, value): (&String, &serde_json::Value)| {
        caller.attribute(name).ok().is_none_or(|own| own != value)
    };
    (facts.attributes.iter().any(differs) && !open()).then(closed)
}

/// The rules. Nothing matched means no.
pub(super) fn decide(action: Action, caller: &Caller, object: Object, facts: &Facts) -> Result<()> {
    if action == Action::KeysDelegate {
        // A key makes keys below itself, and nobody does it for another one.
        let itself = caller.key().is_some_and(|key| object == Object::Key(key.id()));
        return match caller {
            Caller::Anonymous => Err(Fault::new(Code::Unauthenticated, "sign in or send a key")),
            _ if itself => Ok(()),
            Caller::User { .. } => Err(forbidden(action)),
            _ => Err(out_of_scope()),
        };
    }
    if let Some(viewer) = facts.viewer
        && !caller.user().is_some_and(|user| viewer.admits(user))
    {
        // That there are rows for somebody else is nobody's business.
        return Err(if caller.user().is_some() { missing(object) } else { out_of_scope() });
    }
    match caller {
        Caller::Anonymous => Err(Fault::new(Code::Unauthenticated, "sign in or send a key")),
        Caller::User { user, .. } => decide_user(action, user, caller, object, facts),
        Caller::Query(principal) => {
            // Of a run with values, only the answer to its own request is for this caller.
            let own = facts.participants.contains(&caller.participant());
            let shared = facts.result_of.contains(&principal.query)
                && !facts.has_values
                && !principal.key.is_bounded();
            let result = matches!(object, Object::Result(_)) && (own || shared);
            let inside = facts.query == Some(principal.query);
            if !(result || inside && !matches!(object, Object::Result(_))) {
                return Err(out_of_scope());
            }
            match action {
                Action::QueriesRead
                | Action::QueriesRun
                | Action::JobsRead
                | Action::ResultsRead => Ok(()),
                _ => Err(forbidden(action)),
            }
        }
        Caller::Dashboard(principal) => {
            if action == Action::ActivityRecord {
                return Ok(());
            }
            let own = facts.dashboard == Some(principal.dashboard)
                || facts.query.is_some_and(|query| principal.queries.contains(&query));
            if !own {
                return Err(out_of_scope());
            }
            match action {
                Action::DashboardsRead
                | Action::QueriesRead
                | Action::QueriesRun
                | Action::JobsRead => Ok(()),
                _ => Err(forbidden(action)),
            }
        }
        Caller::Workspace(principal) => {
            if object != Object::Workspace(principal.workspace) {
                return Err(out_of_scope());
            }
            match action.need() {
                Need::Workspace => Ok(()),
                _ => Err(forbidden(action)),
            }
        }
    }
}

fn decide_user(
    action: Action,
    user: &UserPrincipal,
    caller: &Caller,
    object: Object,
    facts: &Facts,
) -> Result<()> {
    if user.is_admin() {
        return Ok(());
    }
    let owns = facts.owner == Some(user.id);
    let level = facts.source.and_then(|source| user.level(source));
    let allowed = match action.need() {
        Need::Nothing => true,
        Need::Admin | Need::Workspace => false,
        Need::OneselfOrAdmin => object == Object::User(user.id),
        Need::SourceView => level.is_some() || (facts.detached && owns),
        Need::SourceFull => level == Some(AccessLevel::Full),
        Need::Editor => owns || facts.editors.contains(&user.id),
        Need::Owner => owns,
        Need::MemberOrAdmin => facts.members.contains(&user.id),
        // Whether somebody else's job exists is nobody's business.
        Need::Participant => {
            if !facts.participants.contains(&caller.participant()) {
                return Err(missing(object));
            }
            true
        }
    };
    if allowed { Ok(()) } else { Err(forbidden(action)) }
}

/// Why something was refused, for records.
pub(super) fn refusal(fault: &Fault) -> &'static str {
    fault.reason().unwrap_or(match fault.code() {
        Code::Unauthenticated => "key_missing",
        Code::OutOfScope | Code::NotFound => "object_denied",
        _ => "scope_missing",
    })
}

pub(super) fn out_of_scope() -> Fault {
    Fault::new(Code::OutOfScope, "the key does not open this").with_reason("object_denied")
}

pub(super) fn forbidden(action: Action) -> Fault {
    Fault::new(Code::Forbidden, format!("the right to {} is missing", action.as_str()))
        .with_reason("scope_missing")
}

pub(super) fn missing(object: Object) -> Fault {
    Fault::not_found(object.kind())
}
