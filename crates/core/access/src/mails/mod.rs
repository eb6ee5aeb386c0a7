//! Mail that waits to be sent: a durable queue, so that no request waits for a mail server, and no
//! mail is lost when the process ends.

mod links;
mod service;
mod texts;

use tessera_kernel::Timestamp;
use tessera_kernel::ids::Uid;

pub use service::{MailCounts, Mails};

/// How it stands with a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailState {
    /// It waits.
    Queued,
    /// The mail server took it.
    Sent,
    /// It was given up.
    Failed,
}

impl MailState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Queued, Self::Sent, Self::Failed];

    /// The spelling in storage and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    /// Reads the spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A mail as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedMail {
    /// The public identifier.
    pub uid: Uid,
    /// A second mail with the same text here is not taken.
    pub deduplication: String,
    /// What it is about: `invitation`, `reset`, `forgot`, `verification`, `key_ends`, `notice`,
    /// `failures`.
    pub kind: String,
    /// Who gets it, with commas. Of a request of a stranger: the address that was typed.
    pub recipients: String,
    /// The whole mail, sealed, since links in it are secrets; gone once it ended.
    pub sealed: Option<Vec<u8>>,
    /// How it stands.
    pub state: MailState,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub next_at: Timestamp,
    /// What went wrong last.
    pub error: Option<String>,
    /// When it was put here.
    pub created_at: Timestamp,
    /// When it was sent or given up.
    pub ended_at: Option<Timestamp>,
}

/// What the operator decides about mail.
#[derive(Debug, Clone)]
pub struct MailQueueSettings {
    /// How often a mail is tried before it is given up.
    pub attempts_max: i64,
    /// How long ended mails stay in the list, in seconds.
    pub retention_seconds: i64,
    /// How long one attempt may take at most, in seconds; after that another node may try.
    pub lease_seconds: i64,
    /// Where people reach this server, without a slash at the end: links in mails begin with it.
    pub base_url: String,
}

impl Default for MailQueueSettings {
    fn default() -> Self {
        Self {
            attempts_max: 10,
            retention_seconds: 7 * 24 * 3600,
            lease_seconds: 120,
            base_url: String::new(),
        }
    }
}
