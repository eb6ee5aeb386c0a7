//! Stored results: what a run of a query gave.

use tessera_access::Viewer;
use tessera_kernel::Timestamp;
use tessera_kernel::ids::{ResultId, SourceId, Uid};

/// A stored result; its rows are in a file that [`ResultFiles`](crate::ports::ResultFiles) keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryResult {
    /// The number.
    pub id: ResultId,
    /// The public identifier; also the name of the file.
    pub uid: Uid,
    /// The data source it came from.
    pub source: SourceId,
    /// Identity in the cache: SHA-256 over all that the rows depend on. See [`cache_key`].
    pub cache_key: [u8; 32],
    /// SHA-256 over data source and the text before values were put in.
    pub template_digest: [u8; 32],
    /// Whether values were put in.
    pub has_parameters: bool,
    /// The text with values written in, for people to read. It was never run.
    pub display_text: String,
    /// MD5 of that text without block comments and white space: an output field only.
    pub query_hash: String,
    /// How long the run took.
    pub runtime_seconds: f64,
    /// When it ended.
    pub retrieved_at: Timestamp,
    /// How many rows there are.
    pub rows: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// From a data source with a row policy: for whom the rows are.
    pub viewer: Option<Viewer>,
    /// Made of other results: the data sources beneath, which its readers must see.
    pub inputs: Vec<SourceId>,
}

mod export;
mod identity;
mod service;
pub mod views;

pub use export::{exported, record_export};
pub(crate) use identity::{CacheIdentity, viewed_digest};
pub use identity::{cache_key, template_digest};
pub use service::{ResultReader, Results};
