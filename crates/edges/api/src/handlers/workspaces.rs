//! Workspaces and their permission keys.

use axum::response::Response;
use tessera_access::{
    Action, AdministerKeys, AdministerWorkspace, CreateKey, CreateWorkspace, ListWorkspaces,
};
use tessera_kernel::Result;

use crate::call::Call;
use crate::map::keys as map;
use crate::reply;
use crate::routes::{Route, Verb};
use crate::wire::keys::CreatedKey;
use crate::wire::workspaces::{NewWorkspace, Workspace};

pub(crate) fn routes() -> Vec<Route> {
    let all = "/v1/workspaces";
    vec![
        Route::new(
            Verb::Get,
            all,
            Action::WorkspacesList,
            "list_workspaces",
            "List workspaces",
            list,
        )
        .lists::<Workspace>(),
        Route::new(
            Verb::Post,
            all,
            Action::WorkspacesAdminister,
            "create_workspace",
            "Create a workspace",
            create,
        )
        .reads::<NewWorkspace>()
        .creates()
        .gives::<Workspace>(201),
        Route::new(
            Verb::Post,
            "/v1/workspaces/{id}/keys",
            Action::WorkspacesAdminister,
            "create_permission_key",
            "Create a permission key of a workspace",
            create_key,
        )
        .about(
            "A fixed set of permissions and addresses that nobody can change later. List them at \
             `GET /v1/keys?owner=workspace:1`.",
        )
        .reads::<crate::wire::keys::NewPermissionKey>()
        .creates()
        .gives::<CreatedKey>(201),
    ]
}

async fn list(call: Call) -> Result<Response> {
    let grant = call.permit(ListWorkspaces {}).await?;
    let all = call.access().workspaces.list(&grant).await?;
    reply::ok(&call.paging()?.cut(all.iter().map(map::workspace).collect()))
}

async fn create(call: Call) -> Result<Response> {
    let grant = call.permit(CreateWorkspace {}).await?;
    let body: NewWorkspace = call.json()?;
    let new = tessera_access::NewWorkspace { name: body.name };
    let workspace = call.access().workspaces.create(&grant, new).await?;
    reply::created(&format!("/v1/workspaces/{}", workspace.id), &map::workspace(&workspace))
}

async fn create_key(call: Call) -> Result<Response> {
    let grant =
        call.permit(AdministerWorkspace { workspace: call.number(0, "workspace")? }).await?;
    let over = call.permit(AdministerKeys {}).await?;
    let create = call.permit(CreateKey {}).await?;
    let new = map::new_permission_key(call.json()?)?;
    let keys = &call.access().keys;
    let minted = keys.create_permission_key(&create, &over, &grant, new).await?;
    let location = format!("/v1/keys/{}", minted.key.id);
    reply::created(&location, &map::minted(&minted, keys.now()))
}
