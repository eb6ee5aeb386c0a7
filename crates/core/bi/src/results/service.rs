//! What can be done with results: find them, read their rows, keep finished encodings, clean up.

use std::sync::Arc;

use arrow_schema::SchemaRef;
use bytes::Bytes;
use moka::sync::Cache;
use tessera_access::ports::Facts;
use tessera_access::{Authorized, Caller, ReadQuery, ReadResult};
use tessera_kernel::ids::{QueryId, ResultId, Uid};
use tessera_kernel::{Code, Fault, Result};
use tessera_sqltext::attributes_in;

use super::QueryResult;
use super::views::ViewLimits;
use crate::ports::{BatchStream, ResultViews, ResultWriter};
use crate::service::Parts;
use crate::{DropdownOption, Query};

/// How many records one step of the clean-up removes.
const PURGE_STEP: u64 = 100;

/// How long a result file without a record may be one that is just being stored.
const ORPHAN_MINUTES: i64 = 60;

/// The rows of a result, batch by batch.
pub struct ResultReader {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: BatchStream,
}

/// Results.
#[derive(Clone)]
pub struct Results {
    parts: Arc<Parts>,
    /// Finished encodings by result and variant.
    encoded: Cache<(Uid, String), Bytes>,
    /// The engine that makes views, and what they may use.
    pub(super) views: Option<(Arc<dyn ResultViews>, ViewLimits)>,
}

impl Results {
    pub(crate) fn new(parts: Arc<Parts>) -> Self {
        let encoded = Cache::builder()
            .max_capacity(parts.settings.hot_cache_bytes)
            .weigher(|(_, variant): &(Uid, String), bytes: &Bytes| {
                u32::try_from(bytes.len() + variant.len() + 64).unwrap_or(u32::MAX)
            })
            .build();
        Self { parts, encoded, views: None }
    }

