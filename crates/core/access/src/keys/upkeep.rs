//! What is done to keys again and again: warnings before the end, those unused, those long revoked.

use chrono::TimeDelta;
use serde_json::json;
use tessera_kernel::{PageRequest, Result, Secret, Timestamp};

use super::revoke::kept_since;
use super::service::seal_context;
use super::{Key, KeyFilter, KeyState, Keys, format, hex};
use crate::acts::AdministerKeys;
use crate::{Action, AuditEvent, Authorized, events};

/// How many days before its end a key's owner is warned.
pub(super) const WARNINGS_DAYS: [i64; 3] = [1, 7, 30];
/// How many keys are looked at in one go.
const BATCH: u64 = 500;

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tended {
    /// Warnings written.
    pub warned: u64,
    /// Keys switched off because nobody used them.
    pub disabled: u64,
    /// Keys deleted because they were revoked long ago.
    pub purged: u64,
    /// Recoverable keys whose digest was made anew under the present pepper.
    pub redigested: u64,
}

impl Keys {
    /// Does what is due.
    ///
    /// # Errors
    /// If storage fails; what was not done is done next time.
    pub async fn tend(&self) -> Result<Tended> {
        let now = self.clock.now();
        let policy = self.policy().await?;
        let purged = self.repos.purge_keys(kept_since(&policy, now)).await?;
        let mut disabled = 0;
        if policy.unused_days_max > 0 {
            let since = now - TimeDelta::days(i64::from(policy.unused_days_max));
            let ids = self.repos.disable_unused_keys(since, now).await?;
            disabled = ids.len() as u64;
            let events: Vec<_> = ids
                .iter()
                .map(|id| {
                    server_event(
                        now,
                        Action::KeysDisable.as_str(),
                        *id,
                        json!({ "unused_since": since }),
                    )
                })
                .collect();
            self.repos.insert_audit(&events).await?;
        }
        let warned = self.warn(now).await?;
        let redigested = self.redigest_recoverable().await?;
        if disabled + purged + redigested > 0 {
            self.gate.forget_keys();
        }
        Ok(Tended { warned, disabled, purged, redigested })
    }

    /// Writes down which keys end soon: once for each of the warnings.
    async fn warn(&self, now: Timestamp) -> Result<u64> {
        let longest = WARNINGS_DAYS[WARNINGS_DAYS.len() - 1];
        let filter = KeyFilter {
            expiring_before: Some(now + TimeDelta::days(longest)),
            ..KeyFilter::default()
        };
        let mut warned = 0;
        for number in 1.. {
            let page = PageRequest { number, size: BATCH };
            let found = self.repos.keys(&filter, now, page).await?;
            for key in &found.items {
                let Some((end, days)) = due(key, now) else { continue };
                if !self.repos.note_key_warning(key.id, days).await? {
                    continue;
                }
                let detail = json!({
                    "days": days, "expires_at": end, "name": key.name, "owner": key.owner.label(),
                });
                let event = server_event(now, events::KEY_ENDS, key.id, detail);
                self.repos.insert_audit(&[event]).await?;
                if let Some(mails) = &self.mails {
                    mails.queue_key_end(key, end, days).await?;
                }
                warned += 1;
            }
            if number * BATCH >= found.total {
                break;
            }
        }
        Ok(warned)
    }

    /// Makes digests of recoverable keys anew, which need not be used for that: their text is known.
    async fn redigest_recoverable(&self) -> Result<u64> {
        let current = self.gate.peppers().current();
        let mut done = 0;
        for key in self.repos.recoverable_keys_under_other_peppers(current, BATCH).await? {
            let Some(sealed) = &key.sealed else { continue };
            let text = self.open(sealed, &key.lookup)?;
            let (version, digest) = self.gate.peppers().digest(text.expose());
            let own = key.hint.starts_with(format::PREFIX);
            let lookup = if own { key.lookup.clone() } else { hex(&digest) };
            let sealed = self.sealer.seal(&text, &seal_context(&lookup))?;
            let fresh = Key {
                digest,
                pepper_version: version,
                lookup,
                sealed: Some(sealed),
                ..key.clone()
            };
            done += u64::from(self.repos.redigest_key(&fresh, key.pepper_version).await?);
        }
        Ok(done)
    }

    /// How many keys there are for each pepper, revoked ones too.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn count_by_pepper(
        &self,
        _grant: &Authorized<AdministerKeys>,
    ) -> Result<Vec<(i64, u64)>> {
        self.repos.count_keys_by_pepper().await
    }

    /// Whether a text is the text of a stored key; gives the key.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn find(&self, text: &Secret) -> Result<Option<Key>> {
        self.gate.find(text).await
    }
}

/// The end of a key and the warning that is due, in days before it.
fn due(key: &Key, now: Timestamp) -> Option<(Timestamp, i64)> {
    let end = key.expires_at?;
    if !matches!(key.state(now), KeyState::Active | KeyState::Pending) {
        return None;
    }
    let days = WARNINGS_DAYS.into_iter().find(|days| end - now <= TimeDelta::days(*days))?;
    // A key that was made for a shorter time has told its owner so.
    (end - key.created_at > TimeDelta::days(days)).then_some((end, days))
}

fn server_event(
    at: Timestamp,
    action: &'static str,
    key: tessera_kernel::ids::KeyId,
    detail: serde_json::Value,
) -> AuditEvent {
    let object = format!("key:{key}");
    AuditEvent { at, actor: "server".to_owned(), action, object, detail, address: None }
}
