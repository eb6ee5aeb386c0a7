//! `tessera status`: how much there is, and whether jobs wait.

use anyhow::Result;
use serde_json::{Value, json};
use tessera_access::{
    ListDashboards, ListGroups, ListQueries, ListSources, ListUsers, ReadQueues, ReadStatus,
    UserFilter, UserOrder,
};
use tessera_bi::{
    DashboardFilter, DashboardOrder, DashboardScope, QueryFilter, QueryOrder, QueryScope,
};
use tessera_kernel::PageRequest;
use tessera_store::Engine;

use super::output;
use super::session::Session;
use crate::compose::explain;
use crate::config::Config;

/// Of a list only the number is wanted.
const FIRST: PageRequest = PageRequest { number: 1, size: 1 };

pub(super) async fn run(config: Config, as_json: bool) -> Result<()> {
    let session = Session::open(&config).await?;
    session.permit(ReadStatus {}).await?;
    session.permit(ReadQueues {}).await?;
    let core = &session.core;
    let engine = match core.store.engine() {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    };
    let (queued, running) = core.bi.jobs.gauge().await.map_err(explain)?;
    let mut lines: Vec<(&str, Value)> = vec![
        ("version", json!(env!("CARGO_PKG_VERSION"))),
        ("store", json!(engine)),
        ("schema_version", json!(core.store.schema_version())),
    ];
    lines.extend(counts(&session).await?.into_iter().map(|(what, count)| (what, json!(count))));
    lines.push(("jobs_queued", json!(queued)));
    lines.push(("jobs_running", json!(running)));
    if as_json {
        let all = lines.into_iter().map(|(what, value)| (what.to_owned(), value)).collect();
        return output::value(&Value::Object(all));
    }
    let rows: Vec<Vec<Value>> =
        lines.into_iter().map(|(what, value)| vec![json!(what), value]).collect();
    output::table(&["what", "value"], &rows, false)
}

/// How many objects there are of each kind.
pub(super) async fn counts(session: &Session) -> Result<Vec<(&'static str, u64)>> {
    let (access, bi) = (&session.core.access, &session.core.bi);
    let grant = session.permit(ListUsers {}).await?;
    let everybody = UserFilter { any_state: true, ..UserFilter::default() };
    let users = access.users.list(&grant, &everybody, UserOrder::CreatedAt, false, FIRST);
    let users = users.await.map_err(explain)?.total;
    let grant = session.permit(ListGroups {}).await?;
    let groups = access.groups.list(&grant).await.map_err(explain)?.len() as u64;
    let grant = session.permit(ListSources {}).await?;
    let sources = bi.sources.list(&grant).await.map_err(explain)?.len() as u64;
    let grant = session.permit(ListQueries {}).await?;
    let filter = QueryFilter {
        visible: grant.visible().map_err(explain)?,
        scope: QueryScope::All,
        search: Vec::new(),
        tags: Vec::new(),
        order: QueryOrder::CreatedAt,
        descending: false,
    };
    let queries = bi.queries.list(&grant, filter, FIRST).await.map_err(explain)?.total;
    let grant = session.permit(ListDashboards {}).await?;
    let filter = DashboardFilter {
        visible: grant.visible().map_err(explain)?,
        scope: DashboardScope::All,
        search: None,
        tags: Vec::new(),
        order: DashboardOrder::CreatedAt,
        descending: false,
    };
    let dashboards = bi.dashboards.list(&grant, filter, FIRST).await.map_err(explain)?.total;
    Ok(vec![
        ("users", users),
        ("groups", groups),
        ("sources", sources),
        ("queries", queries),
        ("dashboards", dashboards),
    ])
}
