//! Dashboards.

use axum::response::Response;
use tessera_access::{
    Action, ArchiveDashboard, Caller, CreateDashboard, FavoriteDashboard, ForkDashboard,
    ListDashboards, ReadDashboard, ShareDashboard, UpdateDashboard,
};
use tessera_bi::{DashboardDetail, DashboardFilter, DashboardOrder, DashboardScope};
use tessera_kernel::{Code, Fault, Result};

use super::queries::nothing;
use crate::call::Call;
use crate::map::dashboards::{detail, listing};
use crate::reply;
use crate::routes::{Param, Route, Verb};
use crate::wire::dashboards::{Dashboard, DashboardChange, NewDashboard, Share};

const SCOPES: [(&str, DashboardScope); 3] = [
    ("all", DashboardScope::All),
    ("mine", DashboardScope::Mine),
    ("favorites", DashboardScope::Favorites),
];

const ORDERS: [(&str, DashboardOrder); 4] = [
    ("name", DashboardOrder::Name),
    ("created_at", DashboardOrder::CreatedAt),
    ("created_by", DashboardOrder::CreatedBy),
    ("starred_at", DashboardOrder::StarredAt),
];

const FILTERS: [Param; 4] = [
    Param::new("q", "string", "Only dashboards whose name contains this."),
    Param::new(
        "tag",
        "string",
        "Only dashboards with this tag; sent several times, with all of them.",
    )
    .repeated(),
    Param::new("scope", "string", "`all`, `mine` or `favorites`."),
    Param::new(
        "order",
        "string",
        "`name`, `created_at`, `created_by`, `starred_at`; a minus reverses. By default \
         `-created_at`.",
    ),
];

pub(crate) fn routes() -> Vec<Route> {
    let (all, one) = ("/v1/dashboards", "/v1/dashboards/{id}");
    let (favorite, share) = ("/v1/dashboards/{id}/favorite", "/v1/dashboards/{id}/share");
    let (mark, sharing) = (Action::DashboardsFavorite, Action::DashboardsShare);
    vec![
        Route::new(
            Verb::Get,
            all,
            Action::DashboardsList,
            "list_dashboards",
            "List dashboards",
            list,
        )
        .params(&FILTERS)
        .lists::<Dashboard>(),
        Route::new(
            Verb::Post,
            all,
            Action::DashboardsCreate,
            "create_dashboard",
            "Create a dashboard",
            create,
        )
        .reads::<NewDashboard>()
        .creates()
        .gives::<Dashboard>(201),
        Route::new(
            Verb::Get,
            one,
            Action::DashboardsRead,
            "read_dashboard",
            "Read a dashboard",
            get,
        )
        .gives::<Dashboard>(200),
        Route::new(
            Verb::Patch,
            one,
            Action::DashboardsUpdate,
            "update_dashboard",
            "Change a dashboard",
            update,
        )
        .about("Another present version is the problem `conflict`.")
        .reads::<DashboardChange>()
        .versioned()
        .gives::<Dashboard>(200),
        Route::new(
            Verb::Delete,
            one,
            Action::DashboardsArchive,
            "archive_dashboard",
            "Archive a dashboard",
            archive,
        )
        .about("It leaves the lists, and its public link stops working.")
        .empty(),
        Route::new(
            Verb::Post,
            "/v1/dashboards/{id}/fork",
            Action::DashboardsFork,
            "fork_dashboard",
            "Copy a dashboard",
            fork,
        )
        .creates()
        .gives::<Dashboard>(201),
        Route::new(Verb::Put, favorite, mark, "mark_dashboard", "Mark as favorite", favor).empty(),
        Route::new(Verb::Delete, favorite, mark, "unmark_dashboard", "Unmark", unfavor).empty(),
        Route::new(
            Verb::Get,
            share,
            Action::DashboardsRead,
            "read_dashboard_share",
            "Show the key in the public link",
            read_share,
        )
        .about("For those who may change the dashboard, and the holder of the link.")
        .gives::<Share>(200),
        Route::new(Verb::Put, share, sharing, "share_dashboard", "Give a public link", publish)
            .about("Keeps the link that there is.")
            .gives::<Share>(200),
        Route::new(
            Verb::Delete,
            share,
            sharing,
            "unshare_dashboard",
            "Take the public link back",
            unpublish,
        )
        .empty(),
    ]
}

