//! Records of results: rows and the operations on them. They belong to the port of jobs.

use tessera_access::Viewer;
use tessera_bi::QueryResult;
use tessera_kernel::ids::{ResultId, SourceId, Uid};
use tessera_kernel::{Code, Fault, Result, Timestamp};

use crate::Store;
use crate::db::{Row, Tx, call, call_each, text_list};
use crate::users::total;

/// Reads the columns of `{result r}`.
pub(crate) fn read_result(row: &mut Row) -> Result<QueryResult> {
    Ok(QueryResult {
        id: row.take()?,
        uid: row.take()?,
        source: row.take()?,
        cache_key: row.take()?,
        template_digest: row.take()?,
        has_parameters: row.take()?,
        display_text: row.take()?,
        query_hash: row.take()?,
        runtime_seconds: row.take()?,
        retrieved_at: row.take()?,
        rows: row.take()?,
        bytes: row.take()?,
        viewer: read_viewer(row.take()?)?,
        inputs: read_inputs(row.take()?)?,
    })
}

/// Reads for whom a result is.
pub(crate) fn read_viewer(text: Option<String>) -> Result<Option<Viewer>> {
    let unknown = || Fault::new(Code::Internal, "a stored result has an unknown viewer");
    text.map(|text| Viewer::parse(&text).ok_or_else(unknown)).transpose()
}

/// Reads the data sources beneath a result: numbers with commas between.
pub(crate) fn read_inputs(text: Option<String>) -> Result<Vec<SourceId>> {
    let broken = |_| Fault::new(Code::Internal, "a stored result has unreadable inputs");
    let text = text.unwrap_or_default();
    let numbers = text.split(',').filter(|number| !number.is_empty());
    numbers.map(|number| number.parse().map(SourceId).map_err(broken)).collect()
}

fn write_inputs(inputs: &[SourceId]) -> Option<String> {
    let numbers: Vec<String> = inputs.iter().map(SourceId::to_string).collect();
    (!numbers.is_empty()).then(|| numbers.join(","))
}

/// Stores a result. Made without values, it becomes the latest of every query in use that has
/// exactly that text on that data source; a result never changes the version of a query. Says
/// whether one of these queries has an alert.
pub(crate) async fn insert(tx: Tx<'_>, result: &QueryResult) -> Result<(ResultId, bool)> {
    let call = call!(
        "result_insert",
        result.uid,
        result.source,
        result.cache_key,
        result.template_digest,
        result.has_parameters,
        &result.display_text,
        &result.query_hash,
        result.runtime_seconds,
        result.retrieved_at,
        result.rows,
        result.bytes,
        result.viewer.map(Viewer::label),
        write_inputs(&result.inputs),
    );
    let id: ResultId = tx.one(call).await?.take()?;
    let mut watched = false;
    if !result.has_parameters {
        for mut row in tx.rows(call_each!("result_set_latest", id, result.template_digest)).await? {
            watched |= row.take::<bool>()?;
        }
    }
    Ok((id, watched))
}

impl Store {
    pub(crate) async fn result_by_id(&self, id: ResultId) -> Result<Option<QueryResult>> {
        self.db.row_recent(call!("result_get", id), read_result).await
    }

    pub(crate) async fn result_by_file(&self, uid: Uid) -> Result<Option<QueryResult>> {
        self.db.row(call!("result_get_by_uid", uid)).await?.as_mut().map(read_result).transpose()
    }

    pub(crate) async fn result_by_cache_key(
        &self,
        cache_key: &[u8; 32],
        since: Option<Timestamp>,
    ) -> Result<Option<QueryResult>> {
        let since = since.map_or(i64::MIN, |since| since.timestamp_micros());
        let row = self.db.row(call!("result_get_latest", *cache_key, since)).await?;
        row.map(|mut row| read_result(&mut row)).transpose()
    }

    pub(crate) async fn result_of_template(
        &self,
        template_digest: &[u8; 32],
    ) -> Result<Option<QueryResult>> {
        let row = self.db.row(call!("result_get_latest_of_template", *template_digest)).await?;
        row.map(|mut row| read_result(&mut row)).transpose()
    }

    pub(crate) async fn sum_result_bytes(&self) -> Result<u64> {
        total(self.db.rows(call!("result_sum_bytes")).await?)
    }

    pub(crate) async fn remove_results(
        &self,
        before: Option<Timestamp>,
        limit: u64,
    ) -> Result<Vec<QueryResult>> {
        let before = before.map_or(i64::MAX, |before| before.timestamp_micros());
        let rows = self.db.write_rows(call!("result_purge", before, limit)).await?;
        rows.into_iter().map(|mut row| read_result(&mut row)).collect()
    }

    pub(crate) async fn unknown_files(&self, uids: &[Uid]) -> Result<Vec<Uid>> {
        let known = text_list(uids.iter().map(Uid::to_string));
        let known = self.db.rows(call!("result_list_uids", known)).await?;
        let known: Result<std::collections::HashSet<Uid>> =
            known.into_iter().map(|mut row| row.take()).collect();
        let known = known?;
        Ok(uids.iter().copied().filter(|uid| !known.contains(uid)).collect())
    }
}
