//! What runs, and where, as the page of jobs shows it.

use serde_json::{Value as Json, json};
use tessera_bi::{JobKind, RunningJob, Tally};
use tessera_kernel::Timestamp;

use crate::NodeFacts;

/// The queues that every process works off.
const QUEUES: &str = "queries, scheduled_queries";

/// A job that runs, in the queue `origin`.
pub(crate) fn running_job(running: &RunningJob, origin: &str) -> Json {
    let job = &running.job;
    json!({
        "id": job.uid,
        "name": task(job.kind),
        "origin": origin,
        "enqueued_at": moment(job.created_at),
        "started_at": job.started_at.map(moment),
        "meta": {
            "data_source_id": job.source,
            "org_id": 1,
            "query_id": job.query,
            "scheduled": running.scheduled,
        },
    })
}

/// One row for every process that is known: the one that answers, with what it did since it started,
/// and those that run jobs now.
pub(crate) fn workers(
    own: &NodeFacts,
    tally: Tally,
    running: &[RunningJob],
    now: Timestamp,
) -> Vec<Json> {
    let mut names = vec![own.name.as_str()];
    for found in running {
        if !names.contains(&found.node.as_str()) {
            names.push(&found.node);
        }
    }
    names.into_iter().map(|name| worker(name, own, tally, running, now)).collect()
}

fn worker(
    name: &str,
    own: &NodeFacts,
    tally: Tally,
    running: &[RunningJob],
    now: Timestamp,
) -> Json {
    let current = running.iter().find(|found| found.node == name);
    let is_own = name == own.name;
    json!({
        "name": name,
        "hostname": is_own.then_some(&own.hostname),
        "pid": is_own.then_some(own.pid),
        "queues": QUEUES,
        "state": if current.is_some() { "busy" } else { "idle" },
        "last_heartbeat": is_own.then(|| moment(now)),
        "birth_date": own.started_at.filter(|_| is_own).map(moment),
        "current_job": current.map(|found| format!("{} ({})", found.job.uid, task(found.job.kind))),
        "running": running.iter().filter(|found| found.node == name).count(),
        "successful_jobs": is_own.then_some(tally.succeeded),
        "failed_jobs": is_own.then_some(tally.failed),
        "total_working_time": is_own.then(|| tally.worked.as_seconds_f64()),
    })
}

fn task(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Query => "execute_query",
        JobKind::Schema => "get_schema",
    }
}

/// A moment in UTC without a zone, as these pages read it.
fn moment(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.3f").to_string()
}

#[cfg(test)]
mod tests {
    use tessera_bi::{Job, JobState};
    use tessera_kernel::ids::{QueryId, SourceId, Uid};

    use super::*;

    fn running(node: &str, scheduled: bool) -> RunningJob {
        let at = "2026-11-21T09:17:04.774Z".parse().unwrap();
        let job = Job {
            uid: Uid::nil(),
            kind: JobKind::Query,
            state: JobState::Running,
            source: SourceId(3),
            query: Some(QueryId(7)),
            run: None,
            created_at: at,
            started_at: Some(at),
            finished_at: None,
            attempts: 1,
            error: None,
            result: None,
            output: None,
        };
        RunningJob { job, node: node.to_owned(), scheduled }
    }

    #[test]
    fn a_running_job_tells_where_and_since_when() {
        let out = running_job(&running("a", true), "scheduled_queries");
        assert_eq!(out["name"], "execute_query");
        assert_eq!(out["started_at"], "2026-11-21T09:17:04.774");
        assert_eq!(
            (&out["meta"]["query_id"], &out["meta"]["scheduled"]),
            (&json!(7), &json!(true))
        );
    }

    #[test]
    fn workers_are_the_own_process_and_those_that_run_something() {
        let now = "2026-11-21T09:18:00Z".parse().unwrap();
        let own = NodeFacts {
            name: "a".to_owned(),
            hostname: "vm".to_owned(),
            pid: 5,
            started_at: Some(now),
        };
        let tally =
            Tally { succeeded: 11, failed: 1, worked: chrono::TimeDelta::milliseconds(500) };
        let idle = workers(&own, tally, &[], now);
        assert_eq!(idle.len(), 1);
        assert_eq!((&idle[0]["state"], &idle[0]["current_job"]), (&json!("idle"), &Json::Null));
        assert_eq!(idle[0]["total_working_time"], 0.5);
        let both = workers(&own, tally, &[running("b", false), running("b", false)], now);
        assert_eq!((both.len(), &both[1]["state"]), (2, &json!("busy")));
        assert_eq!((&both[1]["running"], &both[1]["pid"]), (&json!(2), &Json::Null));
        assert!(both[1]["current_job"].as_str().unwrap().ends_with("(execute_query)"));
    }
}
