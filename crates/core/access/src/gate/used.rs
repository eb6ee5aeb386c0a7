//! What was used and seen since the last time; storage learns of it at intervals.

use tessera_kernel::ids::{KeyId, UserId};
use tessera_kernel::{Result, Timestamp};

use super::{Gate, RequestContext};
use crate::Transport;
use crate::keys::{Key, format, hex};
use crate::ports::KeyUse;
use crate::usage::client_of;

impl Gate {
    pub(super) fn note_use(
        &self,
        key: KeyId,
        transport: Transport,
        context: &RequestContext,
        at: Timestamp,
    ) {
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

    /// Notes that a user was seen.
    pub(crate) fn saw(&self, user: UserId, at: Timestamp) {
        self.inner.seen_users.lock().insert(user, at);
    }

    /// Notes that a key's digest is to be made anew, which a later flush stores.
    pub(super) fn note_stale(&self, text: &str, key: &Key) {
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
}
