//! Keys with an account of their own: a program that is known by one key. The account is a service
//! account that nobody else uses; it has the key's name and groups, and ends with the key.

use std::sync::Arc;

use serde_json::{Value as Json, json};
use tessera_kernel::ids::{GroupId, KeyId, UserId};
use tessera_kernel::{Clock, Code, Fault, Random, Result, Secret, Timestamp};

use super::{Key, KeyKind, KeyOwner, KeyShape, MintedKey, foreign, hex};
use crate::acts::{
    Act, CreateAccountKey, DeleteAccountKey, ListAccountKeys, RegenerateAccountKey,
    UpdateAccountKey,
};
use crate::ports::Repos;
use crate::{AuditEvent, Authorized, Gate, Group, User, UserKind};

/// How often a key is made anew because its hint is taken.
const ATTEMPTS: usize = 5;
/// Longest name, in characters.
const NAME_CHARACTERS_MAX: usize = 254;

/// A key with its account.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountKey {
    /// The key.
    pub key: Key,
    /// The account it acts as.
    pub account: User,
    /// When name, groups or text were last changed.
    pub changed_at: Timestamp,
    /// Who did.
    pub changed_by: Option<UserId>,
}

/// A key with its account, and what is worth telling with it.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountKeyView {
    /// The key.
    pub known: AccountKey,
    /// Its group besides the default one; the default one if it is in no other.
    pub group: Option<Group>,
    /// Who changed it last.
    pub changed_by: Option<User>,
}

/// What a new key with an account is made of.
#[derive(Debug, Clone)]
pub struct NewAccountKey {
    /// The name of both; no two such keys have the same.
    pub name: String,
    /// The group it joins besides the default one.
    pub group: GroupId,
    /// The shape of its text.
    pub shape: KeyShape,
}

/// What to change; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct AccountKeyChange {
    /// A new name.
    pub name: Option<String>,
    /// A new group, instead of those besides the default one.
    pub group: Option<GroupId>,
}

/// Keys with accounts of their own.
#[derive(Clone)]
pub struct AccountKeys {
    repos: Arc<dyn Repos>,
    gate: Gate,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl AccountKeys {
    /// The service over its parts.
    #[must_use]
    pub fn new(
        repos: Arc<dyn Repos>,
        gate: Gate,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { repos, gate, clock, random }
    }

    /// All that are not revoked, by name.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn list(&self, _grant: &Authorized<ListAccountKeys>) -> Result<Vec<AccountKeyView>> {
        self.views(self.repos.account_keys().await?).await
    }

    /// Makes a key and its account. The text is in the answer and nowhere else.
    ///
    /// # Errors
    /// `Invalid` for a bad name or group, `Duplicate` for a taken name.
    pub async fn create(
        &self,
        grant: &Authorized<CreateAccountKey>,
        new: NewAccountKey,
    ) -> Result<(AccountKeyView, Secret)> {
        let by = grant.user()?.id;
        let name = clean_name(&new.name)?;
        let known = self.repos.account_keys().await?;
        if known.iter().any(|known| known.key.name == name) {
            return Err(Fault::new(Code::Duplicate, "another key has this name").with_field("name"));
        }
        let (groups, group) = self.groups(new.group).await?;
        let now = self.clock.now();
        let mut minted = self
            .mint(new.shape, Key::blank(KeyKind::Service, KeyOwner::User(UserId(0)), now))
            .await?;
        minted.key.uid = self.random.uid(now);
        minted.key.name.clone_from(&name);
        minted.key.created_by = Some(by);
        let uid = self.random.uid(now);
        let account = User {
            id: UserId(0),
            kind: UserKind::Service,
            uid,
            name: name.clone(),
            // A name that reaches nobody (RFC 2606), in the form that clients look for.
            email: format!("api-key-user-{uid}@api-key.invalid"),
            password_hash: None,
            groups,
            disabled_at: None,
            invitation_pending: false,
            email_verified: false,
            active_at: None,
            epoch: 0,
            created_at: now,
            updated_at: now,
        };
        let changes = [
            ("name", Json::Null, json!(name)),
            ("group", Json::Null, label(&group)),
            ("hint", Json::Null, json!(minted.key.hint)),
            ("account", Json::Null, json!(account.email)),
        ];
        self.record(grant, &changes).await?;
        let key = self.repos.insert_account_key(&account, &minted.key, by).await?;
        self.gate.forget_keys();
        Ok((self.view(key).await?, minted.secret))
    }

    /// Changes name and group of a key and its account.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` for a bad name or group.
    pub async fn update(
        &self,
        grant: &Authorized<UpdateAccountKey>,
        change: AccountKeyChange,
    ) -> Result<AccountKeyView> {
        let mut known = self.require(grant.act().key).await?;
        let mut changes = Vec::new();
        if let Some(name) = change.name {
            let name = clean_name(&name)?;
            changes.push(("name", json!(known.key.name), json!(name)));
            known.key.name.clone_from(&name);
            known.account.name = name;
        }
        if let Some(group) = change.group {
            let before = self.labels(&known.account).await?;
            let (groups, group) = self.groups(group).await?;
            changes.push(("group", before, label(&group)));
            known.account.groups = groups;
        }
        changes.push(("hint", json!(known.key.hint), json!(known.key.hint)));
        self.record(grant, &changes).await?;
        let now = self.clock.now();
        known.account.updated_at = now;
        let by = grant.user()?.id;
        self.repos.update_account_key(&known.account, &known.key, now, by).await?;
        self.gate.forget_keys();
        self.gate.forget_users();
        self.view(grant.act().key).await
    }

