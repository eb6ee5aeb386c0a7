//! New keys.

use tessera_kernel::ids::UserId;
use tessera_kernel::{Code, Fault, Result, Secret, Timestamp};

use super::power::within;
use super::terms::Terms;
use super::{Approval, Key, KeyKind, KeyOwner, KeyPolicy, Keys, MintedKey, format};
use crate::acts::{AdministerKeys, CreateKey};
use crate::{Action, Authorized, Caller, UserKind, check_given_attributes};

/// Longest name of a key, in characters.
const NAME_CHARACTERS_MAX: usize = 255;
/// Longest justification, in characters.
pub(super) const JUSTIFICATION_CHARACTERS_MAX: usize = 2000;

/// When a new key ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Expiry {
    /// As the organisation's policy says.
    #[default]
    Usual,
    /// Never, if the policy allows that.
    Never,
    /// At a moment, if the policy allows that.
    At(Timestamp),
}

/// What the text of a new key looks like.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyFormat {
    /// Ours: prefix, identifier, secret, checksum.
    #[default]
    Own,
    /// A random UUID, for clients that check for that shape.
    Uuid,
}

/// What a new key is made of.
#[derive(Debug, Clone, Default)]
pub struct NewKey {
    /// What its owner calls it.
    pub name: String,
    /// What it is for; `None` for what fits the owner.
    pub kind: Option<KeyKind>,
    /// Whose it will be; `None` for the caller. Others need [`AdministerKeys`].
    pub owner: Option<KeyOwner>,
    /// What it may do.
    pub terms: Terms,
    /// From when it works.
    pub not_before: Option<Timestamp>,
    /// Until when it works.
    pub expires: Expiry,
    /// Why it is needed, for those who approve it.
    pub justification: String,
    /// What its text looks like.
    pub format: KeyFormat,
}

impl Keys {
    /// Makes a key. Its text is in the answer and nowhere else.
    ///
    /// A key that makes a key becomes its parent: the new one can never do more and ends with it.
    ///
    /// # Errors
    /// `Invalid` for a bad name, kind, owner, time or terms; `Forbidden` for another owner without
    /// `over`; `OutOfScope` if the caller's key may not make this one.
    pub async fn create(
        &self,
        grant: &Authorized<CreateKey>,
        over: Option<&Authorized<AdministerKeys>>,
        new: NewKey,
    ) -> Result<MintedKey> {
        let caller = grant.caller();
        let user = grant.user()?.id;
        self.check_power(caller, Action::KeysCreate, None).await?;
        if let Some(own) = caller.key()
            && !self.stands_for_its_owner(own).await?
        {
            within(own, &new.terms)?;
        }
        let owner = new.owner.unwrap_or(KeyOwner::User(user));
        if owner != KeyOwner::User(user) && over.is_none() {
            let detail = "only an administrator makes keys for others";
            return Err(Fault::new(Code::Forbidden, detail).with_field("owner"));
        }
        let kind = self.kind_for(owner, new.kind).await?;
        let name = clean_name(&new.name)?;
        new.terms.check()?;
        check_given_attributes("terms.attributes", grant.user()?, &new.terms.attributes)?;
        check_kind(kind, &new.terms)?;
        let policy = self.policy().await?;
        let above = caller.key().and_then(|key| key.key.expires_at);
        let expires_at = self.end(&policy, new.not_before, new.expires, above)?;
        let approval = self.approval_for(caller, owner, kind, &new, &policy).await?;
        let secret = match new.format {
            KeyFormat::Own => format::mint(kind, self.random.as_ref()),
            KeyFormat::Uuid => self.mint_uuid(),
        };
        let key = Key {
            name,
            terms: new.terms,
            not_before: new.not_before,
            expires_at,
            parent: caller.key().map(|key| key.id()),
            approval,
            ..self.record(kind, owner, &secret, Some(user))
        };
        self.store(key, secret).await
    }

    /// Stores a key that was just made.
    pub(super) async fn store(&self, mut key: Key, secret: Secret) -> Result<MintedKey> {
        key.id = self.repos.insert_key(&key).await?;
        self.gate.forget_keys();
        Ok(MintedKey { key, secret })
    }

    /// A random UUID: 122 bits that nobody can guess.
    pub(super) fn mint_uuid(&self) -> Secret {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        Secret::new(uuid::Builder::from_random_bytes(bytes).into_uuid().to_string())
    }

