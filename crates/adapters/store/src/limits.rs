//! Buckets of limits, as nodes share them.

use async_trait::async_trait;
use tessera_access::BucketReport;
use tessera_access::ports::LimitRepo;
use tessera_kernel::Result;
use tessera_kernel::ids::KeyId;

use crate::Store;
use crate::db::{Row, Value, call, call_each, text_list};

/// Reports as one value: `[[bucket, since, added, state], …]`.
fn reports_value(reports: &[BucketReport]) -> Value {
    let rows = reports
        .iter()
        .map(|report| serde_json::json!([report.bucket, report.since, report.added, report.state]));
    Value::Text(serde_json::Value::from_iter(rows).to_string())
}

fn read_bucket(row: &mut Row) -> Result<(String, u64)> {
    Ok((row.take()?, row.take()?))
}

#[async_trait]
impl LimitRepo for Store {
    async fn exchange_limit_buckets(&self, reports: &[BucketReport]) -> Result<Vec<(String, u64)>> {
        if reports.is_empty() {
            return Ok(Vec::new());
        }
        let call = call_each!("limit_bucket_exchange", reports_value(reports));
        // Nobody waits for the disk: a loss of power may forgive what was used in the last moments.
        let rows = self.db.write_rows_relaxed(call).await?;
        rows.into_iter().map(|mut row| read_bucket(&mut row)).collect()
    }

    async fn limit_bucket_states(&self, buckets: &[String]) -> Result<Vec<(String, u64)>> {
        let rows = self.db.rows(call!("limit_bucket_get", text_list(buckets.to_vec()))).await?;
        rows.into_iter().map(|mut row| read_bucket(&mut row)).collect()
    }

    async fn limit_buckets(&self, now: u64) -> Result<Vec<(String, u64)>> {
        let rows = self.db.rows(call!("limit_bucket_list", now)).await?;
        rows.into_iter().map(|mut row| read_bucket(&mut row)).collect()
    }

    async fn purge_limit_buckets(&self, before: u64) -> Result<u64> {
        self.db.execute(call!("limit_bucket_purge", before)).await
    }

    async fn key_lookups(&self, after: KeyId) -> Result<Vec<(KeyId, String)>> {
        let rows = self.db.rows(call!("key_list_lookups", after)).await?;
        rows.into_iter().map(|mut row| Ok((row.take()?, row.take()?))).collect()
    }
}
