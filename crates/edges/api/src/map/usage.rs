//! What keys are, may, reach and did, on the wire.

use tessera_access as core;
use tessera_access::{Action, ActiveKey, Caller, Period};
use tessera_kernel::{Fault, Result, Timestamp};

use super::keys;
use crate::wire::usage::{
    KeyReach, KeySelf, KeyUsage, Proposal, ReachedObject, Refusal, SeenKey, Share, UsageHour,
    Verdict,
};

fn json(terms: &core::terms::Terms) -> Result<serde_json::Value> {
    serde_json::to_value(terms).map_err(|error| Fault::internal("terms cannot be JSON", error))
}

pub(crate) fn key_self(active: &ActiveKey, caller: &Caller) -> Result<KeySelf> {
    let key = &active.key;
    let above = active.above.iter().rev().map(|key| &key.terms).chain(&active.caveats);
    Ok(KeySelf {
        id: key.id.0,
        uid: key.uid,
        kind: key.kind.as_str().to_owned(),
        name: key.name.clone(),
        hint: key.hint.clone(),
        owner: key.owner.label(),
        acts_as: caller.label(),
        terms: json(&key.terms)?,
        narrowed_by: above.map(json).collect::<Result<_>>()?,
        created_at: key.created_at,
        not_before: key.not_before,
        expires_at: key.expires_at,
        last_used_at: key.last_used_at,
    })
}

pub(crate) fn verdict(verdict: core::Verdict) -> Verdict {
    Verdict {
        allow: verdict.allow,
        reason: verdict.reason.map(str::to_owned),
        rule: verdict.rule,
        needed: verdict.needed,
    }
}

fn names(actions: &[Action]) -> Vec<String> {
    actions.iter().map(|action| action.as_str().to_owned()).collect()
}

const fn share(share: tessera_bi::Share) -> Share {
    Share { used: share.reached, of: share.of }
}

pub(crate) fn reach(key: i64, reach: &tessera_bi::KeyReach) -> KeyReach {
    let object = |found: &tessera_bi::ReachedObject| ReachedObject {
        object: found.object.label(),
        name: found.name.clone(),
        actions: names(&found.actions),
        tables: found.tables.clone(),
    };
    KeyReach {
        key_id: key,
        actions: names(&reach.actions),
        objects: reach.objects.iter().map(object).collect(),
        sources: share(reach.sources),
        queries: share(reach.queries),
        dashboards: share(reach.dashboards),
        alerts: share(reach.alerts),
        is_truncated: reach.truncated,
    }
}

pub(crate) fn usage(key: i64, period: Period, hours: &[core::UsageHour]) -> KeyUsage {
    let hour = |hour: &core::UsageHour| UsageHour {
        hour: hour.hour,
        requests: hour.requests,
        refused: hour.refused,
        rows: hour.rows,
        bytes: hour.bytes,
        duration_ms: hour.duration_ms,
        duration_ms_max: hour.duration_ms_max,
    };
    KeyUsage {
        key_id: key,
        from: period.from,
        to: period.to,
        requests: hours.iter().map(|hour| hour.requests).sum(),
        refused: hours.iter().map(|hour| hour.refused).sum(),
        rows: hours.iter().map(|hour| hour.rows).sum(),
        bytes: hours.iter().map(|hour| hour.bytes).sum(),
        hours: hours.iter().map(hour).collect(),
    }
}

pub(crate) fn refusal(refusal: core::Refusal) -> Refusal {
    Refusal {
        at: refusal.at,
        request_id: refusal.request_id,
        reason: refusal.reason,
        action: refusal.action,
        object: refusal.object,
        method: refusal.method,
        route: refusal.route,
        status: refusal.status,
        address: refusal.address,
        client: refusal.client,
    }
}

pub(crate) fn proposal(
    key: i64,
    period: Period,
    observed: &core::Observed,
    proposal: core::Proposal,
    reach: &tessera_bi::KeyReach,
) -> Result<Proposal> {
    let used = |used, of: usize| Share { used, of: of.max(used) };
    Ok(Proposal {
        key_id: key,
        from: period.from,
        to: period.to,
        requests: observed.requests,
        refused: observed.refused,
        first_at: observed.first,
        last_at: observed.last,
        actions: used(proposal.actions, reach.actions.len()),
        queries: used(proposal.queries, reach.queries.reached),
        sources: used(proposal.sources, reach.sources.reached),
        networks: proposal.networks.iter().map(ToString::to_string).collect(),
        formats: observed.formats.clone(),
        terms: proposal.terms.as_ref().map(json).transpose()?,
        notes: proposal.notes,
    })
}

pub(crate) fn seen(key: &core::Key, now: Timestamp) -> SeenKey {
    SeenKey { key: keys::key(key, now), url_used_at: key.last_use.url_at }
}
