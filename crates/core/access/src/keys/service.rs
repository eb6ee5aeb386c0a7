//! What can be done with keys: make, list, show again where that is allowed, replace, revoke.

use std::sync::Arc;

use tessera_kernel::ids::{KeyId, UserId};
use tessera_kernel::{Clock, Code, Fault, Random, Result, Secret, Timestamp};

use super::{Key, KeyKind, KeyOwner, format};
use crate::ports::Repos;
use crate::{Gate, Mails, Sealer, Throttle};

/// Reports of partners for secret scanning, per address.
const PARTNER_REPORTS_PER_HOUR: u32 = 600;

/// A key just made: the only moment its text is known.
#[derive(Debug, Clone)]
pub struct MintedKey {
    /// The record.
    pub key: Key,
    /// The text.
    pub secret: Secret,
}

/// Keys.
#[derive(Clone)]
pub struct Keys {
    pub(super) repos: Arc<dyn Repos>,
    pub(super) gate: Gate,
    pub(super) sealer: Sealer,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) partners: Arc<Throttle>,
    /// Warns owners, once there is mail.
    pub(crate) mails: Option<Mails>,
}

impl Keys {
    /// The service over its parts.
    #[must_use]
    pub fn new(
        repos: Arc<dyn Repos>,
        gate: Gate,
        sealer: Sealer,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        let per_hour = if gate.settings().limits_enabled { PARTNER_REPORTS_PER_HOUR } else { 0 };
        let partners = Arc::new(Throttle::per_hour(per_hour));
        Self { repos, gate, sealer, clock, random, partners, mails: None }
    }

    /// A recoverable key in the plain form, not stored yet: users, queries and shared dashboards
    /// each have one, which their owners may see at any time.
    ///
    /// # Errors
    /// If it cannot be sealed.
    pub fn mint_recoverable(
        &self,
        kind: KeyKind,
        owner: KeyOwner,
        created_by: Option<UserId>,
    ) -> Result<Key> {
        let secret = format::mint_plain(self.random.as_ref());
        let mut key = self.record(kind, owner, &secret, created_by);
        key.sealed = Some(self.sealer.seal(&secret, &seal_context(&key.lookup))?);
        Ok(key)
    }

    /// Opens a sealed recoverable key.
    ///
    /// # Errors
    /// If it was changed or belongs to another key.
    pub fn open(&self, sealed: &[u8], lookup: &str) -> Result<Secret> {
        self.sealer.open(sealed, &seal_context(lookup))
    }

    /// The text of the recoverable key of an owner. The caller of this crate has shown that it may
    /// read it: by owning an object, or by [`ReadUserKey`](crate::ReadUserKey).
    ///
    /// # Errors
    /// `NotFound` if there is none.
    pub async fn recoverable(&self, owner: KeyOwner) -> Result<Secret> {
        let keys = self.repos.keys_of(owner).await?;
        let (sealed, lookup) = keys
            .iter()
            .rev()
            .find_map(|key| key.sealed.as_ref().map(|sealed| (sealed, &key.lookup)))
            .ok_or_else(|| Fault::not_found("key"))?;
        self.open(sealed, lookup)
    }

    /// Replaces the recoverable key of an owner; the old one stops working at once.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn replace_recoverable(
        &self,
        kind: KeyKind,
        owner: KeyOwner,
        created_by: Option<UserId>,
    ) -> Result<Secret> {
        let key = self.mint_recoverable(kind, owner, created_by)?;
        let text = self.open(key.sealed.as_deref().unwrap_or_default(), &key.lookup)?;
        self.repos.replace_recoverable_key(kind, &key, self.clock.now()).await?;
        self.gate.forget_keys();
        Ok(text)
    }

    /// Revokes all keys of an owner.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn revoke_all(&self, owner: KeyOwner) -> Result<()> {
        self.repos.revoke_keys_of(owner, self.clock.now()).await?;
        self.gate.forget_keys();
        Ok(())
    }

    /// Makes a key for a user with terms, without asking anybody; for measurements and tests.
    ///
    /// # Errors
    /// `Invalid` for limits that mean nothing.
    pub async fn mint_with_terms(
        &self,
        user: UserId,
        name: &str,
        terms: super::terms::Terms,
        expires_at: Option<Timestamp>,
    ) -> Result<MintedKey> {
        terms.check_limits()?;
        let secret = format::mint(KeyKind::User, self.random.as_ref());
        let mut key = self.record(KeyKind::User, KeyOwner::User(user), &secret, Some(user));
        key.name = name.to_owned();
        key.expires_at = expires_at;
        key.terms = terms;
        key.id = self.repos.insert_key(&key).await?;
        self.gate.forget_keys();
        Ok(MintedKey { key, secret })
    }

    /// The keys of an owner that are not revoked; for the operator at the machine.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn all_of(&self, owner: KeyOwner) -> Result<Vec<Key>> {
        self.repos.keys_of(owner).await
    }

    /// Revokes a key for good; for the operator at the machine.
    ///
    /// # Errors
    /// `NotFound` if it was revoked already.
    pub async fn revoke_by_id(&self, key: KeyId) -> Result<()> {
        let revoked = self.repos.revoke_key(key, self.clock.now()).await?;
        self.gate.forget_keys();
        if revoked { Ok(()) } else { Err(Fault::new(Code::NotFound, "there is no such key")) }
    }

    pub(super) fn repos(&self) -> &dyn Repos {
        self.repos.as_ref()
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    pub(super) fn random(&self) -> &dyn Random {
        self.random.as_ref()
    }

    pub(super) fn record(
        &self,
        kind: KeyKind,
        owner: KeyOwner,
        secret: &Secret,
        created_by: Option<UserId>,
    ) -> Key {
        let (pepper_version, digest) = self.gate.peppers().digest(secret.expose());
        let (lookup, hint) = match format::read(secret.expose()) {
            Some(format::KeyText::Own { id, .. }) => {
                (id.to_owned(), format!("tsr_{}_{id}", kind.as_str()))
            }
            Some(format::KeyText::Foreign) | None => {
                (hex(&digest), super::foreign::hint(secret.expose()))
            }
        };
        let now = self.clock.now();
        Key {
            uid: self.random.uid(now),
            lookup,
            digest,
            pepper_version,
            hint,
            created_by,
            ..Key::blank(kind, owner, now)
        }
    }
}

pub(super) fn seal_context(lookup: &str) -> String {
    format!("key:{lookup}")
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        write!(out, "{byte:02x}").expect("writing to a string does not fail");
        out
    })
}
