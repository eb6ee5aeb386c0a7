//! Reports of partners for secret scanning, in the form in which they send them to everybody.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a partner found.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Candidates(pub(crate) Vec<Candidate>);

/// The answers, in the same order.
#[derive(Serialize, ToSchema)]
pub(crate) struct Labels(pub(crate) Vec<Label>);

/// A text that may be a key. Further members are not read.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Candidate {
    pub(crate) token: String,
    #[serde(default, rename = "type")]
    pub(crate) kind: String,
    /// Where it was found.
    #[serde(default)]
    pub(crate) url: String,
}

/// Whether a candidate is a key of this server.
#[derive(Serialize, ToSchema)]
pub(crate) struct Label {
    pub(crate) token_raw: String,
    pub(crate) token_type: String,
    /// `true_positive` or `false_positive`.
    pub(crate) label: &'static str,
}
