//! Keys, their policy and workspaces on the wire.

use tessera_access as core;
use tessera_kernel::ids::{KeyId, UserId};
use tessera_kernel::{Fault, Result, Timestamp};

use crate::wire::key_policy::{KeyPolicy, LeakRule};
use crate::wire::keys::{
    Approval, BulkRevocation, CreatedKey, Format, Key, NewKey, NewPermissionKey, Widening, networks,
};
use crate::wire::workspaces::Workspace;

pub(crate) fn key(key: &core::Key, now: Timestamp) -> Key {
    Key {
        id: key.id.0,
        uid: key.uid,
        kind: key.kind.as_str(),
        state: key.state(now).as_str(),
        owner: key.owner.label(),
        name: key.name.clone(),
        hint: key.hint.clone(),
        is_recoverable: key.sealed.is_some(),
        terms: key.terms.clone(),
        parent_id: key.parent.map(|id| id.0),
        predecessor_id: key.predecessor.map(|id| id.0),
        created_by_id: key.created_by.map(|id| id.0),
        not_before: key.not_before,
        expires_at: key.expires_at,
        replaced_at: key.replaced_at,
        disabled_at: key.disabled_at,
        revoked_at: key.revoked_at,
        last_used_at: key.last_used_at,
        last_used_address: key.last_use.address.clone(),
        last_used_client: key.last_use.client.clone(),
        last_used_transport: key.last_use.transport.clone(),
        created_at: key.created_at,
        approval: key.approval.as_ref().map(|approval| Approval {
            justification: approval.justification.clone(),
            decided_by_id: approval.by.map(|id| id.0),
            approved_at: approval.approved_at,
            refused_at: approval.refused_at,
        }),
        widening: key.widening.as_ref().map(|widening| Widening {
            terms: widening.terms.clone(),
            justification: widening.justification.clone(),
            asked_by_id: widening.asked_by.0,
            asked_at: widening.asked_at,
            until: widening.until,
            decided_by_id: widening.decided_by.map(|id| id.0),
            approved_at: widening.approved_at,
            refused_at: widening.refused_at,
        }),
    }
}

pub(crate) fn minted(minted: &core::MintedKey, now: Timestamp) -> CreatedKey {
    CreatedKey { key: key(&minted.key, now), secret: minted.secret.expose().to_owned() }
}

/// Reads whose a key is: `user:7`.
pub(crate) fn owner(text: &str) -> Result<core::KeyOwner> {
    core::KeyOwner::parse(text).ok_or_else(|| {
        Fault::invalid("owner", "send a kind and a number: user:7, query:42, workspace:1")
    })
}

fn expiry(asked: Option<Option<Timestamp>>) -> core::Expiry {
    match asked {
        None => core::Expiry::Usual,
        Some(None) => core::Expiry::Never,
        Some(Some(end)) => core::Expiry::At(end),
    }
}

const fn format(format: Format) -> core::KeyFormat {
    match format {
        Format::Own => core::KeyFormat::Own,
        Format::Uuid => core::KeyFormat::Uuid,
    }
}

pub(crate) fn new_key(body: NewKey) -> Result<core::NewKey> {
    let mut terms = body.terms;
    terms.immutable |= body.immutable;
    terms.canary |= body.canary;
    Ok(core::NewKey {
        name: body.name,
        kind: body.kind,
        owner: body.owner.as_deref().map(owner).transpose()?,
        terms,
        not_before: body.not_before,
        expires: expiry(body.expires_at),
        justification: body.justification,
        format: format(body.format),
    })
}

pub(crate) fn new_permission_key(body: NewPermissionKey) -> Result<core::NewPermissionKey> {
    Ok(core::NewPermissionKey {
        name: body.name,
        permissions: body.permissions,
        ip_allowlist: networks("ip_allowlist", &body.ip_allowlist)?,
        kind: body.kind,
        expires: expiry(body.expires_at),
        justification: body.justification,
        format: format(body.format),
    })
}

pub(crate) fn bulk_revocation(body: BulkRevocation) -> Result<core::BulkRevocation> {
    Ok(core::BulkRevocation {
        filter: core::KeyFilter {
            ids: body.ids.into_iter().map(KeyId).collect(),
            owner: body.owner.as_deref().map(owner).transpose()?,
            created_by: body.created_by_id.map(UserId),
            kind: body.kind,
            created_before: body.created_before,
            unused_since: body.unused_since,
            ..core::KeyFilter::default()
        },
        recoverable: body.include_recoverable,
        dry_run: body.dry_run,
    })
}

pub(crate) fn policy(policy: &core::KeyPolicy) -> KeyPolicy {
    KeyPolicy {
        default_lifetime_days: policy.default_lifetime_days,
        lifetime_days_max: policy.lifetime_days_max,
        unused_days_max: policy.unused_days_max,
        restore_days: policy.restore_days,
        approval_actions: policy
            .approval_actions
            .iter()
            .map(|one| one.as_str().to_owned())
            .collect(),
        approval_kinds: policy.approval_kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
        four_eyes: policy.four_eyes,
        recoverable_keys_manage_keys: policy.recoverable_keys_manage_keys,
        leaked_keys: match policy.leaked_keys {
            core::LeakRule::Revoke => LeakRule::Revoke,
            core::LeakRule::Notify => LeakRule::Notify,
        },
    }
}

pub(crate) fn workspace(workspace: &core::Workspace) -> Workspace {
    Workspace {
        id: workspace.id.0,
        uid: workspace.uid,
        name: workspace.name.clone(),
        created_at: workspace.created_at,
    }
}
