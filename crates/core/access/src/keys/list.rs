//! Lists of keys, and one of them.

use tessera_kernel::ids::{KeyId, UserId};
use tessera_kernel::{Fault, Page, PageRequest, Result, Timestamp};

use super::{Key, KeyKind, KeyOwner, KeyState, Keys};
use crate::Authorized;
use crate::acts::{AdministerKeys, ListKeys, ReadKey};

/// Which keys to list; all that is given must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyFilter {
    /// Whose.
    pub owner: Option<KeyOwner>,
    /// Made by whom.
    pub created_by: Option<UserId>,
    /// Of which kind.
    pub kind: Option<KeyKind>,
    /// In which state; `None` for all but revoked ones.
    pub state: Option<KeyState>,
    /// Those that end before this moment, or have ended.
    pub expiring_before: Option<Timestamp>,
    /// Those not used since this moment, nor made after it.
    pub unused_since: Option<Timestamp>,
    /// Those made before this moment.
    pub created_before: Option<Timestamp>,
    /// Only those that can be shown again, or only those that cannot.
    pub recoverable: Option<bool>,
    /// Only these.
    pub ids: Vec<KeyId>,
    /// Those that this user looks after: its own, and those it made that are no other user's and
    /// cannot be shown again, such as keys of queries.
    pub kept_by: Option<UserId>,
}

impl Keys {
    /// The moment that states are meant at.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A page of the caller's own keys, oldest first.
    ///
    /// # Errors
    /// `Forbidden` for a key that is not that of a user.
    pub async fn list(
        &self,
        grant: &Authorized<ListKeys>,
        filter: &KeyFilter,
        page: PageRequest,
    ) -> Result<Page<Key>> {
        let owner = Some(KeyOwner::User(grant.user()?.id));
        self.repos.keys(&KeyFilter { owner, ..filter.clone() }, self.clock.now(), page).await
    }

    /// A page of the keys that the caller looks after, oldest first: its own, and those it made for
    /// queries, dashboards and workspaces.
    ///
    /// # Errors
    /// `Forbidden` for a key that is not that of a user.
    pub async fn list_kept(
        &self,
        grant: &Authorized<ListKeys>,
        filter: &KeyFilter,
        page: PageRequest,
    ) -> Result<Page<Key>> {
        let filter = KeyFilter { kept_by: Some(grant.user()?.id), ..filter.clone() };
        self.repos.keys(&filter, self.clock.now(), page).await
    }

    /// A page of everybody's keys, oldest first.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn list_all(
        &self,
        _grant: &Authorized<AdministerKeys>,
        filter: &KeyFilter,
        page: PageRequest,
    ) -> Result<Page<Key>> {
        self.repos.keys(filter, self.clock.now(), page).await
    }

    /// One key, whatever its state.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn get(&self, grant: &Authorized<ReadKey>) -> Result<Key> {
        self.require(grant.act().key).await
    }

    pub(super) async fn require(&self, id: KeyId) -> Result<Key> {
        self.repos.key(id).await?.ok_or_else(|| Fault::not_found("key"))
    }
}
