//! Keys as code: declared by identifier and digest, so that no file holds the text of a key.

use tessera_kernel::{Fault, Result, Timestamp};

use super::create::clean_name;
use super::terms::Terms;
use super::{Key, KeyKind, KeyOwner, Keys, MintedKey, format};
use crate::acts::AdministerKeys;
use crate::{Action, AuditEvent, Authorized};

/// A key as a file declares it.
#[derive(Debug, Clone)]
pub struct DeclaredKey {
    /// Whose it is.
    pub owner: KeyOwner,
    /// What it is called.
    pub name: String,
    /// What it is for.
    pub kind: KeyKind,
    /// The identifier inside the key.
    pub lookup: String,
    /// The digest of its text.
    pub digest: [u8; 32],
    /// The version of the pepper of the digest.
    pub pepper_version: i64,
    /// Until when it works.
    pub expires_at: Option<Timestamp>,
    /// Whether it is switched off.
    pub disabled: bool,
    /// Whether it is revoked.
    pub revoked: bool,
    /// What it may do.
    pub terms: Terms,
}

/// What is to be done with one declared key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedKey {
    /// The identifier inside the key.
    pub lookup: String,
    /// What it is called.
    pub name: String,
    /// `create`, `change` or `keep`.
    pub verb: &'static str,
    /// The members that change.
    pub changes: Vec<&'static str>,
    /// Whether it will be able to do more than before.
    pub widens: bool,
}

impl Keys {
    /// Makes the text of a key that is not stored, for a file to declare.
    #[must_use]
    pub fn mint_declared(&self, kind: KeyKind) -> MintedKey {
        let secret = format::mint(kind, self.random.as_ref());
        let nobody = KeyOwner::User(tessera_kernel::ids::UserId(0));
        MintedKey { key: self.record(kind, nobody, &secret, None), secret }
    }

    /// What applying a file would do.
    ///
    /// # Errors
    /// `Invalid` for a key that cannot be, `Conflict` for one that is there with another text.
    pub async fn plan_declared(
        &self,
        _grant: &Authorized<AdministerKeys>,
        declared: &[DeclaredKey],
    ) -> Result<Vec<PlannedKey>> {
        let mut plan = Vec::with_capacity(declared.len());
        for (place, wanted) in declared.iter().enumerate() {
            let twice = declared[..place].iter().any(|other| other.lookup == wanted.lookup);
            let at = |fault: Fault| {
                let member = fault.field().unwrap_or("id").to_owned();
                let detail = format!("key {:?}: {}", wanted.name, fault.detail());
                Fault::invalid(member, detail)
            };
            if twice {
                return Err(at(Fault::invalid("id", "two keys have the same id")));
            }
            self.check_declared(wanted).await.map_err(at)?;
            let present = self.repos.key_by_lookup(&wanted.lookup).await?;
            plan.push(step(wanted, present.as_ref()).map_err(at)?);
        }
        Ok(plan)
    }

    /// Makes stored keys what a file declares. What is done twice changes nothing; keys that the
    /// file does not name stay.
    ///
    /// # Errors
    /// As [`plan_declared`](Self::plan_declared), before anything is changed.
    pub async fn apply_declared(
        &self,
        grant: &Authorized<AdministerKeys>,
        declared: &[DeclaredKey],
    ) -> Result<()> {
        let plan = self.plan_declared(grant, declared).await?;
        for (wanted, step) in declared.iter().zip(plan) {
            if step.verb == "keep" {
                continue;
            }
            let present = self.repos.key_by_lookup(&wanted.lookup).await?;
            self.write_declared(grant, wanted, present, &step).await?;
        }
        self.gate.forget_keys();
        Ok(())
    }

