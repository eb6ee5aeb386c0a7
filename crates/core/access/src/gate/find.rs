//! What storage knows of a key or a token, and for whom it acts.

use std::collections::HashMap;
use std::sync::Arc;

use tessera_kernel::ids::{DashboardId, KeyId, SourceId, UserId};
use tessera_kernel::{Code, Fault, Result, Secret};

use super::authenticate::unknown;
use super::{Gate, PARENTS_MAX};
use crate::caller::{DashboardPrincipal, QueryPrincipal, WorkspacePrincipal};
use crate::keys::{ActiveKey, Key, KeyOwner, Token, format, hex, root_secret};
use crate::ports::UserWithRights;
use crate::{AccessLevel, Caller, UserPrincipal};

impl Gate {
    /// The key with this text, whatever its state; for finding leaks.
    ///
    /// # Errors
    /// If storage fails.
    pub(crate) async fn find(&self, text: &Secret) -> Result<Option<Key>> {
        match format::read(text.expose()) {
            Some(shape) => self.find_key(text.expose(), shape).await,
            None => Ok(None),
        }
    }

    /// The key of a token, with what the token says; `None` for one that was not made from it.
    pub(super) async fn find_token(&self, token: &Token<'_>) -> Result<Option<ActiveKey>> {
        let key = self.inner.repos.key_by_lookup(token.id).await?;
        // An unknown key costs as much as a known one.
        let root = key.as_ref().and_then(|key| root_secret(&self.inner.peppers, key));
        let fits = token.fits(&root.unwrap_or([0; 32])) && root.is_some();
        let Some(key) = key.filter(|key| fits && key.terms.attenuable) else { return Ok(None) };
        let longest = chrono::TimeDelta::seconds(self.inner.settings.token_seconds_max);
        let Some((caveats, facts)) = token.terms(self.inner.clock.now() + longest) else {
            return Ok(None);
        };
        let found = self.with_above(key).await?;
        Ok(found.map(|found| ActiveKey { caveats, token: Some(facts), ..found }))
    }

    pub(super) async fn find_key(
        &self,
        text: &str,
        shape: format::KeyText<'_>,
    ) -> Result<Option<Key>> {
        match shape {
            format::KeyText::Own { id, kind } => {
                let found = self.inner.repos.key_by_lookup(id).await?;
                // An unknown identifier costs as much as a known one.
                let nobody = [0; 32];
                let (version, digest) =
                    found.as_ref().map_or((0, &nobody), |key| (key.pepper_version, &key.digest));
                let fits = self.inner.peppers.verify(text, version, digest);
                Ok(found.filter(|key| fits && key.kind == kind))
            }
            format::KeyText::Foreign => {
                // Found by its digest, which nobody can compute without the pepper.
                for digest in self.inner.peppers.digests(text) {
                    if let Some(key) = self.inner.repos.key_by_lookup(&hex(&digest)).await? {
                        let fits = self.inner.peppers.verify(text, key.pepper_version, &key.digest);
                        return Ok(fits.then_some(key));
                    }
                }
                Ok(None)
            }
        }
    }

    /// A key with all above it; `None` if one of them is gone.
    pub(super) async fn with_above(&self, key: Key) -> Result<Option<ActiveKey>> {
        let mut above: Vec<Key> = Vec::new();
        let mut next = key.parent;
        while let Some(id) = next {
            if above.len() == PARENTS_MAX {
                return Ok(None);
            }
            let Some(parent) = self.inner.repos.key(id).await? else { return Ok(None) };
            next = parent.parent;
            above.push(parent);
        }
        Ok(Some(ActiveKey { above, ..ActiveKey::alone(key) }))
    }

    /// The caller that a key would be, for asking what it may do. Nothing is recorded, and whether
    /// it is in force now is not asked.
    ///
    /// # Errors
    /// `NotFound` for a key that is revoked or gone, or whose owner is.
    pub async fn stand_in(&self, id: KeyId) -> Result<Caller> {
        let found = self.inner.repos.key(id).await?.filter(|key| key.revoked_at.is_none());
        let found = match found {
            Some(key) => self.with_above(key).await?,
            None => None,
        };
        let key = found.ok_or_else(|| Fault::not_found("key"))?;
        match self.caller_of(&Arc::new(key)).await {
            // Who asks is known; it is the key's owner who is not.
            Err(fault) if fault.code() == Code::Unauthenticated => {
                Err(Fault::new(Code::NotFound, "the owner of the key is gone or shut out"))
            }
            other => other,
        }
    }

    /// For whom a key acts.
    pub(super) async fn caller_of(&self, key: &Arc<ActiveKey>) -> Result<Caller> {
        let gone = || unknown().with_reason("owner_inactive");
        Ok(match key.key.owner {
            KeyOwner::User(id) => {
                let user = self.principal(id).await?.ok_or_else(gone)?;
                Caller::User { user, key: Some(Arc::clone(key)) }
            }
            KeyOwner::Query(query) => Caller::Query(QueryPrincipal { key: Arc::clone(key), query }),
            KeyOwner::Dashboard(dashboard) => {
                Caller::Dashboard(self.dashboard(key, dashboard).await?)
            }
            KeyOwner::Workspace(workspace) => {
                Caller::Workspace(WorkspacePrincipal { key: Arc::clone(key), workspace })
            }
        })
    }

    /// The user behind an id with all rights, unless shut out or gone.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn principal(&self, id: UserId) -> Result<Option<Arc<UserPrincipal>>> {
        if let Some(known) = self.inner.users.get(&id) {
            return Ok(known);
        }
        let found = self.inner.repos.user_with_rights(id).await?;
        let principal = found
            .filter(|found| found.user.disabled_at.is_none())
            .map(|found| Arc::new(principal_of(found)));
        self.inner.users.insert(id, principal.clone());
        Ok(principal)
    }

    async fn dashboard(
        &self,
        key: &Arc<ActiveKey>,
        id: DashboardId,
    ) -> Result<Arc<DashboardPrincipal>> {
        let same = |known: &Arc<DashboardPrincipal>| Arc::ptr_eq(&known.key, key);
        if let Some(known) = self.inner.dashboards.get(&id).filter(same) {
            return Ok(known);
        }
        let queries = self.inner.repos.dashboard_queries(id).await?;
        let key = Arc::clone(key);
        let principal = Arc::new(DashboardPrincipal { key, dashboard: id, queries });
        self.inner.dashboards.insert(id, Arc::clone(&principal));
        Ok(principal)
    }
}

fn principal_of(found: UserWithRights) -> UserPrincipal {
    let mut permissions: Vec<String> = Vec::new();
    for word in found.groups.iter().flat_map(|group| &group.permissions) {
        if !permissions.contains(word) {
            permissions.push(word.clone());
        }
    }
    let mut sources: HashMap<SourceId, AccessLevel> = HashMap::new();
    for (source, level) in found.sources {
        let best = sources.entry(source).or_insert(level);
        *best = (*best).max(level);
    }
    UserPrincipal {
        id: found.user.id,
        uid: found.user.uid,
        name: found.user.name,
        email: found.user.email,
        email_verified: found.user.email_verified,
        groups: found.user.groups,
        permissions,
        sources,
        attributes: found.attributes,
    }
}
