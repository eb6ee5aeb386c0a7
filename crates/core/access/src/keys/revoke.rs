//! The end of keys: revoked one by one or many at once, and brought back within some days.

use chrono::TimeDelta;
use tessera_kernel::ids::KeyId;
use tessera_kernel::{Code, Fault, PageRequest, Result, Timestamp};

use super::{Key, KeyFilter, KeyPolicy, Keys};
use crate::acts::{AdministerKeys, RestoreKey, RevokeKey};
use crate::{Action, AuditEvent, Authorized};

/// Most keys that are revoked at once.
const BULK_MAX: u64 = 10_000;

/// Which keys to revoke at once.
#[derive(Debug, Clone, Default)]
pub struct BulkRevocation {
    /// Those that fit; something must be asked for.
    pub filter: KeyFilter,
    /// Whether keys that can be shown again go as well: their owners get no other one by that.
    pub recoverable: bool,
    /// Whether to tell only which ones.
    pub dry_run: bool,
}

impl Keys {
    /// Revokes a key. It can be brought back for some days.
    ///
    /// # Errors
    /// `NotFound` if it was revoked already.
    pub async fn revoke(&self, grant: &Authorized<RevokeKey>) -> Result<()> {
        let by = grant.caller().user().map(|user| user.id);
        let key = grant.act().key;
        let revoked = self.repos.revoke_keys(&[key], by, self.clock.now()).await?;
        self.gate.forget_keys();
        if revoked == 0 { Err(Fault::not_found("key")) } else { Ok(()) }
    }

    /// Revokes many keys at once; gives them as they were.
    ///
    /// # Errors
    /// `Invalid` if nothing is asked for, or too many keys fit.
    pub async fn revoke_many(
        &self,
        grant: &Authorized<AdministerKeys>,
        asked: BulkRevocation,
    ) -> Result<Vec<Key>> {
        let mut filter = asked.filter;
        if filter == KeyFilter::default() {
            let detail =
                "say which keys: ids, owner, kind, created_by, created_before or unused_since";
            return Err(Fault::invalid("filter", detail));
        }
        if !asked.recoverable && filter.ids.is_empty() {
            filter.recoverable = Some(false);
        }
        let now = self.clock.now();
        let page = PageRequest { number: 1, size: BULK_MAX };
        let found = self.repos.keys(&filter, now, page).await?;
        if found.total > BULK_MAX {
            let detail = format!("{} keys fit; ask for at most {BULK_MAX}", found.total);
            return Err(Fault::new(Code::TooLarge, detail).with_field("filter"));
        }
        let mut keys = found.items;
        keys.retain(|key| key.revoked_at.is_none());
        if asked.dry_run {
            return Ok(keys);
        }
        let by = grant.caller().user().map(|user| user.id);
        let ids: Vec<KeyId> = keys.iter().map(|key| key.id).collect();
        let event = AuditEvent {
            at: now,
            actor: grant.caller().label(),
            action: Action::KeysRevoke.as_str(),
            object: String::new(),
            detail: serde_json::json!({ "keys": &ids }),
            address: None,
        };
        self.repos.insert_audit(&[event]).await?;
        self.repos.revoke_keys(&ids, by, now).await?;
        self.gate.forget_keys();
        Ok(keys)
    }

    /// Brings a revoked key back, with the same secret and in the state it had.
    ///
    /// # Errors
    /// `Conflict` if it is not revoked or that was too long ago; `Invalid` for a key that was
    /// replaced; `Forbidden` if an administrator revoked it.
    pub async fn restore(&self, grant: &Authorized<RestoreKey>) -> Result<Key> {
        let mut key = self.require(grant.act().key).await?;
        self.check_power(grant.caller(), Action::KeysRestore, Some(&key)).await?;
        let user = grant.user()?;
        let revoked =
            key.revoked_at.ok_or_else(|| Fault::new(Code::Conflict, "the key is not revoked"))?;
        if key.sealed.is_some() {
            return Err(Fault::invalid("key", "the key was replaced by another one"));
        }
        if key.revoked_by != Some(user.id) && !user.is_admin() {
            let detail = "somebody else revoked the key; ask an administrator";
            return Err(Fault::new(Code::Forbidden, detail));
        }
        let policy = self.policy().await?;
        if revoked < kept_since(&policy, self.clock.now()) {
            let detail = format!("the key was revoked more than {} days ago", policy.restore_days);
            return Err(Fault::new(Code::Conflict, detail));
        }
        self.repos.restore_key(key.id).await?;
        self.gate.forget_keys();
        key.revoked_at = None;
        key.revoked_by = None;
        Ok(key)
    }
}

/// Keys revoked before this moment cannot be brought back.
pub(super) fn kept_since(policy: &KeyPolicy, now: Timestamp) -> Timestamp {
    now - TimeDelta::days(i64::from(policy.restore_days))
}
