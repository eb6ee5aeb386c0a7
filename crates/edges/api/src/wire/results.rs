//! Stored results, without their rows.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What a run gave. Its rows are at `/v1/results/{uid}.json` and other formats.
#[derive(Serialize, ToSchema)]
pub(crate) struct QueryResult {
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    pub(crate) source_id: i64,
    /// The text with values written in, for people to read.
    pub(crate) display_text: String,
    /// Whether values were put in.
    pub(crate) has_parameters: bool,
    pub(crate) rows: u64,
    /// Size as it is stored.
    pub(crate) bytes: u64,
    pub(crate) runtime_seconds: f64,
    pub(crate) retrieved_at: DateTime<Utc>,
}

/// A result with its columns.
#[derive(Serialize, ToSchema)]
pub(crate) struct ResultDetail {
    pub(crate) result: QueryResult,
    pub(crate) columns: Vec<Column>,
}

/// A column of a result.
#[derive(Serialize, ToSchema)]
pub(crate) struct Column {
    /// The name in files: one that occurs twice has a number.
    pub(crate) name: String,
    /// `integer`, `float`, `decimal`, `boolean`, `text`, `date`, `time`, `timestamp`,
    /// `timestamptz`, `interval`, `json`, `array`, `uuid`, `bytes` or `other`.
    pub(crate) r#type: String,
    /// The type in the words of the database, after the engine and a colon.
    pub(crate) source_type: Option<String>,
}
