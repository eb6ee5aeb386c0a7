//! Every route, with the action it takes: one table makes the router and the security matrix.

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::MethodRouter;
use tessera_access::Action;
use tessera_httpkit::{Guard, RouteInfo};
use tower::ServiceBuilder;

use crate::handlers::{
    accounts, acl, admin, alerts, dashboards, destinations, email, events, federation, groups,
    jobs, organization, pages, queries, query_lists, results, second_factor, session, shell,
    snippets, sources, users, visualizations, widgets,
};
use crate::{RedashState, notes};

struct Route {
    info: RouteInfo,
    handler: MethodRouter<RedashState>,
}

macro_rules! methods {
    ($($name:ident = $text:literal),*) => {$(
        fn $name<H, T>(path: &'static str, action: Guard, handler: H) -> Route
        where
            H: Handler<T, RedashState>,
            T: 'static,
        {
            Route {
                info: RouteInfo { method: $text, path, action },
                handler: axum::routing::$name(handler),
            }
        }
    )*};
}

methods!(get = "GET", post = "POST", delete = "DELETE");

const fn act(action: Action) -> Guard {
    Guard::Action(action)
}

const SIGN_IN: Guard = Guard::Public("how people and clients sign in");
const PAGE: Guard = Guard::Public("a page without data; it asks for what it shows");
const LINK: Guard = Guard::Public("the link in the path is the credential");
const PROBE: Guard = Guard::Public("asked before signing in; tells nothing of the data");

/// Every route with what it needs.
#[must_use]
pub fn route_table() -> Vec<RouteInfo> {
    table().into_iter().map(|route| route.info).collect()
}

/// The routes, without what answers on paths that are none.
pub fn routes(state: RedashState) -> Router {
    known(&state).with_state(state)
}

/// The routes, and the client's page on every other path that is read (GET).
pub fn router(state: RedashState) -> Router {
    let collapsed = known(&state).fallback(shell::unmatched).with_state(state.clone());
    let rest = Router::new()
        .route("/", axum::routing::get(shell::unmatched))
        .route("/{*path}", axum::routing::get(shell::unmatched))
        .method_not_allowed_fallback(shell::unmatched)
        .layer(from_fn_with_state(state.clone(), shell::give_csrf_token))
        .layer(from_fn_with_state(collapsed, shell::collapse_slashes));
    known(&state).merge(rest).with_state(state)
}

fn known(state: &RedashState) -> Router<RedashState> {
    table()
        .into_iter()
        .fold(Router::new(), |router, route| router.route(route.info.path, route.handler))
        .method_not_allowed_fallback(shell::unmatched)
        // Together they are copied once for a request, not each for each other.
        .layer(
            ServiceBuilder::new()
                .layer(from_fn_with_state(state.clone(), shell::give_csrf_token))
                .layer(from_fn_with_state(state.clone(), notes::note)),
        )
}

fn table() -> Vec<Route> {
    let mut routes = account_routes();
    routes.extend(people_routes());
    routes.extend(source_routes());
    routes.extend(query_routes());
    routes.extend(result_routes());
    routes.extend(dashboard_routes());
    routes.extend(alert_routes());
    routes.extend(organization_routes());
    routes
}

#[rustfmt::skip]
fn account_routes() -> Vec<Route> {
    use Action::{SessionRead, SystemJobs, SystemStatus};
    vec![
        get("/ping", PROBE, session::ping),
        get("/setup", SIGN_IN, accounts::setup_page),
        post("/setup", SIGN_IN, accounts::setup),
        get("/login", SIGN_IN, accounts::login_page),
        post("/login", SIGN_IN, accounts::login),
        post("/login/second-factor", SIGN_IN, second_factor::code),
        get("/oauth/{provider}", SIGN_IN, federation::start),
        get("/oauth/{provider}/callback", SIGN_IN, federation::callback),
        get("/remote_user/login", SIGN_IN, federation::remote_user),
        get("/logout", SIGN_IN, accounts::logout),
        get("/forgot", SIGN_IN, email::forgot_page),
        post("/forgot", SIGN_IN, email::forgot),
        get("/invite/{token}", LINK, accounts::invite_page),
        post("/invite/{token}", LINK, accounts::invite),
        get("/verify/{token}", LINK, email::verify_page),
        post("/verify/{token}", LINK, email::verify),
        post("/verification_email/", act(SessionRead), email::send_verification),
        get("/reset/{token}", LINK, accounts::reset_page),
        post("/reset/{token}", LINK, accounts::reset),
        get("/static/images/avatar.svg", PROBE, pages::avatar),
        get("/api/users/avatar.svg", PROBE, pages::avatar),
        get("/api/session", act(SessionRead), session::session),
        get("/api/config", PROBE, session::config),
        get("/api/organization/status", act(SessionRead), session::organization_status),
        get("/status.json", act(SystemStatus), admin::status),
        get("/api/admin/queries/outdated", act(SystemJobs), admin::outdated),
        get("/api/admin/queries/rq_status", act(SystemJobs), admin::rq_status),
    ]
}

#[rustfmt::skip]
fn people_routes() -> Vec<Route> {
    use Action::{
        GroupsAdminister, GroupsList, GroupsRead, AccountsAdminister, AccountsCreate, AccountsDelete,
        AccountsList, AccountsRead, AccountsRegenerateKey, AccountsUpdate,
    };
    vec![
        get("/api/users", act(AccountsList), users::list),
        post("/api/users", act(AccountsCreate), users::create),
        get("/api/users/{id}", act(AccountsRead), users::get),
        post("/api/users/{id}", act(AccountsUpdate), users::update),
        delete("/api/users/{id}", act(AccountsDelete), users::delete),
        post("/api/users/{id}/disable", act(AccountsAdminister), users::disable),
        delete("/api/users/{id}/disable", act(AccountsAdminister), users::enable),
        post("/api/users/{id}/invite", act(AccountsAdminister), users::invite),
        post("/api/users/{id}/reset_password", act(AccountsAdminister), users::reset_password),
        post("/api/users/{id}/regenerate_api_key", act(AccountsRegenerateKey), users::regenerate_key),
        get("/api/groups", act(GroupsList), groups::list),
        post("/api/groups", act(GroupsAdminister), groups::create),
        get("/api/groups/{id}", act(GroupsRead), groups::get),
        post("/api/groups/{id}", act(GroupsAdminister), groups::update),
        delete("/api/groups/{id}", act(GroupsAdminister), groups::delete),
        get("/api/groups/{id}/members", act(GroupsRead), groups::members),
        post("/api/groups/{id}/members", act(GroupsAdminister), groups::add_member),
        delete("/api/groups/{id}/members/{sub_id}", act(GroupsAdminister), groups::remove_member),
        get("/api/groups/{id}/data_sources", act(GroupsAdminister), groups::sources),
        post("/api/groups/{id}/data_sources", act(GroupsAdminister), groups::add_source),
        post("/api/groups/{id}/data_sources/{sub_id}", act(GroupsAdminister), groups::set_source),
        delete("/api/groups/{id}/data_sources/{sub_id}", act(GroupsAdminister), groups::remove_source),
    ]
}

#[rustfmt::skip]
fn source_routes() -> Vec<Route> {
    use Action::{
        SourcesCreate, SourcesDelete, SourcesList, SourcesPause, SourcesRead, SourcesSchema,
        SourcesTest, SourcesTypes, SourcesUpdate,
    };
    vec![
        get("/api/data_sources", act(SourcesList), sources::list),
        post("/api/data_sources", act(SourcesCreate), sources::create),
        get("/api/data_sources/types", act(SourcesTypes), sources::types),
        get("/api/data_sources/{id}", act(SourcesRead), sources::get),
        post("/api/data_sources/{id}", act(SourcesUpdate), sources::update),
        delete("/api/data_sources/{id}", act(SourcesDelete), sources::delete),
        post("/api/data_sources/{id}/test", act(SourcesTest), sources::test),
        get("/api/data_sources/{id}/schema", act(SourcesSchema), sources::schema),
        post("/api/data_sources/{id}/pause", act(SourcesPause), sources::pause),
        delete("/api/data_sources/{id}/pause", act(SourcesPause), sources::resume),
    ]
}

#[rustfmt::skip]
fn query_routes() -> Vec<Route> {
    use Action::{
        EditingShare, QueriesArchive, QueriesCreate, QueriesFavorite, QueriesFork, QueriesList,
        QueriesRead, QueriesRegenerateKey, QueriesUpdate, StatementsFormat, VisualizationsEdit,
    };
    vec![
        get("/api/queries", act(QueriesList), query_lists::all),
        post("/api/queries", act(QueriesCreate), queries::create),
        get("/api/queries/my", act(QueriesList), query_lists::mine),
        get("/api/queries/archive", act(QueriesList), query_lists::archived),
        get("/api/queries/favorites", act(QueriesList), query_lists::favorites),
        get("/api/queries/recent", act(QueriesList), query_lists::recent),
        get("/api/queries/search", act(QueriesList), query_lists::search),
        get("/api/queries/tags", act(QueriesList), query_lists::tags),
        post("/api/queries/format", act(StatementsFormat), queries::format),
        get("/api/queries/{id}", act(QueriesRead), queries::get),
        post("/api/queries/{id}", act(QueriesUpdate), queries::update),
        delete("/api/queries/{id}", act(QueriesArchive), queries::archive),
        post("/api/queries/{id}/fork", act(QueriesFork), queries::fork),
        post("/api/queries/{id}/favorite", act(QueriesFavorite), queries::favorite),
        delete("/api/queries/{id}/favorite", act(QueriesFavorite), queries::unfavorite),
        post("/api/queries/{id}/regenerate_api_key", act(QueriesRegenerateKey), queries::regenerate_key),
        get("/api/queries/{id}/dropdown", act(QueriesRead), queries::dropdown),
        get("/api/queries/{id}/dropdowns/{sub_id}", act(QueriesRead), queries::related_dropdown),
        get("/api/queries/{id}/acl", act(QueriesRead), acl::query_editors),
        post("/api/queries/{id}/acl", act(EditingShare), acl::grant_on_query),
        delete("/api/queries/{id}/acl", act(EditingShare), acl::revoke_on_query),
        get("/api/queries/{id}/acl/{sub_id}", act(QueriesRead), acl::may_edit_query),
        post("/api/visualizations", act(VisualizationsEdit), visualizations::create),
        post("/api/visualizations/{id}", act(VisualizationsEdit), visualizations::update),
        delete("/api/visualizations/{id}", act(VisualizationsEdit), visualizations::delete),
        get("/embed/query/{id}/visualization/{sub_id}", act(QueriesRead), pages::embed),
    ]
}

#[rustfmt::skip]
fn result_routes() -> Vec<Route> {
    use Action::{JobsCancel, JobsRead, QueriesRead, QueriesRun, ResultsRead, StatementsRun};
    vec![
        post("/api/query_results", act(StatementsRun), results::run_statement),
        get("/api/query_results/{file}", act(ResultsRead), results::by_id),
        post("/api/queries/{id}/results", act(QueriesRun), results::run_query),
        post("/api/queries/{id}/refresh", act(QueriesRun), results::refresh),
        get("/api/queries/{id}/results", act(QueriesRead), results::latest),
        // `results.csv` and its like: the extension is read from the last segment.
        get("/api/queries/{id}/{file}", act(QueriesRead), results::latest_file),
        get("/api/queries/{id}/results/{file}", act(QueriesRead), results::of_query),
        get("/api/jobs/{id}", act(JobsRead), jobs::get),
        delete("/api/jobs/{id}", act(JobsCancel), jobs::cancel),
        get("/api/queries/{id}/jobs/{sub_id}", act(JobsRead), jobs::get_of_query),
    ]
}

#[rustfmt::skip]
fn dashboard_routes() -> Vec<Route> {
    use Action::{
        DashboardsArchive, DashboardsCreate, DashboardsFavorite, DashboardsFork, DashboardsList,
        DashboardsRead, DashboardsShare, DashboardsUpdate, EditingShare,
    };
    vec![
        get("/api/dashboards", act(DashboardsList), dashboards::all),
        post("/api/dashboards", act(DashboardsCreate), dashboards::create),
        get("/api/dashboards/my", act(DashboardsList), dashboards::mine),
        get("/api/dashboards/favorites", act(DashboardsList), dashboards::favorites),
        get("/api/dashboards/tags", act(DashboardsList), dashboards::tags),
        get("/api/dashboards/public/{token}", LINK, pages::public_dashboard),
        get("/api/dashboards/{id}", act(DashboardsRead), dashboards::get),
        post("/api/dashboards/{id}", act(DashboardsUpdate), dashboards::update),
        delete("/api/dashboards/{id}", act(DashboardsArchive), dashboards::archive),
        post("/api/dashboards/{id}/fork", act(DashboardsFork), dashboards::fork),
        post("/api/dashboards/{id}/favorite", act(DashboardsFavorite), dashboards::favorite),
        delete("/api/dashboards/{id}/favorite", act(DashboardsFavorite), dashboards::unfavorite),
        post("/api/dashboards/{id}/share", act(DashboardsShare), dashboards::share),
        delete("/api/dashboards/{id}/share", act(DashboardsShare), dashboards::unshare),
        get("/api/dashboards/{id}/acl", act(DashboardsRead), acl::dashboard_editors),
        post("/api/dashboards/{id}/acl", act(EditingShare), acl::grant_on_dashboard),
        delete("/api/dashboards/{id}/acl", act(EditingShare), acl::revoke_on_dashboard),
        get("/api/dashboards/{id}/acl/{sub_id}", act(DashboardsRead), acl::may_edit_dashboard),
        post("/api/widgets", act(DashboardsUpdate), widgets::create),
        post("/api/widgets/{id}", act(DashboardsUpdate), widgets::update),
        delete("/api/widgets/{id}", act(DashboardsUpdate), widgets::delete),
        get("/public/dashboards/{token}", PAGE, pages::public_page),
    ]
}

#[rustfmt::skip]
fn alert_routes() -> Vec<Route> {
    use Action::{
        AlertsCreate, AlertsDelete, AlertsEvaluate, AlertsList, AlertsRead, AlertsSubscribe,
        AlertsUnsubscribe, AlertsUpdate, DestinationsCreate, DestinationsDelete, DestinationsList,
        DestinationsRead, DestinationsTypes, DestinationsUpdate,
    };
    vec![
        get("/api/alerts", act(AlertsList), alerts::list),
        post("/api/alerts", act(AlertsCreate), alerts::create),
        get("/api/alerts/{id}", act(AlertsRead), alerts::get),
        post("/api/alerts/{id}", act(AlertsUpdate), alerts::update),
        delete("/api/alerts/{id}", act(AlertsDelete), alerts::delete),
        post("/api/alerts/{id}/eval", act(AlertsEvaluate), alerts::evaluate),
        post("/api/alerts/{id}/mute", act(AlertsUpdate), alerts::mute),
        delete("/api/alerts/{id}/mute", act(AlertsUpdate), alerts::unmute),
        get("/api/alerts/{id}/subscriptions", act(AlertsRead), alerts::subscriptions),
        post("/api/alerts/{id}/subscriptions", act(AlertsSubscribe), alerts::subscribe),
        delete("/api/alerts/{id}/subscriptions/{sub_id}", act(AlertsUnsubscribe), alerts::unsubscribe),
        get("/api/destinations", act(DestinationsList), destinations::list),
        post("/api/destinations", act(DestinationsCreate), destinations::create),
        get("/api/destinations/types", act(DestinationsTypes), destinations::types),
        get("/api/destinations/{id}", act(DestinationsRead), destinations::get),
        post("/api/destinations/{id}", act(DestinationsUpdate), destinations::update),
        delete("/api/destinations/{id}", act(DestinationsDelete), destinations::delete),
    ]
}

#[rustfmt::skip]
fn organization_routes() -> Vec<Route> {
    use Action::{
        ActivityList, ActivityRecord, OrganizationRead, OrganizationUpdate, SnippetsCreate,
        SnippetsEdit, SnippetsRead,
    };
    vec![
        get("/api/query_snippets", act(SnippetsRead), snippets::list),
        post("/api/query_snippets", act(SnippetsCreate), snippets::create),
        get("/api/query_snippets/{id}", act(SnippetsRead), snippets::get),
        post("/api/query_snippets/{id}", act(SnippetsEdit), snippets::update),
        delete("/api/query_snippets/{id}", act(SnippetsEdit), snippets::delete),
        get("/api/events", act(ActivityList), events::list),
        post("/api/events", act(ActivityRecord), events::record),
        get("/api/settings/organization", act(OrganizationRead), organization::get),
        post("/api/settings/organization", act(OrganizationUpdate), organization::update),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_route_is_in_the_table_once_and_the_router_takes_them_all() {
        let table = route_table();
        let unique: HashSet<_> = table.iter().map(|route| (route.method, route.path)).collect();
        assert_eq!(unique.len(), table.len());
        let router: Router<RedashState> = super::table()
            .into_iter()
            .fold(Router::new(), |router, route| router.route(route.info.path, route.handler));
        let rest: Router<RedashState> =
            Router::new().route("/{*path}", axum::routing::get(shell::unmatched));
        assert!(router.merge(rest).has_routes());
    }
}