    async fn write_declared(
        &self,
        grant: &Authorized<AdministerKeys>,
        wanted: &DeclaredKey,
        present: Option<Key>,
        step: &PlannedKey,
    ) -> Result<()> {
        let now = self.clock.now();
        let by = grant.caller().user().map(|user| user.id);
        let action = if present.is_none() { Action::KeysCreate } else { Action::KeysUpdate };
        let event = AuditEvent {
            at: now,
            actor: grant.caller().label(),
            action: action.as_str(),
            object: present.as_ref().map_or_else(String::new, |key| format!("key:{}", key.id)),
            detail: serde_json::json!({ "declared": step.lookup, "changes": step.changes }),
            address: None,
        };
        self.repos.insert_audit(&[event]).await?;
        let mut key = match present {
            Some(key) => key,
            None => {
                let kind = wanted.kind.as_str();
                let mut key = Key {
                    uid: self.random.uid(now),
                    lookup: wanted.lookup.clone(),
                    digest: wanted.digest,
                    pepper_version: wanted.pepper_version,
                    hint: format!("{}{kind}_{}", format::PREFIX, wanted.lookup),
                    name: clean_name(&wanted.name)?,
                    created_by: by,
                    expires_at: wanted.expires_at,
                    terms: wanted.terms.clone(),
                    ..Key::blank(wanted.kind, wanted.owner, now)
                };
                key.id = self.repos.insert_key(&key).await?;
                key
            }
        };
        key.name = clean_name(&wanted.name)?;
        key.terms = wanted.terms.clone();
        self.repos.update_key(&key).await?;
        self.repos.set_key_end(key.id, wanted.expires_at).await?;
        if wanted.disabled != key.disabled_at.is_some() {
            key.disabled_at = wanted.disabled.then_some(now);
            key.disabled_by = by.filter(|_| wanted.disabled);
            self.repos.set_key_disabled(&key, now).await?;
        }
        match (wanted.revoked, key.revoked_at.is_some()) {
            (true, false) => self.repos.revoke_keys(&[key.id], by, now).await.map(drop),
            (false, true) => self.repos.restore_key(key.id).await,
            _ => Ok(()),
        }
    }

    async fn check_declared(&self, wanted: &DeclaredKey) -> Result<()> {
        clean_name(&wanted.name)?;
        self.kind_for(wanted.owner, Some(wanted.kind)).await?;
        wanted.terms.check()?;
        super::create::check_kind(wanted.kind, &wanted.terms)?;
        let good = wanted.lookup.len() == format::ID_CHARACTERS
            && wanted.lookup.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !good {
            let detail = format!("must have {} letters and digits", format::ID_CHARACTERS);
            return Err(Fault::invalid("id", detail));
        }
        if !self.gate.peppers().knows(wanted.pepper_version) {
            let detail = "this server has no such pepper; make the digest here";
            return Err(Fault::invalid("pepper", detail));
        }
        Ok(())
    }
}

fn step(wanted: &DeclaredKey, present: Option<&Key>) -> Result<PlannedKey> {
    let planned = |verb, changes, widens| PlannedKey {
        lookup: wanted.lookup.clone(),
        name: wanted.name.clone(),
        verb,
        changes,
        widens,
    };
    let Some(key) = present else { return Ok(planned("create", Vec::new(), false)) };
    // After an exchange of peppers the stored digest is another one of the same text.
    let same_pepper = key.pepper_version == wanted.pepper_version;
    if (same_pepper && key.digest != wanted.digest) || key.kind != wanted.kind {
        return Err(Fault::invalid("id", "is that of another key"));
    }
    if key.owner != wanted.owner {
        return Err(Fault::invalid("owner", "a key stays with its owner; make another one"));
    }
    let changes: Vec<&'static str> = [
        ("name", key.name != wanted.name),
        ("terms", key.terms != wanted.terms),
        ("expires_at", key.expires_at != wanted.expires_at),
        ("disabled", key.disabled_at.is_some() != wanted.disabled),
        ("revoked", key.revoked_at.is_some() != wanted.revoked),
    ]
    .into_iter()
    .filter(|(_, changed)| *changed)
    .map(|(name, _)| name)
    .collect();
    let later = match (wanted.expires_at, key.expires_at) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(wanted), Some(present)) => wanted > present,
    };
    let widens = !wanted.terms.narrows(&key.terms)
        || later
        || (key.revoked_at.is_some() && !wanted.revoked)
        || (key.disabled_at.is_some() && !wanted.disabled);
    let verb = if changes.is_empty() { "keep" } else { "change" };
    Ok(planned(verb, changes, widens))
}
