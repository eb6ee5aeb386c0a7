//! Jobs of schedules: made of a query's own values, and taken after those that people wait for.

use std::time::Duration;

use chrono_tz::Tz;
use tessera_access::Caller;
use tessera_kernel::{Result, Timestamp};
use tessera_sqltext::default_values;

use super::inputs::Nesting;
use super::plan::Plan;
use super::service::later;
use super::{Job, JobKind, Jobs, NewJob, auto_limited};
use crate::Query;
use crate::parameters::definitions;
use crate::service::Parts;

/// The job that runs a query with the default values of its parameters, in the name of `caller`, as
/// of the moment that was due, in a time zone.
pub(crate) async fn scheduled_job(
    parts: &Parts,
    caller: &Caller,
    query: &Query,
    due: Timestamp,
    zone: Tz,
) -> Result<NewJob> {
    let plan = Plan {
        source: query.source,
        query: Some(query.id),
        text: &query.text,
        options: &query.options,
        hints: None,
        auto_limit: auto_limited(&query.options),
        now: due,
        zone,
    };
    let values = default_values(&definitions(&query.options)?);
    let planned = parts.plan(caller, &plan, &values, &Nesting::of(plan.query)).await?;
    let now = parts.clock.now();
    let (source, dedup) = (planned.source, planned.key);
    let mut run = planned.into_run(Vec::new());
    run.time_limit_seconds = parts.settings.schedules.time_limit_seconds;
    run.scheduled = true;
    Ok(NewJob {
        uid: parts.random.uid(now),
        kind: JobKind::Query,
        source,
        query: Some(query.id),
        dedup,
        run: Some(run),
        participant: caller.participant(),
        slots: Vec::new(),
        created_at: now,
    })
}

impl Jobs {
    /// Takes the oldest queued job that somebody else than a schedule waits for.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn claim_urgent(&self, node: &str, lease: Duration) -> Result<Option<Job>> {
        let now = self.parts().clock.now();
        self.parts().repos.claim_urgent_job(node, now, later(now, lease)).await
    }

    /// Tells workers of this process that there may be work.
    pub fn wake(&self) {
        self.parts().signals.queued();
    }
}