    pub(super) async fn kind_for(&self, owner: KeyOwner, kind: Option<KeyKind>) -> Result<KeyKind> {
        let known: &[KeyKind] = match owner {
            KeyOwner::User(id) => {
                let user = self.repos.user(id).await?;
                let user = user.filter(|user| user.disabled_at.is_none());
                match user.map(|user| user.kind) {
                    Some(UserKind::Person) => &[KeyKind::User, KeyKind::Agent],
                    Some(UserKind::Service) => &[KeyKind::Service, KeyKind::Agent],
                    None => {
                        let detail = format!("there is no user {id}, or it is shut out");
                        return Err(Fault::invalid("owner", detail));
                    }
                }
            }
            KeyOwner::Workspace(id) => {
                if self.repos.workspace(id).await?.is_none() {
                    let detail = format!("there is no workspace {id}");
                    return Err(Fault::invalid("owner", detail));
                }
                &[KeyKind::Service, KeyKind::Ingest]
            }
            KeyOwner::Query(_) | KeyOwner::Dashboard(_) => {
                let detail = "keys of queries and dashboards are made there";
                return Err(Fault::invalid("owner", detail));
            }
        };
        match kind {
            None => Ok(known[0]),
            Some(kind) if known.contains(&kind) => Ok(kind),
            Some(_) => {
                let words: Vec<_> = known.iter().map(|kind| kind.as_str()).collect();
                let detail = format!("such an owner has keys of the kinds {}", words.join(", "));
                Err(Fault::invalid("kind", detail))
            }
        }
    }

    /// When a new key ends: as asked for, within the policy and never after the key above it.
    pub(super) fn end(
        &self,
        policy: &KeyPolicy,
        not_before: Option<Timestamp>,
        asked: Expiry,
        above: Option<Timestamp>,
    ) -> Result<Option<Timestamp>> {
        let now = self.clock.now();
        let begin = not_before.map_or(now, |from| from.max(now));
        let after = |days: u32| begin + chrono::TimeDelta::days(i64::from(days));
        let days = (policy.lifetime_days_max > 0).then_some(policy.lifetime_days_max);
        let latest = days.map(after);
        let end = match asked {
            Expiry::Usual => {
                let usual = policy.default_lifetime_days;
                let end = (usual > 0).then(|| after(usual));
                return Ok([end, above].into_iter().flatten().min());
            }
            Expiry::Never => None,
            Expiry::At(end) => Some(end),
        };
        if end.is_some_and(|end| end <= now) {
            return Err(Fault::invalid("expires_at", "must be in the future"));
        }
        if end.zip(not_before).is_some_and(|(end, start)| end <= start) {
            return Err(Fault::invalid("expires_at", "must be after not_before"));
        }
        if let Some(days) = days
            && end.is_none_or(|end| Some(end) > latest)
        {
            let detail = format!("the organisation allows at most {days} days (lifetime_days_max)");
            return Err(Fault::invalid("expires_at", detail));
        }
        if above.is_some_and(|above| end.is_none_or(|end| end > above)) {
            let detail = "must not be after the end of the key that was shown";
            return Err(Fault::invalid("expires_at", detail));
        }
        Ok(end)
    }

    async fn approval_for(
        &self,
        caller: &Caller,
        owner: KeyOwner,
        kind: KeyKind,
        new: &NewKey,
        policy: &KeyPolicy,
    ) -> Result<Option<Approval>> {
        let holder = match owner {
            KeyOwner::User(id) => self.gate.principal(id).await?,
            _ => None,
        };
        let holds = |action: Action| holder.as_ref().is_none_or(|user| user.holds(action));
        if !policy.needs_approval(kind, &new.terms, holds) {
            return Ok(None);
        }
        let justification = clean_justification(&new.justification)?;
        let by = approves_itself(caller, policy);
        let approved_at = by.map(|_| self.clock.now());
        Ok(Some(Approval { justification, by, approved_at, refused_at: None }))
    }
}

/// The caller, if what it asks for is approved by asking.
pub(super) fn approves_itself(caller: &Caller, policy: &KeyPolicy) -> Option<UserId> {
    let admin = caller.user().filter(|user| user.is_admin());
    admin.filter(|_| !policy.four_eyes).map(|user| user.id)
}

pub(super) fn clean_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARACTERS_MAX {
        let detail = format!("a key needs a name of 1 to {NAME_CHARACTERS_MAX} characters");
        return Err(Fault::invalid("name", detail));
    }
    Ok(name.to_owned())
}

pub(super) fn clean_justification(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > JUSTIFICATION_CHARACTERS_MAX {
        let detail = format!(
            "the organisation approves such keys first: say why it is needed, in 1 to \
             {JUSTIFICATION_CHARACTERS_MAX} characters"
        );
        return Err(Fault::invalid("justification", detail));
    }
    Ok(text.to_owned())
}

/// A key that takes data in reads nothing, whatever its terms say.
pub(super) fn check_kind(kind: KeyKind, terms: &Terms) -> Result<()> {
    const TAKES_IN: [Action; 4] = [
        Action::UsersTrack,
        Action::UsersAliasNew,
        Action::UsersIdentify,
        Action::SubscriptionStatusSet,
    ];
    if kind != KeyKind::Ingest || terms.canary {
        return Ok(());
    }
    let takes_in = |grant: &super::terms::Grant| {
        grant.effect == super::terms::Effect::Deny
            || TAKES_IN.iter().any(|action| action.as_str() == grant.action.as_str())
    };
    if terms.grants.is_empty() || !terms.grants.iter().all(takes_in) {
        let names = TAKES_IN.map(Action::as_str).join(", ");
        let detail = format!("a key of the kind ing has grants of {names} and no others");
        return Err(Fault::invalid("terms.grants", detail));
    }
    Ok(())
}