    /// The number of the result with this identifier, to ask the gate about it.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn resolve(&self, uid: Uid) -> Result<ResultId> {
        let found = self.parts.repos.result_by_uid(uid).await?;
        found.map(|result| result.id).ok_or_else(|| Fault::not_found("result"))
    }

    /// One result.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn get(&self, grant: &Authorized<ReadResult>) -> Result<QueryResult> {
        self.require(grant.act().result).await
    }

    /// The stored result of a query. The holder of the query's key gets it only as long as it is
    /// that of the present text.
    ///
    /// # Errors
    /// `NoCachedResult`.
    pub async fn latest(&self, grant: &Authorized<ReadQuery>) -> Result<(Query, QueryResult)> {
        self.parts.latest_of(grant.caller(), grant.act().query).await
    }

    /// A result of a query for the holder of the query's key: only one of its present text, without
    /// values.
    ///
    /// # Errors
    /// `NoCachedResult`.
    pub async fn of_query(
        &self,
        grant: &Authorized<ReadQuery>,
        result: ResultId,
    ) -> Result<(Query, QueryResult)> {
        let query = self.query(grant).await?;
        let missing = || Fault::new(Code::NoCachedResult, "no cached result found for this query");
        if grant.caller().sees_own_runs_only() {
            return Err(missing());
        }
        let result = self.parts.repos.result(result).await?.ok_or_else(missing)?;
        let seen =
            fits(&query, &result) && self.parts.sees(grant.caller(), &query, &result).await?;
        if seen { Ok((query, result)) } else { Err(missing()) }
    }

    /// The values that a query offers to others as a list to choose from.
    ///
    /// # Errors
    /// `NoCachedResult` if it has not been run.
    pub async fn dropdown(&self, grant: &Authorized<ReadQuery>) -> Result<Vec<DropdownOption>> {
        let query = self.query(grant).await?;
        if grant.caller().sees_own_runs_only() {
            return Err(Fault::new(
                Code::NoCachedResult,
                "the key reads rows of its own runs only",
            ));
        }
        self.parts.dropdown(grant.caller(), &query).await
    }

    /// Whether a caller's key gives a result of this size in this format, such as `csv`. To be asked
    /// before any rows are sent.
    ///
    /// # Errors
    /// `OutOfScope` for another format, `TooLarge` for a result over the key's caps.
    pub fn check_delivery(
        &self,
        caller: &Caller,
        result: &QueryResult,
        format: &str,
    ) -> Result<()> {
        let Some(key) = caller.key() else { return Ok(()) };
        key.check_format(format)?;
        key.check_size(result.rows, result.bytes)
    }

    /// Opens a result that was found by one of the other methods.
    ///
    /// # Errors
    /// `NotFound` if its file is gone.
    pub async fn open(&self, result: &QueryResult) -> Result<ResultReader> {
        let (schema, batches) = self.parts.files.open(result.uid).await?;
        Ok(ResultReader { schema, batches })
    }

    /// A finished encoding of a result that was found by one of the other methods.
    #[must_use]
    pub fn encoded(&self, result: &QueryResult, variant: &str) -> Option<Bytes> {
        self.encoded.get(&(result.uid, variant.to_owned()))
    }

    /// Keeps a finished encoding in memory, unless it is too large.
    pub fn keep_encoded(&self, result: &QueryResult, variant: &str, bytes: Bytes) {
        if bytes.len() as u64 <= self.encoded_bytes_max(result) {
            self.encoded.insert((result.uid, variant.to_owned()), bytes);
        }
    }

    /// Largest encoding of a result worth keeping, in bytes; 0 for a result that is so large
    /// itself that collecting its encoding would be in vain.
    #[must_use]
    pub fn encoded_bytes_max(&self, result: &QueryResult) -> u64 {
        let max = self.parts.settings.hot_cache_entry_bytes_max;
        // Text is seldom less than twice as large as the compressed columns.
        if result.bytes.saturating_mul(2) > max { 0 } else { max }
    }

    /// Begins a result file; for the executor.
    ///
    /// # Errors
    /// If the files cannot be written.
    pub async fn create(&self, uid: Uid) -> Result<Box<dyn ResultWriter>> {
        self.parts.files.create(uid).await
    }

    /// Removes the file of a result that was not stored after all; for the executor.
    ///
    /// # Errors
    /// If the files cannot be changed.
    pub async fn discard(&self, uid: Uid) -> Result<()> {
        self.parts.files.delete(uid).await
    }

    /// A new identifier for a result.
    #[must_use]
    pub fn new_uid(&self) -> Uid {
        self.parts.random.uid(self.parts.clock.now())
    }

    /// Removes results that are too old, then the oldest until the rest is small enough, then files
    /// that nothing names. Returns how many results and files went.
    ///
    /// # Errors
    /// If storage or files fail.
    pub async fn clean_up(&self) -> Result<(u64, u64)> {
        let parts = &self.parts;
        let now = parts.clock.now();
        let before = now - chrono::TimeDelta::seconds(parts.settings.result_retention_seconds);
        let mut removed = 0;
        loop {
            let step = self.purge(Some(before)).await?;
            removed += step;
            if step < PURGE_STEP {
                break;
            }
        }
        while parts.repos.result_bytes().await? > parts.settings.result_storage_bytes_max {
            let step = self.purge(None).await?;
            removed += step;
            if step == 0 {
                break;
            }
        }
        let old = now - chrono::TimeDelta::minutes(ORPHAN_MINUTES);
        let files = parts.files.list_before(old, 10_000).await?;
        let mut orphans = 0;
        for step in files.chunks(500) {
            for uid in parts.repos.orphaned_results(step).await? {
                parts.files.delete(uid).await?;
                orphans += 1;
            }
        }
        Ok((removed, orphans))
    }

    async fn purge(&self, before: Option<tessera_kernel::Timestamp>) -> Result<u64> {
        let gone = self.parts.repos.purge_results(before, PURGE_STEP).await?;
        for result in &gone {
            self.parts.files.delete(result.uid).await?;
        }
        Ok(gone.len() as u64)
    }

    async fn query(&self, grant: &Authorized<ReadQuery>) -> Result<Query> {
        let id = grant.act().query;
        self.parts.repos.query(id).await?.ok_or_else(|| Fault::not_found("query"))
    }

    async fn require(&self, id: ResultId) -> Result<QueryResult> {
        self.parts.repos.result(id).await?.ok_or_else(|| Fault::not_found("result"))
    }
}

impl Parts {
    /// The stored result of a query for a caller who may see the query.
    pub(crate) async fn latest_of(
        &self,
        caller: &Caller,
        query: QueryId,
    ) -> Result<(Query, QueryResult)> {
        let missing = || Fault::new(Code::NoCachedResult, "no cached result found for this query");
        let found = self.repos.query_with_result(query).await?;
        let (query, result) = found.ok_or_else(|| Fault::not_found("query"))?;
        if caller.sees_own_runs_only() {
            return Err(missing());
        }
        if !attributes_in(&query.text).is_empty() {
            let own = self.latest_with_attributes(caller, &query).await?;
            return Ok((query, own.ok_or_else(missing)?));
        }
        let result = result.ok_or_else(missing)?;
        // What is its latest with values was run by its schedule, with the query's own values.
        let own_text = query.template_digest == Some(result.template_digest);
        if caller.user().is_none() && !own_text {
            return Err(missing());
        }
        if self.sees(caller, &query, &result).await? { Ok((query, result)) } else { Err(missing()) }
    }

    /// Whether a caller who may see a query sees what a result of it was made of.
    pub(crate) async fn sees(
        &self,
        caller: &Caller,
        query: &Query,
        result: &QueryResult,
    ) -> Result<bool> {
        if result.inputs.is_empty() {
            return Ok(true);
        }
        let facts = Facts { query: Some(query.id), ..Facts::default() };
        self.gate.sees_inputs(caller, Some(result.source), &result.inputs, &facts).await
    }
}

/// Whether a result is that of the query's present text, without values.
fn fits(query: &Query, result: &QueryResult) -> bool {
    !result.has_parameters && query.template_digest == Some(result.template_digest)
}
