//! Dashboards.

use axum::extract::Path;
use serde_json::json;
use tessera_access::{
    ArchiveDashboard, CreateDashboard, FavoriteDashboard, ForkDashboard, ListDashboards,
    ReadDashboard, ShareDashboard, UpdateDashboard,
};
use tessera_bi::DashboardScope;
use tessera_kernel::ids::DashboardId;
use tessera_kernel::{Code, Result};

use crate::credential::Call;
use crate::errors::{Worded, not_owner};
use crate::map::{Paging, dashboard_change, dashboard_filter, id, text_field};
use crate::quirks;
use crate::wire::{self, Answer, DashboardOut, Sharing};

pub(crate) async fn all(call: Call) -> Answer {
    list(&call, DashboardScope::All).await
}

pub(crate) async fn mine(call: Call) -> Answer {
    list(&call, DashboardScope::Mine).await
}

pub(crate) async fn favorites(call: Call) -> Answer {
    list(&call, DashboardScope::Favorites).await
}

async fn list(call: &Call, scope: DashboardScope) -> Answer {
    let grant = call.permit(ListDashboards {}).await?;
    let paging = Paging::read(&call.query)?;
    let filter = dashboard_filter(&call.query, scope, grant.visible()?);
    let page = call.state.bi.dashboards.list(&grant, filter, paging.request()).await?;
    wire::json(&paging.envelope(&page, |listing| Ok(DashboardOut::listed(listing)))?)
}

pub(crate) async fn tags(call: Call) -> Answer {
    let grant = call.permit(ListDashboards {}).await?;
    let tags = call.state.bi.dashboards.tags(&grant).await?;
    let tags = tags.iter().map(|tag| json!({ "name": tag.name, "count": tag.count }));
    wire::json(&json!({ "tags": tags.collect::<Vec<_>>() }))
}

pub(crate) async fn create(call: Call) -> Answer {
    let grant = call.permit(CreateDashboard {}).await?;
    let name = text_field(&call.object()?, "name")?;
    let detail = call.state.bi.dashboards.create(&grant, &name).await?;
    wire::json(&DashboardOut::listed(&detail.listing))
}

pub(crate) async fn get(Path(dashboard): Path<String>, call: Call) -> Answer {
    let grant = call.permit(ReadDashboard { dashboard: find(&call, &dashboard).await? }).await?;
    quirks::dashboard_key_sees_what_is_public_only(&call.caller)?;
    let bi = &call.state.bi;
    let detail = bi.dashboards.get(&grant).await?;
    // The key in the public link is a secret of those who may change the dashboard.
    let key = if detail.can_edit { bi.dashboards.public_key(&detail).await? } else { None };
    let sharing = key.map(|key| Sharing::new(&call.info.base_url, &key));
    wire::json(&DashboardOut::single(bi, &detail)?.with_rights(sharing, detail.can_edit))
}

pub(crate) async fn update(Path(dashboard): Path<String>, call: Call) -> Answer {
    let grant = call.permit(UpdateDashboard { dashboard: find(&call, &dashboard).await? }).await?;
    let change = dashboard_change(&call.object()?)?;
    let detail = call.state.bi.dashboards.update(&grant, change).await?;
    wire::json(&DashboardOut::single(&call.state.bi, &detail)?)
}

pub(crate) async fn archive(Path(dashboard): Path<String>, call: Call) -> Answer {
    let act = ArchiveDashboard { dashboard: find(&call, &dashboard).await? };
    let grant = call.permit(act).await?;
    let detail = call.state.bi.dashboards.archive(&grant).await?;
    wire::json(&DashboardOut::single(&call.state.bi, &detail)?)
}

pub(crate) async fn fork(Path(dashboard): Path<String>, call: Call) -> Answer {
    let grant = call.permit(ForkDashboard { dashboard: find(&call, &dashboard).await? }).await?;
    let detail = call.state.bi.dashboards.fork(&grant).await?;
    wire::json(&DashboardOut::copied(&call.state.bi, &detail)?)
}

pub(crate) async fn favorite(Path(dashboard): Path<String>, call: Call) -> Answer {
    let act = FavoriteDashboard { dashboard: find(&call, &dashboard).await? };
    let grant = call.permit(act).await?;
    call.state.bi.dashboards.set_favorite(&grant, true).await?;
    wire::null()
}

pub(crate) async fn unfavorite(Path(dashboard): Path<String>, call: Call) -> Answer {
    let act = FavoriteDashboard { dashboard: find(&call, &dashboard).await? };
    let grant = call.permit(act).await?;
    call.state.bi.dashboards.set_favorite(&grant, false).await?;
    wire::null()
}

pub(crate) async fn share(Path(dashboard): Path<String>, call: Call) -> Answer {
    let act = ShareDashboard { dashboard: find(&call, &dashboard).await? };
    let grant = call.permit(act).await.worded(Code::Forbidden, not_owner)?;
    let key = call.state.bi.dashboards.share(&grant).await?;
    wire::json(&Sharing::new(&call.info.base_url, &key))
}

pub(crate) async fn unshare(Path(dashboard): Path<String>, call: Call) -> Answer {
    let act = ShareDashboard { dashboard: find(&call, &dashboard).await? };
    let grant = call.permit(act).await.worded(Code::Forbidden, not_owner)?;
    call.state.bi.dashboards.unshare(&grant).await?;
    wire::null()
}

/// A dashboard by number, or by slug: scripts and old links use both. With `?legacy` it is a slug.
async fn find(call: &Call, text: &str) -> Result<DashboardId> {
    match id(text) {
        Ok(dashboard) if call.param("legacy").is_none() => Ok(dashboard),
        _ => call.state.bi.dashboards.resolve_slug(text).await,
    }
}
