//! What is written down of rows that leave as a file.

use serde_json::json;
use tessera_access::{Audit, AuditEntry, Caller, RequestContext, events};
use tessera_kernel::Result;

use super::QueryResult;

/// The record of a download of a result in a format, such as `csv`.
#[must_use]
pub fn exported(caller: &Caller, result: &QueryResult, format: &str) -> AuditEntry {
    let key = caller.key().map(|key| key.id());
    let QueryResult { id, rows, source, .. } = result;
    AuditEntry {
        actor: caller.label(),
        action: events::RESULT_EXPORTED,
        object: format!("result:{id}"),
        detail: json!({ "format": format, "rows": rows, "source": source, "key": key }),
    }
}

/// Records a download within a second; equal ones of that time become one record.
///
/// # Errors
/// As of [`Audit::record_repeated`].
pub async fn record_export(
    audit: &Audit,
    context: &RequestContext,
    caller: &Caller,
    result: &QueryResult,
    format: &str,
) -> Result<()> {
    let (key, user) = (caller.key().map(|key| key.id()), caller.user().map(|user| user.id));
    let same = (events::RESULT_EXPORTED, key, user, result.id, result.rows, format);
    audit.record_repeated(context, same, || exported(caller, result, format)).await
}
