//! Saved queries.

use tessera_access::{User, Visible};
use tessera_kernel::Timestamp;
use tessera_kernel::ids::{QueryId, ResultId, SourceId, Uid, UserId};

use crate::{Json, Visualization};

/// A saved query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The number.
    pub id: QueryId,
    /// The public identifier.
    pub uid: Uid,
    /// The name.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
    /// The text, with `{{ parameters }}`.
    pub text: String,
    /// MD5 of the text without block comments and white space: an output field only.
    pub hash: String,
    /// Which result is its own: that of a run without values with the same
    /// [`QueryResult::template_digest`](crate::QueryResult::template_digest). `None` without a data
    /// source. To be stored, indexed, and compared when a job ends.
    pub template_digest: Option<[u8; 32]>,
    /// Where it runs; `None` once that data source was deleted.
    pub source: Option<SourceId>,
    /// Who owns it.
    pub owner: UserId,
    /// Who changed it last.
    pub modified_by: Option<UserId>,
    /// Options: `parameters` and what clients keep there. A JSON object.
    pub options: Json,
    /// When it runs by itself; a JSON object or `None`.
    pub schedule: Option<Json>,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether it is not published yet.
    pub is_draft: bool,
    /// Whether it was put away.
    pub is_archived: bool,
    /// Counts its changes, from 1.
    pub version: i64,
    /// Its latest result without parameters.
    pub latest_result: Option<ResultId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A query in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryListing {
    /// The query.
    pub query: Query,
    /// Its owner.
    pub owner: User,
    /// Its recoverable key, sealed.
    pub sealed_key: Option<Vec<u8>>,
    /// What the sealed key is bound to: [`Key::lookup`](tessera_access::Key::lookup).
    pub key_lookup: Option<String>,
    /// Since when it is a favourite of the caller's.
    pub starred_at: Option<Timestamp>,
    /// When its latest result was made.
    pub retrieved_at: Option<Timestamp>,
    /// How long that took, in seconds.
    pub runtime_seconds: Option<f64>,
}

/// A query with all that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryDetail {
    /// What a list has too.
    pub listing: QueryListing,
    /// Who changed it last.
    pub modified_by: Option<User>,
    /// Its visualizations by id.
    pub visualizations: Vec<Visualization>,
}

/// Which list of queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryScope {
    /// All that is not archived. Drafts are in it.
    All,
    /// The same without those whose data source is gone.
    Runnable,
    /// The archived ones; others' drafts are not in it.
    Archived,
    /// The caller's own that are not archived.
    Mine,
    /// Those the caller marked, that are not archived.
    Favorites,
}

/// The order of a list of queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryOrder {
    /// By name, ignoring case.
    Name,
    /// By time of creation.
    CreatedAt,
    /// By time of the last change.
    UpdatedAt,
    /// By interval of the schedule.
    Schedule,
    /// By duration of the latest run.
    Runtime,
    /// By time of the latest run.
    ExecutedAt,
    /// By name of the owner.
    CreatedBy,
    /// By when the caller marked it.
    StarredAt,
    /// By how well it fits the search; best first.
    Rank,
}

/// What to list.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryFilter {
    /// What the caller may see: `everything`, or those on its `sources` (a query without source is
    /// seen by its owner and administrators only).
    pub visible: Visible,
    /// Which list.
    pub scope: QueryScope,
    /// Only those that contain all these words: each the beginning of a word of name, description
    /// or text, ignoring case; a number also finds the query with that id.
    pub search: Vec<String>,
    /// Only those that have all these tags.
    pub tags: Vec<String>,
    /// The order. Equal ones follow by id.
    pub order: QueryOrder,
    /// Backwards. Queries without the value come last either way.
    pub descending: bool,
}

/// One step of an object's history.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// `queries` or `dashboards`.
    pub object_kind: &'static str,
    /// The object's number.
    pub object_id: i64,
    /// The version after the change.
    pub version: i64,
    /// Who.
    pub user: Option<UserId>,
    /// The changed fields: `{field: {previous, current}}`.
    pub changes: Json,
    /// When.
    pub at: Timestamp,
}

/// A tag and how many objects have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagCount {
    /// The tag.
    pub name: String,
    /// How many.
    pub count: u64,
}

mod dry_run;
mod history;
mod pinned;
mod service;
mod takes;
mod versions;

pub use pinned::NewPinnedKey;
pub use service::{NewQuery, Queries, QueryChange};
pub(crate) use service::{clean_tags, shown};
pub use takes::{QueryTakes, Taken};
pub use versions::{QueryText, QueryVersions};
