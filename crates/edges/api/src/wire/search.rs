//! What a search found, and what is in the trash.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Something that was found.
#[derive(Serialize, ToSchema)]
pub(crate) struct SearchHit {
    /// `query`, `dashboard`, `alert` or `snippet`; more kinds may come.
    pub(crate) kind: &'static str,
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) owner_id: i64,
    pub(crate) owner_name: String,
    pub(crate) is_draft: bool,
    pub(crate) updated_at: DateTime<Utc>,
    /// The fields in which it was found; none where only the number fits.
    pub(crate) highlights: Vec<Highlight>,
}

/// A field with what was found in it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Highlight {
    /// `name`, `description` or `text`.
    pub(crate) field: &'static str,
    /// What to show, in order: plain text, to be escaped by whoever shows it.
    pub(crate) parts: Vec<HighlightPart>,
}

/// A part of a field.
#[derive(Serialize, ToSchema)]
pub(crate) struct HighlightPart {
    pub(crate) text: String,
    /// Whether it was found.
    pub(crate) is_match: bool,
}

/// Something in the trash.
#[derive(Serialize, ToSchema)]
pub(crate) struct TrashedObject {
    /// `query` or `dashboard`.
    pub(crate) kind: &'static str,
    pub(crate) id: i64,
    pub(crate) uid: Uuid,
    pub(crate) name: String,
    pub(crate) owner_id: i64,
    pub(crate) owner_name: String,
    /// When it was archived, or changed since.
    pub(crate) updated_at: DateTime<Utc>,
}

/// What goes with an object that is deleted for good.
#[derive(Serialize, ToSchema)]
pub(crate) struct TrashWeight {
    /// Visualizations of the query.
    pub(crate) visualizations: u64,
    /// Widgets: those of the dashboard, or those that show the query.
    pub(crate) widgets: u64,
    /// Alerts on the query.
    pub(crate) alerts: u64,
    /// Keys that open the object only.
    pub(crate) keys: u64,
    /// Stored results that no other query has.
    pub(crate) results: u64,
    /// Steps of its history.
    pub(crate) steps: u64,
}

impl From<&tessera_bi::TrashWeight> for TrashWeight {
    fn from(weight: &tessera_bi::TrashWeight) -> Self {
        let tessera_bi::TrashWeight { visualizations, widgets, alerts, keys, results, steps } =
            *weight;
        Self { visualizations, widgets, alerts, keys, results, steps }
    }
}
