//! What is written down of rows that leave as a file.

use serde_json::json;
use tessera_access::{AuditEntry, Caller, events};

use super::QueryResult;

/// The record of a download of a result in a format, such as `csv`.
#[must_use]
pub fn exported(caller: &Caller, result: &QueryResult, format: &str) -> AuditEntry {
    let key = caller.key().map(|key| key.id());
    AuditEntry {
        actor: caller.label(),
        action: events::RESULT_EXPORTED,
        object: format!("result:{}", result.id),
        detail: json!({
            "format": format, "rows": result.rows, "source": result.source, "key": key,
        }),
    }
}
