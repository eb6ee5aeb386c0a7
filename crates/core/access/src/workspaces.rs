//! Workspaces: the customers, events and keys of one product.

use std::sync::Arc;

use tessera_kernel::ids::{Uid, WorkspaceId};
use tessera_kernel::{Clock, Random, Result, Timestamp};

use crate::Authorized;
use crate::acts::{CreateWorkspace, ListWorkspaces};
use crate::ports::Repos;
use crate::users::clean_name;

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// The number.
    pub id: WorkspaceId,
    /// The public identifier.
    pub uid: Uid,
    /// The name; unique.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a new workspace is made of.
#[derive(Debug, Clone)]
pub struct NewWorkspace {
    /// The name.
    pub name: String,
}

/// Workspaces.
#[derive(Clone)]
pub struct Workspaces {
    repos: Arc<dyn Repos>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl Workspaces {
    /// The service over its parts.
    #[must_use]
    pub fn new(repos: Arc<dyn Repos>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { repos, clock, random }
    }

    /// All workspaces, by number.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn list(&self, _grant: &Authorized<ListWorkspaces>) -> Result<Vec<Workspace>> {
        self.repos.workspaces().await
    }

    /// Adds a workspace.
    ///
    /// # Errors
    /// `Invalid` for a bad name, `Duplicate` for one that is taken.
    pub async fn create(
        &self,
        _grant: &Authorized<CreateWorkspace>,
        new: NewWorkspace,
    ) -> Result<Workspace> {
        let now = self.clock.now();
        let mut workspace = Workspace {
            id: WorkspaceId(0),
            uid: self.random.uid(now),
            name: clean_name(&new.name)?,
            created_at: now,
        };
        workspace.id = self.repos.insert_workspace(&workspace).await?;
        Ok(workspace)
    }
}
