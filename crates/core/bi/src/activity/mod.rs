//! What people did, as clients tell it and as an edge notes it: for overviews, not for proof. What
//! must be proved is in the audit log, and every request is in the records of usage.

mod buffer;
mod service;

use serde_json::Value as Json;
use tessera_kernel::Timestamp;
use tessera_kernel::ids::UserId;

pub use service::ActivityService;

/// Something that was done.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// The number; 0 before it is stored.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// By which user; `None` for the holder of an object's key.
    pub user: Option<UserId>,
    /// The user's name when it is read; empty if the user is gone.
    pub user_name: String,
    /// Who it was: [`Caller::label`](tessera_access::Caller::label).
    pub actor: String,
    /// What: `view`, `edit`, …
    pub action: String,
    /// To what kind of object: `query`, `page`, …
    pub object_kind: String,
    /// To which one: a number, or a name.
    pub object: Option<String>,
    /// The caller's address, if addresses are kept.
    pub address: Option<String>,
    /// The caller's program, if programs are kept.
    pub client: Option<String>,
    /// Particulars.
    pub detail: Json,
}

/// Something that is told.
#[derive(Debug, Clone, PartialEq)]
pub struct NewActivity {
    /// When; `None` for now. Believed within a day before and a few minutes after.
    pub at: Option<Timestamp>,
    /// What.
    pub action: String,
    /// To what kind of object.
    pub object_kind: String,
    /// To which one.
    pub object: Option<String>,
    /// Particulars: an object.
    pub detail: Json,
}
