//! The gate: from a credential to a caller, and from a caller and an act to the right to do it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use parking_lot::Mutex;
use tessera_kernel::ids::{DashboardId, KeyId, SourceId, UserId};
use tessera_kernel::{Clock, Code, Fault, Result, Secret, Timestamp};

use crate::acts::{Act, Object};
use crate::caller::{DashboardPrincipal, QueryPrincipal, WorkspacePrincipal};
use crate::keys::terms::Dialect;
use crate::keys::{
    ActiveKey, Key, KeyIndex, KeyOwner, Peppers, Proof, Proofs, Token, format, hex, is_token,
    root_secret,
};
use crate::limits::Limits;
use crate::ports::{Facts, KeyUse, Repos, UserWithRights};
use crate::usage::client_of;
use crate::{
    AccessLevel, AccessSettings, Action, Audit, AuditEntry, Caller, Credential, Ledger, Need,
    Transport, TransportRule, UserPrincipal, Visible,
};

/// Most keys above a key.
pub(crate) const PARENTS_MAX: usize = 8;

/// Where a request came from, and the record of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestContext {
    /// The caller's address.
    pub address: Option<String>,
    /// The identifier of the request.
    pub request_id: Option<String>,
    /// The origin of the page that sent it, such as `https://acme.example`.
    pub origin: Option<String>,
    /// What the caller's program calls itself.
    pub client: Option<String>,
    /// The language it is in.
    pub dialect: Dialect,
    /// Its signature, or why that does not count; `None` if it has none.
    pub proof: Option<Arc<Proof>>,
    /// Its record.
    pub ledger: Ledger,
}

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
    audit: Audit,
    /// By digest; `None` for texts that are no key, so that guessing does not reach storage.
    keys: Cache<[u8; 32], Option<Arc<ActiveKey>>>,
    users: Cache<UserId, Option<Arc<UserPrincipal>>>,
    dashboards: Cache<DashboardId, Arc<DashboardPrincipal>>,
    /// What was used since the last flush; storage learns of it once a minute.
    used_keys: Mutex<HashMap<KeyId, KeyUse>>,
    /// Keys that were used under an old pepper, with their digest under the present one.
    stale_keys: Mutex<HashMap<KeyId, (Key, i64)>>,
    seen_users: Mutex<HashMap<UserId, Timestamp>>,
    limits: Limits,
    proofs: Proofs,
    /// Which keys there are, for addresses that send many bad ones.
    index: KeyIndex,
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
        let limits = Limits::new(Arc::clone(&repos), Arc::clone(&clock), settings.clone());
        Self {
            inner: Arc::new(Inner {
                audit: Audit::new(Arc::clone(&repos), Arc::clone(&clock)),
                limits,
                proofs: Proofs::new(settings.proof_skew_seconds, settings.proof_nonces_max),
                index: KeyIndex::default(),
                repos,
                peppers,
                clock,
                keys: Cache::builder().max_capacity(entries).time_to_live(ttl).build(),
                users: Cache::builder().max_capacity(entries).time_to_live(ttl).build(),
                dashboards: Cache::builder().max_capacity(entries).time_to_live(ttl).build(),
                settings,
                used_keys: Mutex::default(),
                stale_keys: Mutex::default(),
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

    /// The audit log.
    #[must_use]
    pub fn audit(&self) -> &Audit {
        &self.inner.audit
    }

    /// The limits of keys.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Recognises a key. In this order: form and checksum, memory, storage, digest, state, owner,
    /// conditions, limits. An unknown key and a wrong secret have the same answer; what else is wrong is
    /// told only to those who have the whole key.
    ///
    /// # Errors
    /// `Unauthenticated`; `OutOfScope` for a good key that may not come this way; `RateLimited` for
    /// one whose limits are used up, and for a bad one after many others from the same address.
    pub async fn authenticate_key(
        &self,
        credential: &Credential,
        context: &RequestContext,
    ) -> Result<Caller> {
        let caller = self.recognise(credential, context).await;
        context.ledger.note(|entry| match &caller {
            Ok(caller) => entry.actor = Some(caller.label()),
            Err(fault) => entry.refused = Some(fault.reason().unwrap_or("key_unknown")),
        });
        caller
    }

    async fn recognise(&self, credential: &Credential, context: &RequestContext) -> Result<Caller> {
        let text = credential.secret.expose();
        let key = self.known_key(text, context.address.as_deref()).await?;
        let transport = credential.transport;
        context.ledger.note(|entry| {
            entry.visitor = key.token.as_ref().and_then(|token| token.visitor.clone());
            entry.origins = key.origins();
            entry.shown(&key.key);
            entry.transport = Some(transport.as_str());
            entry.dialect = Some(context.dialect);
        });
        let now = self.inner.clock.now();
        if key.terms().any(|terms| terms.canary) {
            self.alarm(&key, transport, context).await?;
        }
        if let Some(reason) = key.lapsed(now) {
            return Err(lapsed(reason));
        }
        let key = key.at(now);
        context.ledger.note(|entry| entry.sunset = key.sunset(now));
        let caller = self.caller_of(&key).await?;
        if matches!(key.key.owner, KeyOwner::User(_))
            && transport == Transport::Url
            && self.inner.settings.user_keys_in_url == TransportRule::Fenced
        {
            return Err(Fault::new(
                Code::OutOfScope,
                "a key of a user must come in the Authorization header",
            )
            .with_reason("transport_denied"));
        }
        if let Some(reason) = key.refuse(transport, context) {
            return Err(Fault::new(Code::OutOfScope, condition_detail(reason)).with_reason(reason));
        }
        self.inner.proofs.check(&key, context, now, self.inner.repos.as_ref()).await?;
        self.inner.limits.admit(&key, &context.ledger)?;
        if let Some(user) = caller.user() {
            self.inner.seen_users.lock().insert(user.id, now);
        }
        self.note_use(key.id(), transport, context, now);
        Ok(caller)
    }

    /// The key that a text is, or that it is a token of; from memory, or else from storage. What is
    /// neither is counted for the address it came from; after too many of those, only texts of keys
    /// that exist are looked up.
    async fn known_key(&self, text: &str, address: Option<&str>) -> Result<Arc<ActiveKey>> {
        let inner = &self.inner;
        let bad = |fault: Fault| inner.limits.failed(address, fault);
        let Some(shape) = Shape::of(text) else {
            return Err(bad(unknown().with_reason("key_malformed")));
        };
        let (_, digest) = inner.peppers.digest(text);
        if let Some(known) = inner.keys.get(&digest) {
            return known.ok_or_else(|| bad(unknown()));
        }
        if let Err(fault) = inner.limits.check_failures(address)
            && !self.exists(text, &shape).await?
        {
            return Err(fault);
        }
        let found = match shape {
            Shape::Token(token) => self.find_token(&token).await?,
            Shape::Key(shape) => match self.find_key(text, shape).await? {
                Some(key) => {
                    self.note_stale(text, &key);
                    self.with_above(key).await?
                }
                None => None,
            },
        };
        let found = found.map(Arc::new);
        inner.keys.insert(digest, found.clone());
        found.ok_or_else(|| bad(unknown()))
    }

    /// Whether there is a key that a text would be compared with, as far as is known without asking
    /// storage about this one. Asked only for addresses that send many bad keys.
    async fn exists(&self, text: &str, shape: &Shape<'_>) -> Result<bool> {
        let lookups = match shape {
            Shape::Token(token) => vec![token.id.to_owned()],
            Shape::Key(format::KeyText::Own { id, .. }) => vec![(*id).to_owned()],
            Shape::Key(format::KeyText::Foreign) => {
                self.inner.peppers.digests(text).map(|digest| hex(&digest)).collect()
            }
        };
        let inner = &self.inner;
        inner.index.has_any(&lookups, inner.repos.as_ref(), inner.clock.now()).await
    }

    /// The key of a token, with what the token says; `None` for one that was not made from it.
    async fn find_token(&self, token: &Token<'_>) -> Result<Option<ActiveKey>> {
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

    /// Writes down that a trap was stepped on, before anything is answered.
    async fn alarm(
        &self,
        key: &ActiveKey,
        transport: Transport,
        context: &RequestContext,
    ) -> Result<()> {
        let (address, client) = (context.address.clone(), context.client.clone());
        tracing::warn!(key = key.id().0, address, client, "a canary key was used");
        context.ledger.note(|entry| entry.canary = true);
        let entry = AuditEntry {
            actor: format!("key:{}", key.id()),
            action: crate::events::CANARY_USED,
            object: format!("key:{}", key.id()),
            detail: serde_json::json!({
                "client": client,
                "origin": context.origin,
                "transport": transport.as_str(),
                "dialect": context.dialect.as_str(),
                "first": key.key.last_used_at.is_none(),
            }),
        };
        self.inner.audit.record(context, entry).await
    }

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

    /// Notes that a key's digest is to be made anew, which a later flush stores.
    fn note_stale(&self, text: &str, key: &Key) {
        // Those whose text is known are made anew without being used; tokens made from a key need
        // the pepper it began with.
        let stays = key.sealed.is_some() || key.terms.attenuable;
        if key.pepper_version == self.inner.peppers.current() || stays {
            return;
        }
        let (version, digest) = self.inner.peppers.digest(text);
        let own = matches!(format::read(text), Some(format::KeyText::Own { .. }));
        let lookup = if own { key.lookup.clone() } else { hex(&digest) };
        let fresh = Key { digest, pepper_version: version, lookup, ..key.clone() };
        self.inner.stale_keys.lock().insert(key.id, (fresh, key.pepper_version));
    }

    async fn flush_stale(&self) -> Result<()> {
        let stale: Vec<_> = self.inner.stale_keys.lock().drain().collect();
        let any = !stale.is_empty();
        for (place, (_, (fresh, pepper))) in stale.iter().enumerate() {
            if let Err(fault) = self.inner.repos.redigest_key(fresh, *pepper).await {
                self.inner.stale_keys.lock().extend(stale[place..].iter().cloned());
                return Err(fault);
            }
        }
        if any {
            self.forget_keys();
        }
        Ok(())
    }

    fn note_use(&self, key: KeyId, transport: Transport, context: &RequestContext, at: Timestamp) {
        let keep = &self.inner.settings.usage;
        let mut used = self.inner.used_keys.lock();
        let last = used.entry(key).or_insert_with(|| KeyUse::new(at));
        last.at = last.at.max(at);
        last.transport = transport;
        if transport == Transport::Url {
            last.url_at = Some(at);
        }
        last.address = context.address.clone().filter(|_| keep.addresses);
        last.client = context.client.as_deref().filter(|_| keep.clients).map(client_of);
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

    /// A key with all above it; `None` if one of them is gone.
    async fn with_above(&self, key: Key) -> Result<Option<ActiveKey>> {
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

    /// For whom a key acts.
    async fn caller_of(&self, key: &Arc<ActiveKey>) -> Result<Caller> {
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

    /// Forgets what is remembered of keys, after a change.
    pub fn forget_keys(&self) {
        self.inner.keys.invalidate_all();
        self.inner.index.expire();
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
        self.flush_stale().await?;
        let keys: Vec<_> = self.inner.used_keys.lock().drain().collect();
        let users: Vec<_> = self.inner.seen_users.lock().drain().collect();
        if !keys.is_empty()
            && let Err(fault) = self.inner.repos.touch_keys(&keys).await
        {
            let mut used = self.inner.used_keys.lock();
            for (key, last) in keys {
                // What came meanwhile is later.
                used.entry(key).or_insert(last);
            }
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

/// What kind of text it is.
enum Shape<'a> {
    Token(Token<'a>),
    Key(format::KeyText<'a>),
}

impl<'a> Shape<'a> {
    fn of(text: &'a str) -> Option<Self> {
        if is_token(text) {
            return Token::read(text).map(Self::Token);
        }
        format::read(text).map(Self::Key)
    }
}

fn unknown() -> Fault {
    Fault::new(Code::Unauthenticated, "the key is not known").with_reason("key_unknown")
}

/// What is told to somebody who has the whole key, which is no longer or not yet in force. Of a
/// revoked key nothing is told.
fn lapsed(reason: &'static str) -> Fault {
    let detail = match reason {
        "key_disabled" => "the key is switched off",
        "key_not_yet_valid" => "the key is not in force yet",
        "key_expired" => "the key has expired; make a new one",
        "approval_pending" => "the key waits for approval",
        _ => return unknown(),
    };
    Fault::new(Code::Unauthenticated, detail).with_reason(reason)
}

fn condition_detail(reason: &'static str) -> &'static str {
    match reason {
        "ip_denied" => "the key may not be used from this address",
        "origin_denied" => "the key may not be used by pages of this origin",
        "transport_denied" => "the key may not be carried this way",
        _ => "the key may not be used in this API",
    }
}

/// Why something was refused, for records.
fn refusal(fault: &Fault) -> &'static str {
    fault.reason().unwrap_or(match fault.code() {
        Code::Unauthenticated => "key_missing",
        Code::OutOfScope | Code::NotFound => "object_denied",
        _ => "scope_missing",
    })
}

fn out_of_scope() -> Fault {
    Fault::new(Code::OutOfScope, "the key does not open this").with_reason("object_denied")
}

fn forbidden(action: Action) -> Fault {
    Fault::new(Code::Forbidden, format!("the right to {} is missing", action.as_str()))
        .with_reason("scope_missing")
}

fn missing(object: Object) -> Fault {
    Fault::not_found(object.kind())
}

/// What was made for others: jobs and results of other runs, for who sees only its own; results made
/// with attributes that the caller does not have.
fn not_ones_own(action: Action, caller: &Caller, object: Object, facts: &Facts) -> Option<Fault> {
    let runs = matches!(action, Action::JobsRead | Action::JobsCancel | Action::ResultsRead);
    let closed = || match caller.user() {
        Some(_) => missing(object),
        None => out_of_scope(),
    };
    if runs && caller.sees_own_runs_only() && !facts.participants.contains(&caller.participant()) {
        return Some(closed());
    }
    let open = caller.user().is_some_and(UserPrincipal::is_admin)
        && caller.key().is_none_or(|key| !key.is_narrowed());
    let differs = |(name, value): (&String, &serde_json::Value)| {
        caller.attribute(name).ok().is_none_or(|own| own != value)
    };
    (!open && facts.attributes.iter().any(differs)).then(closed)
}

/// The rules. Nothing matched means no.
fn decide(action: Action, caller: &Caller, object: Object, facts: &Facts) -> Result<()> {
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

mod explain;
mod inputs;

pub use explain::Verdict;

#[cfg(test)]
mod tests;
