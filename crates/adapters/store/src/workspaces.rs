//! Workspaces.

use async_trait::async_trait;
use tessera_access::Workspace;
use tessera_access::ports::WorkspaceRepo;
use tessera_kernel::Result;
use tessera_kernel::ids::WorkspaceId;

use crate::Store;
use crate::db::{Row, call};

fn read(row: &mut Row) -> Result<Workspace> {
    Ok(Workspace { id: row.take()?, uid: row.take()?, name: row.take()?, created_at: row.take()? })
}

#[async_trait]
impl WorkspaceRepo for Store {
    async fn workspaces(&self) -> Result<Vec<Workspace>> {
        let rows = self.db.rows(call!("workspace_list")).await?;
        rows.into_iter().map(|mut row| read(&mut row)).collect()
    }

    async fn workspace(&self, id: WorkspaceId) -> Result<Option<Workspace>> {
        self.db.row(call!("workspace_get", id)).await?.as_mut().map(read).transpose()
    }

    async fn insert_workspace(&self, workspace: &Workspace) -> Result<WorkspaceId> {
        let call = call!("workspace_insert", workspace.uid, &workspace.name, workspace.created_at);
        self.db.write(move |tx| Box::pin(async move { tx.one(call).await?.take() })).await
    }
}
