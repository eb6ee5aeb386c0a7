//! How the server is, for its operators. Refusals are pages here: people open these addresses.

use serde_json::json;
use tessera_access::{Caller, ListDashboards, ListQueries, ReadQueues, ReadStatus};
use tessera_bi::{DashboardScope, QueryScope};
use tessera_kernel::{Result, Timestamp};

use super::shell;
use crate::credential::Visit;
use crate::errors::{NO_PERMISSION, Refusal};
use crate::map::{Paging, dashboard_filter, query_filter};
use crate::wire::{self, Answer, QueryOut};

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
    let queues = Queues::read(&visit).await?;
    let grant = gate.permit(caller, &context, ReadQueues {}).await?;
    let (outdated, now) = bi.schedules.outdated(&grant).await?;
    let ids: Vec<String> = outdated.iter().map(|listing| listing.query.id.to_string()).collect();
    let queue = |(queued, running): (u64, u64)| json!({ "size": queued, "running": running });
    wire::json(&json!({
        "dashboards_count": dashboards,
        "queries_count": queries,
        "version": state.settings.version,
        "widgets_count": stored.widgets,
        "query_results_count": stored.results,
        "unused_query_results_count": stored.unused_results,
        "manager": {
            "last_refresh_at": seconds(now),
            "outdated_queries_count": ids.len().to_string(),
            "query_ids": format!("[{}]", ids.join(", ")),
            "started_at": state.settings.node.started_at.map(seconds),
            "queues": {
                "queries": queue(queues.people),
                "scheduled_queries": queue(queues.scheduled),
            },
        },
        "workers": [],
        "database_metrics": { "metrics": [["Query Results Size", stored.result_bytes]] },
        // There is no queue server beside this one, so it uses nothing.
        "redis_used_memory": 0,
        "redis_used_memory_human": "0B",
    }))
}

/// Queries whose time to run has come and whose run has not ended.
pub(crate) async fn outdated(visit: Visit) -> Answer {
    let gate = &visit.state.kit.access.gate;
    let grant = gate.permit(&visit.caller, &visit.context(), ReadQueues {}).await;
    let bi = &visit.state.bi;
    let (found, now) = bi.schedules.outdated(&grant.map_err(refused)?).await?;
    let queries: Result<Vec<_>> =
        found.iter().map(|listing| QueryOut::listed(bi, listing)).collect();
    wire::json(&json!({ "queries": queries?, "updated_at": seconds(now) }))
}

pub(crate) async fn rq_status(visit: Visit) -> Answer {
    let queues = Queues::read(&visit).await.map_err(refused)?;
    let gate = &visit.state.kit.access.gate;
    let grant = gate.permit(&visit.caller, &visit.context(), ReadQueues {}).await;
    let grant = grant.map_err(refused)?;
    let jobs = &visit.state.bi.jobs;
    let running = jobs.running(&grant).await?;
    let now = jobs.now();
    let queue = |name: &str, scheduled: bool, (queued, running_now): (u64, u64)| {
        let started = running.iter().filter(|found| found.scheduled == scheduled);
        let started: Vec<_> = started.map(|found| wire::running_job(found, name)).collect();
        json!({ "name": name, "started": started, "queued": queued, "running": running_now })
    };
    wire::json(&json!({
        "queues": {
            "queries": queue("queries", false, queues.people),
            "scheduled_queries": queue("scheduled_queries", true, queues.scheduled),
        },
        "workers": wire::workers(&visit.state.settings.node, jobs.tally(&grant), &running, now),
    }))
}

/// Jobs that wait and run.
struct Queues {
    people: (u64, u64),
    scheduled: (u64, u64),
}

impl Queues {
    async fn read(visit: &Visit) -> Result<Self> {
        let gate = &visit.state.kit.access.gate;
        let grant = gate.permit(&visit.caller, &visit.context(), ReadQueues {}).await?;
        let all = visit.state.bi.jobs.counts(&grant).await?;
        let scheduled = visit.state.bi.schedules.counts(&grant).await?;
        let people = (all.0.saturating_sub(scheduled.0), all.1.saturating_sub(scheduled.1));
        Ok(Self { people, scheduled })
    }
}

/// A moment as these answers have it: seconds as a text.
fn seconds(at: Timestamp) -> String {
    let micros = at.timestamp_micros();
    format!("{}.{:06}", micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000))
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
