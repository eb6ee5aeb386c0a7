//! Keys taken over from another server: their texts are known once, and stored as digests.

use tessera_kernel::{Code, Fault, Result, Secret};

use super::{Key, KeyKind, KeyOwner, Keys, format};
use crate::acts::AdministerKeys;
use crate::{Authorized, Object, UserKind};

/// Fewer characters than this could be guessed (NIST SP 800-63B asks for 112 random bits).
const CHARACTERS_MIN: usize = 22;

impl Keys {
    /// Takes a key over. It does not end, as it did not where it came from.
    ///
    /// # Errors
    /// `Invalid` for a text that is no such key, or an owner that does not exist; `Duplicate` if it
    /// is here already.
    pub async fn import(
        &self,
        grant: &Authorized<AdministerKeys>,
        owner: KeyOwner,
        text: &Secret,
        dry_run: bool,
    ) -> Result<Key> {
        let foreign = matches!(format::read(text.expose()), Some(format::KeyText::Foreign));
        if !foreign || text.expose().len() < CHARACTERS_MIN {
            let detail = "is no key: forty letters and digits, mb_ and base 64, or a UUID";
            return Err(Fault::invalid("key", detail));
        }
        let kind = match owner {
            KeyOwner::User(id) => match self.repos.user(id).await?.map(|user| user.kind) {
                Some(UserKind::Person) => KeyKind::User,
                Some(UserKind::Service) => KeyKind::Service,
                None => return Err(missing(owner)),
            },
            KeyOwner::Query(id) => self.there(Object::Query(id), owner, KeyKind::Query).await?,
            KeyOwner::Dashboard(id) => {
                self.there(Object::Dashboard(id), owner, KeyKind::Dashboard).await?
            }
            KeyOwner::Workspace(id) => {
                self.there(Object::Workspace(id), owner, KeyKind::Service).await?
            }
        };
        if self.gate.find(text).await?.is_some() {
            return Err(Fault::new(Code::Duplicate, "the key is here already").with_field("key"));
        }
        let by = grant.caller().user().map(|user| user.id);
        let mut key = Key { name: "imported".to_owned(), ..self.record(kind, owner, text, by) };
        if !dry_run {
            key.id = self.repos.insert_key(&key).await?;
            self.gate.forget_keys();
        }
        Ok(key)
    }

    async fn there(&self, object: Object, owner: KeyOwner, kind: KeyKind) -> Result<KeyKind> {
        self.repos.facts(object).await?.map(|_| kind).ok_or_else(|| missing(owner))
    }
}

fn missing(owner: KeyOwner) -> Fault {
    Fault::invalid("owner", format!("there is no {}", owner.label()))
}
