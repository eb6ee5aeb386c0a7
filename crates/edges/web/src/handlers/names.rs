//! Names of what keys belong to, as far as the caller may know them.

use std::collections::BTreeSet;

use tessera_access::terms::Selector;
use tessera_access::{Key, KeyOwner, ReadQuery, ReadUser};
use tessera_kernel::ids::{QueryId, UserId};
use tessera_kernel::{Code, Result};

use crate::call::Call;
use crate::words::Names;

/// Grants beyond these are not told one by one.
const GRANTS_MAX: usize = 6;

/// The names for some keys: a page of them, or one.
pub(super) async fn of(call: &Call, keys: &[Key]) -> Result<Names> {
    let mut names = Names::default();
    let (mut queries, mut users) = (BTreeSet::new(), BTreeSet::new());
    for key in keys {
        match key.owner {
            KeyOwner::Query(id) => drop(queries.insert(id)),
            KeyOwner::User(id) => drop(users.insert(id)),
            KeyOwner::Dashboard(_) | KeyOwner::Workspace(_) => {}
        }
        users.extend(key.created_by.iter().chain(&key.disabled_by).chain(&key.revoked_by));
        queries.extend(key.terms.grants.iter().take(GRANTS_MAX).filter_map(|grant| {
            match grant.resource {
                Selector::Query(id, _) => Some(id),
                _ => None,
            }
        }));
    }
    for id in queries {
        if let Some(name) = query(call, id).await? {
            names.queries.insert(id, name);
        }
    }
    for id in users {
        if let Some(name) = user(call, id).await? {
            names.users.insert(id, name);
        }
    }
    Ok(names)
}

async fn query(call: &Call, query: QueryId) -> Result<Option<String>> {
    let Some(grant) = call.permit_aside(ReadQuery { query }).await? else { return Ok(None) };
    let found = call.bi().queries.get(&grant).await;
    unless_gone(found.map(|detail| detail.listing.query.name))
}

async fn user(call: &Call, user: UserId) -> Result<Option<String>> {
    let Some(grant) = call.permit_aside(ReadUser { user }).await? else { return Ok(None) };
    unless_gone(call.access().users.get(&grant).await.map(|user| user.name))
}

fn unless_gone(found: Result<String>) -> Result<Option<String>> {
    match found {
        Ok(name) => Ok(Some(name)),
        Err(fault) if fault.code() == Code::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}
