//! What storage has to offer for keys and their limits.

use async_trait::async_trait;
use tessera_kernel::ids::{KeyId, UserId};
use tessera_kernel::{Page, PageRequest, Result, Timestamp};

use crate::KeyFilter;
use crate::keys::{AccountKey, Key, KeyKind, KeyOwner};
use crate::limits::BucketReport;
use crate::usage::KeyUse;
use crate::users::User;

/// Keys.
#[async_trait]
pub trait KeyRepo: Send + Sync {
    /// The key that is found by this text, whatever its state.
    async fn key_by_lookup(&self, lookup: &str) -> Result<Option<Key>>;
    /// One key.
    async fn key(&self, id: KeyId) -> Result<Option<Key>>;
    /// The keys of an owner that are not revoked, oldest first.
    async fn keys_of(&self, owner: KeyOwner) -> Result<Vec<Key>>;
    /// The keys right below a key that are not revoked, oldest first.
    async fn keys_below(&self, parent: KeyId) -> Result<Vec<Key>>;
    /// Adds a key.
    async fn insert_key(&self, key: &Key) -> Result<KeyId>;
    /// Revokes the recoverable keys of this kind that the owner has, and adds the new one, in one
    /// transaction.
    async fn replace_recoverable_key(
        &self,
        kind: KeyKind,
        key: &Key,
        at: Timestamp,
    ) -> Result<KeyId>;
    /// Revokes a key for good; `false` if it was already.
    async fn revoke_key(&self, id: KeyId, at: Timestamp) -> Result<bool>;
    /// Revokes all keys of an owner.
    async fn revoke_keys_of(&self, owner: KeyOwner, at: Timestamp) -> Result<()>;
    /// Notes that keys were used. Never makes a time earlier.
    async fn touch_keys(&self, used: &[(KeyId, KeyUse)]) -> Result<()>;
    /// The keys that are not revoked and came in addresses of requests, latest first; of one user
    /// (whose keys they are, or who made them) or of all.
    async fn keys_seen_in_urls(&self, user: Option<UserId>) -> Result<Vec<Key>>;
}

/// The lives of keys.
#[async_trait]
pub trait KeyLifeRepo: Send + Sync {
    /// A page of keys, oldest first. States are meant at `now`.
    async fn keys(
        &self,
        filter: &KeyFilter,
        now: Timestamp,
        page: PageRequest,
    ) -> Result<Page<Key>>;
    /// Writes the name, terms, approval and widening of a key.
    async fn update_key(&self, key: &Key) -> Result<()>;
    /// Writes until when a key works.
    async fn set_key_end(&self, id: KeyId, end: Option<Timestamp>) -> Result<()>;
    /// Writes since when and by whom a key is switched off; `at` counts as use when it is switched on.
    async fn set_key_disabled(&self, key: &Key, at: Timestamp) -> Result<()>;
    /// Adds a successor and lets the predecessor end at `end`, in one transaction; `Conflict` if
    /// that has a successor or is revoked.
    async fn replace_key(
        &self,
        predecessor: KeyId,
        end: Timestamp,
        at: Timestamp,
        successor: &Key,
    ) -> Result<KeyId>;
    /// Revokes those of these keys that are not revoked; tells how many.
    async fn revoke_keys(&self, ids: &[KeyId], by: Option<UserId>, at: Timestamp) -> Result<u64>;
    /// Brings a revoked key back.
    async fn restore_key(&self, id: KeyId) -> Result<()>;
    /// Deletes keys that were revoked before this moment.
    async fn purge_keys(&self, revoked_before: Timestamp) -> Result<u64>;
    /// Switches keys off that cannot be shown again and were not used since this moment.
    async fn disable_unused_keys(&self, since: Timestamp, at: Timestamp) -> Result<Vec<KeyId>>;
    /// Notes a warning of so many days; `false` if there was one of as many or fewer.
    async fn note_key_warning(&self, id: KeyId, days: i64) -> Result<bool>;
    /// Writes digest, pepper, lookup and sealed text of a key if it still has this pepper.
    async fn redigest_key(&self, key: &Key, pepper: i64) -> Result<bool>;
    /// Some recoverable keys that are not revoked and have another pepper.
    async fn recoverable_keys_under_other_peppers(
        &self,
        pepper: i64,
        limit: u64,
    ) -> Result<Vec<Key>>;
    /// How many keys there are for each pepper, revoked ones too.
    async fn count_keys_by_pepper(&self) -> Result<Vec<(i64, u64)>>;
}

/// Keys with accounts of their own.
#[async_trait]
pub trait AccountKeyRepo: Send + Sync {
    /// All that are not revoked, by name.
    async fn account_keys(&self) -> Result<Vec<AccountKey>>;
    /// One that is not revoked.
    async fn account_key(&self, key: KeyId) -> Result<Option<AccountKey>>;
    /// Whether any key, also a revoked one, has this hint.
    async fn is_hint_taken(&self, hint: &str) -> Result<bool>;
    /// Adds an account with its key, in one transaction. The key's owner is the new account.
    async fn insert_account_key(&self, account: &User, key: &Key, by: UserId) -> Result<KeyId>;
    /// Writes the account with all fields, and the name of the key, in one transaction.
    async fn update_account_key(
        &self,
        account: &User,
        key: &Key,
        at: Timestamp,
        by: UserId,
    ) -> Result<()>;
    /// Writes lookup, digest, pepper and hint of a key that is not revoked.
    async fn replace_account_key_text(&self, key: &Key, at: Timestamp, by: UserId) -> Result<()>;
    /// Revokes the key; shuts the account out unless it has other keys. In one transaction.
    async fn delete_account_key(&self, known: &AccountKey, at: Timestamp, by: UserId)
    -> Result<()>;
}

/// What nodes share of limits.
#[async_trait]
pub trait LimitRepo: Send + Sync {
    /// Adds what a node used to buckets, in one statement, and gives their states with what all
    /// nodes used: `max(max(state, since) + added, the node's own state)`.
    async fn exchange_limit_buckets(&self, reports: &[BucketReport]) -> Result<Vec<(String, u64)>>;
    /// The states of these buckets, of those that are stored.
    async fn limit_bucket_states(&self, buckets: &[String]) -> Result<Vec<(String, u64)>>;
    /// The buckets whose state is after `now`, in nanoseconds since 1970.
    async fn limit_buckets(&self, now: u64) -> Result<Vec<(String, u64)>>;
    /// Removes buckets whose state is before a moment.
    async fn purge_limit_buckets(&self, before: u64) -> Result<u64>;
    /// How the keys with a number above `after` are found, whatever their state.
    async fn key_lookups(&self, after: KeyId) -> Result<Vec<(KeyId, String)>>;
}
