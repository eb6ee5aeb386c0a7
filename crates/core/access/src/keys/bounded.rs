//! Keys with terms: those of one query with values and ranges, and narrower ones below a key.

use tessera_kernel::ids::{KeyId, QueryId};
use tessera_kernel::{Code, Fault, Result, Secret, Timestamp};

use super::terms::{Held, Terms};
use super::{Expiry, Key, KeyKind, KeyOwner, Keys, MintedKey, format, hex, root_secret};
use crate::acts::{CreateChildKey, PinQuery};
use crate::gate::PARENTS_MAX;
use crate::{Authorized, UserPrincipal};

/// Longest name of a key, in characters.
const NAME_CHARACTERS_MAX: usize = 255;

/// The secret with which tokens are made from a key: `sig_<key id>_<64 hexadecimal digits>`.
pub type SigningSecret = Secret;

/// What a key with terms is made of.
#[derive(Debug, Clone)]
pub struct BoundedKey {
    /// What its maker calls it.
    pub name: String,
    /// From when it works.
    pub not_before: Option<Timestamp>,
    /// Until when it works.
    pub expires_at: Option<Timestamp>,
    /// What it may do.
    pub terms: Terms,
}

impl Keys {
    /// Makes a key of one query, which ends when the organisation's policy wants it at the latest.
    /// That its terms fit the query was checked before.
    ///
    /// # Errors
    /// `Invalid` for a bad name or time.
    pub async fn mint_for_query(
        &self,
        grant: &Authorized<PinQuery>,
        new: BoundedKey,
    ) -> Result<MintedKey> {
        let owner = KeyOwner::Query(grant.act().query);
        let creator = grant.user()?;
        let asked = new.expires_at.map_or(Expiry::Never, Expiry::At);
        self.end(&self.policy().await?, new.not_before, asked, None)?;
        self.mint_bounded(KeyKind::Query, owner, Some(creator), None, new).await
    }

    /// The keys of a query that have terms and are not revoked: all of them for who may change the
    /// query, else those that the caller made.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn of_query(&self, grant: &Authorized<PinQuery>) -> Result<Vec<Key>> {
        let user = grant.user()?;
        let facts = grant.facts();
        let all =
            user.is_admin() || facts.owner == Some(user.id) || facts.editors.contains(&user.id);
        let query: QueryId = grant.act().query;
        let keys = self.repos().keys_of(KeyOwner::Query(query)).await?;
        Ok(keys
            .into_iter()
            .filter(|key| key.sealed.is_none() && (all || key.created_by == Some(user.id)))
            .collect())
    }

    /// Makes a narrower key below the one that asks.
    ///
    /// # Errors
    /// `Invalid` for terms, times or a depth beyond those above; `Conflict` for too many.
    pub async fn create_child(
        &self,
        grant: &Authorized<CreateChildKey>,
        mut new: BoundedKey,
    ) -> Result<MintedKey> {
        let missing = || Fault::new(Code::OutOfScope, "only a key makes keys below itself");
        let parent = grant.caller().key().ok_or_else(missing)?;
        if parent.above.len() + 1 >= PARENTS_MAX {
            let detail = format!("there can be at most {PARENTS_MAX} keys above one another");
            return Err(Fault::invalid("parent", detail));
        }
        for above in parent.terms() {
            if let Some(wider) = new.terms.wider_than(above, Held::Together) {
                return Err(Fault::invalid(wider.field(), wider.detail));
            }
        }
        let ends = std::iter::once(&parent.key).chain(&parent.above);
        if let Some(end) = ends.filter_map(|key| key.expires_at).min() {
            if new.expires_at.is_some_and(|own| own > end) {
                let detail = "is later than the end of the key above";
                return Err(Fault::invalid("expires_at", detail));
            }
            new.expires_at.get_or_insert(end);
        }
        let most = self.gate().settings().key_children_max;
        if self.repos().keys_below(parent.id()).await?.len() >= most {
            let detail = format!("the key has {most} keys below it (keys.children_max)");
            return Err(Fault::new(Code::Conflict, detail));
        }
        let (kind, owner) = (parent.key.kind, parent.key.owner);
        self.mint_bounded(kind, owner, grant.caller().user(), Some(parent.id()), new).await
    }

    /// The secret to make tokens with, of a key whose terms allow it. To be shown once, when the
    /// key is made.
    ///
    /// # Errors
    /// If the pepper of the key is gone.
    pub fn signing_secret(&self, key: &Key) -> Result<Option<SigningSecret>> {
        if !key.terms.attenuable {
            return Ok(None);
        }
        let gone = || Fault::new(Code::Internal, "the pepper of the key is gone");
        let root = root_secret(self.gate().peppers(), key).ok_or_else(gone)?;
        Ok(Some(Secret::new(format!("sig_{}_{}", key.lookup, hex(&root)))))
    }

    async fn mint_bounded(
        &self,
        kind: KeyKind,
        owner: KeyOwner,
        creator: Option<&UserPrincipal>,
        parent: Option<KeyId>,
        new: BoundedKey,
    ) -> Result<MintedKey> {
        let name = new.name.trim();
        if name.is_empty() || name.chars().count() > NAME_CHARACTERS_MAX {
            let detail = format!("a key needs a name of 1 to {NAME_CHARACTERS_MAX} characters");
            return Err(Fault::invalid("name", detail));
        }
        if new.expires_at.is_some_and(|end| end <= self.now()) {
            return Err(Fault::invalid("expires_at", "must be in the future"));
        }
        if new.expires_at.zip(new.not_before).is_some_and(|(end, start)| end <= start) {
            return Err(Fault::invalid("expires_at", "must be after not_before"));
        }
        let secret = format::mint(kind, self.random());
        let mut key = self.record(kind, owner, &secret, creator.map(|user| user.id));
        key.name = name.to_owned();
        key.not_before = new.not_before;
        key.expires_at = new.expires_at;
        key.terms = new.terms;
        key.parent = parent;
        key.id = self.repos().insert_key(&key).await?;
        self.gate().forget_keys();
        Ok(MintedKey { key, secret })
    }
}
