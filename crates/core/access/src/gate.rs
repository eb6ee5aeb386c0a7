//! The gate: from a credential to a caller, and from a caller and an act to the right to do it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use parking_lot::Mutex;
use tessera_kernel::ids::{DashboardId, KeyId, SourceId, UserId};
use tessera_kernel::{Clock, Code, Fault, Result, Timestamp};

use crate::acts::{Act, Object};
use crate::caller::{DashboardPrincipal, QueryPrincipal};
use crate::keys::{Key, KeyOwner, Peppers, format, hex};
use crate::ports::{Facts, Repos, UserWithRights};
use crate::{
    AccessLevel, AccessSettings, Action, AuditEvent, Caller, Credential, Need, Transport,
    TransportRule, UserPrincipal, Visible,
};

/// Where a request came from; for records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestContext {
    /// The caller's address.
    pub address: Option<String>,
    /// The identifier of the request.
    pub request_id: Option<String>,
}

/// The right of a caller to do one thing, once. Only [`Gate::permit`] makes it.
#[derive(Debug, Clone)]
pub struct Authorized<A> {
    act: A,
    caller: Caller,
    facts: Facts,
}

impl<A> Authorized<A> {
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
        Ok(Visible { everything: user.is_admin(), user: user.id, sources })
    }
}

/// A key that was recognised, in memory.
#[derive(Clone)]
struct KnownKey(Arc<Key>);

/// Checks credentials and acts.
#[derive(Clone)]
pub struct Gate {
    inner: Arc<Inner>,
}

struct Inner {
    repos: Arc<dyn Repos>,
    peppers: Peppers,
    clock: Arc<dyn Clock>,
    settings: AccessSettings,
    /// By digest; `None` for texts that are no key, so that guessing does not reach storage.
    keys: Cache<[u8; 32], Option<KnownKey>>,
    users: Cache<UserId, Option<Arc<UserPrincipal>>>,
    dashboards: Cache<DashboardId, Arc<DashboardPrincipal>>,
    /// What was used since the last flush; storage learns of it once a minute.
    used_keys: Mutex<HashMap<KeyId, Timestamp>>,
    seen_users: Mutex<HashMap<UserId, Timestamp>>,
}

impl Gate {
    /// A gate over storage.
    #[must_use]
    pub fn new(
        repos: Arc<dyn Repos>,
        peppers: Peppers,
        clock: Arc<dyn Clock>,
        settings: AccessSettings,
    ) -> Self {
        let ttl = Duration::from_secs(settings.cache_seconds);
        let entries = settings.cache_entries;
        Self {
            inner: Arc::new(Inner {
                repos,
                peppers,
                clock,
                keys: Cache::builder().max_capacity(entries).time_to_live(ttl).build(),
                users: Cache::builder().max_capacity(entries).time_to_live(ttl).build(),
                dashboards: Cache::builder().max_capacity(entries).time_to_live(ttl).build(),
                settings,
                used_keys: Mutex::default(),
                seen_users: Mutex::default(),
            }),
        }
    }

    /// The digests that this gate checks with.
    #[must_use]
    pub fn peppers(&self) -> &Peppers {
        &self.inner.peppers
    }

    /// The settings.
    #[must_use]
    pub fn settings(&self) -> &AccessSettings {
        &self.inner.settings
    }

    /// Recognises a key. In this order: form and checksum, memory, storage, digest, state, owner,
    /// transport. Whatever is wrong, the answer is the same.
    ///
    /// # Errors
    /// `Unauthenticated`; `OutOfScope` for a good key that may not come this way.
    pub async fn authenticate_key(&self, credential: &Credential) -> Result<Caller> {
        let text = credential.secret.expose();
        let Some(shape) = format::read(text) else { return Err(unknown()) };
        let (_, digest) = self.inner.peppers.digest(text);
        let known = match self.inner.keys.get(&digest) {
            Some(known) => known,
            None => {
                let known = self.find_key(text, shape).await?.map(|key| KnownKey(Arc::new(key)));
                self.inner.keys.insert(digest, known.clone());
                known
            }
        };
        let key = known.ok_or_else(unknown)?.0;
        let now = self.inner.clock.now();
        let alive = key.revoked_at.is_none()
            && key.disabled_at.is_none()
            && key.not_before.is_none_or(|from| from <= now)
            && key.expires_at.is_none_or(|end| now < end);
        if !alive {
            return Err(unknown());
        }
        let caller = match key.owner {
            KeyOwner::User(id) => {
                let user = self.principal(id).await?.ok_or_else(unknown)?;
                if credential.transport == Transport::Url
                    && self.inner.settings.user_keys_in_url == TransportRule::Fenced
                {
                    return Err(Fault::new(
                        Code::OutOfScope,
                        "a key of a user must come in the Authorization header",
                    ));
                }
                self.inner.seen_users.lock().insert(id, now);
                Caller::User { user, key: Some(key.id) }
            }
            KeyOwner::Query(query) => Caller::Query(QueryPrincipal { key: key.id, query }),
            KeyOwner::Dashboard(dashboard) => {
                Caller::Dashboard(self.dashboard(key.id, dashboard).await?)
            }
        };
        self.inner.used_keys.lock().insert(key.id, now);
        Ok(caller)
    }

