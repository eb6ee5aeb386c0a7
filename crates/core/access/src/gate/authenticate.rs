//! From a credential to a caller: form, memory, storage, state, owner, conditions, limits.

use std::sync::Arc;

use tessera_kernel::{Code, Fault, Result};

use super::{Gate, RequestContext};
use crate::keys::{ActiveKey, KeyOwner, Token, format, hex, is_token};
use crate::{AuditEntry, Caller, Credential, Transport, TransportRule};

impl Gate {
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
        self.inner.limits.admit(&key, &context.ledger).await?;
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

pub(super) fn unknown() -> Fault {
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
