//! The index of words: kept with each write, and made anew when words are split in another way.

use tessera_kernel::Result;
use tessera_kernel::ids::DashboardId;

use super::words::{Texts, replace_dashboard, save_alert, save_query, save_snippet};
use crate::Store;
use crate::db::{Tx, call, call_each};

/// Counts how words are split, and of what kinds of objects they are kept; a store with an earlier number gets a new index when it is opened.
const INDEX_VERSION: i64 = 2;
/// How many objects are read at once while the index is made.
const STEP: u64 = 200;

/// Keeps the words of a dashboard up to date: its name, and the texts on it.
pub(crate) async fn save_dashboard(tx: Tx<'_>, id: DashboardId) -> Result<()> {
    let Some(mut row) = tx.row(call!("dashboard_get_words", id)).await? else { return Ok(()) };
    let name: String = row.take()?;
    let text: String = row.take()?;
    let texts = Texts { name: &name, description: "", text: &text };
    replace_dashboard(tx, id.0, texts).await
}

impl Store {
    /// Makes the index of words anew if it was made by a program that split texts differently.
    /// Called when the store is opened.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn rebuild_search_index(&self) -> Result<()> {
        let made = self.db.write(|tx| {
            Box::pin(async move {
                // Locks, so that two nodes do not do it twice.
                if tx.execute(call!("search_index_claim", INDEX_VERSION)).await? == 0 {
                    return Ok(None);
                }
                let (queries, dashboards) = (queries(tx).await?, dashboards(tx).await?);
                Ok(Some((queries, dashboards, alerts(tx).await?, snippets(tx).await?)))
            })
        });
        if let Some((queries, dashboards, alerts, snippets)) = made.await?
            && queries + dashboards + alerts + snippets > 0
        {
            tracing::info!(
                queries,
                dashboards,
                alerts,
                snippets,
                "the index of the search was made anew"
            );
        }
        Ok(())
    }

    /// Empties the index of words: the next start makes it anew.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn forget_search_index(&self) -> Result<()> {
        let emptied = self.db.write(|tx| {
            Box::pin(async move {
                tx.execute(call_each!("query_words_clear")).await?;
                tx.execute(call_each!("dashboard_words_clear")).await?;
                tx.execute(call_each!("alert_words_clear")).await?;
                tx.execute(call_each!("snippet_words_clear")).await?;
                tx.execute(call!("search_index_forget")).await
            })
        });
        emptied.await.map(drop)
    }
}

async fn queries(tx: Tx<'_>) -> Result<u64> {
    let (mut last, mut count) = (0_i64, 0);
    loop {
        let rows = tx.rows(call!("query_list_words", last, STEP)).await?;
        if rows.is_empty() {
            return Ok(count);
        }
        for mut row in rows {
            last = row.take()?;
            let (name, description): (String, Option<String>) = (row.take()?, row.take()?);
            let text: String = row.take()?;
            let description = description.unwrap_or_default();
            let texts = Texts { name: &name, description: &description, text: &text };
            save_query(tx, last, texts, false).await?;
            count += 1;
        }
    }
}

async fn dashboards(tx: Tx<'_>) -> Result<u64> {
    let (mut last, mut count) = (0_i64, 0);
    loop {
        let rows = tx.rows(call!("dashboard_list_ids", last, STEP)).await?;
        if rows.is_empty() {
            return Ok(count);
        }
        for mut row in rows {
            last = row.take()?;
            save_dashboard(tx, DashboardId(last)).await?;
            count += 1;
        }
    }
}

async fn alerts(tx: Tx<'_>) -> Result<u64> {
    let (mut last, mut count) = (0_i64, 0);
    loop {
        let rows = tx.rows(call!("alert_list_words", last, STEP)).await?;
        if rows.is_empty() {
            return Ok(count);
        }
        for mut row in rows {
            last = row.take()?;
            let name: String = row.take()?;
            let (subject, body): (Option<String>, Option<String>) = (row.take()?, row.take()?);
            save_alert(tx, last, &name, [subject.as_deref(), body.as_deref()]).await?;
            count += 1;
        }
    }
}

async fn snippets(tx: Tx<'_>) -> Result<u64> {
    let (mut last, mut count) = (0_i64, 0);
    loop {
        let rows = tx.rows(call!("snippet_list_words", last, STEP)).await?;
        if rows.is_empty() {
            return Ok(count);
        }
        for mut row in rows {
            last = row.take()?;
            let (name, description): (String, String) = (row.take()?, row.take()?);
            let text: String = row.take()?;
            let texts = Texts { name: &name, description: &description, text: &text };
            save_snippet(tx, last, texts).await?;
            count += 1;
        }
    }
}
