//! What can be done with snippets.

use std::sync::Arc;

use tessera_access::{Authorized, CreateSnippet, EditSnippet, ReadSnippets};
use tessera_kernel::ids::{SnippetId, Uid};
use tessera_kernel::{Code, Fault, Result};

use super::{NewSnippet, Snippet, SnippetChange, SnippetListing};
use crate::service::{Parts, changed_at};

/// Longest word, in characters.
const TRIGGER_CHARACTERS_MAX: usize = 255;
/// How often a change is tried again because somebody else's came in between.
const TRIES: usize = 5;
/// Longest description, in characters.
const DESCRIPTION_CHARACTERS_MAX: usize = 4096;

/// Snippets.
#[derive(Clone)]
pub struct Snippets {
    parts: Arc<Parts>,
}

impl Snippets {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// All snippets, by word.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn list(&self, _grant: &Authorized<ReadSnippets>) -> Result<Vec<SnippetListing>> {
        self.parts.repos.snippets().await
    }

    /// One snippet.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn get(
        &self,
        _grant: &Authorized<ReadSnippets>,
        id: SnippetId,
    ) -> Result<SnippetListing> {
        self.require(id).await
    }

    /// The number of the snippet with this identifier.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn resolve(&self, uid: Uid) -> Result<SnippetId> {
        self.parts.repos.snippet_id(uid).await?.ok_or_else(|| Fault::not_found("snippet"))
    }

    /// Adds a snippet of the caller's.
    ///
    /// # Errors
    /// `Invalid` with the field, `Duplicate` if the word is taken.
    pub async fn create(
        &self,
        grant: &Authorized<CreateSnippet>,
        new: NewSnippet,
    ) -> Result<SnippetListing> {
        let now = self.parts.clock.now();
        let snippet = Snippet {
            id: SnippetId(0),
            uid: self.parts.random.uid(now),
            trigger: new.trigger,
            description: new.description,
            text: new.text,
            owner: grant.user()?.id,
            created_at: now,
            updated_at: now,
        };
        let id = self.parts.repos.insert_snippet(&self.checked(snippet)?).await?;
        self.require(id).await
    }

    /// Changes a snippet.
    ///
    /// # Errors
    /// `Invalid` with the field, `Duplicate` if the word is taken, `Conflict` if others change it all
    /// the time.
    pub async fn update(
        &self,
        grant: &Authorized<EditSnippet>,
        change: SnippetChange,
    ) -> Result<SnippetListing> {
        for _ in 0..TRIES {
            let mut snippet = self.require(grant.act().snippet).await?.snippet;
            let seen = snippet.updated_at;
            let SnippetChange { trigger, description, text } = change.clone();
            snippet.trigger = trigger.unwrap_or(snippet.trigger);
            snippet.description = description.unwrap_or(snippet.description);
            snippet.text = text.unwrap_or(snippet.text);
            snippet.updated_at = changed_at(seen, self.parts.clock.now());
            let snippet = self.checked(snippet)?;
            if self.parts.repos.update_snippet(&snippet, seen).await? {
                return self.require(snippet.id).await;
            }
        }
        Err(Fault::new(Code::Conflict, "others are changing the snippet; try again"))
    }

    /// Deletes a snippet.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete(&self, grant: &Authorized<EditSnippet>) -> Result<()> {
        self.parts.repos.delete_snippet(grant.act().snippet).await
    }

    async fn require(&self, id: SnippetId) -> Result<SnippetListing> {
        self.parts.repos.snippet(id).await?.ok_or_else(|| Fault::not_found("snippet"))
    }

    fn checked(&self, mut snippet: Snippet) -> Result<Snippet> {
        snippet.trigger = snippet.trigger.trim().to_owned();
        let characters = snippet.trigger.chars().count();
        if characters == 0 || characters > TRIGGER_CHARACTERS_MAX {
            let detail = format!("must have 1 to {TRIGGER_CHARACTERS_MAX} characters");
            return Err(Fault::invalid("trigger", detail));
        }
        if snippet.description.chars().count() > DESCRIPTION_CHARACTERS_MAX {
            let detail = format!("must have at most {DESCRIPTION_CHARACTERS_MAX} characters");
            return Err(Fault::invalid("description", detail));
        }
        let bytes_max = self.parts.settings.query_text_bytes_max;
        if snippet.text.len() > bytes_max {
            let detail = format!("must have at most {bytes_max} bytes (queries.text_bytes_max)");
            return Err(Fault::invalid("snippet", detail));
        }
        Ok(snippet)
    }
}
