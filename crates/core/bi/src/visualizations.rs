//! Visualizations: ways to show a query's result.

use std::sync::Arc;

use tessera_access::{Authorized, CreateVisualization, EditVisualization};
use tessera_kernel::ids::{QueryId, Uid, VisualizationId};
use tessera_kernel::{Fault, Result, Timestamp};

use crate::Json;
use crate::service::Parts;

const TEXT_CHARACTERS_MAX: usize = 255;

/// A way to show a result.
#[derive(Debug, Clone, PartialEq)]
pub struct Visualization {
    /// The number.
    pub id: VisualizationId,
    /// The public identifier.
    pub uid: Uid,
    /// The query whose result it shows.
    pub query: QueryId,
    /// The type: `TABLE`, `CHART`, …
    pub kind: String,
    /// The name.
    pub name: String,
    /// What it shows, if anybody said.
    pub description: Option<String>,
    /// Options that only clients read: an object, or null if nobody said.
    pub options: Json,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// What a new visualization is made of.
#[derive(Debug, Clone)]
pub struct NewVisualization {
    /// The type.
    pub kind: String,
    /// The name.
    pub name: String,
    /// What it shows, if anybody says.
    pub description: Option<String>,
    /// Options that only clients read: an object, or null if nobody says.
    pub options: Json,
}

/// What to change; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct VisualizationChange {
    /// A new type.
    pub kind: Option<String>,
    /// A new name.
    pub name: Option<String>,
    /// A new description.
    pub description: Option<String>,
    /// New options.
    pub options: Option<Json>,
}

/// Visualizations.
#[derive(Clone)]
pub struct Visualizations {
    parts: Arc<Parts>,
}

impl Visualizations {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// Adds a visualization to a query.
    ///
    /// # Errors
    /// `Invalid` with the field that is wrong.
    pub async fn create(
        &self,
        grant: &Authorized<CreateVisualization>,
        new: NewVisualization,
    ) -> Result<Visualization> {
        let now = self.parts.clock.now();
        let mut visualization = Visualization {
            id: VisualizationId(0),
            uid: self.parts.random.uid(now),
            query: grant.act().query,
            kind: new.kind,
            name: new.name,
            description: new.description,
            options: new.options,
            created_at: now,
            updated_at: now,
        };
        check(&visualization)?;
        visualization.id = self.parts.repos.insert_visualization(&visualization).await?;
        Ok(visualization)
    }

    /// Changes a visualization.
    ///
    /// # Errors
    /// `Invalid` with the field that is wrong.
    pub async fn update(
        &self,
        grant: &Authorized<EditVisualization>,
        change: VisualizationChange,
    ) -> Result<Visualization> {
        let id = grant.act().visualization;
        let mut visualization = self.require(id).await?;
        if let Some(kind) = change.kind {
            visualization.kind = kind;
        }
        if let Some(name) = change.name {
            visualization.name = name;
        }
        if let Some(description) = change.description {
            visualization.description = Some(description);
        }
        if let Some(options) = change.options {
            visualization.options = options;
        }
        check(&visualization)?;
        visualization.updated_at = self.parts.clock.now();
        self.parts.repos.update_visualization(&visualization).await?;
        Ok(visualization)
    }

    /// Deletes a visualization and the widgets that show it.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn delete(&self, grant: &Authorized<EditVisualization>) -> Result<()> {
        let (user, now) = (grant.user()?.id, self.parts.clock.now());
        self.parts.repos.delete_visualization(grant.act().visualization, user, now).await?;
        self.parts.gate.forget_keys();
        Ok(())
    }

    async fn require(&self, id: VisualizationId) -> Result<Visualization> {
        let found = self.parts.repos.visualization(id).await?;
        found.ok_or_else(|| Fault::not_found("visualization"))
    }
}

fn check(visualization: &Visualization) -> Result<()> {
    for (field, text) in [("name", &visualization.name), ("type", &visualization.kind)] {
        if text.trim().is_empty() || text.chars().count() > TEXT_CHARACTERS_MAX {
            let detail = format!("must have 1 to {TEXT_CHARACTERS_MAX} characters");
            return Err(Fault::invalid(field, detail));
        }
    }
    if !visualization.options.is_object() && !visualization.options.is_null() {
        return Err(Fault::invalid("options", "must be an object"));
    }
    Ok(())
}
