//! Jobs: a queue in which nothing is lost and nothing runs twice.

use async_trait::async_trait;
use tessera_access::SlotClaim;
use tessera_bi::ports::JobRepo;
use tessera_bi::{
    Job, JobError, JobKind, JobState, Json, NewJob, Outcome, QueryResult, QueryRun, RunningJob,
};
use tessera_kernel::ids::{ResultId, Uid};
use tessera_kernel::{Code, Fault, Result, Timestamp};

use crate::db::{Row, Tx, call, call_each, text_list};
use crate::{Store, outbox, results, schedules};

/// What a job fails with that no node brings to its end.
pub(crate) const LOST: &str = "the nodes that ran this job stopped before it ended";

/// The places in the queue: people first.
const PEOPLE: i64 = 0;
const ALL: i64 = 1;

pub(crate) fn kind_text(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Query => "query",
        JobKind::Schema => "schema",
    }
}

fn read_kind(text: &str) -> Result<JobKind> {
    match text {
        "query" => Ok(JobKind::Query),
        "schema" => Ok(JobKind::Schema),
        _ => Err(Fault::new(Code::Internal, "a stored job has an unknown kind")),
    }
}

fn read_run(text: Option<String>) -> Result<Option<QueryRun>> {
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|error| Fault::internal("what a stored job runs", error))
}

pub(crate) fn read_error(code: Option<String>, detail: Option<String>) -> Result<Option<JobError>> {
    let Some(code) = code else { return Ok(None) };
    let code = code
        .parse()
        .map_err(|()| Fault::new(Code::Internal, "a stored job has an unknown error"))?;
    Ok(Some(JobError { code, detail: detail.unwrap_or_default() }))
}

/// Reads the columns of `{job j}`.
pub(crate) fn read_job(row: &mut Row) -> Result<Job> {
    Ok(Job {
        uid: row.take()?,
        kind: read_kind(&row.take::<String>()?)?,
        state: JobState::parse(&row.take::<String>()?)
            .ok_or_else(|| Fault::new(Code::Internal, "a stored job has an unknown state"))?,
        source: row.take()?,
        query: row.take()?,
        run: read_run(row.take()?)?,
        created_at: row.take()?,
        started_at: row.take()?,
        finished_at: row.take()?,
        attempts: row.take()?,
        error: read_error(row.take()?, row.take()?)?,
        result: row.take()?,
        output: row.take()?,
    })
}

/// Takes a place for a job. Who asks for the same places at the same time waits for the other's end.
async fn take_slot(tx: Tx<'_>, job: i64, slot: &SlotClaim) -> Result<()> {
    tx.rows(call_each!("job_slot_lock", &slot.bucket)).await?;
    tx.execute(call!("job_slot_delete_final", &slot.bucket)).await?;
    tx.execute(call!("job_slot_insert", job, &slot.bucket)).await?;
    let taken: u64 = tx.one(call!("job_slot_count", &slot.bucket)).await?.take()?;
    if taken > slot.quota { Err(slot.refusal()) } else { Ok(()) }
}

impl Store {
    async fn claim(
        &self,
        node: &str,
        now: Timestamp,
        lease_until: Timestamp,
        priority: i64,
    ) -> Result<Option<Job>> {
        let claim = call_each!("job_claim", node, now, lease_until, priority);
        let rows = self.db.write_rows_relaxed(claim).await?;
        rows.into_iter().next().as_mut().map(read_job).transpose()
    }
}

#[async_trait]
impl JobRepo for Store {
    async fn submit_job(&self, job: &NewJob) -> Result<(Job, bool)> {
        let run = job.run.as_ref().map(serde_json::to_string).transpose();
        let run = run.map_err(|error| Fault::internal("what a job is to run", error))?;
        let submit = call!(
            "job_submit",
            job.uid,
            kind_text(job.kind),
            job.source,
            job.query,
            job.dedup,
            run,
            job.created_at,
        );
        let (uid, participant, slots) = (job.uid, job.participant.clone(), job.slots.clone());
        self.db
            .write_relaxed(move |tx| {
                Box::pin(async move {
                    let mut row = tx.one(submit).await?;
                    let id: i64 = row.take()?;
                    let job = read_job(&mut row)?;
                    tx.execute(call!("job_participant_insert", id, participant)).await?;
                    for slot in &slots {
                        take_slot(tx, id, slot).await?;
                    }
                    let is_new = job.uid == uid;
                    Ok((job, is_new))
                })
            })
            .await
    }

