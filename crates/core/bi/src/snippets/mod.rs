//! Snippets: pieces of text to write queries with, which an editor puts in for a short word.

mod service;

use tessera_access::User;
use tessera_kernel::Timestamp;
use tessera_kernel::ids::{SnippetId, Uid, UserId};

pub use service::Snippets;

/// A piece of text. Places to fill in are written `${1:default}`; `${0}` is the last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// The number.
    pub id: SnippetId,
    /// The public identifier.
    pub uid: Uid,
    /// The word that stands for it; unique.
    pub trigger: String,
    /// What it is for.
    pub description: String,
    /// The text.
    pub text: String,
    /// Who made it.
    pub owner: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A snippet with its owner.
#[derive(Debug, Clone, PartialEq)]
pub struct SnippetListing {
    /// The snippet.
    pub snippet: Snippet,
    /// Who made it.
    pub owner: User,
}

/// What a new snippet is made of.
#[derive(Debug, Clone)]
pub struct NewSnippet {
    /// The word that stands for it.
    pub trigger: String,
    /// What it is for.
    pub description: String,
    /// The text.
    pub text: String,
}

/// What to change; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct SnippetChange {
    /// Another word.
    pub trigger: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Another text.
    pub text: Option<String>,
}
