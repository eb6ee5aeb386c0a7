//! Snippets.

use serde::Serialize;
use tessera_bi::SnippetListing;

use super::{UserOut, time};

/// A snippet.
#[derive(Debug, Serialize)]
pub(crate) struct SnippetOut<'a> {
    id: i64,
    trigger: &'a str,
    description: &'a str,
    snippet: &'a str,
    user: UserOut<'a>,
    updated_at: String,
    created_at: String,
}

impl<'a> SnippetOut<'a> {
    pub(crate) fn new(listing: &'a SnippetListing) -> Self {
        let snippet = &listing.snippet;
        Self {
            id: snippet.id.0,
            trigger: &snippet.trigger,
            description: &snippet.description,
            snippet: &snippet.text,
            user: UserOut::new(&listing.owner),
            updated_at: time(snippet.updated_at),
            created_at: time(snippet.created_at),
        }
    }
}
