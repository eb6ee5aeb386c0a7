//! The audit log: read it, take it out, check it.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use http::header;
use tessera_access::{Action, AuditFilter, ExportAudit, ReadAudit, VerifyAudit};
use tessera_kernel::{Fault, Result};

use crate::call::Call;
use crate::map::audit;
use crate::reply;
use crate::routes::{Param, Route, Verb};
use crate::wire::audit::{AuditRecord, AuditVerification};

const MEDIA_TYPE: &str = "application/x-ndjson";

const FILTERS: [Param; 5] = [
    Param::new("actor", "string", "Only of this one: `user:7`, `key:12`, `cli`, `anonymous`."),
    Param::new("action", "string", "Only this action, such as `keys.create`."),
    Param::new("object", "string", "Only on this object, such as `group:3`."),
    Param::new("from", "string", "Not before this time (RFC 3339)."),
    Param::new("to", "string", "Before this time (RFC 3339)."),
];

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Verb::Get,
            "/v1/audit",
            Action::AuditRead,
            "list_audit",
            "List records of the audit log, newest first",
            list,
        )
        .params(&FILTERS)
        .lists::<AuditRecord>(),
        Route::new(
            Verb::Get,
            "/v1/audit/export",
            Action::AuditExport,
            "export_audit",
            "The audit log as a file, oldest first",
            export,
        )
        .about(
            "One record in a line, as `tessera audit verify --file` and the script in \
             docs/audit.md read it. Without filters the last line is a signed checkpoint. The \
             export itself is in the log.",
        )
        .params(&FILTERS)
        .file(vec![MEDIA_TYPE]),
        Route::new(
            Verb::Post,
            "/v1/audit/verifications",
            Action::AuditVerify,
            "verify_audit",
            "Check that nobody changed the audit log",
            verify,
        )
        .about("Reads the whole chain and compares it with its head and all signed checkpoints.")
        .gives::<AuditVerification>(200),
    ]
}

fn filter(call: &Call) -> Result<AuditFilter> {
    let text = |name| call.text(name).map(str::to_owned);
    let time = |name| {
        let bad = |_| Fault::invalid(name, "send a time such as 2026-01-31T12:00:00Z");
        call.text(name).map(|text| text.parse::<DateTime<Utc>>().map_err(bad)).transpose()
    };
    Ok(AuditFilter {
        actor: text("actor"),
        action: text("action"),
        object: text("object"),
        from: time("from")?,
        to: time("to")?,
    })
}

async fn list(call: Call) -> Result<Response> {
    let grant = call.permit(ReadAudit {}).await?;
    let (paging, filter) = (call.paging()?, filter(&call)?);
    let size = paging.request.size;
    // One more, to know whether there is a next page.
    let page = call.access().audit.list(&grant, &filter, paging.place(), size + 1).await?;
    let mut records = page.records;
    let more = records.len() as u64 > size;
    records.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let next = records.last().map(|record| record.seq).filter(|seq| more && *seq > 1);
    let data = records.into_iter().map(audit::record).collect();
    reply::ok(&paging.view_from(data, next, page.total))
}

async fn export(call: Call) -> Result<Response> {
    let grant = call.permit(ExportAudit {}).await?;
    let filter = filter(&call)?;
    let lines = call.access().audit.export(&grant, filter).await?;
    let lines = lines.map(|line| {
        line.map(|mut line| {
            line.push('\n');
            Bytes::from(line)
        })
    });
    let headers = [
        (header::CONTENT_TYPE, MEDIA_TYPE),
        (header::CONTENT_DISPOSITION, "attachment; filename=audit.ndjson"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(lines)).into_response())
}

async fn verify(call: Call) -> Result<Response> {
    let grant = call.permit(VerifyAudit {}).await?;
    let log = &call.access().audit;
    let found = log.verify(&grant).await?;
    reply::ok(&audit::verification(&found, log.public_key()))
}
