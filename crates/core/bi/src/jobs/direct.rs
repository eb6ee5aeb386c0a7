//! Rows for a link: a run and its end in one request, for programs that can only open an address.

use std::time::Duration;

use serde_json::Map;
use tessera_access::{Authorized, RunQuery};
use tessera_kernel::{Code, Fault, Result};

use super::{Freshness, Job, Jobs, RunAnswer, RunRequest};
use crate::{Json, Query, QueryResult};

/// When to ask again after the wait was too short, in seconds.
const ASK_AGAIN_SECONDS: u64 = 5;

impl Jobs {
    /// The rows of a query: those of a run that is young enough, else of a new one, for which it
    /// waits as long as the operator allows.
    ///
    /// # Errors
    /// As [`run_query`](Self::run_query), and what the run failed with; `Unavailable` if it is not
    /// over in time.
    pub async fn rows(
        &self,
        grant: &Authorized<RunQuery>,
        parameters: Map<String, Json>,
    ) -> Result<(Query, QueryResult)> {
        let parts = self.parts();
        let freshness =
            Freshness::NoOlderThan(Duration::from_secs(parts.settings.pinned_max_age_seconds));
        let request = RunRequest { parameters, freshness, auto_limit: None };
        let result = match self.run_query(grant, &request).await? {
            RunAnswer::Result(result) => result,
            RunAnswer::Job(job) => self.result_of(&job).await?,
        };
        let query = parts.repos.query(grant.act().query).await?;
        Ok((query.ok_or_else(|| Fault::not_found("query"))?, result))
    }

    async fn result_of(&self, job: &Job) -> Result<QueryResult> {
        let parts = self.parts();
        let wait = Duration::from_secs(parts.settings.pinned_wait_seconds);
        let job = self.wait_for(job.uid, wait).await?;
        if let Some(error) = job.error {
            return Err(Fault::new(error.code, error.detail));
        }
        match job.result {
            Some(id) => parts.repos.result(id).await?.ok_or_else(|| Fault::not_found("result")),
            None if job.state.is_final() => {
                Err(Fault::new(Code::Cancelled, "the run was cancelled"))
            }
            None => {
                let detail = format!(
                    "the query takes longer than {} s (keys.pinned_wait_seconds); ask again",
                    wait.as_secs()
                );
                Err(Fault::new(Code::Unavailable, detail).with_retry_after(ASK_AGAIN_SECONDS))
            }
        }
    }
}