    async fn find_key(&self, text: &str, shape: format::KeyText<'_>) -> Result<Option<Key>> {
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
            format::KeyText::Plain => {
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

    /// Notes that a user was seen.
    pub(crate) fn saw(&self, user: UserId, at: Timestamp) {
        self.inner.seen_users.lock().insert(user, at);
    }

    async fn dashboard(&self, key: KeyId, id: DashboardId) -> Result<Arc<DashboardPrincipal>> {
        if let Some(known) = self.inner.dashboards.get(&id).filter(|known| known.key == key) {
            return Ok(known);
        }
        let queries = self.inner.repos.dashboard_queries(id).await?;
        let principal = Arc::new(DashboardPrincipal { key, dashboard: id, queries });
        self.inner.dashboards.insert(id, Arc::clone(&principal));
        Ok(principal)
    }

    /// Forgets what is remembered of keys, after a change.
    pub fn forget_keys(&self) {
        self.inner.keys.invalidate_all();
        self.inner.dashboards.invalidate_all();
    }

    /// Forgets what is remembered of users, groups and access, after a change.
    pub fn forget_users(&self) {
        self.inner.users.invalidate_all();
        self.inner.dashboards.invalidate_all();
    }

    /// Tells storage which keys were used and which users were seen since the last time.
    ///
    /// # Errors
    /// If storage fails; what was not written is tried again next time.
    pub async fn flush_used(&self) -> Result<()> {
        let keys: Vec<_> = self.inner.used_keys.lock().drain().collect();
        let users: Vec<_> = self.inner.seen_users.lock().drain().collect();
        if !keys.is_empty()
            && let Err(fault) = self.inner.repos.touch_keys(&keys).await
        {
            self.inner.used_keys.lock().extend(keys);
            return Err(fault);
        }
        if !users.is_empty()
            && let Err(fault) = self.inner.repos.touch_users(&users).await
        {
            self.inner.seen_users.lock().extend(users);
            return Err(fault);
        }
        Ok(())
    }

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
        if matches!(caller, Caller::Anonymous) {
            return Err(Fault::new(Code::Unauthenticated, "sign in or send a key"));
        }
        if let Some(user) = caller.user()
            && !user.holds(A::ACTION)
        {
            return Err(forbidden(A::ACTION));
        }
        let facts = match object {
            Object::None => Facts::default(),
            object => match self.inner.repos.facts(object).await? {
                Some(facts) => facts,
                None if caller.user().is_some() => return Err(missing(object)),
                None => return Err(out_of_scope()),
            },
        };
        decide(A::ACTION, caller, object, &facts)?;
        if A::ACTION.is_audited() {
            let event = AuditEvent {
                at: self.inner.clock.now(),
                actor: caller.label(),
                action: A::ACTION.as_str(),
                object: object.label(),
                detail: serde_json::json!({ "request_id": context.request_id }),
                address: context.address.clone(),
            };
            self.inner.repos.insert_audit(&[event]).await?;
        }
        Ok(Authorized { act, caller: caller.clone(), facts })
    }
}

fn unknown() -> Fault {
    Fault::new(Code::Unauthenticated, "the key is not known")
}

fn out_of_scope() -> Fault {
    Fault::new(Code::OutOfScope, "the key does not open this")
}

fn forbidden(action: Action) -> Fault {
    Fault::new(Code::Forbidden, format!("the right to {} is missing", action.as_str()))
}

fn missing(object: Object) -> Fault {
    Fault::not_found(object.kind())
}

/// The rules. Nothing matched means no.
fn decide(action: Action, caller: &Caller, object: Object, facts: &Facts) -> Result<()> {
    match caller {
        Caller::Anonymous => Err(Fault::new(Code::Unauthenticated, "sign in or send a key")),
        Caller::User { user, .. } => decide_user(action, user, caller, object, facts),
        Caller::Query(principal) => {
            if facts.query != Some(principal.query) {
                return Err(out_of_scope());
            }
            match action {
                Action::QueriesRead | Action::QueriesRun | Action::JobsRead => Ok(()),
                _ => Err(forbidden(action)),
            }
        }
        Caller::Dashboard(principal) => {
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
        Need::Admin => false,
        Need::OneselfOrAdmin => object == Object::User(user.id),
        Need::SourceView => level.is_some() || (facts.detached && owns),
        Need::SourceFull => level == Some(AccessLevel::Full),
        Need::Editor => owns || facts.editors.contains(&user.id),
        Need::Owner => owns,
        Need::MemberOrAdmin => facts.members.contains(&user.id),
        // Whether somebody else's job exists is nobody's business.
        Need::Participant => {
            if !facts.participants.contains(&caller.label()) {
                return Err(missing(object));
            }
            true
        }
    };
    if allowed { Ok(()) } else { Err(forbidden(action)) }
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
        groups: found.user.groups,
        permissions,
        sources,
    }
}

#[cfg(test)]
mod tests;
