//! Snippets.

use async_trait::async_trait;
use tessera_bi::ports::SnippetRepo;
use tessera_bi::{Snippet, SnippetListing};
use tessera_kernel::ids::{SnippetId, Uid};
use tessera_kernel::{Result, Timestamp};

use crate::Store;
use crate::db::{Row, Tx, call};
use crate::search;
use crate::users::read_user;

fn read(row: &mut Row) -> Result<SnippetListing> {
    let snippet = Snippet {
        id: row.take()?,
        uid: row.take()?,
        trigger: row.take()?,
        description: row.take()?,
        text: row.take()?,
        owner: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    };
    Ok(SnippetListing { snippet, owner: read_user(row)? })
}

/// Adds a snippet.
pub(crate) async fn insert(tx: Tx<'_>, snippet: &Snippet) -> Result<SnippetId> {
    let call = call!(
        "snippet_insert",
        snippet.uid,
        &snippet.trigger,
        &snippet.description,
        &snippet.text,
        snippet.owner,
        snippet.created_at,
        snippet.updated_at,
    );
    let id: SnippetId = tx.one(call).await?.take()?;
    search::save_snippet(tx, id.0, words(snippet)).await?;
    Ok(id)
}

/// What a search looks through.
fn words(snippet: &Snippet) -> search::Texts<'_> {
    let Snippet { trigger, description, text, .. } = snippet;
    search::Texts { name: trigger, description, text }
}

#[async_trait]
impl SnippetRepo for Store {
    async fn snippets(&self) -> Result<Vec<SnippetListing>> {
        let rows = self.db.rows(call!("snippet_list")).await?;
        rows.into_iter().map(|mut row| read(&mut row)).collect()
    }

    async fn snippet(&self, id: SnippetId) -> Result<Option<SnippetListing>> {
        self.db.row(call!("snippet_get", id)).await?.as_mut().map(read).transpose()
    }

    async fn insert_snippet(&self, snippet: &Snippet) -> Result<SnippetId> {
        let snippet = snippet.clone();
        self.db.write(move |tx| Box::pin(async move { insert(tx, &snippet).await })).await
    }

    async fn snippet_id(&self, uid: Uid) -> Result<Option<SnippetId>> {
        self.db.row(call!("snippet_get_id", uid)).await?.map(|mut row| row.take()).transpose()
    }

    async fn update_snippet(&self, snippet: &Snippet, seen: Timestamp) -> Result<bool> {
        let call = call!(
            "snippet_update",
            snippet.id,
            seen,
            &snippet.trigger,
            &snippet.description,
            &snippet.text,
            snippet.updated_at,
        );
        let snippet = snippet.clone();
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    if tx.execute(call).await? == 0 {
                        return Ok(false);
                    }
                    search::save_snippet(tx, snippet.id.0, words(&snippet)).await?;
                    Ok(true)
                })
            })
            .await
    }

    async fn delete_snippet(&self, id: SnippetId) -> Result<()> {
        self.change("snippet", call!("snippet_delete", id)).await
    }
}
