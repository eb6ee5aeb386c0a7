//! Finding queries, dashboards and what else has a name, by words.

mod highlight;
mod service;
mod terms;

use tessera_access::Visible;
use tessera_kernel::Timestamp;
use tessera_kernel::ids::{Uid, UserId};

pub use highlight::{Highlight, HighlightPart};
pub use service::{Search, SearchHit, SearchRight};
pub use terms::{SearchField, SearchTerm, search_terms};

/// What kind of object was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectKind {
    /// A saved query.
    Query,
    /// A dashboard.
    Dashboard,
    /// An alert.
    Alert,
    /// A snippet.
    Snippet,
}

impl ObjectKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Query, Self::Dashboard, Self::Alert, Self::Snippet];

    /// The kinds that are archived before they are deleted; the others have no trash and no history.
    pub const ARCHIVED: [Self; 2] = [Self::Query, Self::Dashboard];

    /// The kind in a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Dashboard => "dashboard",
            Self::Alert => "alert",
            Self::Snippet => "snippet",
        }
    }

    /// Reads [`as_str`](Self::as_str).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What to look for.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchFilter {
    /// The kinds to look through, and what the caller may see of each.
    pub kinds: Vec<(ObjectKind, Visible)>,
    /// Only archived objects, instead of only those that are not.
    pub archived: bool,
    /// What all of them must have; nothing finds everything.
    pub terms: Vec<SearchTerm>,
}

/// Something that was found. Best matches come first: words in the name, then the number, then the
/// description, then the text; among equals what was changed last.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The kind.
    pub kind: ObjectKind,
    /// The number.
    pub id: i64,
    /// The public identifier.
    pub uid: Uid,
    /// The name.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// The beginning of its text.
    pub text: String,
    /// Who owns it.
    pub owner: UserId,
    /// The name of who owns it.
    pub owner_name: String,
    /// Whether it is not published yet.
    pub is_draft: bool,
    /// Counts its changes.
    pub version: i64,
    /// When it was last changed; for an archived one, when it was archived or changed since.
    pub updated_at: Timestamp,
}
