//! Data sources, their types, settings and tables.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::groups::Level;
use super::jobs::Job;

/// A type of data source.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceType {
    /// The stable name.
    pub(crate) name: String,
    pub(crate) title: String,
    /// The settings as a JSON schema, with `secret` and `order` as lists of names.
    #[schema(value_type = Object)]
    pub(crate) schema: Value,
    pub(crate) syntax: String,
    /// Whether a row limit can be added to a text.
    pub(crate) has_auto_limit: bool,
    /// Whether everybody sees rows of their own in it.
    pub(crate) has_row_policy: bool,
}

/// A connected database.
#[derive(Serialize, ToSchema)]
pub(crate) struct Source {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    pub(crate) name: String,
    pub(crate) r#type: String,
    pub(crate) syntax: Option<String>,
    pub(crate) has_auto_limit: bool,
    /// How far the caller reaches into it.
    pub(crate) level: Level,
    pub(crate) is_paused: bool,
    pub(crate) pause_reason: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A data source with its settings. Secrets are never shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceSettings {
    pub(crate) source: Source,
    #[schema(value_type = Object)]
    pub(crate) options: Value,
    /// The names of secret options that are set.
    pub(crate) secrets: Vec<String>,
    pub(crate) groups: Vec<SourceGroup>,
}

/// A group that reaches a data source.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceGroup {
    pub(crate) group_id: i64,
    pub(crate) level: Level,
}

/// A new data source.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSource {
    pub(crate) name: String,
    pub(crate) r#type: String,
    /// All options, secrets included.
    #[schema(value_type = Object)]
    pub(crate) options: Value,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceChange {
    pub(crate) name: Option<String>,
    /// All options anew; a secret that is not among them stays as it is.
    #[schema(value_type = Option<Object>)]
    pub(crate) options: Option<Value>,
}

/// Why runs are refused.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pause {
    pub(crate) reason: Option<String>,
}

/// That a connection was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceTest {
    pub(crate) ok: bool,
}

/// The tables of a data source, or the job that reads them.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceSchema {
    pub(crate) tables: Option<Vec<Table>>,
    pub(crate) job: Option<Job>,
}

/// A file that a data source is made of, and its table.
#[derive(Serialize, ToSchema)]
pub(crate) struct SourceFile {
    /// The name of the table.
    pub(crate) table: String,
    /// The name that the file had.
    pub(crate) file_name: String,
    /// The size of the table as it is kept, in bytes.
    pub(crate) bytes: u64,
    pub(crate) rows: u64,
    pub(crate) columns: Vec<TableColumn>,
    pub(crate) added_at: DateTime<Utc>,
}

/// A table or view.
#[derive(Serialize, ToSchema)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<TableColumn>,
}

/// A column of a table.
#[derive(Serialize, ToSchema)]
pub(crate) struct TableColumn {
    pub(crate) name: String,
    /// The type in the words of the database.
    pub(crate) r#type: String,
}
