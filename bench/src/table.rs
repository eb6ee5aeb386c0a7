//! What was measured, as a table in Markdown.

use std::io::Write;

use anyhow::Result;

/// Rows of a table.
#[derive(Default)]
pub(crate) struct Table(Vec<[String; 3]>);

impl Table {
    /// Adds a row, and says so while the rest is still running.
    pub(crate) fn row(&mut self, what: &str, value: String, against: String) {
        // When standard error is gone nobody watches.
        let _gone = writeln!(std::io::stderr(), "{what}: {value} ({against})");
        self.0.push([what.to_owned(), value, against]);
    }

    /// Prints all of it.
    pub(crate) fn print(&self) -> Result<()> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "| what | measured | against |\n|---|---|---|")?;
        for [what, value, against] in &self.0 {
            writeln!(out, "| {what} | {value} | {against} |")?;
        }
        Ok(())
    }
}
