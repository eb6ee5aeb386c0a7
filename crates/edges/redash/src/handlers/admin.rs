//! How the server is, for its operators. Refusals are pages here: people open these addresses.

use serde_json::json;
use tessera_access::{Caller, ListDashboards, ListQueries, ReadQueues, ReadStatus};
use tessera_bi::{DashboardScope, QueryScope};
use tessera_kernel::Result;

use super::shell;
use crate::credential::Visit;
use crate::errors::{NO_PERMISSION, Refusal};
use crate::map::{Paging, dashboard_filter, query_filter};
use crate::wire::{self, Answer};

pub(crate) async fn status(visit: Visit) -> Answer {
    if matches!(visit.caller, Caller::Anonymous) {
        return Ok(shell::to_login(&visit));
    }
    let (state, context) = (&visit.state, visit.context());
    let (gate, bi, caller) = (&state.kit.access.gate, &state.bi, &visit.caller);
    let grant = gate.permit(caller, &context, ReadStatus {}).await.map_err(refused)?;
    let stored = bi.activity.content_counts(&grant).await?;
    let grant = gate.permit(caller, &context, ListQueries {}).await?;
    let filter = query_filter(&[], QueryScope::All, grant.visible()?);
    let queries = bi.queries.list(&grant, filter, Paging::first()).await?.total;
    let grant = gate.permit(caller, &context, ListDashboards {}).await?;
    let filter = dashboard_filter(&[], DashboardScope::All, grant.visible()?);
    let dashboards = bi.dashboards.list(&grant, filter, Paging::first()).await?.total;
    let (queued, running) = counts(&visit).await?;
    wire::json(&json!({
        "dashboards_count": dashboards,
        "queries_count": queries,
        "version": state.settings.version,
        "widgets_count": stored.widgets,
        "query_results_count": stored.results,
        "unused_query_results_count": stored.unused_results,
        "manager": { "queues": { "queries": { "size": queued, "running": running } } },
        "workers": [],
        "database_metrics": { "metrics": [["Query Results Size", stored.result_bytes]] },
        // There is no queue server beside this one, so it uses nothing.
        "redis_used_memory": 0,
        "redis_used_memory_human": "0B",
    }))
}

/// Queries whose time to run has come. Schedules are kept and not run yet, so there are none.
pub(crate) async fn outdated(visit: Visit) -> Answer {
    let gate = &visit.state.kit.access.gate;
    gate.permit(&visit.caller, &visit.context(), ReadQueues {}).await.map_err(refused)?;
    wire::json(&json!({ "queries": [], "updated_at": "0" }))
}

pub(crate) async fn rq_status(visit: Visit) -> Answer {
    let (queued, running) = counts(&visit).await.map_err(refused)?;
    wire::json(&json!({
        "queues": { "queries": {
            "name": "queries", "started": [], "queued": queued, "running": running
        }},
        "workers": [],
    }))
}

async fn counts(visit: &Visit) -> Result<(u64, u64)> {
    let gate = &visit.state.kit.access.gate;
    let grant = gate.permit(&visit.caller, &visit.context(), ReadQueues {}).await?;
    visit.state.bi.jobs.counts(&grant).await
}

/// Whoever is not signed in is refused like one who may not.
fn refused(fault: tessera_kernel::Fault) -> Refusal {
    use tessera_kernel::Code::{Forbidden, OutOfScope, Unauthenticated};
    match fault.code() {
        Unauthenticated | OutOfScope | Forbidden => {
            Refusal::say(http::StatusCode::FORBIDDEN, NO_PERMISSION).into_page()
        }
        _ => fault.into(),
    }
}
