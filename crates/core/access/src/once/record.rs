//! What storage keeps of work that counts once.

use async_trait::async_trait;
use tessera_kernel::{Result, Timestamp};

/// Work that somebody begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnceClaim {
    /// The digest of who asks, for what and under which key, in hexadecimal digits.
    pub name: String,
    /// The digest of who asks.
    pub caller: String,
    /// The keyed digest of what was sent: it may have had a password in it.
    pub body: [u8; 32],
    /// The pepper of that digest.
    pub pepper: i64,
    /// When it is begun.
    pub began: Timestamp,
    /// When it is forgotten.
    pub until: Timestamp,
}

/// Work that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnceRecord {
    /// The keyed digest of what was sent.
    pub body: [u8; 32],
    /// The pepper of that digest.
    pub pepper: i64,
    /// When it was begun.
    pub began: Timestamp,
    /// The sealed answer, once it is done.
    pub answer: Option<Vec<u8>>,
}

/// Work that counts once, on all nodes together.
#[async_trait]
pub trait OnceRepo: Send + Sync {
    /// Notes that work is begun, in one statement; `false`, and nothing is changed, if it was begun
    /// before, by whichever node, and is not forgotten yet.
    async fn begin_once(&self, claim: &OnceClaim) -> Result<bool>;
    /// What is known of work.
    async fn once_record(&self, name: &str) -> Result<Option<OnceRecord>>;
    /// Keeps the sealed answer of work that was begun by this claim.
    async fn settle_once(&self, claim: &OnceClaim, answer: &[u8]) -> Result<()>;
    /// Forgets work that was begun by this claim and has no answer.
    async fn forget_once(&self, claim: &OnceClaim) -> Result<()>;
    /// Removes records whose time is over at `now`; and the oldest, until no caller has more than
    /// `per_caller`, and all answers together no more than `bytes`. Tells how many.
    async fn purge_once(&self, now: Timestamp, per_caller: u64, bytes: u64) -> Result<u64>;
}
