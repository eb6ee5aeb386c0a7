//! Data sources: the databases that queries run on.

use serde::{Deserialize, Serialize};
use tessera_kernel::Timestamp;
use tessera_kernel::ids::{SourceId, Uid};
use tessera_sqltext::Dialect;

use crate::Json;

/// A connected database. Its secret options are sealed; nothing outside of this crate opens them.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The number.
    pub id: SourceId,
    /// The public identifier.
    pub uid: Uid,
    /// The name; need not be unique.
    pub name: String,
    /// The type, as in [`SourceType::name`].
    pub kind: String,
    /// Options that are no secret: a JSON object.
    pub options: Json,
    /// Secret options: a sealed JSON object; `None` if there are none.
    pub sealed_options: Option<Vec<u8>>,
    /// Grows with every change of the options, so that results of an earlier setting are not found.
    pub version: i64,
    /// Whether runs are refused for now.
    pub paused: bool,
    /// Why.
    pub pause_reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A type of data source and its settings form.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceType {
    /// The stable name: `pg`, `sqlite`.
    pub name: &'static str,
    /// The name to show.
    pub title: &'static str,
    /// The settings as a JSON schema: `properties`, `required`, `secret` (names), `order` (names),
    /// `extra_options` (names).
    pub schema: Json,
    /// The dialect of its texts.
    pub dialect: Dialect,
    /// The editor's syntax: `sql`.
    pub syntax: &'static str,
    /// Whether a row limit can be added to a text.
    pub auto_limit: bool,
    /// Whether a remark that tells who runs it is put in front of a text, for those who look after
    /// the database.
    pub remarks: bool,
    /// Whether everybody sees rows of their own: then runs and results are for one viewer each, and
    /// only users can run.
    pub row_policy: bool,
}

/// A table or view of a data source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name, with the schema in front unless that is the default one.
    pub name: String,
    /// Its columns.
    pub columns: Vec<TableColumn>,
}

impl Table {
    /// Adds a column to the last of the tables if that has this name, else to a new one: for columns
    /// that come in the order of their tables.
    pub fn add_column(tables: &mut Vec<Self>, name: String, column: TableColumn) {
        match tables.last_mut().filter(|last| last.name == name) {
            Some(last) => last.columns.push(column),
            None => tables.push(Self { name, columns: vec![column] }),
        }
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// Its type, in the words of the database.
    #[serde(rename = "type")]
    pub kind: String,
}

mod files;
mod service;

pub use files::{FileUpload, NewFile, SourceFile};
pub use service::{NewSource, SchemaAnswer, SourceChange, SourceSettings, SourceView, Sources};
