//! Runs inside of runs: what the executor needs for a run that reads the results of others. They are
//! jobs like all others, so that a text that runs already is not run again, and everybody sees them.

use std::time::Duration;

use tessera_access::Object;
use tessera_kernel::ids::{SourceId, Uid};
use tessera_kernel::{Code, Fault, Result};

use super::{Job, JobKind, Jobs, NewJob, RunInput, RunInputs};

impl Jobs {
    /// Whether who asked for a run on the data source `via` may still read what it reads.
    ///
    /// # Errors
    /// `Forbidden` if not.
    pub async fn check_inputs(&self, via: SourceId, inputs: &RunInputs) -> Result<()> {
        self.parts().check_inputs(via, inputs).await
    }

    /// The job that fills a table: one of the same run that is not over yet, or a new one, which
    /// the run that wants it takes itself. It holds no place among the queries of a key: that of the
    /// run that wants it counts for both.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn begin_input(&self, inputs: &RunInputs, input: &RunInput) -> Result<Job> {
        let parts = self.parts();
        let run = input.run.as_deref().cloned().ok_or_else(|| {
            Fault::new(Code::Internal, "a table that is stored already is not run")
        })?;
        let mut dedup = [0; 32];
        hex::decode_to_slice(&run.cache_key, &mut dedup)
            .map_err(|error| Fault::internal("the job carries a broken digest", error))?;
        let now = parts.clock.now();
        let job = NewJob {
            uid: parts.random.uid(now),
            kind: JobKind::Query,
            source: input.source,
            query: Some(input.query),
            dedup,
            run: Some(run),
            participant: inputs.participant.clone(),
            slots: Vec::new(),
            created_at: now,
        };
        let (job, _) = parts.repos.submit_job(&job).await?;
        Ok(job)
    }

    /// Takes one job, if it is queued.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn claim_this(&self, job: Uid, node: &str, lease: Duration) -> Result<Option<Job>> {
        let now = self.parts().clock.now();
        let until = now + chrono::TimeDelta::from_std(lease).unwrap_or(chrono::TimeDelta::MAX);
        self.parts().repos.claim_this_job(job, node, now, until).await
    }

    /// One job, once it is final or the time is over.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn ended(&self, job: Uid, at_most: Duration) -> Result<Job> {
        self.wait_for(job, at_most).await
    }

    /// Cancels a job that fills a table, unless others wait for it too.
    ///
    /// # Errors
    /// If storage fails.
    pub async fn abandon(&self, job: Uid, participant: &str) -> Result<()> {
        let parts = self.parts();
        let facts = parts.access.facts(Object::Job(job)).await?;
        let alone = facts.is_some_and(|facts| facts.participants == [participant]);
        if alone {
            parts.repos.cancel_job(job, parts.clock.now()).await?;
            parts.signals.stop(job);
            parts.signals.ended(job);
        }
        Ok(())
    }

    /// The file with the rows of a job that is over.
    ///
    /// # Errors
    /// What the job failed with; `Cancelled`; `NotFound` if its result is gone.
    pub async fn rows_of(&self, job: &Job) -> Result<Uid> {
        if let Some(error) = &job.error {
            return Err(Fault::new(error.code, error.detail.clone()));
        }
        let Some(id) = job.result else {
            return Err(Fault::new(Code::Cancelled, "the run was cancelled"));
        };
        let result = self.parts().repos.result(id).await?;
        result.map(|result| result.uid).ok_or_else(|| Fault::not_found("result"))
    }
}