    async fn join_job_of(&self, result: ResultId, participant: &str) -> Result<Option<Job>> {
        let participant = participant.to_owned();
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    tx.execute(call!("job_join_of_result", result, participant)).await?;
                    let row = tx.row(call!("job_get_of_result", result)).await?;
                    row.map(|mut row| read_job(&mut row)).transpose()
                })
            })
            .await
    }

    async fn settle_jobs(&self) -> Result<()> {
        self.db.settle().await
    }

    async fn job(&self, uid: Uid) -> Result<Option<Job>> {
        self.db.row(call!("job_get", uid)).await?.as_mut().map(read_job).transpose()
    }

    async fn claim_job(
        &self,
        node: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<Job>> {
        self.claim(node, now, lease_until, ALL).await
    }

    async fn claim_urgent_job(
        &self,
        node: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<Job>> {
        self.claim(node, now, lease_until, PEOPLE).await
    }

    async fn claim_this_job(
        &self,
        uid: Uid,
        node: &str,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Option<Job>> {
        let claim = call!("job_claim_this", uid, node, now, lease_until);
        let rows = self.db.write_rows_relaxed(claim).await?;
        rows.into_iter().next().as_mut().map(read_job).transpose()
    }

    async fn renew_leases(
        &self,
        node: &str,
        jobs: &[Uid],
        lease_until: Timestamp,
    ) -> Result<Vec<Uid>> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let uids = text_list(jobs.iter().map(Uid::to_string));
        let rows = self.db.write_rows_relaxed(call!("job_renew", node, lease_until, uids)).await?;
        let own: Result<Vec<Uid>> = rows.into_iter().map(|mut row| row.take()).collect();
        let own = own?;
        Ok(jobs.iter().copied().filter(|uid| !own.contains(uid)).collect())
    }

    async fn finish_job(
        &self,
        uid: Uid,
        node: &str,
        outcome: &Outcome,
        at: Timestamp,
    ) -> Result<bool> {
        let (state, error, output) = match outcome {
            Outcome::Result(_) => (JobState::Succeeded, None, None),
            Outcome::Output(output) => (JobState::Succeeded, None, Some(output)),
            Outcome::Error(error) => (JobState::Failed, Some(error), None),
        };
        let finish = call!(
            "job_finish",
            uid,
            node,
            state.as_str(),
            at,
            error.map(|error| error.code.as_str()),
            error.map(|error| error.detail.as_str()),
            output,
        );
        let result = match outcome {
            Outcome::Result(result) => Some(result.clone()),
            Outcome::Output(_) | Outcome::Error(_) => None,
        };
        let mut end = schedules::RunEnd::new(uid, state, at, error.cloned());
        let (stored, due) = self
            .db
            .write(move |tx| {
                Box::pin(async move {
                    let Some(mut row) = tx.row(finish).await? else { return Ok((false, false)) };
                    let (id, run): (i64, Option<String>) = (row.take()?, row.take()?);
                    let (scheduled, watched): (bool, bool) = (row.take()?, row.take()?);
                    let Some(stored) = result else {
                        if scheduled {
                            schedules::settle(tx, &end).await?;
                        }
                        return Ok((true, false));
                    };
                    let run = read_run(run)?;
                    let (result, shared) = results::insert(tx, &stored).await?;
                    let attributes = run.map(|run| run.attributes).unwrap_or_default();
                    let mut due = watched || shared;
                    if scheduled {
                        // With attributes it is what the owner sees, and not for everybody.
                        let own = stored.has_parameters && attributes.is_empty();
                        end.result = Some(result);
                        end.template_digest = own.then_some(stored.template_digest);
                        due |= schedules::settle(tx, &end).await?;
                    }
                    if !attributes.is_empty() {
                        let text = Json::Object(attributes.into_iter().collect()).to_string();
                        tx.execute(call!("result_set_attributes", result, text)).await?;
                    }
                    tx.execute(call!("job_set_result", id, result)).await?;
                    if due {
                        outbox::insert_evaluations(tx, id, result, scheduled).await?;
                    }
                    Ok((true, due))
                })
            })
            .await?;
        if due {
            self.outbox.evaluations.notify_one();
        }
        Ok(stored)
    }

    async fn cancel_job(&self, uid: Uid, at: Timestamp) -> Result<Option<Job>> {
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    if tx.execute(call!("job_cancel", uid, at)).await? > 0 {
                        let end = schedules::RunEnd::new(uid, JobState::Cancelled, at, None);
                        schedules::settle(tx, &end).await?;
                    }
                    tx.row(call!("job_get", uid)).await?.as_mut().map(read_job).transpose()
                })
            })
            .await
    }

    async fn release_jobs(&self, node: &str) -> Result<u64> {
        self.db.execute(call!("job_release", node)).await
    }

    async fn reap_jobs(&self, now: Timestamp, attempts_max: i64) -> Result<(u64, u64)> {
        let failed = call!("job_reap_failed", now, attempts_max, Code::Unavailable.as_str(), LOST,);
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    let ended = tx.rows(failed).await?;
                    let failed = ended.len() as u64;
                    for mut row in ended {
                        let (uid, scheduled): (Uid, bool) = (row.take()?, row.take()?);
                        if scheduled {
                            schedules::settle(tx, &schedules::RunEnd::lost(uid, now)).await?;
                        }
                    }
                    let queued = tx.execute(call!("job_reap_queued", now, attempts_max)).await?;
                    Ok((queued, failed))
                })
            })
            .await
    }

    async fn purge_jobs(&self, before: Timestamp) -> Result<u64> {
        self.db.execute(call!("job_purge", before)).await
    }

    async fn running_jobs(&self, at_most: u64) -> Result<Vec<RunningJob>> {
        let rows = self.db.rows(call!("job_list_running", at_most)).await?;
        let read = |mut row: Row| {
            Ok(RunningJob {
                job: read_job(&mut row)?,
                node: row.take::<Option<String>>()?.unwrap_or_default(),
                scheduled: row.take()?,
            })
        };
        rows.into_iter().map(read).collect()
    }

    async fn count_jobs(&self) -> Result<(u64, u64)> {
        let row = self.db.row(call!("job_count")).await?;
        let mut row = row.ok_or_else(|| Fault::new(Code::Internal, "a count gave no row"))?;
        Ok((row.take()?, row.take()?))
    }

    async fn result(&self, id: ResultId) -> Result<Option<QueryResult>> {
        self.result_by_id(id).await
    }

    async fn result_by_uid(&self, uid: Uid) -> Result<Option<QueryResult>> {
        self.result_by_file(uid).await
    }

    async fn latest_result(
        &self,
        cache_key: &[u8; 32],
        since: Option<Timestamp>,
    ) -> Result<Option<QueryResult>> {
        self.result_by_cache_key(cache_key, since).await
    }

    async fn latest_of_template(&self, template_digest: &[u8; 32]) -> Result<Option<QueryResult>> {
        self.result_of_template(template_digest).await
    }

    async fn result_bytes(&self) -> Result<u64> {
        self.sum_result_bytes().await
    }

    async fn purge_results(
        &self,
        before: Option<Timestamp>,
        limit: u64,
    ) -> Result<Vec<QueryResult>> {
        self.remove_results(before, limit).await
    }

    async fn orphaned_results(&self, uids: &[Uid]) -> Result<Vec<Uid>> {
        self.unknown_files(uids).await
    }
}