    /// Gives a key another text; the old one stops working at once. Number, name and terms stay.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn regenerate(
        &self,
        grant: &Authorized<RegenerateAccountKey>,
    ) -> Result<(AccountKeyView, Secret)> {
        let known = self.require(grant.act().key).await?;
        let before = known.key.hint.clone();
        let minted = self.mint(KeyShape::of_hint(&before), known.key).await?;
        self.record(grant, &[("hint", json!(before), json!(minted.key.hint))]).await?;
        let by = grant.user()?.id;
        self.repos.replace_account_key_text(&minted.key, self.clock.now(), by).await?;
        self.gate.forget_keys();
        Ok((self.view(grant.act().key).await?, minted.secret))
    }

    /// Revokes a key for good and shuts its account out. What the account owns stays.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete(&self, grant: &Authorized<DeleteAccountKey>) -> Result<()> {
        let known = self.require(grant.act().key).await?;
        let changes = [
            ("name", json!(known.key.name), Json::Null),
            ("group", self.labels(&known.account).await?, Json::Null),
            ("hint", json!(known.key.hint), Json::Null),
            ("account", json!(known.account.email), Json::Null),
        ];
        self.record(grant, &changes).await?;
        let by = grant.user()?.id;
        self.repos.delete_account_key(&known, self.clock.now(), by).await?;
        self.gate.forget_keys();
        self.gate.forget_users();
        Ok(())
    }

    async fn require(&self, id: KeyId) -> Result<AccountKey> {
        self.repos.account_key(id).await?.ok_or_else(|| Fault::not_found("key"))
    }

    async fn view(&self, id: KeyId) -> Result<AccountKeyView> {
        let mut views = self.views(vec![self.require(id).await?]).await?;
        views.pop().ok_or_else(|| Fault::not_found("key"))
    }

    async fn views(&self, keys: Vec<AccountKey>) -> Result<Vec<AccountKeyView>> {
        let mut people: Vec<UserId> = keys.iter().filter_map(|known| known.changed_by).collect();
        people.sort_unstable();
        people.dedup();
        let people = self.repos.users_by_ids(&people).await?;
        let groups = self.repos.groups().await?;
        let view = |known: AccountKey| AccountKeyView {
            group: shown_group(&groups, &known.account).cloned(),
            changed_by: people.iter().find(|user| Some(user.id) == known.changed_by).cloned(),
            known,
        };
        Ok(keys.into_iter().map(view).collect())
    }

    /// The groups of an account: the default one and another, which may be the same.
    async fn groups(&self, wanted: GroupId) -> Result<(Vec<GroupId>, Group)> {
        let known = self.repos.groups().await?;
        let group = known.iter().find(|group| group.id == wanted).cloned();
        let group =
            group.ok_or_else(|| Fault::invalid("group", format!("there is no group {wanted}")))?;
        let mut groups: Vec<GroupId> =
            known.iter().filter(|group| group.is_default()).map(|group| group.id).collect();
        if !groups.contains(&group.id) {
            groups.push(group.id);
        }
        Ok((groups, group))
    }

    /// The groups of an account besides the default one, for records.
    async fn labels(&self, account: &User) -> Result<Json> {
        let known = self.repos.groups().await?;
        Ok(shown_group(&known, account).map_or(Json::Null, label))
    }

    /// Puts a new text into a key, whose hint no other key has.
    async fn mint(&self, shape: KeyShape, mut key: Key) -> Result<MintedKey> {
        for _ in 0..ATTEMPTS {
            let secret = shape.mint(self.random.as_ref());
            let hint = foreign::hint(secret.expose());
            if self.repos.is_hint_taken(&hint).await? {
                continue;
            }
            let (pepper_version, digest) = self.gate.peppers().digest(secret.expose());
            key.lookup = hex(&digest);
            (key.digest, key.pepper_version, key.hint) = (digest, pepper_version, hint);
            return Ok(MintedKey { key, secret });
        }
        Err(Fault::new(Code::Internal, "no key with a free prefix was found"))
    }

    /// Writes down what is about to change: before and after, never the text of a key.
    async fn record<A: Act>(
        &self,
        grant: &Authorized<A>,
        changes: &[(&str, Json, Json)],
    ) -> Result<()> {
        let changes: serde_json::Map<String, Json> = changes
            .iter()
            .map(|(name, before, after)| {
                ((*name).to_owned(), json!({ "before": before, "after": after }))
            })
            .collect();
        let event = AuditEvent {
            at: self.clock.now(),
            actor: grant.caller().label(),
            action: A::ACTION.as_str(),
            object: grant.act().object().label(),
            detail: json!({ "key": grant.caller().key().map(|key| key.id()), "changes": changes }),
            address: None,
        };
        self.repos.insert_audit(&[event]).await
    }
}

/// The group of an account that is not the default one, or the default one.
fn shown_group<'a>(groups: &'a [Group], account: &User) -> Option<&'a Group> {
    let of = || groups.iter().filter(|group| account.groups.contains(&group.id));
    of().find(|group| !group.is_default()).or_else(|| of().next())
}

fn label(group: &Group) -> Json {
    json!({ "id": group.id, "name": group.name })
}

fn clean_name(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARACTERS_MAX {
        let detail = format!("must have 1 to {NAME_CHARACTERS_MAX} characters");
        return Err(Fault::invalid("name", detail));
    }
    Ok(name.to_owned())
}