async fn list(call: Call) -> Result<Response> {
    let grant = call.permit(ListDashboards {}).await?;
    let paging = call.paging()?;
    let (order, descending) = call.order(&ORDERS, (DashboardOrder::CreatedAt, true))?;
    let filter = DashboardFilter {
        visible: nothing(),
        scope: call.choice("scope", &SCOPES, DashboardScope::All)?,
        search: call.text("q").map(str::to_owned),
        tags: call.texts("tag"),
        order,
        descending,
    };
    let page = call.bi().dashboards.list(&grant, filter, paging.request).await?;
    reply::ok(&paging.view(page.map(|found| listing(&found, grant.caller()))))
}

async fn create(call: Call) -> Result<Response> {
    let grant = call.permit(CreateDashboard {}).await?;
    let body: NewDashboard = call.json()?;
    let made = call.bi().dashboards.create(&grant, &body.name).await?;
    answer_created(&made, grant.caller())
}

async fn get(call: Call) -> Result<Response> {
    let dashboard = call.dashboard_id().await?;
    let grant = call.permit(ReadDashboard { dashboard }).await?;
    answer(&call.bi().dashboards.get(&grant).await?, grant.caller())
}

async fn update(call: Call) -> Result<Response> {
    let dashboard = call.dashboard_id().await?;
    let grant = call.permit(UpdateDashboard { dashboard }).await?;
    let body: DashboardChange = call.json()?;
    let change = tessera_bi::DashboardChange {
        expected_version: call.expected_version(body.version)?,
        whatever_its_standing: false,
        name: body.name,
        layout: body.layout,
        options: body.options,
        tags: body.tags,
        is_draft: body.is_draft,
        is_archived: body.is_archived,
        filters_enabled: body.has_filters,
    };
    answer(&call.bi().dashboards.update(&grant, change).await?, grant.caller())
}

async fn archive(call: Call) -> Result<Response> {
    let dashboard = call.dashboard_id().await?;
    let grant = call.permit(ArchiveDashboard { dashboard }).await?;
    call.bi().dashboards.archive(&grant).await?;
    reply::no_content()
}

async fn fork(call: Call) -> Result<Response> {
    let dashboard = call.dashboard_id().await?;
    let grant = call.permit(ForkDashboard { dashboard }).await?;
    answer_created(&call.bi().dashboards.fork(&grant).await?, grant.caller())
}

async fn favor(call: Call) -> Result<Response> {
    set_favorite(call, true).await
}

async fn unfavor(call: Call) -> Result<Response> {
    set_favorite(call, false).await
}

async fn set_favorite(call: Call, marked: bool) -> Result<Response> {
    let dashboard = call.dashboard_id().await?;
    let grant = call.permit(FavoriteDashboard { dashboard }).await?;
    call.bi().dashboards.set_favorite(&grant, marked).await?;
    reply::no_content()
}

async fn read_share(call: Call) -> Result<Response> {
    let dashboard = call.dashboard_id().await?;
    let grant = call.permit(ReadDashboard { dashboard }).await?;
    let found = call.bi().dashboards.get(&grant).await?;
    if !found.can_edit && grant.caller().user().is_some() {
        return Err(Fault::new(Code::Forbidden, "only those who may change it see its link"));
    }
    let secret = call.bi().dashboards.public_key(&found).await?;
    let secret = secret.ok_or_else(|| Fault::not_found("public link"))?;
    reply::ok(&Share { secret: secret.expose().to_owned() })
}

async fn publish(call: Call) -> Result<Response> {
    let dashboard = call.dashboard_id().await?;
    let grant = call.permit(ShareDashboard { dashboard }).await?;
    let secret = call.bi().dashboards.share(&grant).await?;
    reply::ok(&Share { secret: secret.expose().to_owned() })
}

async fn unpublish(call: Call) -> Result<Response> {
    let dashboard = call.dashboard_id().await?;
    let grant = call.permit(ShareDashboard { dashboard }).await?;
    call.bi().dashboards.unshare(&grant).await?;
    reply::no_content()
}

fn answer(found: &DashboardDetail, caller: &Caller) -> Result<Response> {
    let version = found.listing.dashboard.version;
    reply::with_version(reply::ok(&detail(found, caller)?), version)
}

fn answer_created(made: &DashboardDetail, caller: &Caller) -> Result<Response> {
    let dashboard = &made.listing.dashboard;
    let location = format!("/v1/dashboards/{}", dashboard.id);
    let response = reply::created(&location, &detail(made, caller)?);
    reply::with_version(response, dashboard.version)
}
