//! What commands print: tables for people, JSON for programs.

use std::io::{ErrorKind, Write};

use anyhow::Result;
use serde_json::Value;

/// Prints rows as a table, or as a JSON list of objects.
pub(super) fn table(columns: &[&str], rows: &[Vec<Value>], json: bool) -> Result<()> {
    if json {
        let list: Vec<Value> = rows
            .iter()
            .map(|row| {
                columns.iter().map(|name| (*name).to_owned()).zip(row.iter().cloned()).collect()
            })
            .collect();
        return value(&Value::Array(list));
    }
    if rows.is_empty() {
        return line("none");
    }
    let cells: Vec<Vec<String>> =
        std::iter::once(columns.iter().map(|name| name.to_uppercase()).collect())
            .chain(rows.iter().map(|row| row.iter().map(text).collect()))
            .collect();
    let widths: Vec<usize> = (0..columns.len())
        .map(|column| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    for row in cells {
        let padded: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        line(padded.join("  ").trim_end())?;
    }
    Ok(())
}

/// Prints one thing: JSON, indented.
pub(super) fn value(value: &Value) -> Result<()> {
    line(&serde_json::to_string_pretty(value)?)
}

/// Prints a line. A reader who went away is no error.
pub(super) fn line(text: &str) -> Result<()> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Prints why a command failed.
pub(super) fn error(error: &anyhow::Error) {
    // When standard error is gone there is nobody left to tell.
    let _gone = writeln!(std::io::stderr().lock(), "error: {error:#}");
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
